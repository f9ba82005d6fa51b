"""Cells for the clipboard: tabs between columns, a line a row, as spreadsheets and pandas take them."""

from __future__ import annotations

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.table.cells import fetch
from ckpt_gui.core.table.layout import Layout
from ckpt_gui.core.table.numbers import formatter
from ckpt_gui.core.table.styles import Style
from ckpt_gui.core.tensors import Reading

MAX_CELLS = 1_000_000
"""Copied at once; more is a matter for a file."""
_AT_ONCE = 1 << 16


def tsv(
    reading: Reading,
    tensor: int,
    layout: Layout,
    rows: range,
    columns: range,
    style: Style,
    *,
    raw: bool = False,
    report: Report = SILENT,
) -> str:
    """The text of those cells. Raises ReadError for more than ``MAX_CELLS``, and as ``fetch`` does."""
    if len(rows) * len(columns) > MAX_CELLS:
        raise ReadError(
            f"{len(rows) * len(columns):,} cells are too many for the clipboard, which gets {MAX_CELLS:,} at most; "
            "Export writes any number to a file"
        )
    write = formatter(reading.form(tensor, raw=raw), style)
    lines: list[str] = []
    step = max(1, _AT_ONCE // max(len(columns), 1))
    for start in range(rows.start, rows.stop, step):
        part = range(start, min(start + step, rows.stop))
        report.at(start - rows.start, len(rows), "rows")
        cells = fetch(reading, tensor, layout, part, columns, raw=raw)
        for row in part:
            inside = [column for column in columns if row * layout.columns + column < layout.count]
            lines.append("\t".join(write(*cells.cell(row, column)) for column in inside))
    return "\n".join(lines)
