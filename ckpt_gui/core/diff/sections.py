"""What there is to say about a pair, or several, in words: sections of facts.

``Fact.node`` is the pair's place among the comparison's pairs, ``Fact.place`` the index of a value in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ckpt_gui.core import text
from ckpt_gui.core.diff.charts import measure
from ckpt_gui.core.diff.compare import plan
from ckpt_gui.core.diff.nouns import CHANGES, Measures, Row
from ckpt_gui.core.diff.picked import Picked
from ckpt_gui.core.diff.rollup import summary, together
from ckpt_gui.core.facts import Fact, Section
from ckpt_gui.core.heatmap.words import index_text, number_text
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.chart_words import share
from ckpt_gui.core.stats.magnitudes import magnitudes
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.percentile import percentile
from ckpt_gui.core.stats.words import number

PERCENTILES = (50, 90, 99, 99.9)
"""Of |Δ|."""
MAX_LARGEST = 8
"""Pairs of a group that are named."""
WORDS = {
    "same": "the same, bit for bit", "close": "close: every element within the tolerance",
    "changed": "changed", "dtype": "other element types; compared all the same", "shape": "other shapes",
    "added": "added: only B has it", "removed": "removed: only A has it", "problem": "cannot be compared",
    "": "not compared yet",
}  # fmt: skip
"""What each change means."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What takes a pass over the values."""

    left: Summary | None
    right: Summary | None
    delta: Summary | None


def look(found: Picked, report: Report = SILENT, executor: Executor | None = None, workers: int = 1) -> Looked:
    """The statistics of both sides and of B − A. Raises NoValues or ReadError only if neither side has any."""
    known = measure(found, report, executor, workers)
    sides = {part.name: one for part, one in zip(known.sides.parts, known.sides.summaries, strict=True)}
    return Looked(sides.get("A"), sides.get("B"), known.delta)


def at_largest(found: Picked, where: tuple[int, ...] | None) -> str:
    """The two values where they are furthest apart: ``0.5 → 0.25``. Raises NoValues and ReadError."""
    if where is None or len(found.both) != 1:
        return ""
    left, right = found.both[0]
    one = plan(found.left, left, found.right, right)
    index = tuple(slice(at, at + 1) for at in where)
    values = [side.reading.values(side.tensor, index).reshape(-1)[0] for side in (one.left, one.right)]
    return " → ".join(map(number_text, values))


# ---------------------------------------------------------------------------------------------------- one pair


def of_pair(
    left: Checkpoint, right: Checkpoint, row: Row, place: int, *, values: str = "", looked: Looked | None = None
) -> tuple[Section, ...]:
    """Everything about one pair; ``values``: the two where they are furthest apart."""
    made = [Section("", tuple(_pair_facts(left, right, row)))]
    if row.measures is not None:
        made.append(Section("Difference, B − A", tuple(_measure_facts(row.measures, place, values, looked))))
    if looked is not None:
        made.append(Section("Values, A → B", tuple(_value_facts(looked))))
    return tuple(one for one in made if one.facts)


def _pair_facts(left: Checkpoint, right: Checkpoint, row: Row) -> Iterator[Fact]:
    alarm = row.change == "problem"
    yield Fact("Change", WORDS[row.change] + (f": {text.escape(row.problem)}" if row.problem else ""), alarm=alarm)
    for label, checkpoint, tensor in (("A", left, row.left), ("B", right, row.right)):
        if tensor >= 0:
            name = text.path_text(checkpoint.path_of(checkpoint.tensors.node[tensor]))
            yield Fact(label, text.escape(name))
    told = [_described(checkpoint, tensor) for checkpoint, tensor in ((left, row.left), (right, row.right))]
    for label, one, other in zip(("Shape", "Dtype", "Device", "Elements"), *told, strict=True):
        yield Fact(label, one or other if one == other or not (one and other) else f"{one} → {other}")


def _described(checkpoint: Checkpoint, tensor: int) -> tuple[str, str, str, str]:
    """Shape, element type, device and number of elements; "" where there is no tensor."""
    if tensor < 0:
        return "", "", "", ""
    info, columns = checkpoint.tensor(tensor), checkpoint.tensors
    device = info.device or ""
    return text.shape(info.shape), text.escape(info.dtype), text.escape(device or ""), f"{columns.numel[tensor]:,}"


def _measure_facts(one: Measures, place: int, values: str, looked: Looked | None) -> Iterator[Fact]:
    yield Fact("Changed", _part(one.changed, one.numel, "element"))
    if not one.changed:
        if not one.identical:
            yield Fact("", "The values are equal; zeros differ in sign, or the types differ.")
        return
    if one.max_abs is not None:
        where = f"   at {index_text(one.where)}" if one.where is not None else ""
        both = f"   {values}" if values else ""
        yield Fact("Largest |Δ|", f"{number(one.max_abs)}{where}{both}", place if where else -1, place=one.where)
        yield Fact("Mean |Δ|", number(one.mean_abs))
    if looked is not None and looked.delta is not None:
        yield from _percentile_facts(looked)
    if one.l2 is not None:
        yield Fact("L2 of Δ", number(one.l2))
        yield Fact("Relative L2", _relative(one))
    if one.cosine is not None:
        yield Fact("Cosine", f"{one.cosine:.9g}".replace("-", "−"))
    yield Fact("Sign flips", _part(one.sign_flips, one.numel, "element"))
    yield Fact("Beyond tolerance", _part(one.beyond, one.numel, "element"))
    for label, sides in (("NaN", (one.nan_left, one.nan_right)), ("Inf", (one.inf_left, one.inf_right))):
        told = [f"{count:,} only in {side}" for side, count in zip("AB", sides, strict=True) if count]
        if told:
            yield Fact(label, text.join_words(told), alarm=True)


def _relative(one: Measures) -> str:
    if one.rel_l2 is None:
        return "not defined: A is 0 everywhere" if one.left_l2 == 0 else "—"
    return f"{number(one.rel_l2)}   of A’s norm {number(one.left_l2)}"


def _part(count: int, whole: int, noun: str) -> str:
    if not count:
        return "none"
    return f"{text.plural(count, noun)} of {whole:,}   ({share(count / whole)})" if whole else "none"


def _percentile_facts(looked: Looked) -> Iterator[Fact]:
    """Percentiles of |Δ|, equal elements included; and beside A's standard deviation."""
    assert looked.delta is not None
    sizes = magnitudes(looked.delta)
    zeros, finite = looked.delta.zeros, looked.delta.finite
    spread = looked.left.std if looked.left is not None else None
    for q in PERCENTILES:
        rank = q / 100 * finite
        found = 0.0 if rank <= zeros else percentile(sizes, 100 * (rank - zeros) / max(finite - zeros, 1))
        if found is None:
            continue
        beside = f"   {number(float(f'{found / spread:.3g}'))} of A’s σ" if spread and found else ""
        yield Fact(f"{q:g} % of |Δ| up to", f"{number(float(found))}{beside}")


def _value_facts(looked: Looked) -> Iterator[Fact]:
    sides = (looked.left, looked.right)
    for label, name in (("Min", "min"), ("Max", "max"), ("Mean", "mean"), ("Std", "std"), ("L2 norm", "l2")):
        yield Fact(label, _arrow([number(getattr(one, name)) if one is not None else "" for one in sides]))
    yield Fact("Median", _arrow([number(percentile(one, 50)) if one is not None else "" for one in sides]))
    for label, names in (("Zeros", ("zeros",)), ("NaN", ("nan",)), ("±Inf", ("posinf", "neginf"))):
        counts = [sum(getattr(one, name) for name in names) if one is not None else None for one in sides]
        if any(counts):
            odd = label != "Zeros"
            yield Fact(label, _arrow([f"{count:,}" if count is not None else "" for count in counts]), alarm=odd)


def _arrow(told: Sequence[str]) -> str:
    one, other = told
    return one or other if one == other or not (one and other) else f"{one} → {other}"


# ---------------------------------------------------------------------------------------------------- several


def of_several(rows: Sequence[Row], places: Sequence[int], looked: Looked | None = None) -> tuple[Section, ...]:
    """What some pairs come to together, and which of them changed the most."""
    held = [rows[place] for place in places]
    counts = summary(held)
    waiting = sum(not row.change for row in held)
    facts = [Fact("Tensors", f"{len(held):,}")]
    facts += [Fact(_TITLES[change], f"{counts[change]:,}") for change in CHANGES if counts[change]]
    if waiting:
        facts.append(Fact("Not compared yet", f"{waiting:,}"))
    made = [Section("", tuple(facts))]
    whole = together([row.measures for row in held if row.measures is not None])
    if whole is not None:
        made.append(Section("Difference together, B − A", tuple(_measure_facts(whole, -1, "", looked))))
    moved = [place for place in places if (one := rows[place].measures) is not None and one.changed]
    moved.sort(key=lambda place: -_size(rows[place]))
    largest = [_largest(rows[place], place) for place in moved[:MAX_LARGEST]]
    made.append(Section("Changed the most, relative L2", tuple(largest)))
    bad = [Fact("", f"{text.escape(rows[place].key)}: {text.escape(rows[place].problem)}", place, alarm=True)
           for place in places if rows[place].problem]  # fmt: skip
    made.append(Section("Cannot be compared", tuple(bad[:MAX_LARGEST])))
    if looked is not None:
        made.append(Section("Values together, A → B", tuple(_value_facts(looked))))
    return tuple(one for one in made if one.facts)


_TITLES = {
    "same": "Same", "close": "Close", "changed": "Changed", "dtype": "Other dtype", "shape": "Other shape",
    "added": "Added", "removed": "Removed", "problem": "Problem",
}  # fmt: skip


def _size(row: Row) -> float:
    one = row.measures
    if one is None:
        return 0.0
    return one.rel_l2 if one.rel_l2 is not None else float("inf") if one.changed else 0.0


def _largest(row: Row, place: int) -> Fact:
    one = row.measures
    said = number(one.rel_l2) if one is not None and one.rel_l2 is not None else "A is 0"
    return Fact(said, text.escape(row.key), place)
