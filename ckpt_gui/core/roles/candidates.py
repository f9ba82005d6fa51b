"""Mappings of names to tensors: which of them is the weights, which an average of them, which neither."""

from __future__ import annotations

from typing import NamedTuple

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.roles.layout import Layout, word_set, words
from ckpt_gui.core.roles.nouns import Part, Role
from ckpt_gui.core.roles.shapes import is_ema_key
from ckpt_gui.core.text import escape

_WRAPPER_WORDS = word_set(
    "model models module state weights weight params parameters net network netg netd generator discriminator actor "
    "critic encoder decoder teacher student policy backbone head ema online target dict pretrained"
)
_PARAMETER_NAMES = word_set("weight bias kernel scale gamma beta embedding running_mean running_var")
_MEASURES = word_set("loss epoch step lr acc accuracy best metric score iter iteration time seed")


class Candidate(NamedTuple):
    """A mapping, module or list of tensors that may be weights."""

    node: int
    key: str
    ema: int
    """The topmost node above (or at) it whose key says EMA; -1 for none."""
    network: bool
    """Whether its names look like those of a network."""


def is_candidate(layout: Layout, node: int, members: dict[str, int], key: str, ema: bool) -> bool:
    """Whether the container itself holds a network's tensors, rather than parts that do."""
    kind, own = layout.kind[node], layout.own.get(node, 0)
    if kind == Kind.SEQUENCE:
        return ema and own > 0
    if not own:
        return node in layout.pure and _is_nested(layout, members, key)
    if not _names_tensors(layout, members):
        return False
    inner = [(key, child) for key, child in members.items() if layout.count[child] and _holds_more(layout, child)]
    inner = [(key, child) for key, child in inner if not is_ema_key(key)]
    if not _names_parameters(layout, node) and any(_looks_trained(layout, key, child) for key, child in inner):
        return False
    largest = max((layout.params[child] for _, child in inner), default=-1)
    return largest < layout.own_params.get(node, 0) or (largest == 0 and kind == Kind.OBJECT)


def _holds_more(layout: Layout, child: int) -> bool:
    nested = layout.kind[child] in (Kind.MAPPING, Kind.SEQUENCE, Kind.OBJECT)
    return nested and layout.tensors[child] > 0 and not layout.slotted(child)


def _names_tensors(layout: Layout, members: dict[str, int]) -> bool:
    """Whether the tensors stand under text keys, and are more than a few measures (a loss, a score)."""
    few = len(members) <= 50
    for key, child in members.items():
        if layout.kind[child] == Kind.GROUP:
            return True
        named = layout.kind[child] == Kind.TENSOR and layout.key_type[child] == KeyType.TEXT
        if named and not (few and layout.params[child] <= 1 and words(key) & _MEASURES):
            return True
    return False


def _is_nested(layout: Layout, members: dict[str, int], key: str) -> bool:
    """Whether mappings of mappings of tensors are one network by layers, not several networks or a wrapper."""
    nested = [(name, child) for name, child in members.items() if layout.kind[child] == Kind.MAPPING]
    if len(nested) < 2:
        return False
    if any(child in layout.grouped or words(name) & _WRAPPER_WORDS for name, child in nested[:1000]):
        return bool(words(key) & {"params", "state", "weights"}) and not any(
            child in layout.grouped for _, child in nested
        )
    return True


def _looks_trained(layout: Layout, key: str, child: int) -> bool:
    return layout.kind[child] != Kind.SEQUENCE and is_network(layout, child, key)


def _names_parameters(layout: Layout, node: int) -> bool:
    """Whether the names of the container's own tensors are dotted, or ``weight``, ``bias`` and the like."""
    if layout.dotted(node):
        return True
    children = layout.children(node)[:1000]
    tensors = (child for child in children if layout.kind[child] == Kind.TENSOR)
    return any(layout.text(child).rpartition("_")[2] in _PARAMETER_NAMES for child in tensors)


def is_network(layout: Layout, node: int, key: str) -> bool:
    """Whether names look like a network's: dotted, called ``weight``, or kept under a telling key."""
    told = key.isidentifier() and words(key) & _WRAPPER_WORDS
    if layout.kind[node] == Kind.OBJECT or told:
        return True
    return not layout.own.get(node, 0) or _names_parameters(layout, node)


def choose(layout: Layout, candidates: list[Candidate]) -> tuple[int, list[Part]]:
    """The weights' node (-1 for none), and a part for each candidate."""
    plain = [one for one in candidates if one.ema < 0]
    pool = plain or candidates
    if not pool:
        return -1, []
    order = layout.checkpoint.nodes.order
    main = max(pool, key=lambda one: (one.network, _elements(layout, one.node), -order[one.node]))
    parts: dict[int, Part] = {}
    for one in candidates:
        part = _part(layout, one, main)
        parts.setdefault(part.node, part)
    return main.node, list(parts.values())


def _elements(layout: Layout, node: int) -> int:
    return layout.own_params.get(node) or layout.params[node]


def _part(layout: Layout, one: Candidate, main: Candidate) -> Part:
    what = _what(layout, one)
    if one is main:
        only = "; an average, but there are no other weights" if one.ema >= 0 else ""
        return Part(Role.weights, one.node, f"the largest {what}{only}")
    if one.ema >= 0 and main.ema < 0:
        alike = layout.checkpoint.nodes.alike
        same = " of the weights' names and shapes" if alike[one.node] == alike[main.node] else ""
        return Part(Role.ema, one.ema, f"{what}{same}, under a key that says average")
    if one.ema >= 0:
        return Part(Role.ema, one.node, f"{what}, under a key that says average")
    if layout.params[one.node] <= layout.tensors[one.node] and layout.params[main.node] > layout.tensors[main.node]:
        return Part(Role.metadata, one.node, f"{what}, each a single number")
    if one.network or not main.network:
        return Part(Role.weights, one.node, f"a further {what}")
    return Part(Role.other, one.node, f"{what} whose names are not a network's")


def _what(layout: Layout, one: Candidate) -> str:
    nouns = {Kind.OBJECT: "module", Kind.SEQUENCE: "list"}
    noun = nouns.get(Kind(layout.kind[one.node]), "mapping of names to tensors")
    return f"{noun} called {escape(one.key[:60])}" if one.key else noun
