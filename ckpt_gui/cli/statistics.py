"""``ckpt-gui stats``: statistics and histograms of tensors, in a table, as JSON or as CSV."""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ckpt_gui.cli.progress import Shown
from ckpt_gui.core.errors import CheckpointError, ReadError
from ckpt_gui.core.progress import Deadline, Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.search.values import Bad, Pattern, read_glob
from ckpt_gui.core.text import escape, key_text, path_text, plural, shape

if TYPE_CHECKING:
    from rich.table import Table

    from ckpt_gui.core.model import Checkpoint
    from ckpt_gui.core.stats.nouns import Summary
    from ckpt_gui.core.tensors import Reading

FEW = 200
"""Rows of a table; more are for a file or a program to read."""
SPECTRAL = {
    "spectral_norm": "largest σ", "nuclear_norm": "sum of σ", "frobenius_norm": "Frobenius",
    "stable_rank": "stable rank", "rank": "rank", "condition": "condition",
}  # fmt: skip
"""Columns of CSV and table for the singular values; the values themselves stand in the JSON."""


def run(options: argparse.Namespace) -> int:
    """Print them; returns the exit code."""
    if options.bins is not None and not 1 <= options.bins <= 100:
        raise CheckpointError("--bins takes a number from 1 to 100")
    if options.json and options.csv:
        raise CheckpointError("--json and --csv are two ways of saying the same; choose one")
    gc.disable()  # the index lives until the end; collecting would only walk it again and again
    opened = read(options.file, Report() if options.patient else Deadline())
    checkpoint = opened.checkpoint
    tensors = chosen(checkpoint, options.key or [])
    rows = _rows(checkpoint, tensors, options)
    if options.json:
        _print_json(checkpoint, rows)
    elif options.csv:
        _print_csv(rows, options.spectrum)
    else:
        _print_table(checkpoint, rows, options)
    sys.stdout.flush()
    return 0


def chosen(checkpoint: Checkpoint, globs: list[str]) -> list[int]:
    """The tensors that fit one of the globs, by path text or last key; all if there is no glob. Some must fit."""
    try:
        patterns = [read_glob(glob) for glob in globs]
    except Bad as exc:
        raise CheckpointError(f"--key: {exc}") from exc
    if not patterns:
        return list(range(checkpoint.rows))
    tensors = [tensor for tensor in range(checkpoint.rows) if _fits(checkpoint, tensor, patterns)]
    if not tensors:
        raise CheckpointError(f"no tensor of {checkpoint.path} has a path that fits {' or '.join(globs)}")
    return tensors


def _fits(checkpoint: Checkpoint, tensor: int, patterns: list[Pattern]) -> bool:
    path = checkpoint.path_of(checkpoint.tensors.node[tensor])
    texts = (path_text(path), key_text(path[-1]) if path else "")
    return any(pattern.regex.match(text) for pattern in patterns for text in texts)


def _rows(checkpoint: Checkpoint, tensors: list[int], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A record for each tensor, in the file's order, as soon as all before it are done."""
    from ckpt_gui.core.stats.record import numbers, place
    from ckpt_gui.core.stats.summarize import scan
    from ckpt_gui.core.tensors import Reading

    workers = min(os.cpu_count() or 1, 8)
    done: dict[int, dict[str, Any]] = {}
    told: dict[str, Any] = {}
    last: Summary | ReadError | None = None
    with Reading(checkpoint) as reading, ThreadPoolExecutor(workers) as executor, Shown("Reading values") as report:
        waiting = iter(tensors)
        wanted = next(waiting, None)
        for tensor, found in scan(reading, tensors, report=report, executor=executor, workers=workers):
            if found is not last:  # tensors that show the same values come together, with one result
                last, told = found, numbers(found, options.bins, with_histogram=options.json)
                if options.spectrum:
                    told["spectrum"] = _spectrum(reading, tensor, found)
            done[tensor] = place(checkpoint, tensor) | told
            while wanted is not None and wanted in done:
                yield done.pop(wanted)
                wanted = next(waiting, None)


def _spectrum(reading: Reading, tensor: int, found: Summary | ReadError) -> dict[str, Any] | None:
    """Plain JSON values; None where there are no values either."""
    from ckpt_gui.core.spectrum import spectrum

    if isinstance(found, ReadError):
        return None
    try:
        facts = asdict(spectrum(reading, tensor))
    except ReadError as exc:
        return {"problem": str(exc)}
    return facts | {"singular_values": facts["singular_values"].tolist(), "problem": None}


def _print_json(checkpoint: Checkpoint, rows: Iterator[dict[str, Any]]) -> None:
    write = sys.stdout.write
    head = {"path": checkpoint.path, "format": checkpoint.format, "notes": list(checkpoint.notes)}
    write(json.dumps(head)[:-1] + ', "tensors": [')
    for number, row in enumerate(rows):
        write((",\n" if number else "\n") + json.dumps(row, allow_nan=False))
    write("]}\n")


def _print_csv(rows: Iterator[dict[str, Any]], spectrum: bool) -> None:
    from ckpt_gui.core.stats.record import FIELDS

    names = [name for name in FIELDS if name != "histogram"] + [*SPECTRAL] * spectrum
    writer = csv.DictWriter(sys.stdout, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        facts = {name: value for name, value in (row.get("spectrum") or {}).items() if name in SPECTRAL}
        writer.writerow({name: _cell(name, value) for name, value in (row | facts).items()})


def _cell(name: str, value: Any) -> Any:
    if name == "path":
        return escape(path_text(value))  # the JSON has it to the letter
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else value


def _print_table(checkpoint: Checkpoint, rows: Iterator[dict[str, Any]], options: argparse.Namespace) -> None:
    from rich.console import Console

    whole: bool = options.all
    table, total, troubled, odd = _table(options.spectrum), 0, [], 0
    for row in rows:
        total += 1
        odd += bool(row["nan"] or row["posinf"] or row["neginf"])
        if row["problem"] is not None:
            troubled.append(row)
        if whole or total <= FEW:
            table.add_row(*_words(row), *(_spectral_words(row) if options.spectrum else ()))
    # Of a file or a pipe rich knows no width: nothing is cut short there.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1_000, soft_wrap=True)
    console.print(escape(checkpoint.path))
    console.print(table)
    if total > FEW and not whole:
        console.print(f"… {total - FEW:,} more rows (--all)")
    console.print(f"{plural(total, 'tensor')}, {odd:,} with NaN or Inf")
    for row in troubled[:20]:
        console.print(f"  {escape(path_text(row['path']))}: {escape(row['problem'])}")
    if len(troubled) > 20:
        console.print(f"  … {len(troubled) - 20:,} more without statistics")


def _table(spectrum: bool) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tensor", overflow="fold")
    for name in ("shape", "type"):
        table.add_column(name, no_wrap=True)
    spectral = SPECTRAL.values() if spectrum else ()
    for name in ("min", "median", "max", "mean", "std", "L2", "zeros %", "NaN", "Inf", *spectral):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _words(row: dict[str, Any]) -> list[Any]:
    from rich.text import Text

    sizes = shape([-1 if size is None else size for size in row["shape"]])
    texts = [escape(path_text(row["path"])), sizes, row["dtype"]]
    if row["problem"] is not None:
        return [Text(text) for text in (*texts, *[""] * 9)]
    numbers = [_short(row[name]) for name in ("min", "p50", "max", "mean", "std", "l2")]
    share = f"{100 * row['zeros'] / row['finite']:.3g}" if row["finite"] else ""
    infinite = row["posinf"] + row["neginf"]
    return [Text(text) for text in (*texts, *numbers, share, _count(row["nan"]), _count(infinite))]


def _spectral_words(row: dict[str, Any]) -> list[Any]:
    """Empty where there are none; the reasons are many and long, and stand in the JSON."""
    from rich.text import Text

    facts = row["spectrum"] or {"problem": ""}
    return [Text("" if facts["problem"] is not None else _short(facts[name])) for name in SPECTRAL]


def _short(value: float | int | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**9 else f"{value:.4g}"


def _count(value: int) -> str:
    return f"{value:,}" if value else ""
