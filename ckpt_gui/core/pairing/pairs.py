"""The whole of it: roots, names, partners, proposals, hints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ckpt_gui.core.columns import Flag
from ckpt_gui.core.pairing.hints import hints
from ckpt_gui.core.pairing.match import Match
from ckpt_gui.core.pairing.names import listing, shapes_of
from ckpt_gui.core.pairing.nouns import Listing, Pair, Pairing, Side
from ckpt_gui.core.pairing.proposals import Search, automatic
from ckpt_gui.core.pairing.roots import Root, choose
from ckpt_gui.core.renames import Rule
from ckpt_gui.core.text import Path
from ckpt_gui.core.wire import Opened


def pair(
    left: Opened,
    right: Opened,
    *,
    left_path: Path | None = None,
    right_path: Path | None = None,
    rules: Sequence[Rule] | Literal["auto"] = (),
) -> Pairing:
    """Lay two checkpoints, or parts of them, beside each other. Reads no bytes.

    ``rules`` rename the left side's tensors; "auto" applies the best set of those proposed. Raises PairingError
    where a path leads nowhere, RenameError where a rule is unusable or gives two tensors one name.
    """
    roots = choose(left, right, left_path, right_path)
    apart = (roots[0].names < 0) == (roots[1].names < 0)
    first, second = (listing(one, root, apart=apart) for one, root in zip((left, right), roots, strict=True))
    attributes = _attributes(left, roots[0], first, second), _attributes(right, roots[1], second, first)
    sides = _side(left, roots[0], first, attributes[0]), _side(right, roots[1], second, attributes[1])
    shapes = shapes_of(sides[0]), shapes_of(sides[1])
    match = Match(sides[0].listing, sides[1].listing, () if rules == "auto" else rules)
    if rules == "auto":
        match = automatic(match, shapes)
    search = Search(match, shapes)
    return Pairing(
        *sides, _pairs(match), tuple(zip(match.rules, match.matched, strict=True)), search.proposals(),
        tuple(hints(*sides, match, search, (len(attributes[0]), len(attributes[1])))),
        {first.tensors[place]: key for place, key in enumerate(match.keys) if key != first.keys[place]},
    )  # fmt: skip


def _side(opened: Opened, root: Root, listed: Listing, left_out: set[int]) -> Side:
    return Side(opened, root.node, root.names, root.whole, _without(listed, left_out), root.prefix)


def _attributes(opened: Opened, root: Root, listed: Listing, other: Listing) -> set[int]:
    """Places of a module's tensors that its state_dict leaves out and the other side has no counterpart of.

    They count only where whole files are compared: weights are what a state_dict would name.
    """
    flags, wanted = opened.checkpoint.tensors.flags, int(Flag.NOT_IN_STATE_DICT)
    if root.whole:
        return set()
    hidden = [place for place, tensor in enumerate(listed.tensors) if flags[tensor] & wanted]
    known = set(other.keys) if hidden else set()
    return {place for place in hidden if listed.keys[place] not in known}


def _without(listed: Listing, left_out: set[int]) -> Listing:
    if not left_out:
        return listed
    kept = [place for place in range(len(listed.tensors)) if place not in left_out]
    return Listing(
        tuple(listed.tensors[place] for place in kept), tuple(listed.keys[place] for place in kept),
        tuple(listed.scopes[place] for place in kept),
        {number: listed.twins[place] for number, place in enumerate(kept) if place in listed.twins},
    )  # fmt: skip


def _pairs(match: Match) -> tuple[Pair, ...]:
    left, right = match.left, match.right
    found = [
        Pair(left.keys[place], tensor, -1) if partner < 0 else Pair(right.keys[partner], tensor, right.tensors[partner])
        for place, (tensor, partner) in enumerate(zip(left.tensors, match.partner, strict=True))
    ]
    found += [Pair(right.keys[place], -1, right.tensors[place]) for place in match.alone_right()]
    return tuple(found)
