"""A second double-click: from the start of its process to the tab, and to the tree, in the window that runs.

The window is a process of its own (``python -m tests.benchmarks.second_start FOLDER``) and prints JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ckpt_gui.resources_path import resource
from tests.benchmarks.timing import Figure, ours, run
from tests.benchmarks.window import spin

_ROUNDS = 5


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` does the same, for it is short."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment = {
        "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(runtime), "CKPT_GUI_CONFIG_DIR": str(folder / "config"),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.benchmarks.second_start", str(folder)]
    seen = json.loads(run(command, environment, listen=True).said.splitlines()[-1])
    for name, words in (("tab", "second start to tab shown"), ("tree", "second start to its tree painted")):
        yield Figure(f"{words} (0.4 MB)", f"{seen[name]:.0f} ms", "≤ 300 ms", seen[name] <= 300)


def measure(folder: Path) -> dict[str, Any]:
    """Medians in milliseconds."""
    from ckpt_gui.cli.show import before_qt
    from ckpt_gui.handover.claim import Claim, meet

    claim = meet(None)
    assert isinstance(claim, Claim)
    before_qt([])
    from ckpt_gui.gui import child
    from ckpt_gui.gui.app import application, keep_ready, listen, make_window

    app, spare = application(), child.Spare()
    window = make_window(start=spare.start)
    window.show()
    listen(app, window, claim)
    keep_ready(app, window, spare)
    taken: dict[str, list[float]] = {"tab": [], "tree": []}
    seen: dict[str, float] = {}
    window.files.added.connect(lambda _file: seen.setdefault("tab", time.perf_counter()))
    window.painted.connect(lambda: seen.setdefault("tree", time.perf_counter()))
    for number in range(_ROUNDS):
        file = shutil.copy(resource("demo/epoch_003.ckpt"), folder / f"{number}.ckpt")
        spin(app, lambda: False, 1.5)  # a person's pause
        seen.clear()
        begun = time.perf_counter()
        second = subprocess.Popen(ours("open", file))
        spin(app, lambda: len(seen) == 2)
        second.wait()
        for name, values in taken.items():
            values.append((seen[name] - begun) * 1000)
    window.close()
    spare.close()
    claim.give_up()
    return {name: statistics.median(values) for name, values in taken.items()}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))), flush=True)
    os._exit(0)
