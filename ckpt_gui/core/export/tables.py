"""csv: numbers as the shortest text that reads back as the same value; a line a row of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import IO, Any

from ckpt_gui.core.export.plan import Item
from ckpt_gui.core.table.cells import entry_axes, fetch
from ckpt_gui.core.table.index_line import whole
from ckpt_gui.core.table.layout import Layout, layout
from ckpt_gui.core.table.numbers import formatter
from ckpt_gui.core.table.styles import Style
from ckpt_gui.core.tensors import Reading

_AT_ONCE = 1 << 16
"""Values."""
_AS_READ = {"NaN": "nan", "Inf": "inf", "-Inf": "-inf"}
"""What NumPy, pandas and Python read."""


def write_csv(file: IO[bytes], reading: Reading, item: Item, told: Callable[[int], None]) -> None:
    """The values of one tensor. Of a sparse one each line is an entry: its index, then its value."""
    table = layout(item.form.shape, item.index, item.column_axis, wrap=False)
    write = formatter(replace(item.form, encoding=item.type), Style())  # whoever reads it has no bfloat16
    labelled = item.index == whole(item.form.shape) and entry_axes(reading.checkpoint, reading, item.tensor) > 0
    for rows, columns in _blocks(table):
        cells = fetch(reading, item.tensor, table, rows, columns, raw=item.raw)
        labels = cells.labels if labelled else ()
        last = columns.stop == table.columns
        for row in rows:
            texts = [_plain(write(*cells.cell(row, column)), item) for column in columns]
            if labels and columns.start == 0:
                texts[:0] = labels[row - rows.start].replace("; ", ", ").split(", ")
            file.write((",".join(texts) + ("\n" if last else ",")).encode())
        told(len(rows) * len(columns))


def _blocks(table: Layout) -> Any:
    """Rows and columns to write together: whole rows, or one row in parts where it is long."""
    if table.columns > _AT_ONCE:
        for row in range(table.rows):
            for start in range(0, table.columns, _AT_ONCE):
                yield range(row, row + 1), range(start, min(start + _AT_ONCE, table.columns))
        return
    step = max(1, _AT_ONCE // max(table.columns, 1))
    for start in range(0, table.rows, step):
        yield range(start, min(start + step, table.rows)), range(table.columns)


def _plain(text: str, item: Item) -> str:
    if item.form.parts > 1:
        return "(" + text.replace("NaN", "nan").replace("Inf", "inf") + ")"
    return _AS_READ.get(text, text)
