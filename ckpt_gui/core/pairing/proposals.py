"""Rules worth proposing: every candidate is tried on all names, and must pair more without harm.

A rule must find partners for most of the unpaired names it matches, most of them of equal shape; it must take no
partner from a name that has one, and give no two tensors one name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ckpt_gui.core.errors import RenameError
from ckpt_gui.core.pairing import evidence
from ckpt_gui.core.pairing.evidence import Alone, Candidate
from ckpt_gui.core.pairing.match import Match
from ckpt_gui.core.pairing.nouns import Proposal
from ckpt_gui.core.renames import Rule, compiled, parse_rule
from ckpt_gui.core.text import plural

MAX_PROPOSALS = 20
SURE_ENOUGH = 0.5
"""From here on a proposal is applied where rules are left to us ("auto")."""
MAX_TRIES = 500_000
"""Names that candidates are tried on in one round, all together."""
ROUNDS = 3
"""How often to look again at what the best proposals leave."""
_WEIGHT = {"prefix": 1.0, "ending": 0.8, "words": 0.9, "shapes": 0.8, "order": 0.6, "content": 1.0}
_REASON = {
    "prefix": "the names are equal but for their beginning",
    "ending": "their names end alike",
    "words": "the names are equal but for these words",
    "shapes": "the only tensors of their shapes without a partner",
    "order": "the same shapes in the same order",
    "content": "the same bytes",
}


@dataclass(slots=True)
class Tried:
    """What became of a candidate."""

    candidate: Candidate
    left: list[int]
    """Places that get a partner of equal shape …"""
    right: list[int]
    """… and those partners."""
    wrong: int
    """Names that get a partner of another shape."""
    tried: int
    """Unpaired names that the rule matches."""

    def sure(self) -> float:
        """0 … 1: how many of the names it matches it explains, and how many these are."""
        hits = len(self.left)
        by_number = 1 - 0.5**hits if self.candidate.kind != "content" else 0.95
        share = (hits + 0.5 * self.wrong) / self.tried * hits / (hits + self.wrong)
        return min(0.99, share * by_number * _WEIGHT[self.candidate.kind])


class Search:
    """The tensors without a partner, and what may be done about them."""

    def __init__(self, match: Match, shapes: tuple[Sequence[tuple[int, ...]], Sequence[tuple[int, ...]]]) -> None:
        """``shapes``: of all tensors of both sides, by place in their listings."""
        self.match = match
        self.left = [Alone(place, match.keys[place], shapes[0][place]) for place in match.alone_left()]
        self.right = [Alone(place, match.right.keys[place], shapes[1][place]) for place in match.alone_right()]
        self.free = {match.right.mark(one.place, one.name): one for one in self.right}
        self.owned = set(match.marks)
        self._tries = 0

    def proposals(self) -> tuple[Proposal, ...]:
        """At most MAX_PROPOSALS, best first."""
        found: dict[Rule, Tried] = {}
        left, right = self.left, self.right
        for _round in range(ROUNDS):
            if not left or not right:
                break
            news = [one for one in self._round(left, right) if one.candidate.rule not in found]
            found.update((one.candidate.rule, one) for one in news)
            gone_left = set(chain.from_iterable(one.left for one in news if one.sure() >= SURE_ENOUGH))
            gone_right = set(chain.from_iterable(one.right for one in news if one.sure() >= SURE_ENOUGH))
            if not gone_left:
                break
            left = [one for one in left if one.place not in gone_left]
            right = [one for one in right if one.place not in gone_right]
        return self.ranked(found.values())

    def _round(self, left: Sequence[Alone], right: Sequence[Alone]) -> Iterator[Tried]:
        self._tries = 0
        seen: set[Rule] = set()
        for source in (evidence.prefixes, evidence.words, evidence.shapes):
            explained: set[int] = set()
            limit = self._tries + MAX_TRIES // 3
            for candidate in source(left, right):
                if self._tries > limit or len(explained) == len(left):
                    break
                if candidate.rule not in seen:
                    seen.add(candidate.rule)
                    tried = self.attempt(candidate)
                    if tried is not None:
                        explained.update(tried.left)
                        yield tried
            if len(explained) == len(left):
                break

    def attempt(self, candidate: Candidate) -> Tried | None:
        """The rule tried on every unpaired name; None if it does not do."""
        rule = candidate.rule
        if not _typed(rule):
            return None
        expression, longest = compiled(rule)
        result = Tried(candidate, [], [], 0, 0)
        met: set[str] = set()
        self._tries += len(self.left)
        for one in self.left:
            new, count = expression.subn(rule.replacement, one.name) if len(one.name) <= longest else ("", 0)
            if not count or new == one.name:
                continue
            mark = self.match.left.mark(one.place, new)
            if mark in met or (mark in self.owned and mark not in self.free):
                return None
            met.add(mark)
            self._count(result, one, self.free.get(mark))
        return result if self._good(result) else None

    def _count(self, result: Tried, one: Alone, partner: Alone | None) -> None:
        result.tried += 1
        if partner is not None and partner.shape == one.shape:
            result.left.append(one.place)
            result.right.append(partner.place)
        elif partner is not None:
            result.wrong += 1

    def _good(self, result: Tried) -> bool:
        hits = len(result.left)
        if not hits or (hits + result.wrong) * 2 < result.tried or result.wrong > hits:
            return False
        return hits > 1 or result.candidate.kind == "content" or min(len(self.left), len(self.right)) <= 2

    def ranked(self, tried: Iterable[Tried]) -> tuple[Proposal, ...]:
        """The best of them that do no harm to what is paired."""
        order = {"prefix": 0, "words": 1, "content": 2, "ending": 3, "shapes": 4, "order": 5}
        best = sorted(tried, key=lambda one: (-len(one.left), -one.sure(), order[one.candidate.kind]))
        found: list[Proposal] = []
        self._tries = 0
        for one in best:
            if len(found) == MAX_PROPOSALS or self._tries > MAX_TRIES:
                break
            if self._harmless(one.candidate.rule):
                found.append(_told(one))
        return tuple(found)

    def _harmless(self, rule: Rule) -> bool:
        """Whether those that have partners keep them."""
        expression, longest = compiled(rule)
        match = self.match
        self._tries += len(match.partner)
        for place, (name, partner) in enumerate(zip(match.chain, match.partner, strict=True)):
            if partner >= 0 and len(name) <= longest and expression.search(name):
                new = expression.sub(rule.replacement, name)
                if new != name and match.after(place, new) != partner:
                    return False
        return True


def _typed(rule: Rule) -> bool:
    """Whether the rule can be typed as it is: odd names may hold spaces at their ends, or be too long."""
    try:
        return parse_rule(rule.text) == rule
    except RenameError:
        return False


def _told(one: Tried) -> Proposal:
    reason = _REASON[one.candidate.kind]
    words = f"{plural(len(one.left), 'tensor')} of equal shape: {reason}"
    if one.wrong:
        words += f"; {one.wrong:,} more of another shape"
    return Proposal(one.candidate.rule, words, len(one.left) + one.wrong, round(one.sure(), 3))


def automatic(match: Match, shapes: tuple[Sequence[tuple[int, ...]], Sequence[tuple[int, ...]]]) -> Match:
    """The match with every proposal that is sure enough applied, best first; what each leaves is looked at again."""
    for _times in range(ROUNDS):
        before = match
        for proposal in Search(match, shapes).proposals():
            if proposal.sure >= SURE_ENOUGH:
                match = _better(match, proposal.rule)
        if match is before:
            break
    return match


def _better(match: Match, rule: Rule) -> Match:
    """The match with one rule more, if that pairs more and undoes nothing."""
    if len(match.rules) >= MAX_PROPOSALS:
        return match
    try:
        after = Match(match.left, match.right, [*match.rules, rule])
    except RenameError:
        return match
    kept = all(before in (-1, now) for before, now in zip(match.partner, after.partner, strict=True))
    gained = after.partner.count(-1) < match.partner.count(-1)
    return after if kept and gained else match
