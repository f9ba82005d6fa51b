"""A file read by another process: frames in, one outcome out."""

from __future__ import annotations

import io
import json
import struct
import sys
import threading
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from ckpt_gui.gui import child, reading
from ckpt_gui.gui.reading import ReadTask, frames

pytestmark = pytest.mark.usefixtures("qapp")


def frame(tag: bytes, payload: bytes) -> bytes:
    return struct.pack("<cQ", tag, len(payload)) + payload


def task_for(data: bytes, after: str = "", load: reading.Load = bytes) -> ReadTask:
    """A task on a process that writes ``data`` and then runs ``after``."""
    program = f"import os, sys, time; os.write(1, {data!r}); {after}"
    return ReadTask("Reading", child.start("", [sys.executable, "-I", "-S", "-c", program]), load)


def outcome(task: ReadTask, qtbot: QtBot) -> list[tuple[str, Any]]:
    """Everything the task tells, until its end."""
    told: list[tuple[str, Any]] = []
    task.opened.connect(lambda it: told.append(("opened", it)))
    task.failed.connect(lambda sentence, details: told.append(("failed", sentence)))
    task.stopped.connect(lambda: told.append(("stopped", None)))
    task.progressed.connect(lambda *figures: told.append(("progressed", figures)))
    with qtbot.waitSignal(task.ended, timeout=20_000):
        task.begin()
    return told


def test_frames_come_whole_or_not_at_all() -> None:
    data = frame(b"P", b"one") + frame(b"R", b"") + frame(b"E", b"cut")[:-1]

    assert [(tag, bytes(payload)) for tag, payload in frames(io.BytesIO(data))] == [(b"P", b"one"), (b"R", b"")]


def test_a_length_that_lies_takes_no_memory() -> None:
    assert list(frames(io.BytesIO(struct.pack("<cQ", b"R", 1 << 35) + b"few"))) == []
    assert list(frames(io.BytesIO(struct.pack("<cQ", b"R", 1 << 63) + b"few"))) == []


def test_progress_and_then_the_result(qtbot: QtBot) -> None:
    progress = json.dumps({"done": 1 << 33, "total": 1 << 34, "unit": "bytes"}).encode()

    told = outcome(task_for(frame(b"P", progress) + frame(b"R", b"columns")), qtbot)

    assert told == [("progressed", (1 << 33, 1 << 34, "bytes")), ("opened", b"columns")]


def test_the_result_is_unpacked_off_the_ui_thread(qtbot: QtBot) -> None:
    told = outcome(task_for(frame(b"R", b""), load=lambda _payload: threading.current_thread()), qtbot)

    assert told[0][1] is not threading.main_thread()


def test_an_error_is_its_sentence(qtbot: QtBot) -> None:
    told = outcome(
        task_for(frame(b"E", json.dumps({"kind": "UnknownFormat", "text": "no checkpoint"}).encode())), qtbot
    )

    assert told == [("failed", "no checkpoint")]


def test_a_process_that_dies_is_a_sentence(qtbot: QtBot) -> None:
    told = outcome(task_for(b"", "os.kill(os.getpid(), 9)"), qtbot)

    assert told == [("failed", reading._ended_early(-9))]


def test_a_process_that_talks_nonsense_is_a_sentence(qtbot: QtBot) -> None:
    told = outcome(task_for(frame(b"P", b"nonsense")), qtbot)

    assert [kind for kind, _ in told] == ["failed"]


def test_cancel_kills_the_process(qtbot: QtBot) -> None:
    task = task_for(b"", "time.sleep(600)")
    with qtbot.waitSignals([task.stopped, task.ended], timeout=10_000):
        task.begin()
        task.cancel()

    assert task._process.returncode not in (None, 0)
    assert not task._thread.is_alive()


def test_slow_is_told_once_the_time_is_up(qtbot: QtBot) -> None:
    task = task_for(b"", "time.sleep(600)")
    task._clock.setInterval(20)
    with qtbot.waitSignal(task.slow, timeout=10_000):
        task.begin()
    with qtbot.waitSignal(task.ended, timeout=10_000):
        task.cancel()


def test_finish_leaves_no_process_thread_or_timer(qtbot: QtBot) -> None:
    task = task_for(b"", "time.sleep(600)")
    task.begin()

    task.finish()

    assert task._process.returncode is not None
    assert not task._thread.is_alive()
    assert not task._clock.isActive()


def test_the_reading_process_imports_nothing_from_the_folder_it_is_started_in(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    (tmp_path / "ckpt_gui").mkdir()
    (tmp_path / "ckpt_gui" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    told = outcome(ReadTask("Reading", child.start(str(tmp_path / "absent.pt"))), qtbot)

    assert told[0][0] == "failed"
    assert "does not exist" in told[0][1]
