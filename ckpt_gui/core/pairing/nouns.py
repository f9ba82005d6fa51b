"""What pairing two checkpoints gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.renames import Rule
from ckpt_gui.core.wire import Opened

OUTSIDE = "\0"
"""What the mark of a tensor outside the weights begins with; no name does."""


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The tensors of one side, in the file's own order. All fields but ``twins`` have one entry a tensor."""

    tensors: tuple[int, ...]
    """Tensor ids, ascending."""
    keys: tuple[str, ...]
    """Name relative to the weights, or path text relative to the root for what lies outside them."""
    scopes: tuple[str, ...]
    """``""`` for the weights, ``OUTSIDE`` for the rest: equal keys of different scopes are not the same."""
    twins: dict[int, str]
    """What tells the second of two equal keys from the first, by place; almost always empty."""

    def mark(self, place: int, key: str) -> str:
        """What must be equal on both sides for a pair, were the tensor at ``place`` called ``key``."""
        return self.scopes[place] + key + self.twins.get(place, "")

    def marks(self) -> list[str]:
        """What must be equal on both sides for a pair."""
        found = [scope + key for scope, key in zip(self.scopes, self.keys, strict=True)]
        for place in self.twins:
            found[place] = self.mark(place, self.keys[place])
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the two that are paired: which part of which file."""

    opened: Opened
    root: int
    """Node id of what is compared; 0 for the whole file."""
    names: int
    """Node id at or beneath ``root`` that the keys of weights are relative to; -1: all keys are path texts."""
    whole: bool
    """Whether the whole file is compared because nobody asked for less and nothing had to be unwrapped."""
    listing: Listing
    prefix: str = ""
    """What all names in it begin with, where the root was asked for by the beginning of names; dot included."""

    @property
    def checkpoint(self) -> Checkpoint:
        """The file's index."""
        return self.opened.checkpoint


@dataclass(frozen=True, slots=True)
class Pair:
    """A tensor on the left and its counterpart on the right."""

    key: str
    """The name relative to the paired roots; of a renamed one, the new name."""
    left: int
    """Tensor id; -1 if there is none: the tensor was added."""
    right: int
    """Tensor id; -1 if there is none: the tensor was removed."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that would pair more; nobody has applied it."""

    rule: Rule
    reason: str
    """A sentence: what speaks for it."""
    matched: int
    """Pairs it would add."""
    sure: float
    """0 … 1; from ``pairing.SURE_ENOUGH`` on, "auto" applies it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Which tensor of the left belongs to which of the right. A bijection between those that have a partner."""

    left: Side
    right: Side
    pairs: tuple[Pair, ...]
    """The left file's tensors in its order, then those only the right one has, in its order."""
    renames: tuple[tuple[Rule, int], ...]
    """The rules applied, and how many names each of them changed."""
    proposed: tuple[Proposal, ...]
    """Best first; each for itself free of collisions."""
    hints: tuple[str, ...]
    """Sentences: what is left out, what looks fused or split, what might be compared instead."""
    renamed: dict[int, str] = field(repr=False)
    """Left tensor id → its key after the rules, where that is another."""
