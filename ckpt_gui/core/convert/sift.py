"""The filter line of a preview: the language of ``core.search`` with fields of its own; query × rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from ckpt_gui.core.convert.words import MARKS, Row
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.search import Language, Query, Term, TermError, parse
from ckpt_gui.core.search.values import Device, OneOf, Pattern, Range, Shape, Test, Word

STEP = 1 << 11
"""Rows between two pauses: a few milliseconds."""
LANGUAGE = Language(
    {
        "name": "text, name:glob:*.weight or name:re:^model\\., before or after",
        "change": " ".join(MARKS),
        "dtype": "bf16, f16, float32 … or float8*, before or after", "shape": "(_,4096) or (..,3,3)",
        "dim": "one of the sizes: 4096 or >1000", "rank": "2 or >=3", "params": ">1M or 1k..2M",
        "size": ">1MiB or 1MiB..1GiB", "device": "cpu, cuda, cuda:0 or none, before or after",
    },
    {"change": MARKS},
)  # fmt: skip
"""What is asked of the rows of a preview."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a query leaves."""

    places: tuple[int, ...]
    """Of the rows, in their order."""
    errors: tuple[TermError, ...]


class RowIndex:
    """What a search needs to know of the rows, laid out once."""

    def __init__(self, checkpoint: Checkpoint, rows: Sequence[Row]) -> None:
        self.checkpoint, self.rows = checkpoint, rows
        self.lower = [f"{row.before}\n{row.after}\n{row.why}".lower() for row in rows]
        self.longest = max((max(len(row.before), len(row.after)) for row in rows), default=0)


def read(text: str) -> Query:
    """The terms of a typed line. Nothing typed raises: a bad term is told, the others still work."""
    return parse(text, language=LANGUAGE)


def sifting(query: Query, index: RowIndex, changes: Sequence[str] = MARKS) -> Generator[None, None, Sifted]:
    """Which rows of these changes stay, pausing every few milliseconds."""
    errors = list(query.errors)
    wanted = frozenset(changes)
    checks: list[tuple[Term, list[Callable[[int], bool]]]] = []
    for term in query.terms:
        if any(isinstance(test, Pattern) and index.longest > test.longest() for test in term.tests):
            reason = f"with so many repeats this could take too long on names of {index.longest:,} characters"
            errors.append(TermError(term.start, term.end, reason))
        else:
            checks.append((term, [_check(test, index) for test in term.tests]))
    named = any(isinstance(test, OneOf) and test.field == "change" for term in query.terms for test in term.tests)
    every = named or len(wanted) == len(MARKS)  # a change that is asked for by name is shown
    kept: list[int] = []
    for start in range(0, len(index.rows), STEP):
        for place in range(start, min(start + STEP, len(index.rows))):
            if (every or not wanted.isdisjoint(index.rows[place].marks)) and all(
                any(test(place) for test in tests) != term.negated for term, tests in checks
            ):
                kept.append(place)
        yield
    return Sifted(tuple(kept), tuple(errors))


def _check(test: Test, index: RowIndex) -> Callable[[int], bool]:
    rows, lower = index.rows, index.lower
    if isinstance(test, Word):
        word = test.text
        return lambda place: word in lower[place]
    if isinstance(test, Pattern):
        holds = test.regex.fullmatch if test.whole else test.regex.search
        return lambda place: any(holds(name) is not None for name in _names(rows[place]))
    if isinstance(test, OneOf):
        if test.field == "change":
            return lambda place: not test.values.isdisjoint(rows[place].marks)
        return lambda place: not test.values.isdisjoint(_both(rows[place].dtype))
    if isinstance(test, Device):
        return lambda place: any(_on(test.tag, device) for device in _both(rows[place].device))
    return _of_tensor(test, index)


def _names(row: Row) -> tuple[str, ...]:
    return tuple(part for name in (row.before, row.after) for part in (name, name.rpartition("/")[2]) if name)


def _both(told: str) -> list[str]:
    """Before and after."""
    return told.split(" → ")


def _on(tag: str, device: str) -> bool:
    return tag in (device.lower(), device.lower().partition(":")[0])


def _of_tensor(test: Test, index: RowIndex) -> Callable[[int], bool]:
    checkpoint, rows = index.checkpoint, index.rows

    def check(place: int) -> bool:
        tensor = checkpoint.nodes.tensor[rows[place].node]
        if tensor < 0:
            return False
        shape = checkpoint.shape(tensor)
        if isinstance(test, Shape):
            return test.matches(shape)
        if not isinstance(test, Range):
            return False
        if test.field in ("params", "size"):
            tensors = checkpoint.tensors
            return test.holds(tensors.numel[tensor] if test.field == "params" else tensors.nbytes[tensor])
        return test.holds(len(shape)) if test.field == "rank" else any(map(test.holds, shape))

    return check
