"""Plain functions carried to a thread and back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Jobs


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


def until_stopped(report: Report) -> None:
    """Goes on until it is cancelled."""
    while True:
        report.at(1, 2, "steps")


def settled(jobs: Jobs, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not jobs.tasks, timeout=10_000)


def test_the_result_arrives_on_the_ui_thread(jobs: Jobs, qtbot: QtBot) -> None:
    seen: list[Any] = []

    jobs.run("a", lambda _report: threading.current_thread(), lambda it: seen.append((it, threading.current_thread())))
    settled(jobs, qtbot)

    worked, arrived = seen[0]
    assert worked is not threading.main_thread()
    assert arrived is threading.main_thread()


def test_the_latest_job_of_a_slot_wins(jobs: Jobs, qtbot: QtBot) -> None:
    seen: list[Any] = []

    jobs.run("a", until_stopped, seen.append)
    jobs.run("a", lambda _report: 2, seen.append)
    settled(jobs, qtbot)

    assert seen == [2]


def test_a_result_that_was_on_its_way_when_its_slot_was_taken_does_not_arrive(jobs: Jobs, qtbot: QtBot) -> None:
    seen: list[Any] = []
    for number in range(50):
        jobs.run("a", lambda _report, number=number: number, seen.append)  # type: ignore[misc]
    settled(jobs, qtbot)

    assert seen == [49]


def test_jobs_of_two_slots_both_arrive(jobs: Jobs, qtbot: QtBot) -> None:
    seen: list[Any] = []

    jobs.run("a", lambda _report: 1, seen.append)
    jobs.run("b", lambda _report: 2, seen.append)
    settled(jobs, qtbot)

    assert sorted(seen) == [1, 2]


def test_an_error_of_the_core_is_its_sentence(jobs: Jobs, qtbot: QtBot) -> None:
    told: list[tuple[str, str]] = []

    def work(_report: Report) -> None:
        raise ReadError("the disk is gone")

    jobs.run("a", work, print, failed=lambda sentence, details: told.append((sentence, details)))
    settled(jobs, qtbot)

    assert told == [("the disk is gone", "")]


def test_a_fault_of_ours_has_its_place_in_the_details(jobs: Jobs, qtbot: QtBot) -> None:
    told: list[tuple[str, str]] = []

    jobs.run("a", lambda _report: 1 // 0, print, failed=lambda sentence, details: told.append((sentence, details)))
    settled(jobs, qtbot)

    assert "mistake" in told[0][0]
    assert "test_jobs.py" in told[0][1]


def test_a_cancelled_job_tells_nothing_but_its_end(jobs: Jobs, qtbot: QtBot) -> None:
    told: list[Any] = []

    job = jobs.run("a", until_stopped, told.append, failed=lambda *words: told.append(words))
    with qtbot.waitSignal(job.ended, timeout=10_000):
        job.cancel()

    assert told == []


def test_progress_beyond_two_gibibytes_arrives_whole(jobs: Jobs, qtbot: QtBot) -> None:
    told: list[Any] = []

    listening = threading.Event()

    def work(report: Report) -> None:
        listening.wait(10)
        report.at(1 << 40, 1 << 41, "bytes")

    job = jobs.run("a", work, print)
    job.progressed.connect(lambda *figures: told.append(figures))
    listening.set()
    settled(jobs, qtbot)

    assert told == [(1 << 40, 1 << 41, "bytes")]


def test_closing_ends_a_running_job_and_drops_waiting_ones(jobs: Jobs, qtbot: QtBot) -> None:
    seen: list[Any] = []
    for number in range(20):
        jobs.run(f"slot {number}", until_stopped, seen.append)

    jobs.close()

    assert seen == []
    assert jobs._pool.activeThreadCount() == 0
