"""Conversions of large files: whole processes, beside ``dd`` of the same bytes and beside torch; and their memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.timing import AS_INSTALLED, Figure, made, ours, python, run

TORCH = """
import os, sys, torch
content = torch.load(sys.argv[1], mmap=True, weights_only=True)
del content["optimizer"]
torch.save(content, sys.argv[2])
os.fsync(os.open(sys.argv[2], os.O_RDONLY))
"""
WITHOUT_PROOF = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.convert.writing import write
from ckpt_gui.core.reader import read
opened = read(sys.argv[1])
asked = {"strip": Options(strip_optimizer=True), "retag": Options(devices=(DeviceRule(None, "cuda:0"),))}
wanted = plan(opened, asked[sys.argv[3]], sys.argv[2])
with ThreadPoolExecutor(2) as executor, write(opened.checkpoint, wanted, Path(sys.argv[2]), executor=executor) as made:
    made.commit()
"""
FULL_ONLY = "at full size"


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` takes a small file, where starting Python and torch is all that takes time."""
    width = 500 if mini else 4400
    kept = 48 * 4 * width**2
    if (free := shutil.disk_usage(folder).free) < 4 * kept:
        yield Figure(
            "conversions", f"not measured: {free / 1e9:.0f} GB free, {4 * kept / 1e9:.0f} GB needed", "said", True
        )
        return
    bench = _Bench(folder, mini)
    source = made("trained", folder / "train.pt", width)
    stripped = folder / "stripped.pt"
    yield from _strip(bench, source, stripped)
    source.unlink()
    yield from _retag(bench, stripped)
    yield from _cast(bench, stripped)
    stripped.unlink()


def _strip(bench: _Bench, source: Path, stripped: Path) -> Iterator[Figure]:
    what = f"strip {source.stat().st_size / 1e9:.3g} GB"
    watched = memory(ours("convert", source, "-o", stripped, "--strip-optimizer"), bench.environment)
    proven = watched.seconds if bench.mini else bench.convert(source, stripped, "--strip-optimizer")
    what += f" to its {stripped.stat().st_size / 1e9:.3g} GB of weights"
    copying = bench.dd(stripped)
    yield bench.against(f"{what}, with proof", proven, copying, "dd", 2.0)
    if not bench.mini:
        command = python(WITHOUT_PROOF, source, bench.other, "strip")
        yield bench.against(f"{what}, without proof", bench.best(command, bench.other), copying, "dd", 1.3)
        theirs = bench.best(python(TORCH, source, bench.other), bench.other)
        yield bench.against(f"{what}, with proof", proven, theirs, "torch.load(mmap) + torch.save + fsync", 0.9)
        bench.other.unlink()
    yield Figure("… the largest process", f"{watched.alone:.0f} MB", "≤ 250 MB", watched.alone <= 250)
    yield Figure("… all processes together", f"{watched.together:.0f} MB", "≤ 400 MB", watched.together <= 400)


def _retag(bench: _Bench, source: Path) -> Iterator[Figure]:
    if bench.mini:
        return
    what = f"retag {source.stat().st_size / 1e9:.3g} GB"
    proven = bench.convert(source, bench.other, "--device", "cuda:0")
    copying = bench.dd(bench.other)
    command = python(WITHOUT_PROOF, source, bench.other, "retag")
    yield bench.against(f"{what}, without proof", bench.best(command, bench.other), copying, "dd", 1.3)
    yield bench.against(f"{what}, with proof", proven, copying, "dd", 2.0)
    bench.other.unlink()


def _cast(bench: _Bench, source: Path) -> Iterator[Figure]:
    gigabytes = source.stat().st_size / 1e9
    what = f"float32 to bfloat16, {gigabytes:.3g} GB"
    words = ("--dtype", "bfloat16", "--audit")
    command = ours("convert", source, "-o", bench.other, *words, "--dry-run")
    if not bench.mini:
        run(command, bench.environment)  # compiles
    seconds = bench.best(command, bench.other)
    aim, speed = FULL_ONLY if bench.mini else "≥ 1 GB/s", gigabytes / seconds
    yield Figure(f"{what}: the audit alone", f"{seconds:.2f} s, {speed:.2f} GB/s", aim, bench.mini or speed >= 1)
    if bench.mini:
        return
    seconds = bench.convert(source, bench.other, *words)
    written = bench.dd(bench.other)
    speed, disk = gigabytes / seconds, bench.other.stat().st_size / 1e9 / written
    bench.other.unlink()
    yield Figure(
        f"{what}, with audit and proof", f"{seconds:.2f} s, {speed:.2f} GB/s; dd of the result {disk:.2f} GB/s",
        "≥ 1 GB/s or the disk's speed", speed >= min(1.0, disk),
    )  # fmt: skip


class _Bench:
    """Runs commands as a user would, each time with a quiet disk and without the last one's result."""

    def __init__(self, folder: Path, mini: bool) -> None:
        self.mini = mini
        self.other = folder / "other.pt"
        """Where a result goes that is taken away again."""
        self.environment = {"XDG_CACHE_HOME": str(folder / "cache")}
        self._copy = folder / "copy"
        self._rounds = 1 if mini else 2

    def best(self, command: list[str], result: Path) -> float:
        """Seconds of the quickest of a few runs. Of the last one the result stays."""
        spent = []
        for _ in range(self._rounds):
            result.unlink(missing_ok=True)
            os.sync()
            spent.append(run(command, self.environment).seconds)
        return min(spent)

    def convert(self, source: Path, target: Path, *words: str) -> float:
        """Seconds of ``ckpt-gui convert``."""
        return self.best(ours("convert", source, "-o", target, *words), target)

    def dd(self, path: Path) -> float:
        """Seconds to copy that file and have it on the disk."""
        seconds = self.best(["dd", f"if={path}", f"of={self._copy}", "bs=4M", "conv=fsync"], self._copy)
        self._copy.unlink()
        return seconds

    def against(self, what: str, seconds: float, theirs: float, name: str, aim: float) -> Figure:
        """One line of the report; of a small file only that it ran."""
        ratio = seconds / theirs
        return Figure(
            what, f"{seconds:.2f} s, {name} {theirs:.2f} s: {ratio:.2f} ×",
            FULL_ONLY if self.mini else f"≤ {aim} ×", self.mini or ratio <= aim,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watched:
    """A run whose memory was looked at fifty times a second."""

    seconds: float
    alone: float
    """Peak of the largest process, in MB."""
    together: float
    """Peak of all processes together, what they share counted once."""


def memory(command: list[str], environment: Mapping[str, str]) -> Watched:
    """Run a command and watch it and all that it starts."""
    alone = together = 0.0
    begun = time.perf_counter()
    with subprocess.Popen(
        command, env={**os.environ, **AS_INSTALLED, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            held = [_megabytes(number) for number in _family(process.pid)]
            alone = max([alone, *(resident for resident, _ in held)])
            together = max(together, sum(share for _, share in held))
            time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{command[:6]} ended with {process.returncode}")
    return Watched(time.perf_counter() - begun, alone, together)


def _family(root: int) -> list[int]:
    """The process and all that it started, and they."""
    found, unseen = [], [root]
    while unseen:
        number = unseen.pop()
        found.append(number)
        try:
            for thread in Path(f"/proc/{number}/task").iterdir():
                unseen += map(int, (thread / "children").read_text().split())
        except OSError:
            continue  # it ended meanwhile
    return found


def _megabytes(process: int) -> tuple[float, float]:
    """Resident memory, and its share of what it holds together with others."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0.0, 0.0
    held = {line.partition(":")[0]: int(line.split()[1]) / 1024 for line in lines}
    return held.get("Rss", 0.0), held.get("Pss", 0.0)


if __name__ == "__main__":
    sys.exit("run python -m tests.benchmarks converting")
