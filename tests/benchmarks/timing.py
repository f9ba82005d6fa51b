"""Whole processes, timed in turn: machines are noisy, so each pair runs side by side and the ratio counts."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """One process: its wall time in seconds, its peak memory in MB, and what it printed if that was kept."""

    seconds: float
    peak: float
    said: str


AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}
"""An installed program has its bytecode on disk; a developer's shell may forbid it."""


def run(
    arguments: list[str],
    environment: Mapping[str, str] | None = None,
    *,
    listen: bool = False,
    good: tuple[int, ...] = (0,),
) -> Run:
    """Run one command to its end; ``listen`` keeps what it prints. Raises RuntimeError unless it ends well (``good``).

    What is not listened to is thrown away: kept, it would fatten this process, whose size the kernel
    counts towards the peak of the children it forks.
    """
    begun = time.perf_counter()
    with subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE if listen else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **AS_INSTALLED, **(environment or {})},
    ) as process:
        assert process.stderr is not None
        said = process.stdout.read() if process.stdout is not None else b""
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        raise RuntimeError(f"{arguments[:6]} failed: {complaint[-2000:].decode(errors='replace')}")
    return Run(time.perf_counter() - begun, usage.ru_maxrss / 1024, said.decode(errors="replace"))


def python(code: str, *arguments: str | Path) -> list[str]:
    """The command that runs a piece of Python with this interpreter."""
    return [sys.executable, "-c", code, *map(str, arguments)]


def ours(*arguments: str | Path) -> list[str]:
    """The command line of ckpt-gui, by this interpreter."""
    return [sys.executable, "-m", "ckpt_gui", *map(str, arguments)]


def made(kind: str, path: Path, size: int) -> Path:
    """A file of ``files``, made in a process of its own.

    The kernel counts a parent's memory towards the peak of the children it forks, so this process
    must stay small: it never imports torch.
    """
    run([sys.executable, "-m", "tests.benchmarks.files", kind, str(path), str(size)])
    return path


@dataclass(frozen=True, slots=True)
class Pair:
    """Two commands timed in turn: medians of seconds, the larger peak of memory each."""

    left: float
    right: float
    left_peak: float
    right_peak: float

    @property
    def ratio(self) -> float:
        """Left over right."""
        return self.left / self.right


def pair(left: list[str], right: list[str], rounds: int, environment: Mapping[str, str] | None = None) -> Pair:
    """Time two commands in turn, ``rounds`` times each, after one unmeasured run of each."""
    run(left, environment)
    run(right, environment)
    lefts, rights = [], []
    for _ in range(rounds):
        lefts.append(run(left, environment))
        rights.append(run(right, environment))
    return Pair(
        statistics.median(one.seconds for one in lefts),
        statistics.median(one.seconds for one in rights),
        max(one.peak for one in lefts),
        max(one.peak for one in rights),
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    work: str
    seen: str
    aim: str
    met: bool
