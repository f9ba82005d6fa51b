"""The columns of a preview: what stands in a row's cells."""

from __future__ import annotations

from ckpt_gui.core import text
from ckpt_gui.core.convert.words import MARKS, Row
from ckpt_gui.gui.convert_rows import Column

GLYPHS = dict(zip(MARKS, "=→◇●−⇄", strict=True))
"""Beside the word, so that neither colour nor word is needed alone."""
MEANING = {
    "kept": "as it is", "renamed": "under another name", "cast": "as another element type",
    "retagged": "with another device tag", "dropped": "left out", "alias": "told as another name of the same memory",
}  # fmt: skip
CHANGE, BECOMES, DTYPE, DEVICE, SIZE, WHY = 1, 2, 4, 5, 6, 7
NARROW, WIDE = {CHANGE: 11, DTYPE: 9, DEVICE: 9, SIZE: 9}, {CHANGE: 19, DTYPE: 17, DEVICE: 15, SIZE: 18}
"""Average characters where nothing changes, and for before → after."""


def change(row: Row) -> str:
    """Glyph and word of each change."""
    return ", ".join(f"{GLYPHS[one]} {one}" for one in row.marks)


def becomes(row: Row) -> str:
    """The new name, where there is one."""
    return text.escape(row.after) if "renamed" in row.marks else ""


def _size(row: Row) -> str:
    if not row.dtype:
        return ""
    before, after = text.size(row.nbytes), text.size(row.nbytes_after)
    return f"{before} → {after}" if "cast" in row.marks else before


def _names(row: Row) -> str:
    return text.escape(row.before) if not becomes(row) else f"{text.escape(row.before)}\n→ {becomes(row)}"


COLUMNS = (
    Column("Name", lambda row: text.escape(row.before), 24, ends=True, tip=_names),
    Column("Change", change, 11, value=lambda row: MARKS.index(row.marks[0]), tone=lambda row: row.marks[0],
           tip=lambda row: "; ".join(MEANING[one] for one in row.marks)),
    Column("New name", becomes, 24, ends=True),
    Column("Shape", lambda row: row.shape, 12),
    Column("Dtype", lambda row: row.dtype, 17),
    Column("Device", lambda row: text.escape(row.device), 15),
    Column("Size", _size, 18, right=True, value=lambda row: row.nbytes),
    Column("Why", lambda row: text.escape(row.why), 20),
)  # fmt: skip
