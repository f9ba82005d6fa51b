"""The words and the table of ``ckpt-gui diff`` on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ckpt_gui.core.diff.frozen import frozen
from ckpt_gui.core.text import escape, path_text, plural, shape

if TYPE_CHECKING:
    from rich.table import Table

    from ckpt_gui.core.diff.nouns import Row
    from ckpt_gui.core.diff_report.report import Report

FEW = 60
"""Rows of the table, unless all were asked for."""
FEW_VALUES = 30
GLYPHS = {
    "same": "=", "close": "≈", "changed": "≠", "dtype": "t", "shape": "#", "added": "+", "removed": "−", "problem": "!",
}  # fmt: skip
_STYLES = {
    "same": "dim", "close": "cyan", "changed": "yellow", "dtype": "magenta", "shape": "red", "added": "green",
    "removed": "red", "problem": "bold red",
}  # fmt: skip


def show(report: Report, *, whole: bool, name: str = "") -> None:
    """Print the comparison; ``name`` is what the files are called, where their own names say nothing."""
    from rich.console import Console

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    # Of a file or a pipe rich knows no width: nothing is cut short there.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1_000, soft_wrap=True)
    left, right = report.pairing.left.checkpoint, report.pairing.right.checkpoint
    console.print(escape(name) if name else f"A  {escape(left.path)}\nB  {escape(right.path)}")
    counts = ", ".join(f"{count:,} {change}" for change, count in report.summary.items() if count)
    console.print(f"  {counts or 'no tensors'}")
    if sentence := frozen(report.pairing, report.rows):
        console.print(f"  {escape(sentence)}")
    if report.whole is not None and report.whole.rel_l2 is not None:
        console.print(f"  the weights together: relative L2 of B − A {report.whole.rel_l2:.3g}")
    for hint in report.pairing.hints:
        console.print(f"  {escape(hint)}")
    _rows(console, report, whole)
    _values(console, report, whole)
    for rule, matched in report.pairing.renames:
        console.print(f"  renamed by {escape(rule.text)}: {plural(matched, 'name')}")
    if report.pairing.proposed:
        console.print("\nRules that would pair more names (--map RULE, or --map auto):")
        for one in report.pairing.proposed:
            console.print(f"  {escape(one.rule.text)}   {escape(one.reason)}")


def _rows(console: object, report: Report, whole: bool) -> None:
    from rich.console import Console

    assert isinstance(console, Console)
    rows = [row for row in report.shown if row.change != "same" or len(report.shown) != len(report.rows)]
    if whole:
        rows = list(report.shown)
    if not rows:
        return
    table = _table()
    for row in rows if whole else rows[:FEW]:
        table.add_row(*_cells(report, row))
    console.print(table)
    if len(rows) > FEW and not whole:
        console.print(f"… {len(rows) - FEW:,} more rows (--all)")


def _table() -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("tensor", overflow="fold")
    for name in ("A", "B"):
        table.add_column(name, no_wrap=True)
    for name in ("max |Δ|", "rel L2", "cosine", "changed %"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(report: Report, row: Row) -> list[Any]:
    from rich.text import Text

    found = row.measures
    one, other = (
        _kind(side.checkpoint, tensor)
        for side, tensor in ((report.pairing.left, row.left), (report.pairing.right, row.right))
    )
    numbers = ["", "", "", ""]
    if found is not None:
        numbers = [_short(found.max_abs), _short(found.rel_l2), _cosine(found.cosine), f"{100 * found.share:.3g}"]
    elif row.problem:
        numbers[0] = escape(row.problem)
    change = Text(f"{GLYPHS[row.change]} {row.change}", style=_STYLES[row.change])
    return [change, *(Text(text) for text in (escape(row.key), one, "" if other == one else other, *numbers))]


def _kind(checkpoint: object, tensor: int) -> str:
    from ckpt_gui.core.model import Checkpoint

    assert isinstance(checkpoint, Checkpoint)
    if tensor < 0:
        return ""
    return f"{shape(checkpoint.shape(tensor))} {checkpoint.texts[checkpoint.tensors.dtype[tensor]]}"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _cosine(value: float | None) -> str:
    return "–" if value is None else f"{value:.6f}"


def _values(console: object, report: Report, whole: bool) -> None:
    from rich.console import Console

    assert isinstance(console, Console)
    if not report.values:
        return
    console.print("Beside the tensors:")
    for one in report.values if whole else report.values[:FEW_VALUES]:
        left, right = (escape(text) if text is not None else "(absent)" for text in (one.left, one.right))
        console.print(f"  {escape(path_text(one.path))}: {left} → {right}")
    if len(report.values) > FEW_VALUES and not whole:
        console.print(f"  … {len(report.values) - FEW_VALUES:,} more (--all)")
