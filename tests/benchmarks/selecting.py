"""From the click on a tensor to its picture: preview, exact, stalls, memory; and hundreds of clicks in a row.

Each part runs in a process of its own (``python -m tests.benchmarks.selecting PART FILE``) and prints JSON.
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

from tests.benchmarks.timing import Figure, made, ours, run
from tests.benchmarks.window import Heart, spin

SMALL_FILE = 100_000_000
"""Bytes under which a file is the miniature's, and everything takes fewer clicks and shorter pauses."""


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` takes smaller files."""
    environment = {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(folder),
                   "XDG_CACHE_HOME": str(folder / "cache")}  # fmt: skip
    megabytes = 8 if mini else 500  # 8: still without machine code, whose compiler would take all the time
    path = made("one_large", folder / f"{megabytes}.safetensors", megabytes)
    cold = _told("small", path, {**environment, "XDG_CACHE_HOME": str(folder / "fresh")})
    yield from _cold(cold)
    if not mini:
        run(ours("stats", path, "--json", "--key", "large"), environment)  # machine code and page cache
    yield from _large(f"{megabytes} MB float32", _told("large", path, environment))
    yield from _many(_told("many", path, environment), 60 if mini else 500)
    path.unlink()
    if not mini:
        path = made("one_large", folder / "2000.safetensors", 2000)
        run(ours("stats", path, "--json", "--key", "large"), environment)  # the page cache
        more = _told("memory", path, environment)
        for page in ("histogram", "heat-map"):
            yield _figure(f"2 GB float32: memory beyond the window, {page} shown", more[page], "MB", 200)
        path.unlink()


def _told(part: str, path: Path, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.selecting", part, str(path)]
    found: dict[str, Any] = json.loads(run(command, environment, listen=True).said.splitlines()[-1])
    return found


def _figure(work: str, seen: float, unit: str, aim: float) -> Figure:
    return Figure(work, f"{seen:.0f} {unit}", f"≤ {aim:g} {unit}", seen <= aim)


def _cold(seen: dict[str, float]) -> Iterator[Figure]:
    what = "1,000 elements, nothing compiled"
    yield _figure(f"{what}: click to statistics", seen["summary"], "ms", 100)
    yield _figure(f"{what}: to the page Histogram for the first time", seen["page"], "ms", 300)
    yield _figure(f"{what}: click to histogram", seen["histogram"], "ms", 100)
    yield _figure(f"{what}: longest stall at a click", seen["stall"], "ms", 50)


def _large(what: str, seen: dict[str, float]) -> Iterator[Figure]:
    for page in ("histogram", "heat-map"):
        yield _figure(f"{what}, {page}: click to first picture", seen[f"{page} first"], "ms", 100)
        yield _figure(f"{what}, {page}: click to exact picture", seen[f"{page} exact"], "ms", 500)
        yield _figure(f"{what}, {page}: longest stall", seen[f"{page} stall"], "ms", 50)
    yield _figure(f"{what}: click to statistics of all", seen["summary exact"], "ms", 500)


def _many(seen: dict[str, float], count: int) -> Iterator[Figure]:
    yield Figure(f"{count} fast selections: threads more", f"{seen['threads']:.0f}", "0", seen["threads"] <= 0)
    yield _figure(f"{count} fast selections: memory more", seen["memory"], "MB", 20)
    yield _figure(f"{count} fast selections: longest stall", seen["stall"], "ms", 50)


# ------------------------------------------------------------------------------------------------ in the process


class _Bench:
    """A window with one file."""

    def __init__(self, path: str) -> None:
        from ckpt_gui.cli.show import before_qt

        before_qt([])
        gc.enable()
        from ckpt_gui.gui.app import application, make_window

        self.app = application()
        self.window = make_window()
        self.window.resize(1440, 900)
        self.window.show()
        self.window.open([path])
        self.until(lambda: self.window.tree() is not None and not self.window.jobs.tasks)
        tree: Any = self.window.tree()
        tree.rows.expand_to(3)  # one clicks on what one sees
        self.heart = Heart()
        self.mini = Path(path).stat().st_size < SMALL_FILE
        self.pause = 0.7 if self.mini else 2.0
        """Seconds between the tree and the first click: a person reads it first."""
        self.rest(self.pause)

    def until(self, done: Callable[[], bool]) -> None:
        """Live until that is so."""
        spin(self.app, done)

    def rest(self, seconds: float) -> None:
        """Live so long, and until nothing is under way."""
        spin(self.app, lambda: False, seconds)
        self.until(lambda: not self.window.jobs.tasks)

    def pick(self, *keys: str) -> None:
        """The click."""
        tree: Any = self.window.tree()
        assert tree.select_path(keys), keys

    def panel(self, page: str) -> Any:
        """A page of the right side."""
        return self.window.details.panel(page)

    def timed(self, act: Callable[[], object], *ends: Callable[[], bool]) -> list[float]:
        """Milliseconds from the act to each end, painted."""
        self.heart.reset()
        begun, seen = time.perf_counter(), []
        act()
        for end in ends:
            self.until(end)
            self.app.processEvents()  # which paints it
            seen.append((time.perf_counter() - begun) * 1000)
        return seen

    def stall(self) -> float:
        """The longest since the last act began, in milliseconds."""
        return self.heart.longest * 1000

    def has_statistics(self, name: str, *, exact: bool = True) -> bool:
        """Does the Summary tell this tensor's statistics?"""
        told = self.panel("summary")._facts.toPlainText()
        return name in told and "Statistics" in told and not (exact and "of a sample" in told)

    def has_histogram(self, elements: int, *, exact: bool = True) -> bool:
        """Is the histogram drawn of a tensor of so many elements?"""
        drawn = self.panel("histogram")._drawn
        return drawn is not None and drawn.chart.known.whole.numel == elements and (drawn.chart.exact or not exact)

    def has_heatmap(self, tensor: int, *, exact: bool = True) -> bool:
        """Is the heat-map drawn of this tensor?"""
        panel = self.panel("heat-map")
        return panel._tensor == tensor and panel._whole is not None and not (exact and panel._whole.picture.sampled)

    def large(self) -> tuple[int, int]:
        """Tensor and number of elements of the large one."""
        file: Any = self.window.current()
        checkpoint = file.opened.checkpoint
        tensor = checkpoint.nodes.tensor[checkpoint.find(("large",))]
        return tensor, checkpoint.tensor(tensor).numel


def small(path: str) -> dict[str, float]:
    """First clicks of all, on tensors of 1,000 elements."""
    bench, stalls = _Bench(path), []
    found = {}
    (found["summary"],) = bench.timed(lambda: bench.pick("small.0"), lambda: bench.has_statistics("small.0"))
    stalls.append(bench.stall())
    bench.rest(bench.pause)
    (found["page"],) = bench.timed(lambda: bench.window.details.choose("histogram"), lambda: bench.has_histogram(1000))
    bench.rest(0.2)
    old = bench.panel("histogram")._drawn
    (found["histogram"],) = bench.timed(
        lambda: bench.pick("small.1"),
        lambda: bench.panel("histogram")._drawn is not old and bench.has_histogram(1000),
    )
    stalls.append(bench.stall())
    return found | {"stall": max(stalls)}


def large(path: str) -> dict[str, float]:
    """A click on the large tensor, with each page in front."""
    bench = _Bench(path)
    tensor, elements = bench.large()
    found = {}
    bench.pick("small.0")
    bench.rest(bench.pause)
    (found["summary exact"],) = bench.timed(lambda: bench.pick("large"), lambda: bench.has_statistics("large"))
    ends = {"histogram": (bench.has_histogram, elements), "heat-map": (bench.has_heatmap, tensor)}
    for page, (shown, what) in ends.items():
        bench.pick("small.1")
        bench.rest(0.5)
        bench.window.details.choose(page)
        bench.rest(0.5)
        found[f"{page} first"], found[f"{page} exact"] = bench.timed(
            lambda: bench.pick("large"),
            lambda shown=shown, what=what: shown(what, exact=False),  # type: ignore[misc]  # bound for this round
            lambda shown=shown, what=what: shown(what),  # type: ignore[misc]
        )
        found[f"{page} stall"] = bench.stall()
    return found


def memory(path: str) -> dict[str, float]:
    """The most memory beyond the window's while the large tensor is looked at, in MB."""
    bench = _Bench(path)
    tensor, elements = bench.large()
    before = _resident("VmRSS")
    found = {}
    bench.window.details.choose("summary")
    for page, done in (
        ("histogram", lambda: bench.has_histogram(elements)), ("heat-map", lambda: bench.has_heatmap(tensor)),
    ):  # fmt: skip
        bench.pick("large")
        bench.window.details.choose(page)
        bench.until(done)
        bench.rest(0.2)
        found[page] = _resident("VmHWM") - before
    return found


def many(path: str) -> dict[str, float]:
    """Clicks faster than jobs; what is left of them."""
    bench = _Bench(path)
    bench.pick("small.0")
    bench.window.details.choose("histogram")
    _click(bench, 60)  # threads that stay, caches, imports
    before, threads = _resident("VmRSS"), _threads()
    bench.heart.reset()
    _click(bench, 60 if bench.mini else 500)
    return {
        "threads": _threads() - threads,
        "memory": _resident("VmRSS") - before,
        "stall": bench.stall(),
    }


def _click(bench: _Bench, count: int) -> None:
    for number in range(count):
        bench.pick(*(("large",) if number % 3 == 0 else (f"small.{number % 200}",)))
        spin(bench.app, lambda: False, 0.02)
    bench.rest(1.0)


def _resident(name: str) -> float:
    """A line of the process's status, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


PARTS = {"small": small, "large": large, "memory": memory, "many": many}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](sys.argv[2])), flush=True)
    os._exit(0)
