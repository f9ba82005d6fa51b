"""Where in the network each tensor stands: how deep, and what kind of weight it is. From names alone.

``encoder.layers.3.attn.q_proj.weight`` is of kind ``attn.q_proj.weight`` and stands at layer 3 of the tower
``encoder.layers``. Numbers further in count as depth where alike blocks repeat (Swin: ``layers.2.blocks.17``),
as one of several in parallel after words such as ``experts`` (``*`` in the kind), else they are part of the kind.
What has no number (embeddings, the last norm) stands before or after the towers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ckpt_gui.core.columns import KeyType
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline.facts import natural_text
from ckpt_gui.core.roles import Anatomy

PARALLEL = frozenset(("experts", "expert", "heads", "branches", "members", "estimators", "codebooks", "quantizers"))
"""Words whose numbers stand side by side, not one after the other."""
FIRST_WORDS = ("emb", "wte", "wpe", "tok", "patch", "stem", "input", "conv_in", "conv1", "bn1", "shared", "pre")
"""Beginnings of the names of modules at a network's start; asked only where the file is in alphabetical order."""
MAX_DIGITS = 9

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """One place on the way through the network."""

    name: str
    """``encoder.layers.3``; of what has no number, its module: ``embed_tokens``."""
    label: str
    """The short form for an axis: ``3``, ``2.17``, ``embed_tokens``."""
    tower: str
    """``encoder.layers``; "" where there is no number."""


@dataclass(frozen=True, slots=True)
class Depth:
    """The tensors of a network by depth and kind."""

    stops: tuple[Stop, ...]
    """From the input to the output."""
    kinds: dict[str, tuple[tuple[int, int], ...]]
    """Kind of weight → (place in ``stops``, tensor id), by depth; several at one stop stand in parallel. The kinds
    that reach over the most stops come first."""

    def only(self, tensors: Collection[int]) -> Depth:
        """The part that these tensors are, with the stops where they stand."""
        return self._of({kind: [one for one in members if one[1] in tensors] for kind, members in self.kinds.items()})

    def _of(self, kinds: Mapping[str, Sequence[tuple[int, int]]]) -> Depth:
        used = sorted({stop for members in kinds.values() for stop, _tensor in members})
        place = {stop: number for number, stop in enumerate(used)}
        kept = {kind: tuple((place[stop], tensor) for stop, tensor in held) for kind, held in kinds.items() if held}
        return Depth(tuple(self.stops[stop] for stop in used), kept)

    def part(self, tensors: Collection[int]) -> Depth:
        """What to show of a picked part: that part, where it reaches over several stops; of a single layer its kinds
        over all the depth, because one stop is no line; of a single tensor everything."""
        if len(tensors) < 2:
            return self
        held = {kind: [one for one in members if one[1] in tensors] for kind, members in self.kinds.items()}
        stops = {stop for members in held.values() for stop, _tensor in members}
        if len(stops) > 1:
            return self._of(held)
        return self._of({kind: self.kinds[kind] for kind, members in held.items() if members})

    def renumbered(self, number: Callable[[int], int]) -> Depth:
        """The same with other ids: of what was made of the names of anything else than a file's tensors."""
        kinds = {kind: tuple((stop, number(one)) for stop, one in held) for kind, held in self.kinds.items()}
        return Depth(self.stops, kinds)

    def tensors(self) -> list[int]:
        """All of them, kind by kind."""
        return [tensor for members in self.kinds.values() for _stop, tensor in members]


@dataclass(frozen=True, slots=True)
class _Place:
    """A name, taken apart."""

    tower: str
    numbers: tuple[int, ...]
    module: str
    kind: str


def depth(checkpoint: Checkpoint, node: int = 0) -> Depth:
    """The tensors at and beneath a node by depth and kind, as their names tell."""
    tensors = tensors_beneath(checkpoint, node)
    return by_names(_names(checkpoint, tensors, node), tensors)


def network(checkpoint: Checkpoint, anatomy: Anatomy, node: int) -> int:
    """The node of the network that a picked one belongs to: of the root the weights, else the topmost part."""
    if node == 0:
        return max(anatomy.weights, 0)
    tops = {part.node for part in anatomy.parts}
    above = [node, *checkpoint.ancestors(node)]
    if anatomy.weights in above:
        return anatomy.weights
    return next((one for one in above if one in tops), 0)


def tensors_beneath(checkpoint: Checkpoint, node: int) -> list[int]:
    """Tensor ids at and beneath a node, ascending: the file's order."""
    nodes, found = checkpoint.nodes, list[int]()
    low, high = node, node + 1
    while low < high:  # breadth-first ids: each level beneath a node is one range
        found += [tensor for tensor in nodes.tensor[low:high] if tensor >= 0]
        low, high = nodes.first[low], nodes.first[high - 1] + nodes.count[high - 1]
    return sorted(found)


def _names(checkpoint: Checkpoint, tensors: Iterable[int], top: int) -> list[Tokens]:
    """The names of tensors below ``top``, parted at the dots of each key."""
    nodes, known = checkpoint.nodes, dict[int, Tokens]({top: (), 0: ()})

    def tokens(node: int) -> Tokens:
        chain = []
        while node not in known:  # no recursion: a file may nest as deep as it likes
            chain.append(node)
            node = nodes.parent[node]
        for one in reversed(chain):
            own = nodes.key_type[one] != KeyType.NONE
            known[one] = known[nodes.parent[one]] + (_parted(checkpoint.text(nodes.key[one])) if own else ())
        return known[chain[0]] if chain else known[node]

    own = _parted(checkpoint.text(nodes.key[top]))
    return [tokens(checkpoint.tensors.node[tensor]) or own for tensor in tensors]


def _parted(key: str) -> Tokens:
    return tuple(key.split("."))


def by_names(names: Sequence[Tokens], tensors: Sequence[int]) -> Depth:
    """The same from names parted at their dots, in the file's order."""
    deep = _depth_patterns(names)
    places = [_place(name, deep) for name in names]
    if not any(place.numbers for place in places):
        places = [_Place("", (), place.module, name[-1]) for place, name in zip(places, names, strict=True)]
    keys = _ordered(places, alphabetical=len(names) > 2 and list(names) == sorted(names))
    number = {key: place for place, key in enumerate(keys)}
    kinds: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, tensor in zip(places, tensors, strict=True):
        kinds[place.kind].append((number[_key(place)], tensor))
    spans = {kind: len({stop for stop, _tensor in members}) for kind, members in kinds.items()}
    ordered = sorted(kinds, key=lambda kind: (-spans[kind], min(kinds[kind])))
    return Depth(tuple(map(_stop, keys)), {kind: tuple(sorted(kinds[kind])) for kind in ordered})


# ---------------------------------------------------------------------------------------------------- names


def _is_number(token: str) -> bool:
    return token.isascii() and token.isdecimal() and len(token) <= MAX_DIGITS


def _numbered(name: Tokens) -> list[int]:
    """Where numbers stand that may be depth: not the last token, none after a word for parallel parts."""
    found = [place for place, token in enumerate(name[:-1]) if _is_number(token)]
    return [place for place in found if not (place and name[place - 1] in PARALLEL)]


def _starred(name: Tokens) -> Tokens:
    return tuple("*" if _is_number(token) else token for token in name)


def _depth_patterns(names: Sequence[Tokens]) -> set[Tokens]:
    """Names up to a further number (``layers.*.blocks``), where blocks of modules repeat under those numbers.

    Two siblings are alike if the same names stand beneath both; a sum of hashes tells.
    """
    marks: dict[Tokens, list[int]] = {}
    for name in names:
        for place in _numbered(name)[1:]:
            mark = marks.setdefault(name[: place + 1], [0, 0])
            mark[0] += hash(name[place + 1 :])
            mark[1] |= len(name) - place > 2
    siblings: dict[Tokens, set[int]] = defaultdict(set)
    deep: set[Tokens] = set()
    for name, (mark_sum, has_modules) in marks.items():
        if has_modules:
            known = siblings[name[:-1]]
            if mark_sum in known:
                deep.add(_starred(name[:-1]))
            known.add(mark_sum)
    return deep


def _place(name: Tokens, deep: set[Tokens]) -> _Place:
    numbered = _numbered(name)
    if not numbered:
        return _Place("", (), ".".join(name[:-1]) or name[-1], ".".join(_parallel_starred(name)))
    first, levels = numbered[0], numbered[:1]
    for place in numbered[1:]:
        if _starred(name[:place]) not in deep:
            break
        levels.append(place)
    rest = _parallel_starred(name)
    kind = [token for place, token in enumerate(rest) if place > first and place not in levels]
    return _Place(".".join(name[:first]), tuple(int(name[place]) for place in levels), "", ".".join(kind))


def _parallel_starred(name: Tokens) -> Tokens:
    """``experts.3.w1`` → ``experts.*.w1``."""
    return tuple(
        "*" if place and _is_number(token) and name[place - 1] in PARALLEL else token
        for place, token in enumerate(name)
    )


# ---------------------------------------------------------------------------------------------------- order

_Key = tuple[str, tuple[int, ...], str]


def _key(place: _Place) -> _Key:
    return place.tower, place.numbers, place.module


def _stop(key: _Key) -> Stop:
    tower, numbers, module = key
    if not numbers:
        return Stop(module, module.rpartition(".")[2], "")
    label = ".".join(map(str, numbers))
    return Stop(f"{tower}.{label}" if tower else label, label, tower)


def _ordered(places: Sequence[_Place], *, alphabetical: bool) -> list[_Key]:
    """Towers stand together, by their numbers. What comes first is the file's order, or told by its name."""
    first: dict[tuple[str, str], int] = {}
    for number, place in enumerate(places):
        first.setdefault((place.tower, place.module), number)
    towers = [place.tower for place in places if place.numbers]
    if alphabetical and towers:
        sections = _sections(set(towers))
        ranks = {item: (*_rank(item, sections), number) for item, number in first.items()}
    else:
        ranks = {item: (0, "", 0, "", number) for item, number in first.items()}
    return sorted(dict.fromkeys(map(_key, places)), key=lambda key: (ranks[key[0], key[2]], key[1]))


def _sections(towers: set[str]) -> set[str]:
    """``encoder`` and ``decoder`` of ``encoder.layers`` and ``decoder.layers``; none where there is one beginning."""
    heads = {tower.partition(".")[0] for tower in towers if "." in tower}
    return heads if len(heads) > 1 else set()


def _rank(item: tuple[str, str], sections: set[str]) -> tuple[int, str, int, str]:
    """In what order, where the file's own says nothing: inputs, then each section's inputs, tower, rest, then rest."""
    tower, module = item
    name = tower or module
    head = name.partition(".")[0]
    last = name.rpartition(".")[2].lower()
    inner = 1 if tower else 0 if _is_first(name) else 2
    if head in sections:
        return 1, f"{int('decoder' in head)}{natural_text(head)}", inner, natural_text(name if tower else "")
    return (inner if sections or not tower else 1), "", inner, natural_text(name if tower else last)


def _is_first(name: str) -> bool:
    return any(token.startswith(FIRST_WORDS) for token in name.lower().split("."))
