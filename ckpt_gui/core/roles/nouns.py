"""What ``classify`` finds: which part of a checkpoint is what, and how it is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What a part of a checkpoint is for; ``name`` is the word of the JSON contract."""

    weights = 0
    ema = 1
    optimizer = 2
    scheduler = 3
    scaler = 4
    rng = 5
    metadata = 6
    other = 7


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the checkpoint: its topmost node and why it has its role."""

    role: Role
    node: int
    evidence: str
    """A few words: ``a mapping with state and param_groups``."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The roles of all nodes of one checkpoint, and what else follows from its layout."""

    roles: bytes
    """One ``Role`` for each node, by node id."""
    weights: int
    """Node id of the (largest) mapping, module or root that holds the weights; -1 for none."""
    parts: tuple[Part, ...]
    """Topmost first, in the file's order."""
    framework: str
    """``plain torch``, ``Lightning 2.4.0``, ``Ultralytics``, ``TorchScript`` …"""
    evidence: tuple[str, ...]
    """What the framework is known by, in words."""
    joined: dict[int, int]
    """Node of one parameter's optimizer state (``optimizer/state/0``) → node of the weight it belongs to."""
    unjoined: str
    """Why optimizer state is not joined to names; "" where it is, or where there is none."""
    epoch: int | None
    step: int | None
    epoch_node: int
    """Node that holds the epoch; -1 for none."""
    step_node: int
    optimizer_names: tuple[str, ...]
    """What the optimizer states look like: ``Adam``, ``SGD with momentum`` …, one for each optimizer part."""

    def role(self, node: int) -> Role:
        """The role of one node."""
        return Role(self.roles[node])
