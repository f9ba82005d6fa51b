"""The pass over both files: pairs of tensors → rows with measures, shared among threads, a few blocks in memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np

from ckpt_gui.core.diff.nouns import UNKNOWN, Measures, Row, Tolerance
from ckpt_gui.core.diff.sides import Side, alike, by_tiles, together
from ckpt_gui.core.diff.tolerance import tolerance
from ckpt_gui.core.diff.widen import Widener
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.kernels.difference import Apart, Difference, same_bits
from ckpt_gui.core.kernels.passes import WORTH_A_COMPILER, compiled_at_hand
from ckpt_gui.core.pairing import Pair, Pairing
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.summarize import in_any_order
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.text import shape

SHARE = 8 << 20
"""Elements that one task compares."""
LARGEST = 1 << 33
"""Elements of a pair that repeats what is stored, and lies differently on both sides."""
BATCH = 1 << 18
"""Elements of small pairs that one task compares."""
MOST_IN_BATCH = 64


class Unlike(ReadError):
    """Both can be read, and what they hold differs in a way that no measure tells."""


def structure(pairing: Pairing) -> tuple[Row, ...]:
    """Every pair as a row, without reading a value: what shapes and presence tell; else the change is UNKNOWN."""
    return tuple(_row(pairing, pair) for pair in pairing.pairs)


def _row(pairing: Pairing, pair: Pair) -> Row:
    if pair.left < 0:
        return Row(pair.key, pair.left, pair.right, "added")
    if pair.right < 0:
        return Row(pair.key, pair.left, pair.right, "removed")
    left, right = pairing.left.checkpoint, pairing.right.checkpoint
    trouble = [
        f"{side}: {found.text(found.tensors.problem[tensor])}"
        for side, found, tensor in (("A", left, pair.left), ("B", right, pair.right))
        if found.tensors.problem[tensor] >= 0
    ]
    if trouble:
        return Row(pair.key, pair.left, pair.right, "problem", None, "; ".join(trouble))
    if left.shape(pair.left) != right.shape(pair.right):
        return Row(pair.key, pair.left, pair.right, "shape")
    return Row(pair.key, pair.left, pair.right, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one pair is compared."""

    left: Side
    right: Side
    alike: bool
    rtol: float
    atol: float

    @property
    def elements(self) -> int:
        """Elements that are read of each side."""
        times = self.left.form.multiplicity if self.alike else 1
        return math.prod(self.left.form.shape) // max(times, 1)

    @property
    def nbytes(self) -> int:
        """Bytes that are read of both."""
        return self.elements * (self.left.width + self.right.width)


@dataclass(frozen=True, slots=True)
class Part:
    """What one share of a pair gave."""

    apart: Apart
    where: tuple[int, ...] | None


def compare(
    pairing: Pairing,
    left: Reading,
    right: Reading,
    *,
    tolerance: Tolerance | None = None,
    only: Sequence[int] | None = None,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Iterator[tuple[int, Row]]:
    """The rows whose values decide, as they are done: place in ``pairing.pairs`` and row; begun in the order given.

    ``only``: places of the pairs to compare (None: all). Pairs that show the same windows of the same
    storages are compared once. Trouble with one pair is told in its row. Raises what ``report`` raises.
    """
    rows = structure(pairing)
    wanted = [place for place in (range(len(rows)) if only is None else only) if rows[place].change == UNKNOWN]
    plans: dict[int, Plan] = {}
    twins: dict[int, list[int]] = {}
    for alike_places in _alike(pairing, rows, wanted):
        first = alike_places[0]
        try:
            plans[first] = plan(left, rows[first].left, right, rows[first].right, tolerance)
            twins[first] = alike_places
        except ReadError as exc:
            yield from ((place, _troubled(rows[place], exc)) for place in alike_places)
    for first, found in measured(plans, report, executor, workers):
        for place in twins[first]:
            yield place, _judged(rows[place], plans[first], found)


def plan(left: Reading, one: int, right: Reading, other: int, wanted: Tolerance | None = None) -> Plan:
    """How a pair is compared. Raises NoValues, ReadError or Unlike with a sentence where it cannot be."""
    a, b = Side.of(left, one), Side.of(right, other)
    if a.form.shape != b.form.shape:
        raise Unlike(f"the stored values are {shape(a.form.shape)} in A and {shape(b.form.shape)} in B")
    if a.form.of == "stored values" or b.form.of == "stored values":
        _check_layout(a, b)
    in_step = alike(a, b)
    if not in_step and math.prod(a.form.shape) > LARGEST:
        raise ReadError("it repeats its elements too often to be compared with one that lies differently")
    rtol, atol = tolerance(a.form.dtype, b.form.dtype, wanted)
    return Plan(a, b, in_step, rtol, atol)


def _check_layout(a: Side, b: Side) -> None:
    """Stored values may only be compared if they stand at the same places."""
    one, other = (side.reading.checkpoint.tensor(side.tensor) for side in (a, b))
    if one.layout != other.layout:
        raise Unlike(f"the layouts differ: {one.layout} in A, {other.layout} in B")
    if not one.layout.startswith("sparse"):
        return
    count, step = a.form.shape[0] if a.form.shape else 0, 1 << 20
    for start in range(0, count, step):
        places = [side.reading.indices(side.tensor, start, min(start + step, count)) for side in (a, b)]
        if not np.array_equal(places[0], places[1]):
            raise Unlike("the stored values stand at other places of the sparse tensor")


def _alike(pairing: Pairing, rows: Sequence[Row], wanted: Iterable[int]) -> list[list[int]]:
    """Places of pairs, those together that compare the same two windows."""
    groups: dict[object, list[int]] = {}
    for place in wanted:
        row = rows[place]
        key = (pairing.left.checkpoint.window(row.left), pairing.right.checkpoint.window(row.right))
        groups.setdefault(key, []).append(place)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Unit:
    """What one task does: several small pairs, or one share of a large one."""

    places: tuple[int, ...]
    nbytes: int
    number: int = 0
    parts: int = 1


def _units(plans: dict[int, Plan]) -> Iterator[Unit]:
    batch: list[int] = []
    held = nbytes = 0
    for place, one in plans.items():
        if one.elements > BATCH:
            parts = -(-one.elements // SHARE)
            yield from (Unit((place,), one.nbytes // parts, number, parts) for number in range(parts))
            continue
        if held + one.elements > BATCH or len(batch) == MOST_IN_BATCH:
            yield Unit(tuple(batch), nbytes)
            batch, held, nbytes = [], 0, 0
        batch.append(place)
        held += one.elements
        nbytes += one.nbytes
    if batch:
        yield Unit(tuple(batch), nbytes)


def measured(
    plans: dict[int, Plan], report: Report, executor: Executor | None, workers: int
) -> Iterator[tuple[int, Measures | ReadError]]:
    """What each plan comes to, as it is done, by the number it stands under."""
    units = list(_units(plans))
    total, done = sum(one.nbytes for one in plans.values()), 0
    waiting: dict[int, dict[int, Part | ReadError]] = {}
    works = (partial(_unit, plans, unit) for unit in units)
    for number, found in in_any_order(works, executor, workers):
        unit = units[number]
        done += unit.nbytes
        report.at(done, total, "bytes")
        for place, part in found.items():
            parts = waiting.setdefault(place, {})
            parts[unit.number] = part
            if len(parts) == unit.parts:
                yield place, _joined(plans[place], waiting.pop(place))


def _unit(plans: dict[int, Plan], unit: Unit) -> dict[int, Part | ReadError]:
    found: dict[int, Part | ReadError] = {}
    for place in unit.places:
        try:
            found[place] = _share(plans[place], (unit.number, unit.parts))
        except ReadError as exc:
            found[place] = exc
    return found


def _share(one: Plan, part: tuple[int, int]) -> Part:
    """One pass over one share, block by block."""
    left, right = one.left.form, one.right.form
    work = Difference(one.rtol, one.atol, one.elements // part[1])
    widen = Widener(left, right)
    same_type = left.encoding == right.encoding
    compiled = one.elements // part[1] > WORTH_A_COMPILER or compiled_at_hand()
    where: tuple[int, ...] | None = None
    for block in (together if one.alike else by_tiles)(one.left, one.right, part):
        a, b = block.left, block.right
        if same_type and same_bits(a.reshape(-1), b.reshape(-1), compiled=compiled):
            work.add_equal(widen(a, left, 0))
            continue
        before = (work.apart.at_max, work.apart.taken)
        work.add(widen(a, left, 0), widen(b, right, 1), a if same_type else None, b if same_type else None)
        if work.apart.at_max != before[0]:
            where = block.index(work.apart.at_max - before[1])
    if not same_type:
        work.apart.other_bits = work.apart.taken
    return Part(work.apart, where)


def _joined(one: Plan, parts: dict[int, Part | ReadError]) -> Measures | ReadError:
    whole = Apart()
    where: tuple[int, ...] | None = None
    for number in sorted(parts):
        part = parts[number]
        if isinstance(part, ReadError):
            return part
        before = whole.at_max
        whole.add(part.apart)
        if whole.at_max != before:
            where = part.where
    times = one.left.form.multiplicity if one.alike else 1
    return measures(whole, where, times)


def measures(found: Apart, where: tuple[int, ...] | None, times: int = 1) -> Measures:
    """What is told of what was counted; each element stands for so many ``times``."""
    some = found.both > 0
    return Measures(
        numel=found.taken * times,
        max_abs=_finite(found.max) if some else None,
        where=where,
        mean_abs=_finite(found.sum / found.both) if some else None,
        l2=_root(found.squares, times) if some else None,
        left_l2=_root(found.left, times) if some else None,
        right_l2=_root(found.right, times) if some else None,
        dot=_finite(found.product * times) if some else None,
        both=found.both * times,
        changed=found.changed * times,
        sign_flips=found.flips * times,
        nan_left=found.nan_left * times,
        nan_right=found.nan_right * times,
        inf_left=found.inf_left * times,
        inf_right=found.inf_right * times,
        beyond=found.beyond * times,
        identical=found.other_bits == 0,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _root(square: float, times: int) -> float | None:
    return _finite(math.sqrt(square) * math.sqrt(times)) if math.isfinite(square) else None


def _troubled(row: Row, exc: ReadError) -> Row:
    return Row(row.key, row.left, row.right, "changed" if isinstance(exc, Unlike) else "problem", None, str(exc))


def _judged(row: Row, one: Plan, found: Measures | ReadError) -> Row:
    if isinstance(found, ReadError):
        return _troubled(row, found)
    if one.left.form.dtype != one.right.form.dtype:
        change = "dtype"
    elif found.identical:
        change = "same"
    else:
        change = "changed" if found.beyond else "close"
    return Row(row.key, row.left, row.right, change, found)
