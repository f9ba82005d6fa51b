"""The averaged weights beside the raw ones (EMA): which tensor is the average of which.

Layouts: a mapping or module of its own under a key that says average (timm, YOLO, GANs, callbacks), with or without
a wrapper's prefix on the names; the same list of names with the dots left out (latent diffusion's ``LitEma``); a list
of tensors in the order of the parameters (``torch_ema``, diffusers).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan.buffers import is_buffer_name
from ckpt_gui.core.convert.plan.tree import Names, Tree
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.roles import Role
from ckpt_gui.core.roles.shapes import is_ema_key
from ckpt_gui.core.text import Path, escape, path_text

_MIN_LIST = 2
_Named = dict[str, int]
"""Name → row."""


@dataclass(frozen=True, slots=True)
class Average:
    """One average and what it is the average of."""

    raw: int
    """Node of the raw weights; where there are none (``model`` is None), the place they would have."""
    node: int
    """Topmost node of the average."""
    inner: int
    """Node that holds the averaged tensors."""
    rows: dict[int, int]
    """Raw tensor → averaged tensor."""
    whole: bool
    """The average can stand in place of the raw weights as it is: its names are the same, and it lacks none."""


@dataclass(frozen=True, slots=True)
class EmaChoice:
    """What a shell is to ask once: both raw and averaged weights are there."""

    raw: Path
    ema: Path
    suggested: bool
    """Whether the average is what its framework runs (YOLO)."""
    text: str
    """The question, in a sentence or two."""


def averages(tree: Tree) -> list[Average]:
    """Every average of which raw weights are known, or whose place is empty; in the file's order."""
    anatomy = tree.opened.anatomy
    raws = [part.node for part in anatomy.parts if part.role is Role.weights]
    found = [one for part in anatomy.parts if part.role is Role.ema and (one := _paired(tree, part.node, raws))]
    lone = _lone(tree)
    return found + ([lone] if lone else [])


def _lone(tree: Tree) -> Average | None:
    """YOLO's final files: ``model`` is None, and ``ema`` holds the network."""
    node = tree.opened.anatomy.weights
    if node <= 0 or tree.nodes.parent[node] != 0 or not is_ema_key(tree.checkpoint.text(tree.nodes.key[node])):
        return None
    place = tree.checkpoint.find(("model",))
    empty = (
        place is not None
        and tree.nodes.kind[place] == Kind.VALUE
        and tree.checkpoint.text(tree.nodes.text[place]) == "None"
    )
    return Average(place, node, node, {}, True) if empty and place is not None else None


def _paired(tree: Tree, node: int, raws: Iterable[int]) -> Average | None:
    """The average at a node with the raw weights that it fits best."""
    inner = _inner(tree, node)
    own = _named(tree, inner, Role.ema)
    best: Average | None = None
    for raw in raws:
        weights = _named(tree, raw, Role.weights)
        rows = _match(tree, own, weights, inner)
        if rows and (best is None or len(rows) > len(best.rows)):
            same = own.keys() == weights.keys() and len(rows) == len(weights)
            outside = not any(above == raw for above in tree.checkpoint.ancestors(node))
            best = Average(raw, node, inner, rows, same and outside and tree.nodes.kind[inner] != Kind.GROUP)
    return best


def _inner(tree: Tree, node: int) -> int:
    """Into what holds one filled thing only: ``ema`` → ``ema/module``."""
    nodes = tree.nodes
    while nodes.kind[node] in (Kind.MAPPING, Kind.OBJECT):
        filled = [child for child in tree.checkpoint.children(node) if nodes.tensors[child]]
        large = [child for child in filled if nodes.kind[child] in (Kind.MAPPING, Kind.OBJECT, Kind.SEQUENCE)]
        loose = [child for child in filled if nodes.kind[child] in (Kind.TENSOR, Kind.GROUP)]
        if len(large) != 1 or any(nodes.params[child] > 1 for child in loose):
            break
        node = large[0]
    return node


def _named(tree: Tree, root: int, role: Role) -> _Named:
    """The tensors of a role beneath a node by their names below it; of a group, without its own beginning."""
    names, hidden, tensors = Names(tree, root), int(Flag.NOT_IN_STATE_DICT), tree.checkpoint.tensors
    cut = len(_group_name(tree, root))
    found: _Named = {}
    for row, node in enumerate(tensors.node[: tree.rows]):
        if tree.roles[node] == role and not tensors.flags[row] & hidden:
            name = names.of(node)
            if name is not None:
                found[name[cut:]] = row
    return found


def _group_name(tree: Tree, node: int) -> str:
    labels = []
    while node > 0 and tree.nodes.kind[node] == Kind.GROUP:
        labels.append(tree.checkpoint.text(tree.nodes.label[node]))
        node = tree.nodes.parent[node]
    return "".join(f"{label}." for label in reversed(labels))


def _match(tree: Tree, own: _Named, weights: _Named, inner: int) -> dict[int, int]:
    """Raw → averaged, by the way of naming that pairs most; equal shapes only."""
    if tree.nodes.kind[inner] == Kind.SEQUENCE:
        return _in_order(tree, list(own.values()), weights)
    best: dict[int, int] = {}
    for pairs in _ways(own, weights):
        rows = {raw: row for raw, row in pairs if tree.checkpoint.shape(raw) == tree.checkpoint.shape(row)}
        if len(rows) > len(best):
            best = rows
    return best


def _ways(own: _Named, weights: _Named) -> Iterator[list[tuple[int, int]]]:
    yield [(weights[name], row) for name, row in own.items() if name in weights]
    for prefix in _prefixes(own, weights):
        cut = len(prefix)
        yield [
            (weights[name[cut:]], row) for name, row in own.items() if name.startswith(prefix) and name[cut:] in weights
        ]
    for prefix in _prefixes(weights, own):
        yield [(weights[prefix + name], row) for name, row in own.items() if prefix + name in weights]
    for levels in range(4):
        mangled = {name.split(".", levels)[-1].replace(".", ""): row for name, row in weights.items()}
        yield [(mangled[name], row) for name, row in own.items() if name in mangled]


def _prefixes(longer: _Named, shorter: _Named) -> list[str]:
    """What the first names of one side have before a name of the other."""
    found: dict[str, None] = {}
    for name in list(longer)[:8]:
        parts = name.split(".", 16)
        for cut in range(1, len(parts)):
            if ".".join(parts[cut:]) in shorter:
                found[".".join(parts[:cut]) + "."] = None
    return list(found)[:8]


def _in_order(tree: Tree, own: list[int], weights: _Named) -> dict[int, int]:
    """A list holds the parameters in their order: all floating ones, or those without a norm's running statistics."""
    shape, dtype = tree.checkpoint.shape, tree.checkpoint.tensors.dtype
    floats = [
        (name, row) for name, row in weights.items() if dtypes.named(tree.checkpoint.texts[dtype[row]]).kind == "float"
    ]
    for rows in ([row for _, row in floats], [row for name, row in floats if not is_buffer_name(name)]):
        if len(own) == len(rows) >= _MIN_LIST and all(
            shape(raw) == shape(row) for raw, row in zip(rows, own, strict=True)
        ):
            return dict(zip(rows, own, strict=True))
    return {}


def taken(tree: Tree, inside: bytearray, options: Options) -> tuple[Average, ...]:
    """The averages that take the place of raw weights. Raises ConvertError where none can, or it is not plain which."""
    if not options.use_ema:
        return ()
    found: dict[int, list[Average]] = {}
    for one in averages(tree):
        if inside[one.raw] or inside[one.node]:
            found.setdefault(one.raw, []).append(one)
    if not found:
        raise ConvertError("There are no averaged weights here that could take the place of raw ones (--use-ema)")
    for several in found.values():
        if len(several) > 1:
            told = ", ".join(f"--select {shlex.quote(path_text(tree.path(one.node)))}" for one in several)
            raise ConvertError(f"There is more than one average of the same weights; choose one by {escape(told)}")
    return tuple(several[0] for several in found.values())


def ema_choice(tree: Tree) -> EmaChoice | None:
    """What is to be asked before the optimizer is stripped or the weights are taken; None: there is no choice."""
    for one in averages(tree):
        if one.rows:
            suggested = tree.opened.anatomy.framework.startswith("Ultralytics")
            advice = ", which its framework runs" if suggested else ""
            ema = tree.path(one.node) + tuple(filter(None, [_group_name(tree, one.node)[:-1]]))
            text = (
                f"This file has raw weights ({tree.shown(one.raw)}) and their average "
                f"({escape(path_text(ema))[:200]}{advice}). Which is to be kept?"
            )
            return EmaChoice(tree.path(one.raw), ema, suggested, text)
    return None
