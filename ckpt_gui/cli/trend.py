"""``ckpt-gui trend``: a statistic over a run of checkpoints, in a table, as JSON or as CSV."""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ckpt_gui.cli.progress import Shown
from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.core.progress import Deadline, Report
from ckpt_gui.core.text import escape, plural

if TYPE_CHECKING:
    from rich.console import Console

    from ckpt_gui.core.trend.ledger import Ledger
    from ckpt_gui.core.trend.nouns import Run, Subject
    from ckpt_gui.core.trend.series import Line
    from ckpt_gui.core.trend.told import Asked

FEW = 60
"""Rows of a table; more are for a file or a program to read."""


def run(options: argparse.Namespace) -> int:
    """Print it; returns the exit code."""
    if options.json and options.csv:
        raise CheckpointError("--json and --csv are two ways of saying the same; choose one")
    if options.histograms and not options.json:
        raise CheckpointError("--histograms goes with --json")
    _check_statistic(options.stat)
    gc.disable()  # the indexes live until the end; collecting would only walk them again and again
    found, subjects = _gathered(options)
    workers = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as executor:
        lines, asked = _followed(found, subjects, options, executor, workers)
    _print(found, options, lines, asked)
    sys.stdout.flush()
    return 0


def _check_statistic(name: str) -> None:
    from ckpt_gui.core.trend.statistics import TITLES

    if name not in TITLES:
        raise CheckpointError(f"--stat takes {', '.join(TITLES)}; {name} is none of them")


def _gathered(options: argparse.Namespace) -> tuple[Run, list[Subject]]:
    from ckpt_gui.core.trend.gather import run_of
    from ckpt_gui.core.trend.nouns import alone
    from ckpt_gui.core.trend.tracks import group, matching

    with Shown("Opening") as report:
        found = run_of(options.files, report, limit=Report if options.patient else Deadline)
    if len(found.readable) < 2:
        told = "; ".join(f"{stop.path}: {stop.problem}" for stop in found.stops if stop.problem)
        raise CheckpointError(
            f"trend needs two checkpoints at least, and {len(found.readable) or 'none'} can be opened"
            + (f" ({told})" if told else "")
        )
    tracks = matching(found, options.key or [])
    if options.together:
        return found, [group((" or ".join(options.key or ["*"]),), tracks)]
    return found, [alone(track) for track in tracks]


def _followed(
    found: Run, subjects: Sequence[Subject], options: argparse.Namespace, executor: ThreadPoolExecutor, workers: int
) -> tuple[tuple[Line, ...], Asked]:
    from ckpt_gui.core.trend.change import changes
    from ckpt_gui.core.trend.evolution import evolution
    from ckpt_gui.core.trend.first_nan import first_nan
    from ckpt_gui.core.trend.ledger import Ledger
    from ckpt_gui.core.trend.series import series
    from ckpt_gui.core.trend.told import Asked

    ledger: Ledger = Ledger(found)
    changed, nan, evolved = None, None, None
    if options.first_nan:  # before the rest is read: it needs less
        with Shown("Looking for NaN") as report:
            tracks = [track for subject in subjects for track in subject.tracks]
            nan = first_nan(found, tracks, ledger=ledger, report=report, executor=executor, workers=workers)
    with Shown("Reading values") as report:
        lines = series(found, subjects, options.stat, ledger=ledger, report=report, executor=executor, workers=workers)
    if options.change:
        with Shown("Comparing steps") as report:
            changed = changes(found, subjects, ledger=ledger, report=report, executor=executor, workers=workers)
    if options.histograms:
        with Shown("Counting") as report:
            evolved = [
                evolution(found, one, axis="linear", report=report, executor=executor, workers=workers)
                for one in subjects
            ]
    return lines, Asked(changed, nan, evolved)


def _print(found: Run, options: argparse.Namespace, lines: Sequence[Line], asked: Asked) -> None:
    from ckpt_gui.core.trend.told import COLUMNS, trend_json, trend_rows

    if options.json:
        sys.stdout.write(json.dumps(trend_json(found, options.stat, lines, asked), allow_nan=False) + "\n")
    elif options.csv:
        columns = [*COLUMNS, "change"] if options.change else list(COLUMNS)
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(trend_rows(found, lines, asked.changed))
    else:
        _print_table(found, options, lines, asked)


def _print_table(found: Run, options: argparse.Namespace, lines: Sequence[Line], asked: Asked) -> None:
    from rich.console import Console

    from ckpt_gui.core.trend.words import heading, nan_answer

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    # Of a file or a pipe rich knows no width: nothing is cut short there.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1_000, soft_wrap=True)
    console.print(heading(found))
    for note in found.notes:
        console.print(f"  {note}")
    for stop in found.stops:
        if stop.problem:
            console.print(f"  {stop.name}: {escape(stop.problem)}")
    _print_lines(console, lines, options.stat, options.all)
    if asked.changed is not None:
        _print_lines(console, asked.changed, "change", options.all)
    for sentence in nan_answer(found, asked.nan) if asked.nan is not None else ():
        console.print(sentence)


def _print_lines(console: Console, lines: Sequence[Line], statistic: str, whole: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from ckpt_gui.core.trend.sparks import sparkline
    from ckpt_gui.core.trend.words import number, title

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=None)
    table.add_column("tensor", overflow="fold")
    table.add_column(title(statistic), no_wrap=True)
    for name in ("first", "last", "least", "most", "NaN, Inf"):
        table.add_column(name, justify="right", no_wrap=True)
    text_of: Callable[[float | int | None], str] = number
    for line in lines if whole else lines[:FEW]:
        held = [value for value in line.values if value is not None]
        ends = [text_of(held[0] if held else None), text_of(held[-1] if held else None)]
        spans = [text_of(min(held, default=None)), text_of(max(held, default=None))]
        bad = sum(map(bool, line.nonfinite))
        cells = [escape(line.subject.name), sparkline(line.values, line.nonfinite), *ends, *spans]
        table.add_row(*(Text(cell) for cell in (*cells, plural(bad, "file") if bad else "")))
    console.print(table)
    if len(lines) > FEW and not whole:
        console.print(f"… {len(lines) - FEW:,} more rows (--all)")
