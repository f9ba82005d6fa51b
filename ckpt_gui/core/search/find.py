"""Query × index → the rows that stay, with their sums.

A term's answer is one byte a leaf; ANDs and complements are operations on whole byte strings. The
answers of recent terms are kept, and a word looks only where a word it contains was found: typing another
letter costs what the previous matches cost.

Sums count every storage element once where tensors are the same elements (tied weights, transposes); windows
that overlap only partly are counted each.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import compress
from typing import TypeVar

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.search.index import STEP, SearchIndex
from ckpt_gui.core.search.query import Query, Term, TermError, narrower
from ckpt_gui.core.search.values import Device, OneOf, Pattern, Range, Shape, Test, Word

RECENT = 24
"""Answers kept: half a megabyte each at 500,000 leaves."""
PATTERN_STEP = 256
"""Names a pattern is tried on between two pauses."""
_FLIP = bytes([1, 0]) + bytes(254)

T = TypeVar("T")
Work = Generator[None, None, T]
"""Pauses every few milliseconds, then returns T."""
Check = Callable[[int, int], list[bool]]
"""First leaf, leaf after the last → does each hold?"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a query leaves."""

    kept: bytes | bytearray
    """One byte a node: 1 for the matches and all that is above them."""
    leaves: array[int]
    """Node ids of all leaves, ascending."""
    mask: bytes
    """One byte a leaf: 1 for the matches."""
    tensors: int
    params: int
    """Elements, tied ones once."""
    nbytes: int
    """Logical bytes, tied ones once."""
    errors: tuple[TermError, ...]
    """The query's, and those that only this checkpoint shows."""

    @property
    def matches(self) -> array[int]:
        """Node ids of the leaves that match, ascending; laid out anew each time."""
        return array("i", compress(self.leaves, self.mask))


def run(work: Work[T], seconds: float | None = None) -> tuple[bool, T | None]:
    """Carry on with ``work`` for about that long (None: to its end): is it done, and its result."""
    end = time.perf_counter() + seconds if seconds is not None else float("inf")
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return True, stop.value
        if time.perf_counter() >= end:
            return False, None


def find(query: Query, index: SearchIndex) -> Found:
    """The rows that stay, in one go."""
    found = run(finding(query, index))[1]
    assert found is not None
    return found


def finding(query: Query, index: SearchIndex) -> Work[Found]:
    """The same, pausing every few milliseconds."""
    errors = list(query.errors)
    size = len(index.leaves)
    everything = int.from_bytes(b"\1" * size, "little")
    together = everything
    for term in query.terms:
        reason = _too_slow(term, index)
        if reason:
            errors.append(TermError(term.start, term.end, reason))
            continue
        together &= int.from_bytes((yield from _answer(term, index)), "little")
    return (yield from _gather(index, together.to_bytes(size, "little"), tuple(errors)))


def _too_slow(term: Term, index: SearchIndex) -> str:
    for test in term.tests:
        if isinstance(test, Pattern) and index.longest > test.longest():
            return (
                f"with so many repeats this could take too long on names of {index.longest:,} characters; "
                "begin it with ^ or use fewer * and +"
            )
    return ""


def _answer(term: Term, index: SearchIndex) -> Work[bytes]:
    mark = (term.negated, term.tests)
    known = index.answers.pop(mark, None)
    if known is None:
        plain = yield from _plain_answer(term.tests, index)
        known = plain.translate(_FLIP) if term.negated else plain
    index.answers[mark] = known
    while len(index.answers) > RECENT:
        del index.answers[next(iter(index.answers))]
    return known


def _plain_answer(tests: tuple[Test, ...], index: SearchIndex) -> Work[bytes]:
    if len(tests) == 1 and isinstance(tests[0], Word):
        before = _narrowed(tests[0], index)
        if before is not None and before.count(1) < len(before) // 3:
            return (yield from _among(before, tests[0].text, index))
    size = len(index.leaves)
    total = 0
    for test in tests:
        check = _check(test, index)
        parts: list[bytes] = []
        step = PATTERN_STEP if isinstance(test, Pattern) else STEP
        for start in range(0, size, step):
            parts.append(bytes(check(start, min(start + step, size))))
            yield
        total |= int.from_bytes(b"".join(parts), "little")
    return total.to_bytes(size, "little")


def _narrowed(word: Word, index: SearchIndex) -> bytes | None:
    """The fewest leaves among which that word's must be, as far as recent answers tell."""
    wider = [
        answer
        for (negated, tests), answer in index.answers.items()
        if not negated and all(narrower(word, test) for test in tests)
    ]
    return min(wider, key=lambda answer: answer.count(1), default=None)


def _among(before: bytes, word: str, index: SearchIndex) -> Work[bytes]:
    answer = bytearray(len(before))
    for start in range(0, len(before), STEP):
        part = range(start, min(start + STEP, len(before)))
        lower = index.lower
        for place in compress(part, before[start : part.stop]):
            if word in lower[place]:
                answer[place] = 1
        yield
    return bytes(answer)


def _check(test: Test, index: SearchIndex) -> Check:
    """How to test a run of leaves, at the speed of comprehensions."""
    if isinstance(test, Word):
        lower, word = index.lower, test.text
        return lambda start, stop: [word in path for path in lower[start:stop]]
    if isinstance(test, Pattern):
        return _pattern(test, index)
    if isinstance(test, Range):
        return _range(test, index)
    if isinstance(test, Shape):
        return _by_shape(index, {number for number, shape in enumerate(index.shapes) if test.matches(shape)})
    if isinstance(test, Device):
        return _device(test, index)
    return _one_of(test, index)


def _pattern(test: Pattern, index: SearchIndex) -> Check:
    holds = test.regex.fullmatch if test.whole else test.regex.search
    paths, leaves = index.paths, index.leaves
    keys, texts = index.checkpoint.nodes.key, index.checkpoint.texts

    def check(start: int, stop: int) -> list[bool]:
        return [
            holds(path) is not None or holds(texts[keys[leaf]]) is not None
            for path, leaf in zip(paths[start:stop], leaves[start:stop], strict=True)
        ]

    return check


def _by_column(index: SearchIndex, column: array[int], good: set[int]) -> Check:
    """Tensors whose entry in ``column`` (by tensor id, with an entry for -1 at its end) is a good one."""
    tensor = index.tensor
    return lambda start, stop: [column[number] in good for number in tensor[start:stop]]


def _by_shape(index: SearchIndex, good: set[int]) -> Check:
    return _by_column(index, index.shape_of, good)


def _ended(column: array[int], rows: int) -> array[int]:
    return column[:rows] + array(column.typecode, [-1])


def _one_of(test: OneOf, index: SearchIndex) -> Check:
    checkpoint = index.checkpoint
    if test.field == "dtype":
        dtype = _ended(checkpoint.tensors.dtype, checkpoint.rows)
        good = {number for number in set(dtype) if number >= 0 and checkpoint.texts[number] in test.values}
        return _by_column(index, dtype, good)
    leaves = index.leaves
    column: bytes | array[int] = checkpoint.nodes.kind
    names: tuple[str, ...] = tuple(kind.name.lower() for kind in Kind)
    if test.field == "role":
        if index.roles is None:
            return lambda start, stop: [False] * (stop - start)
        column, names = index.roles, index.role_names
    wanted = {number for number, name in enumerate(names) if name in test.values}
    return lambda start, stop: [column[leaf] in wanted for leaf in leaves[start:stop]]


def _device(test: Device, index: SearchIndex) -> Check:
    checkpoint, tensor = index.checkpoint, index.tensor
    storage = _ended(checkpoint.tensors.storage, checkpoint.rows)
    device = checkpoint.storages.device + array("i", [-1])
    good = {number for number in set(device) if _is_on(test.tag, checkpoint.text(number))}
    special = {
        number: _is_on(test.tag, checkpoint.device(number) or "")
        for number, extra in checkpoint.extras.items()
        if "device" in extra and number < checkpoint.rows
    }
    special[-1] = False

    def check(start: int, stop: int) -> list[bool]:
        part = tensor[start:stop]
        if special.keys().isdisjoint(part):
            return [device[storage[number]] in good for number in part]
        return [special[number] if number in special else device[storage[number]] in good for number in part]

    return check


def _is_on(tag: str, device: str) -> bool:
    """``cuda`` means every CUDA device; "none" means no tag."""
    device = device.lower()
    return device in (tag, tag + ":") or device.startswith(tag + ":") or (tag == "none" and not device)


def _range(test: Range, index: SearchIndex) -> Check:
    tensors, rows = index.checkpoint.tensors, index.checkpoint.rows
    if test.field in ("dim", "rank"):
        return _by_shape(index, {number for number, shape in enumerate(index.shapes) if _sized(test, shape)})
    tensor = index.tensor
    if test.field in ("params", "size"):
        column = _ended(tensors.numel if test.field == "params" else tensors.nbytes, rows)
        return _by_column(index, column, {value for value in set(column) if value >= 0 and test.holds(value)})
    known = index.statistics.get(test.field, {})
    good = {number for number, value in known.items() if test.holds(value)}
    return lambda start, stop: [number in good for number in tensor[start:stop]]


def _sized(test: Range, shape: tuple[int, ...]) -> bool:
    return test.holds(len(shape)) if test.field == "rank" else any(map(test.holds, shape))


def _gather(index: SearchIndex, mask: bytes, errors: tuple[TermError, ...]) -> Work[Found]:
    kept = yield from _with_ancestors(mask, index)
    params = sum(compress(index.params, mask))
    yield
    nbytes = sum(compress(index.nbytes, mask))
    yield
    for places in index.repeats:
        again = sum(map(mask.__getitem__, places)) - 1
        if again > 0:
            params -= again * index.params[places[0]]
            nbytes -= again * index.nbytes[places[0]]
    both = int.from_bytes(mask, "little") & int.from_bytes(index.is_tensor, "little")
    return Found(kept, index.leaves, mask, both.bit_count(), params, nbytes, errors)


def _with_ancestors(mask: bytes, index: SearchIndex) -> Work[bytearray]:
    nodes = index.checkpoint.nodes
    kept = bytearray(len(nodes))
    for node, first, stop in index.runs:
        kept[node : node + stop - first] = mask[first:stop]
    yield
    above: set[int] = set()
    for start in range(0, len(mask), STEP * 2):
        above.update(compress(index.parent[start : start + STEP * 2], mask[start : start + STEP * 2]))
        yield
    above.discard(-1)
    while above:
        for node in above:
            kept[node] = 1
        yield
        above = set(map(nodes.parent.__getitem__, above))
        above.discard(-1)
    return kept
