"""Sentences of the page of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ckpt_gui.core import text
from ckpt_gui.core.table.index_line import Place
from ckpt_gui.core.table.layout import Layout
from ckpt_gui.core.table.styles import Style

if TYPE_CHECKING:
    from ckpt_gui.core.export.write import Exported
    from ckpt_gui.core.table.cells import Table
    from ckpt_gui.core.tensors import Form


def cell_words(form: Form, held: tuple[Any, ...], place: Place, entry: str) -> str:
    """Where a cell stands, its value in full and its bits, of value and pattern; ``entry``: where it stands in the
    sparse tensor."""
    from ckpt_gui.core.table.numbers import formatter

    value, bits = (formatter(form, Style(kind))(*held) for kind in ("shortest", "bits"))
    where = f"[{', '.join(map(str, place))}]"
    if entry:
        where = f"[{entry}]  ·  stored value {where}"
    return "   ".join([where, value, bits, text.escape(form.dtype)])


def table_words(table: Table) -> str:
    """What rows and numbers are, where that is not plain."""
    if table.sparse:
        return "Rows are the stored values; before each stands its index in the tensor."
    if table.form.of == "dequantized":
        return "Numbers: scale times (stored integer minus zero point)."
    if table.form.of:
        return "These are the values that are stored; the tensor is made of them."
    if table.form.multiplicity > 1:
        return f"An expanded tensor: each stored value is shown {table.form.multiplicity:,} times."
    return ""


def not_one(tensors: int, rows: int) -> str:
    """Why there is no table: not one tensor is picked."""
    if not tensors:
        return (
            "There is no tensor in what is picked." if rows > 1 else "This is no tensor. Its value stands on Summary."
        )
    if tensors == 1:
        return "The table shows the values of a tensor: pick the one beneath this row."
    return (
        f"There are {tensors:,} tensors in what is picked, and a table shows one: pick one. "
        "Export writes all of them to a file."
    )


def no_entries(table: Table, shown: Layout) -> str:
    """Why there is no table: nothing is in it."""
    sizes = " × ".join(map(str, table.form.shape))
    if 0 in table.form.shape:
        what = "It stores no values" if table.sparse else "This tensor has no entries"
        return f"{what}: its shape is {sizes}."
    return f"{shown.index.text(shown.shape)} picks no entries of this tensor of {sizes}."


def exported_words(made: Exported) -> str:
    """What was written, and what is otherwise there than in the file."""
    notes = "".join(f" {note[0].upper()}{note[1:]}." for note in made.plan.notes)
    return f"Wrote {text.escape(made.path)} ({text.size(made.nbytes)}).{notes}"
