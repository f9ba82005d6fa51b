"""The columns of a preview: what stands in a row's cells."""

from __future__ import annotations

from ckpt_gui.core import text
from ckpt_gui.core.convert.rows import CHANGES, GLYPHS, MEANING, Row
from ckpt_gui.gui.convert_rows import Column

BECOMES, DTYPE, DEVICE, SIZE, WHY = 2, 4, 5, 6, 7
NARROW, WIDE = {DTYPE: 9, DEVICE: 9, SIZE: 9}, {DTYPE: 17, DEVICE: 15, SIZE: 18}
"""Average characters where nothing changes, and for before → after."""


def change(row: Row) -> str:
    """Glyph and word of each change."""
    return ", ".join(f"{GLYPHS[one]} {one}" for one in row.changes)


def becomes(row: Row) -> str:
    """The new name, where there is one."""
    return text.escape(row.target) if "renamed" in row.changes else ""


def _arrow(before: str, after: str) -> str:
    return f"{before} → {after}" if after and before and after != before else before or after


def _dtype(row: Row) -> str:
    return _arrow(row.dtype, row.to_dtype)


def _device(row: Row) -> str:
    return text.escape(_arrow(row.device or "", row.to_device or ""))


def _size(row: Row) -> str:
    if row.tensor < 0:
        return ""
    return text.size(row.nbytes) if row.to_nbytes in (row.nbytes, 0) else _arrow(
        text.size(row.nbytes), text.size(row.to_nbytes))  # fmt: skip


COLUMNS = (
    Column("Name", lambda row: text.escape(row.name), 24, ends=True, tip=lambda row: _name_tip(row)),
    Column("Change", change, 11, value=lambda row: CHANGES.index(row.changes[0]), tone=lambda row: row.changes[0],
           tip=lambda row: "; ".join(MEANING[one] for one in row.changes)),
    Column("New name", becomes, 24, ends=True),
    Column("Shape", lambda row: row.shape, 12),
    Column("Dtype", _dtype, 19),
    Column("Device", _device, 15),
    Column("Size", _size, 18, right=True, value=lambda row: row.nbytes),
    Column("Why", lambda row: text.escape(row.why), 20),
)  # fmt: skip


def _name_tip(row: Row) -> str:
    return text.escape(row.name) if "renamed" not in row.changes else f"{text.escape(row.name)}\n→ {becomes(row)}"
