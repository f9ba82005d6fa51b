"""Identical bytes under another name: what digests of the unpaired tensors tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping

from ckpt_gui.core.pairing.evidence import Alone, Candidate, literal, plain, template
from ckpt_gui.core.pairing.match import Match
from ckpt_gui.core.pairing.names import shapes_of
from ckpt_gui.core.pairing.nouns import Pairing, Proposal, Side
from ckpt_gui.core.pairing.proposals import Search, Tried
from ckpt_gui.core.renames import Rule

MAX_TEMPLATES = 200


def candidates(pairing: Pairing) -> tuple[list[int], list[int]]:
    """Tensor ids on the left and right without partner that a digest may bring together: those whose element type
    and shape occur without partner on both sides. Empty tensors and those with a problem are left out."""
    left = [pair.left for pair in pairing.pairs if pair.right < 0]
    right = [pair.right for pair in pairing.pairs if pair.left < 0]
    first, second = ([_form(pairing.left, one) for one in left], [_form(pairing.right, one) for one in right])
    common = {form for form in set(first) & set(second) if form[0]}
    return (
        [tensor for tensor, form in zip(left, first, strict=True) if form in common],
        [tensor for tensor, form in zip(right, second, strict=True) if form in common],
    )


def _form(side: Side, tensor: int) -> tuple[str, tuple[int, ...]]:
    """Element type and shape; ("", ()) of what has no bytes to compare."""
    checkpoint = side.opened.checkpoint
    columns = checkpoint.tensors
    if columns.problem[tensor] >= 0 or not columns.numel[tensor]:
        return "", ()
    return checkpoint.texts[columns.dtype[tensor]], checkpoint.shape(tensor)


def by_content(
    pairing: Pairing, digest_left: Mapping[int, bytes], digest_right: Mapping[int, bytes]
) -> tuple[Proposal, ...]:
    """Rules that bring together tensors of equal digest, type and shape; best first, at most MAX_PROPOSALS.

    Digests are by tensor id and of the logical values, in order; whoever is not among them is not looked at.
    """
    match = Match(pairing.left.listing, pairing.right.listing, [rule for rule, _count in pairing.renames])
    search = Search(match, (shapes_of(pairing.left), shapes_of(pairing.right)))
    first = _digests(pairing.left, search.left, digest_left)
    second = _digests(pairing.right, search.right, digest_right)
    found: list[Tried] = []
    explained: set[int] = set()
    for rule in _rules(search, first, second, explained):
        tried = search.attempt(Candidate(rule, "content"))
        if tried is not None and _agrees(tried, first, second):
            found.append(tried)
            explained.update(tried.left)
    return search.ranked(found)


def _digests(side: Side, alone: list[Alone], digests: Mapping[int, bytes]) -> dict[int, Hashable]:
    """Place → digest with form, of those that have one."""
    tensors = side.listing.tensors
    return {
        one.place: (digests[tensors[one.place]], _form(side, tensors[one.place]))
        for one in alone
        if tensors[one.place] in digests
    }


def _rules(
    search: Search, first: dict[int, Hashable], second: dict[int, Hashable], explained: set[int]
) -> Iterator[Rule]:
    """Templates of what is equal only once, then of what is equal several times, then single names."""
    once, several = _equal(search, first, second)
    for pairs in (once, several):
        votes = Counter(
            rule for own, other in pairs if own.place not in explained and (rule := template(own.name, other.name))
        )
        for rule, _count in votes.most_common(MAX_TEMPLATES):
            yield rule
    for own, other in [*once, *several][:MAX_TEMPLATES]:
        if own.place not in explained:
            yield Rule(f"^{literal(own.name)}$", plain(other.name))


def _equal(
    search: Search, first: dict[int, Hashable], second: dict[int, Hashable]
) -> tuple[list[tuple[Alone, Alone]], list[tuple[Alone, Alone]]]:
    """Pairs of equal bytes: those that are so only once, and the k-th of those that are so equally often."""
    left, right = _by_digest(search.left, first), _by_digest(search.right, second)
    once: list[tuple[Alone, Alone]] = []
    several: list[tuple[Alone, Alone]] = []
    for digest, own in left.items():
        other = right.get(digest, [])
        if len(own) == len(other):
            (once if len(own) == 1 else several).extend(zip(own, other, strict=True))
    return once, several


def _by_digest(alone: list[Alone], digests: dict[int, Hashable]) -> dict[Hashable, list[Alone]]:
    found: dict[Hashable, list[Alone]] = defaultdict(list)
    for one in alone:
        if one.place in digests:
            found[digests[one.place]].append(one)
    return found


def _agrees(tried: Tried, first: dict[int, Hashable], second: dict[int, Hashable]) -> bool:
    """Whether most of what the rule brings together is equal."""
    equal = [first.get(own) == second.get(other) for own, other in zip(tried.left, tried.right, strict=True)]
    return sum(equal) * 2 > len(equal)
