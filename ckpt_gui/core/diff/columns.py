"""The columns of a comparison as data: key, title, what a cell says, what it sorts by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ckpt_gui.core import text
from ckpt_gui.core.diff.facts import Facts
from ckpt_gui.core.diff.nouns import CHANGES, UNKNOWN, Measures
from ckpt_gui.core.model import Checkpoint

GLYPHS = dict(zip(CHANGES, "=≈●◇▣+−▲", strict=True)) | {UNKNOWN: "…"}
"""Beside the word, so that neither colour nor word is needed alone."""
WORDS = {UNKNOWN: "not compared yet"}
LEAST, MOST = 1e-5, 10.0
"""Relative L2 at the ends of the bar, whose scale is logarithmic."""
MEANING = {
    "same": "bit for bit the same", "close": "within the tolerance", "changed": "further apart than the tolerance",
    "dtype": "the element types differ; the values were compared all the same", "shape": "the sizes differ",
    "added": "only in B", "removed": "only in A", "problem": "cannot be read", UNKNOWN: "not compared yet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    key: str
    title: str
    text: Callable[[Facts, int], str]
    value: Callable[[Facts, int], float | str | None]
    """What it sorts by; None for nothing to sort by."""
    right: bool = True
    """Numbers stand at the right."""
    shown: bool = True
    """To begin with."""
    tip: str = ""


def number(value: float | None) -> str:
    """A measure in few digits; "" for none."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    return f"{value:.3g}" if math.isfinite(value) else str(value)


def cosine(value: float | None) -> str:
    """As many nines as tell it from 1, up to six."""
    if value is None:
        return ""
    gap = 1 - abs(value)
    if gap <= 0:
        found = f"{value:.0f}"
    elif gap < 1e-6:
        found = ">0.999999" if value > 0 else "<-0.999999"
    else:
        found = f"{value:.{max(4, min(7, 1 - math.floor(math.log10(gap))))}f}"
    return found.replace("-", "−")


def percent(share: float | None) -> str:
    """A share of 0 … 1 in percent; not 0 or 100 unless it is that."""
    if share is None:
        return ""
    if share in (0, 1):
        return f"{100 * share:.0f}"
    shown = 100 * share
    return "< 0.01" if shown < 0.01 else "> 99.9" if shown > 99.9 else f"{shown:.3g}"


def bar(value: float | None) -> float:
    """Length of the bar of a relative L2, 0 … 1 on a logarithmic scale; 0 for none at all."""
    if not value:
        return 0.0
    reach = math.log10(max(value, LEAST) / LEAST) / math.log10(MOST / LEAST)
    return min(1.0, max(0.02, reach))


def change_words(facts: Facts, row: int) -> str:
    """Glyph and word; of a group how many pairs of it are so, unless all are."""
    change = facts.change(row)
    word = f"{GLYPHS[change]} {WORDS.get(change, change)}"
    if not facts.grouping.is_group(row):
        return word
    found = facts.sum(row)
    return (
        word
        if found.of(change) == found.pairs
        else f"{GLYPHS[change]} {found.of(change):,} {WORDS.get(change, change)}"
    )


def side(checkpoint: Checkpoint, tensor: int) -> str:
    """Shape and element type of one side's tensor; "" where there is none."""
    if tensor < 0:
        return ""
    return f"{text.shape(checkpoint.shape(tensor))}  {checkpoint.texts[checkpoint.tensors.dtype[tensor]]}"


def _left(facts: Facts, row: int) -> str:
    if facts.grouping.is_group(row):
        held = facts.sum(row).left
        return text.plural(held, "tensor") if held else ""
    return side(facts.left, facts.rows[row].left)


def _right(facts: Facts, row: int) -> str:
    if facts.grouping.is_group(row):
        held = facts.sum(row).right
        return text.plural(held, "tensor") if held else ""
    return side(facts.right, facts.rows[row].right)


def _elements(facts: Facts, row: int, *, right: bool) -> float | None:
    if facts.grouping.is_group(row):
        found = facts.sum(row)
        return found.right if right else found.left
    one = facts.rows[row]
    tensor, checkpoint = (one.right, facts.right) if right else (one.left, facts.left)
    return checkpoint.tensors.numel[tensor] if tensor >= 0 else None


def _change_rank(facts: Facts, row: int) -> float:
    from ckpt_gui.core.diff.facts import WEIGHT

    return WEIGHT[facts.change(row)]


def one_sided(found: Measures) -> int:
    """NaN and infinities that only one side has."""
    return found.nan_left + found.nan_right + found.inf_left + found.inf_right


def _measured(
    key: str, title: str, value: Callable[[Measures], float | None], write: Callable[[float | None], str], tip: str,
    *, shown: bool = True,
) -> Column:  # fmt: skip
    def of(facts: Facts, row: int) -> float | None:
        found = facts.measures(row)
        return value(found) if found is not None else None

    return Column(key, title, lambda facts, row: write(of(facts, row)), of, shown=shown, tip=tip)


def _counted(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


COLUMNS: tuple[Column, ...] = (
    Column("key", "Key", lambda facts, row: text.escape(facts.grouping.labels[row]),
           lambda facts, row: facts.grouping.labels[row], right=False),
    Column("change", "Change", change_words, _change_rank, right=False, tip="What became of it from A to B"),
    Column("left", "A", _left, lambda facts, row: _elements(facts, row, right=False), right=False,
           tip="Shape and element type in A"),
    Column("right", "B", _right, lambda facts, row: _elements(facts, row, right=True), right=False,
           tip="Shape and element type in B"),
    _measured("rel", "rel. L2", lambda one: one.rel_l2, number,
              f"‖B − A‖ / ‖A‖; the bar is logarithmic, from {LEAST:g} to {MOST:g}"),
    _measured("max", "max |Δ|", lambda one: one.max_abs, number, "Largest difference of two values"),
    _measured("mean", "mean |Δ|", lambda one: one.mean_abs, number, "Mean difference of two values", shown=False),
    _measured("cos", "cosine", lambda one: one.cosine, cosine, "Cosine of the angle between A and B"),
    _measured("changed", "% changed", lambda one: one.share, percent, "Share of the elements that differ"),
    _measured("flips", "sign flips", lambda one: one.sign_flips, _counted, "Elements that changed sign", shown=False),
    _measured("nan", "NaN/Inf", one_sided, _counted, "NaN and infinities only one side has", shown=False),
)  # fmt: skip
KEYS = tuple(column.key for column in COLUMNS)


def column(key: str) -> Column:
    """The column of that key."""
    return COLUMNS[KEYS.index(key)]
