"""How calm the window stays: stalls of the event loop, keystrokes in the filter, scrolling.

Runs in a process of its own (``python -m tests.benchmarks.window FILE``) and prints JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.timing import Figure, made, run

WORDS = ("experts.17", "layers.3", "w2", "nothing like it", "dtype:f32 w1")


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` takes smaller files."""
    environment = {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(folder)}
    for layers in (6,) if mini else (60, 652):
        path = made("many_small", folder / f"many_{layers}.pt", layers)
        command = [sys.executable, "-m", "tests.benchmarks.window", str(path)]
        seen = json.loads(run(command, environment, listen=True).said.splitlines()[-1])
        tensors = f"{layers * 768:,} tensors"
        yield Figure(
            f"{tensors}: longest stall while it loads", f"{seen['stall']:.0f} ms", "≤ 100 ms", seen["stall"] <= 100
        )
        slowest = max(seen["keystrokes"].values())
        listed = ", ".join(f"“{word}” {took:.0f}" for word, took in seen["keystrokes"].items())
        yield Figure(f"{tensors}: keystroke to filtered tree", f"{listed} ms", "≤ 150 ms", slowest <= 150)
        yield Figure(
            f"{tensors}: a page scrolled and painted",
            f"{seen['page']:.1f} ms",
            "≤ 33 ms (30 a second)",
            seen["page"] <= 33,
        )
        yield Figure(f"{tensors}: start to tree", f"{seen['opened']:.2f} s", "with progress", True)


class Heart:
    """Beats every two milliseconds; the longest pause between two beats is a stall."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer

        self.longest = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setInterval(2)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    def reset(self) -> None:
        """Count from here."""
        self.longest, self._last = 0.0, time.perf_counter()


def measure(path: str) -> dict[str, Any]:
    """Open ``path`` in a window, type into the filter, scroll; milliseconds but for ``opened`` (seconds)."""
    from ckpt_gui.cli.show import before_qt

    before_qt([])
    gc.enable()
    from ckpt_gui.gui.app import application, make_window

    app = application()
    window = make_window()
    window.resize(1440, 900)
    window.show()
    app.processEvents()
    heart = Heart()
    opened = [False]
    window.painted.connect(lambda: opened.__setitem__(0, True))
    begun = time.perf_counter()
    heart.reset()
    window.open([path])
    spin(app, lambda: opened[0] and not window.jobs.tasks)
    found: dict[str, Any] = {"opened": time.perf_counter() - begun, "stall": heart.longest * 1000}
    panel: Any = window.tree()
    spin(app, lambda: not panel.busy())
    found["keystrokes"] = {word: _type(app, panel, word) for word in WORDS}
    panel.set_filter("")
    spin(app, lambda: not panel.busy())
    found["page"] = _scroll(app, panel)
    return found


def spin(app: Any, until: Callable[[], bool], patience: float = 120) -> None:
    """Let the window live until that is so, or so many seconds have passed."""
    end = time.perf_counter() + patience
    while not until() and time.perf_counter() < end:
        app.processEvents()
        time.sleep(0.0005)


def _type(app: Any, panel: Any, word: str) -> float:
    """The last letter of ``word``, from the key to the painted tree, in milliseconds."""
    panel.set_filter(word[:-1])
    spin(app, lambda: not panel.busy())
    begun = time.perf_counter()
    panel.set_filter(word)
    spin(app, lambda: not panel.busy())
    app.processEvents()  # which paints it
    return (time.perf_counter() - begun) * 1000


def _scroll(app: Any, panel: Any) -> float:
    """The slowest of fifty pages, in milliseconds."""
    view = panel.rows.view
    bar = view.verticalScrollBar()
    slowest = 0.0
    for page in range(50):
        begun = time.perf_counter()
        bar.setValue(page * max(1, bar.maximum() // 50))
        view.viewport().repaint()
        slowest = max(slowest, time.perf_counter() - begun)
        app.processEvents()
    return slowest * 1000


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])), flush=True)
    os._exit(0)
