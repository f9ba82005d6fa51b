"""How fast a tree appears: beside torch.load, a huge file beside a small one, the window beside an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.timing import Figure, made, ours, pair, python, run

TORCH_LOAD = "import sys, torch; torch.load(sys.argv[1], mmap=True, weights_only=True)"

EMPTY_WINDOW = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, app.quit)
app = QApplication(sys.argv[:1])
window = Window()
window.resize(1440, 900)
window.show()
app.exec()
"""
"""What Qt alone costs: start, one empty window, its first paint."""

OUR_WINDOW = """
import os, sys
from ckpt_gui.cli.show import before_qt
readers = before_qt(sys.argv[1:])
from ckpt_gui.gui.app import run
def done():
    sys.stdout.flush()
    os._exit(0)
run(sys.argv[1:], readers=readers, painted=done)
"""
"""What ``ckpt-gui FILE`` does, until the first tree is painted."""


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` takes smaller files and fewer rounds."""
    rounds = 1 if mini else 5
    yield _against_torch(folder, 6 if mini else 60, rounds)
    yield from _huge(folder, 512 if mini else 4400, rounds)
    yield _first_paint(folder, 2 if mini else 7)


def _against_torch(folder: Path, layers: int, rounds: int) -> Figure:
    path = made("many_small", folder / "many.pt", layers)
    seen = pair(ours("info", "--json", path), python(TORCH_LOAD, path), rounds)
    return Figure(
        f"info --json of {layers * 768:,} tensors, whole process",
        f"{seen.left:.2f} s, torch.load {seen.right:.2f} s: {seen.ratio:.2f} ×; {seen.left_peak:.0f} MB",
        "≤ 0.5 ×",
        seen.ratio <= 0.5,
    )


def _huge(folder: Path, width: int, rounds: int) -> Iterator[Figure]:
    small, large = made("training", folder / "small.pt", 40), made("training", folder / "large.pt", width)
    sizes = f"{large.stat().st_size / 2**30:.1f} GiB against {small.stat().st_size / 2**20:.1f} MiB, the same keys"
    seen = pair(ours("info", large), ours("info", small), max(rounds, 3))
    yield Figure(
        f"info, {sizes}",
        f"{seen.left:.3f} s against {seen.right:.3f} s: {seen.ratio:.2f} ×",
        "≤ 1.2 ×",
        seen.ratio <= 1.2,
    )
    yield Figure("… peak memory", f"{seen.left_peak:.0f} MB", "< 100 MB", seen.left_peak < 100)


def _first_paint(folder: Path, rounds: int) -> Figure:
    path = made("training", folder / "small.pt", 40)
    environment = {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(folder)}
    seen = pair(python(OUR_WINDOW, path), python(EMPTY_WINDOW), rounds, environment)
    return Figure(
        "process start to tree painted, small file",
        f"{seen.left:.2f} s, an empty window {seen.right:.2f} s: {seen.ratio:.2f} ×",
        "≤ 2 ×",
        seen.ratio <= 2,
    )


def peak_of(arguments: list[str]) -> float:
    """Peak memory of one run, in MB."""
    return run(arguments).peak
