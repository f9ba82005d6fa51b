"""Opened checkpoints to pair, without files; and what a pairing says, in short."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from ckpt_gui.core.pairing import Pairing, Side
from ckpt_gui.core.pickles.values import Tensor
from ckpt_gui.core.roles.classify import classify
from ckpt_gui.core.wire import Opened
from tests.core.roles import trees

Shapes = Mapping[str, tuple[int, ...]]

GPT: Shapes = {
    f"h.{layer}.{name}": shape
    for layer in range(3)
    for name, shape in (("ln.weight", (8,)), ("ln.bias", (8,)), ("up.weight", (32, 8)), ("down.weight", (8, 32)))
} | {"wte.weight": (50, 8)}


_NUMBERS = count()


def opened(plain: Any, path: str = "", form: str = "torch-zip") -> Opened:
    """A file that holds this value; a file of its own."""
    made = trees.checkpoint(plain, path=path or f"{next(_NUMBERS)}.pt", form=form)
    return Opened(made, classify(made))


def tensors(shapes: Shapes, prefix: str = "") -> dict[str, Tensor]:
    """A mapping of these names, all with a prefix."""
    return {prefix + name: trees.tensor(*shape) for name, shape in shapes.items()}


def weights(shapes: Shapes, prefix: str = "") -> Opened:
    """A file of weights and nothing else."""
    return opened(tensors(shapes, prefix), "")


def place(side: Side, tensor: int) -> str | None:
    """A tensor's path, keys joined by ``/``; None for none."""
    checkpoint = side.opened.checkpoint
    return None if tensor < 0 else "/".join(map(str, checkpoint.path_of(checkpoint.tensors.node[tensor])))


def rows(pairing: Pairing) -> list[tuple[str, str | None, str | None]]:
    """Key, left path and right path of each pair."""
    return [(one.key, place(pairing.left, one.left), place(pairing.right, one.right)) for one in pairing.pairs]


def together(pairing: Pairing) -> dict[str, str]:
    """Left path → right path, of those that have a partner."""
    return {left: right for _key, left, right in rows(pairing) if left is not None and right is not None}


def proposed(pairing: Pairing) -> list[str]:
    """The rules proposed, as they are typed."""
    return [one.rule.text for one in pairing.proposed]
