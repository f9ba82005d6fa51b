"""Two listings and some rules → who belongs to whom."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ckpt_gui.core.errors import RenameError
from ckpt_gui.core.pairing.nouns import OUTSIDE, Listing
from ckpt_gui.core.renames import Rule, collisions, rename
from ckpt_gui.core.text import escape, join_words

_QUOTED = re.compile(r'(?:(?<=/)|(?<=\0))"(-?\d+)"(?=/|\Z)')


class Match:
    """Partners of the left tensors among the right ones, by place in the listings.

    A name that the right side has as it stands keeps its partner, unless its new name is there too: rules are
    for what has no partner, and must not take one away for nothing.
    """

    def __init__(self, left: Listing, right: Listing, rules: Sequence[Rule] = ()) -> None:
        """Raises RenameError if a rule is unusable, or if names become equal that were not."""
        self.left = left
        self.right = right
        self.rules = tuple(rules)
        self.index = {mark: place for place, mark in enumerate(right.marks())}
        """Mark → place on the right."""
        own = left.marks()
        self.keys = list(left.keys)
        """The left names after the rules."""
        self.chain = self.keys
        """The same, also where a name is kept because the right side has it."""
        self.own = self.marks = own
        """The left marks before and after the rules."""
        self.matched = [0] * len(self.rules)
        """For each rule, how many names it changed."""
        if self.rules:
            self._rename(own)
        self.partner = [self.index.get(mark, -1) for mark in self.marks]
        """Left place → right place; -1 for none."""
        self.taken = bytearray(len(right.keys))
        for place in self.partner:
            if place >= 0:
                self.taken[place] = 1
        self.loose = self._loosely() if OUTSIDE in left.scopes else 0
        """Pairs whose keys are equal only as text: 0 and "0"."""

    def _rename(self, own: list[str]) -> None:
        left, index = self.left, self.index
        chain = self.keys
        changed: list[list[int]] = []
        for rule in self.rules:
            after = list(rename(chain, [rule]).names)
            changed.append([place for place, (a, b) in enumerate(zip(chain, after, strict=True)) if a != b])
            chain = after
        touched = sorted(set().union(*changed))
        marks = own.copy()
        kept = set()
        for place in touched:
            mark = left.mark(place, chain[place])
            if mark in index or own[place] not in index:
                marks[place] = mark
            else:
                kept.add(place)
        _refuse(left, own, marks, touched)
        self.marks, self.chain = marks, chain
        self.keys = [left.keys[place] if place in kept else key for place, key in enumerate(chain)]
        self.matched = [len(set(places) - kept) for places in changed]

    def _loosely(self) -> int:
        """Pair what differs only by a number's being an int here and text there, if nothing else claims it."""
        free = [place for mark, place in self.index.items() if mark[:1] == OUTSIDE and not self.taken[place]]
        if not free:
            return 0
        marks = self.right.marks()
        wanted = {_unquoted(marks[place]): place for place in free}
        found = 0
        for place, partner in enumerate(self.partner):
            hit = -1 if partner >= 0 else wanted.pop(_unquoted(self.marks[place]), -1)
            if hit >= 0:
                self.partner[place] = hit
                self.taken[hit] = 1
                found += 1
        return found

    def after(self, place: int, key: str) -> int:
        """The partner that the left tensor at ``place`` would have if rules made ``key`` of it; -1 for none."""
        mark = self.left.mark(place, key)
        return self.index.get(mark if mark in self.index or self.own[place] not in self.index else self.own[place], -1)

    def alone_left(self) -> list[int]:
        """Places on the left without a partner."""
        return [place for place, partner in enumerate(self.partner) if partner < 0]

    def alone_right(self) -> list[int]:
        """Places on the right without a partner."""
        return [place for place, taken in enumerate(self.taken) if not taken]


def _unquoted(mark: str) -> str:
    return _QUOTED.sub(r"\1", mark) if '"' in mark else mark


def _refuse(left: Listing, own: list[str], marks: list[str], touched: list[int]) -> None:
    """Raise RenameError if names end up equal that were different."""
    if len(set(marks)) == len(marks):
        return
    for group in collisions(own, marks):
        place = next(place for place in touched if own[place] in group)
        names = [escape(mark.partition(OUTSIDE)[2] if mark[:1] == OUTSIDE else mark) for mark in group]
        raise RenameError(
            f"the rules give {len(group):,} tensors one name, {escape(marks[place].strip(OUTSIDE))}: "
            f"{join_words(names, 3)}"
        )
