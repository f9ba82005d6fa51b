"""Fails a Qt test that leaves a thread, a timer or a window behind: the crash would come in another test.

A pytest plug-in, loaded by ``conftest.py``. Threads and timers are known from the moment their ``start``
is called, so that looking for them costs nothing.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

QT_FIXTURES = {"qtbot", "qapp", "qtmodeltester"}


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After a test that used Qt: no running QThread, no active QTimer, no new top-level widget, no busy pool."""
    if QT_FIXTURES.isdisjoint(request.fixturenames):
        yield
        return
    request.getfixturevalue("qapp")
    from PySide6.QtCore import QThread, QTimer

    threads = _note_starts(monkeypatch, QThread)
    timers = _note_starts(monkeypatch, QTimer)
    before = set(_windows())
    yield
    _delete_what_waits()
    left = [
        *(f"QThread still running: {_say(it)}. Quit and wait() for it." for it in threads if _is(it, "isRunning")),
        *(f"QTimer still active: {_say(it)}. Stop it, or delete its parent." for it in timers if _is(it, "isActive")),
        *(f"window left open: {name}. Give it to qtbot.addWidget()." for name in _new_windows(before)),
        *_busy_pool(),
    ]
    if left:
        pytest.fail(
            "This test left something behind that can crash a later one:\n  " + "\n  ".join(left), pytrace=False
        )


def _note_starts(monkeypatch: pytest.MonkeyPatch, kind: type) -> weakref.WeakSet[Any]:
    started: weakref.WeakSet[Any] = weakref.WeakSet()
    start: Callable[..., None] = kind.start  # type: ignore[attr-defined]

    def noted(self: Any, *args: Any) -> None:
        started.add(self)
        start(self, *args)

    monkeypatch.setattr(kind, "start", noted)
    return started


def _windows() -> dict[int, str]:
    """Top-level widgets: the address of the C++ object → what it is."""
    import shiboken6
    from PySide6.QtWidgets import QApplication

    return {shiboken6.getCppPointer(widget)[0]: _say(widget) for widget in QApplication.topLevelWidgets()}


def _new_windows(before: set[int]) -> list[str]:
    return [name for address, name in _windows().items() if address not in before]


def _delete_what_waits() -> None:
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _is(thing: Any, question: str) -> bool:
    import shiboken6

    return shiboken6.isValid(thing) and bool(getattr(thing, question)())


def _busy_pool() -> list[str]:
    from PySide6.QtCore import QThreadPool

    pool = QThreadPool.globalInstance()
    return (
        []
        if pool.waitForDone(2000)
        else [f"{pool.activeThreadCount()} jobs still in the global QThreadPool. Wait for them."]
    )


def _say(thing: Any) -> str:
    return f"{type(thing).__name__} {thing.objectName()!r}" if thing.objectName() else type(thing).__name__
