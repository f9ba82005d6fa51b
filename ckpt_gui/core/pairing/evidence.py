r"""What could turn names of the left into names of the right: candidates for rules, each with how often it was seen.

Three looks at the tensors that have no partner, none of them quadratic: other beginnings before an equal rest
(``module.``, ``model.``, ``backbone.``), other words in the middle or at the end of otherwise equal names
(``.lora_A.default.weight``), and other names in the same order of shapes, told as a template in which numbers
stand for themselves (``^h\.(\d+)\.ln_1\. => layers.\1.norm.``). They are guesses; ``proposals`` checks each.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ckpt_gui.core.renames import MAX_NAME, Rule

SAMPLE = 256
"""Names of each side that stand for all, where looking at one costs more than a look-up."""
MAX_CUTS = 6
"""How many words a prefix may have."""
MAX_BEGINNINGS = 8
"""Beginnings before one rest that are looked at."""
MAX_WORDS = 3
"""How many words may differ in the middle of a name."""
MAX_ALIGNED = 4096
"""Pairs by order and shape that are looked at."""
_CUT = re.compile(r"[./]")
_NUMBER = re.compile(r"\d+\Z")

Shape = tuple[int, ...]


class Alone(NamedTuple):
    """A tensor without a partner."""

    place: int
    """In its side's listing."""
    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that something speaks for."""

    rule: Rule
    kind: str
    """``prefix``, ``ending`` (only the last words are equal), ``words``, ``shapes`` (unique ones), ``order`` or
    ``content``."""


def literal(text: str) -> str:
    """The text as a regular expression that matches just it; ``=>`` and spaces too."""
    return re.escape(text).replace("=>", r"=\>")


def plain(text: str) -> str:
    """The text as a replacement that puts just it."""
    return text.replace("\\", "\\\\")


def spread(items: Sequence[Alone], number: int = SAMPLE) -> list[Alone]:
    """At most that many, evenly from all over."""
    if len(items) <= number:
        return list(items)
    return [items[place * len(items) // number] for place in range(number)]


# ---------------------------------------------------------------------------------------------------- beginnings


def prefixes(left: Sequence[Alone], right: Sequence[Alone]) -> Iterator[Candidate]:
    """Beginnings that differ before equal rests, the most often seen first."""
    sample = spread(left)
    beginnings = _beginnings(right, {one.name[cut:] for one in sample for cut in _cuts(one.name)})
    votes: Counter[tuple[str, str]] = Counter()
    rests: dict[tuple[str, str], bool] = {}
    for one in sample:
        cut = next((cut for cut in _cuts(one.name) if (one.name[cut:], one.shape) in beginnings), len(one.name))
        for beginning in beginnings.get((one.name[cut:], one.shape), ()):
            votes[one.name[:cut], beginning] += 1
            rests.setdefault((one.name[:cut], beginning), bool(_CUT.search(one.name, cut)))
    for both, _count in votes.most_common(SAMPLE):
        told = rests[both] or not all(both)
        yield Candidate(prefix_rule(*both), "prefix" if told else "ending")


def prefix_rule(own: str, other: str) -> Rule:
    """The rule that puts one beginning in another's place."""
    if own:
        return Rule("^" + literal(own), plain(other))
    return Rule("^(.+)", plain(other) + r"\1")


def _cuts(name: str) -> list[int]:
    """Where the rest of a name may begin."""
    found = [0]
    if len(name) <= MAX_NAME:
        for match in _CUT.finditer(name):
            found.append(match.end())
            if len(found) > MAX_CUTS:
                break
    return found


def _beginnings(items: Sequence[Alone], rests: set[str]) -> dict[tuple[str, Shape], list[str]]:
    """What stands before these rests, a few for each shape."""
    found: dict[tuple[str, Shape], list[str]] = {}
    for one in items:
        for cut in _cuts(one.name):
            if (rest := one.name[cut:]) in rests:
                known = found.setdefault((rest, one.shape), [])
                if len(known) < MAX_BEGINNINGS and one.name[:cut] not in known:
                    known.append(one.name[:cut])
    return found


# ---------------------------------------------------------------------------------------------------- middles and ends


def words(left: Sequence[Alone], right: Sequence[Alone]) -> Iterator[Candidate]:
    """Words that differ between an equal beginning and an equal rest, the most often seen first."""
    ordered = sorted((one for one in right if len(one.name) <= MAX_NAME), key=lambda one: one.name)
    names = [one.name for one in ordered]
    votes: Counter[Rule] = Counter()
    for one in spread(left):
        if len(one.name) <= MAX_NAME:
            place = bisect(names, one.name)
            for other in ordered[max(0, place - 3) : place + 3]:
                if other.shape == one.shape:
                    votes.update(_word_rules(one.name.split("."), other.name.split(".")))
    for rule, _count in votes.most_common(SAMPLE):
        yield Candidate(rule, "words")


def _word_rules(own: list[str], other: list[str]) -> set[Rule]:
    """Rules for two names that have both a beginning and some words in common."""
    begin = _common(own, other)
    end = _common(own[begin:][::-1], other[begin:][::-1])
    out, put = own[begin : len(own) - end], other[begin : len(other) - end]
    if not begin or len(out) > MAX_WORDS or len(put) > MAX_WORDS:
        return set()
    if out:
        if all(map(_NUMBER.match, out)):
            return set()  # a number in another's place is a different layer
        return {_instead(out, put, last=not end)}
    before = 2 if _NUMBER.match(own[begin - 1]) and begin > 1 else 1
    return {_between(own[begin - before : begin], own[begin : begin + 1], put, last=end < 2)} if put else set()


def _common(own: list[str], other: list[str]) -> int:
    count = 0
    for a, b in zip(own, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _instead(out: list[str], put: list[str], *, last: bool) -> Rule:
    pattern, text = literal(".".join(out)), plain(".".join(put))
    if last:
        return Rule(rf"\.{pattern}$", f".{text}" if text else "")
    return Rule(rf"\.{pattern}\.", f".{text}." if text else ".")


def _between(before: list[str], after: list[str], put: list[str], *, last: bool) -> Rule:
    """Words put in between two others; a number before them may be any."""
    number = _NUMBER.match(before[-1])
    head = r"\.".join([*map(literal, before[:-1]), r"(\d+)" if number else literal(before[-1])])
    again = ".".join([*map(plain, before[:-1]), r"\1" if number else plain(before[-1])])
    tail = "".join(rf"\.{literal(word)}" for word in after) + ("$" if last else r"\.")
    rest = "".join(f".{plain(word)}" for word in after) + ("" if last else ".")
    return Rule(rf"\.{head}{tail}", f".{again}.{plain('.'.join(put))}{rest}")


# ---------------------------------------------------------------------------------------------------- shapes in order


def shapes(left: Sequence[Alone], right: Sequence[Alone]) -> Iterator[Candidate]:
    """Templates from tensors that stand at the same place among those of their shape."""
    votes: Counter[Rule] = Counter()
    unsure: set[Rule] = set()
    for own, other, unique in _aligned(left, right):
        rule = template(own.name, other.name)
        if rule is not None:
            votes[rule] += 1
            if not unique:
                unsure.add(rule)
    for rule, _count in votes.most_common(SAMPLE):
        yield Candidate(rule, "order" if rule in unsure else "shapes")


def _aligned(left: Sequence[Alone], right: Sequence[Alone]) -> Iterator[tuple[Alone, Alone, bool]]:
    """The k-th of a shape (and last word) on both sides, where both have equally many; whether it is the only one."""
    pairs = 0
    for last_word in (True, False):
        own, other = _by(left, last_word=last_word), _by(right, last_word=last_word)
        found = [(a, other[mark]) for mark, a in own.items() if len(a) == len(other.get(mark, ()))]
        for a, b in found:
            unique = len(a) == 1 and len(a[0].shape) > 0
            for one, two in zip(a, b, strict=True):
                if pairs == MAX_ALIGNED:
                    return
                pairs += 1
                yield one, two, unique
        done = {id(one) for pair in found for group in pair for one in group}
        left = [one for one in left if id(one) not in done]
        right = [one for one in right if id(one) not in done]


def _by(items: Iterable[Alone], *, last_word: bool) -> dict[tuple[Shape, str], list[Alone]]:
    found: dict[tuple[Shape, str], list[Alone]] = {}
    for one in items:
        found.setdefault((one.shape, one.name.rpartition(".")[2] if last_word else ""), []).append(one)
    return found


def template(own: str, other: str) -> Rule | None:
    """The rule that turns one name into another: for any numbers, if both have the same, and for any last words
    that both share. None for names that need none or are too long."""
    first, second = own.split("."), other.split(".")
    if own == other or max(len(own), len(other)) > 400:
        return None
    while len(first) > 1 and len(second) > 1 and first[-1] == second[-1] and not _NUMBER.match(first[-1]):
        first, second = first[:-1], second[:-1]
    cut = len(".".join(first)) < len(own)
    numbers = [word for word in first if _NUMBER.match(word)]
    same = numbers == [word for word in second if _NUMBER.match(word)] and len(numbers) < 10
    pattern = r"\.".join(r"(\d+)" if same and _NUMBER.match(word) else literal(word) for word in first)
    counter = iter(range(1, 100))
    text = ".".join(rf"\{next(counter)}" if same and _NUMBER.match(word) else plain(word) for word in second)
    return Rule(f"^{pattern}" + (r"\." if cut else "$"), text + ("." if cut else ""))
