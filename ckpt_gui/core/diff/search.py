"""The filter line of a comparison: the language of ``core.search`` with fields of its own; query × pairs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from ckpt_gui.core.diff.columns import one_sided
from ckpt_gui.core.diff.nouns import CHANGES, UNKNOWN, Measures, Row
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.search import Language, Query, Term, TermError, parse
from ckpt_gui.core.search.values import OneOf, Pattern, Range, Shape, Test, Word

WAITING = "waiting"
"""What the filter calls a pair that was not compared yet."""
STEP = 1 << 11
"""Pairs between two pauses: a few milliseconds."""
MEASURES: dict[str, Callable[[Measures], float | None]] = {
    "rel": lambda one: one.rel_l2, "max": lambda one: one.max_abs, "mean": lambda one: one.mean_abs,
    "cos": lambda one: one.cosine, "l2": lambda one: one.l2, "changed": lambda one: 100 * one.share,
    "flips": lambda one: one.sign_flips, "nan": lambda one: one.nan_left + one.nan_right,
    "inf": lambda one: one.inf_left + one.inf_right, "onesided": one_sided, "beyond": lambda one: one.beyond,
}  # fmt: skip
LANGUAGE = Language(
    {
        "name": "text, name:glob:*.weight or name:re:^model\\.",
        "change": " ".join((*CHANGES, WAITING)),
        "rel": "relative L2: >1e-3", "max": "largest |Δ|: >0.1", "mean": "mean |Δ|: >1e-4", "cos": "cosine: <0.99",
        "l2": "‖Δ‖: >1", "changed": "percent of the elements: >50", "flips": "sign flips: >0",
        "nan": "NaN on one side only: >0", "inf": "Inf on one side only: >0", "onesided": "NaN or Inf on one side: >0",
        "beyond": "elements outside the tolerance: >0",
        "dtype": "bf16, f16, float32 … or float8*, on either side", "shape": "(_,4096) or (..,3,3), on either side",
        "dim": "one of the sizes: 4096 or >1000", "rank": "2 or >=3", "params": ">1M or 1k..2M",
        "size": ">1MiB or 1MiB..1GiB",
    },
    {"change": (*CHANGES, WAITING)},
)  # fmt: skip
"""What is asked of pairs."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a query leaves."""

    kept: bytes
    """One byte a pair: 1 for the matches."""
    errors: tuple[TermError, ...]


class PairIndex:
    """What a search needs to know of the pairs; the names are laid out once, the rows may change."""

    def __init__(self, left: Checkpoint, right: Checkpoint, rows: Sequence[Row]) -> None:
        self.left, self.right = left, right
        self.rows = rows
        self.lower = [row.key.lower() for row in rows]
        self.longest = max(map(len, self.lower), default=0)


def read(text: str) -> Query:
    """The terms of a typed line. Nothing typed raises: a bad term is told, the others still work."""
    return parse(text, language=LANGUAGE)


def finding(query: Query, index: PairIndex) -> Generator[None, None, Found]:
    """Which pairs stay, pausing every few milliseconds."""
    errors = list(query.errors)
    checks: list[tuple[Term, list[Callable[[int], bool]]]] = []
    for term in query.terms:
        reason = _too_slow(term, index)
        if reason:
            errors.append(TermError(term.start, term.end, reason))
        else:
            checks.append((term, [_check(test, index) for test in term.tests]))
    kept = bytearray(b"\1") * len(index.rows)
    for term, tests in checks:
        for start in range(0, len(kept), STEP):
            for place in range(start, min(start + STEP, len(kept))):
                if kept[place]:
                    kept[place] = any(test(place) for test in tests) != term.negated
            yield
    return Found(bytes(kept), tuple(errors))


def find(query: Query, index: PairIndex) -> Found:
    """The same in one go."""
    work = finding(query, index)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            found: Found = stop.value
            return found


def _too_slow(term: Term, index: PairIndex) -> str:
    if any(isinstance(test, Pattern) and index.longest > test.longest() for test in term.tests):
        return f"with so many repeats this could take too long on names of {index.longest:,} characters"
    return ""


def _check(test: Test, index: PairIndex) -> Callable[[int], bool]:
    rows, lower = index.rows, index.lower
    if isinstance(test, Word):
        word = test.text
        return lambda place: word in lower[place]
    if isinstance(test, Pattern):
        holds = test.regex.fullmatch if test.whole else test.regex.search
        return lambda place: holds(rows[place].key) is not None or holds(_last(rows[place].key)) is not None
    if isinstance(test, OneOf) and test.field == "change":
        wanted = {UNKNOWN if name == WAITING else name for name in test.values}
        return lambda place: rows[place].change in wanted
    if isinstance(test, Range) and test.field in MEASURES:
        return _measured(test, rows)
    return _of_sides(test, index)


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _measured(test: Range, rows: Sequence[Row]) -> Callable[[int], bool]:
    value = MEASURES[test.field]

    def check(place: int) -> bool:
        measures = rows[place].measures
        found = value(measures) if measures is not None else None
        return found is not None and test.holds(found)

    return check


def _of_sides(test: Test, index: PairIndex) -> Callable[[int], bool]:
    """Does one of the two tensors fit?"""
    rows, left, right = index.rows, index.left, index.right

    def check(place: int) -> bool:
        row = rows[place]
        return any(
            tensor >= 0 and _fits(test, checkpoint, tensor)
            for checkpoint, tensor in ((left, row.left), (right, row.right))
        )

    return check


def _fits(test: Test, checkpoint: Checkpoint, tensor: int) -> bool:
    tensors = checkpoint.tensors
    if isinstance(test, OneOf):
        return checkpoint.texts[tensors.dtype[tensor]] in test.values
    if isinstance(test, Shape):
        return test.matches(checkpoint.shape(tensor))
    if not isinstance(test, Range):
        return False
    if test.field == "params":
        return test.holds(tensors.numel[tensor])
    if test.field == "size":
        return test.holds(tensors.nbytes[tensor])
    shape = checkpoint.shape(tensor)
    return test.holds(len(shape)) if test.field == "rank" else any(map(test.holds, shape))
