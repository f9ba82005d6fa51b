"""Whose state an optimizer's numbered entries are.

torch numbers the states by the order of ``param_groups[i]["params"]`` (torch/optim/optimizer.py,
``state_dict``) and, before 2.6, writes no names. Names are given only where the file has them, or
where an order of the weights agrees with every number, count and shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.roles.facts import as_int
from ckpt_gui.core.roles.layout import Layout, words

_FULL_SLOTS = ("exp_avg", "momentum_buffer", "square_avg", "exp_avg_sq", "sum", "acc_delta", "prev", "exp_inf", "ax")
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")

Shape = tuple[int, ...]


class Joined(NamedTuple):
    """State node → weight node; or why there is no such."""

    pairs: dict[int, int]
    why: str


class _Weight(NamedTuple):
    node: int
    name: str
    shape: Shape


def join(layout: Layout, optimizers: list[int], networks: list[int]) -> Joined:
    """Every optimizer's states joined to the weights of some network."""
    pairs: dict[int, int] = {}
    reasons = []
    for node in optimizers[:100]:
        found = _Optimizer(layout, node)
        if found.states:
            called = words(layout.text(node))
            namesakes = [network for network in networks if called & words(layout.text(network))]
            # ``G_optim`` beside ``G`` and ``D``: the key says whose optimizer it is.
            one = found.join(namesakes if len(namesakes) == 1 and len(networks) > 1 else networks)
            pairs.update(one.pairs)
            reasons.append(one.why)
    return Joined(pairs, next((why for why in reasons if why), ""))


class _Optimizer:
    """One optimizer's states and the order its groups give them."""

    def __init__(self, layout: Layout, node: int) -> None:
        self.layout = layout
        members = layout.members(node)
        state, groups = members.get("state", -1), members.get("param_groups", -1)
        self.states = self._states(state) if state >= 0 else {}
        self.groups: list[list[int]] = []
        self.names: dict[int, str] = {}
        for group in layout.children(groups) if groups >= 0 and layout.kind[groups] == Kind.SEQUENCE else ():
            self._group(layout.members(group) if layout.count[group] else {})

    def _states(self, state: int) -> dict[str, int]:
        """Key as text → node of that parameter's state; dotted names keep all their parts."""
        layout, found = self.layout, {}
        pending = [state]
        while pending:
            for child in layout.children(pending.pop()):
                if layout.kind[child] == Kind.GROUP:
                    pending.append(child)
                elif layout.kind[child] == Kind.MAPPING:
                    found[layout.checkpoint.text(layout.checkpoint.nodes.key[child])] = child
        return found

    def _group(self, members: dict[str, int]) -> None:
        layout = self.layout
        params = members.get("params", -1)
        numbers = [as_int(layout, child) for child in layout.children(params)] if params >= 0 else []
        known = [number for number in numbers if number is not None]
        names = members.get("param_names", -1)
        if names >= 0 and layout.count[names] == len(known):
            self.names.update(zip(known, map(layout.value, layout.children(names)), strict=True))
        self.groups.append(known)

    def join(self, networks: list[int]) -> Joined:
        if not networks:
            return Joined({}, "there are no weights to join the optimizer's state to")
        layout = self.layout
        weights = [_weights(layout, node) for node in networks[:50]]
        if not all(layout.key_type[node] in (KeyType.INT, KeyType.TEXT) for node in self.states.values()):
            return Joined({}, "the optimizer's state is kept by objects, not by numbers or names")
        if self.names or not all(key.isdecimal() for key in self.states):
            return self._by_name([one for listed in weights for one in listed])
        attempts = [self._by_order(listed) for listed in [*weights, *_sections(layout, networks[0], weights[0])]]
        fitting = [pairs for pairs in attempts if pairs]
        if len({tuple(sorted(pairs.items())) for pairs in fitting}) > 1:
            return Joined({}, "the optimizer's state fits more than one network, and holds no names")
        if fitting:
            return Joined(fitting[0], "")
        return Joined({}, self._mismatch(weights[0]))

    def _mismatch(self, weights: list[_Weight]) -> str:
        if not any(self.groups):
            return "the optimizer's groups list no parameters"
        held, listed = sum(map(len, self.groups)), len(list(_parameters(weights, self.layout)))
        if held != listed:
            return f"the optimizer holds {held:,} parameters, the weights {listed:,}, and there are no names to go by"
        return "the optimizer's shapes do not follow the order of the weights, and there are no names to go by"

    def _by_name(self, weights: list[_Weight]) -> Joined:
        named = {one.name: one.node for one in reversed(weights)}
        pairs = {}
        for key, node in self.states.items():
            name = self.names.get(int(key), "") if key.isdecimal() and len(key) < 19 and self.names else key
            hit = named.get(name, named.get(name.removeprefix("module."), named.get("module." + name)))
            if hit is not None:
                pairs[node] = hit
        return Joined(pairs, "" if pairs else "the optimizer's names are not those of the weights")

    def _by_order(self, weights: list[_Weight]) -> dict[int, int]:
        """Pairs if some usual order of the weights agrees in every count and shape; {} otherwise."""
        order = [number for group in self.groups for number in group]
        states = {int(key): node for key, node in self.states.items() if len(key) < 19}
        if not order or len(set(order)) != len(order) or not states.keys() <= set(order):
            return {}
        listed = list(_parameters(weights, self.layout))
        if len(listed) != len(order):
            # Buffers of a name of their own: torch's layers call what is trained weight or bias.
            usual = [one for one in listed if "weight" in one.name or "bias" in one.name]
            if len(usual) != len(order):
                return self._embedded(order, states, listed)
            listed = usual
        for one_order in self._orders(listed):
            place = dict(zip(order, one_order, strict=True))
            if all(self._agrees(node, place[number]) for number, node in states.items()):
                return {node: place[number].node for number, node in states.items()}
        return {}

    def _embedded(self, order: list[int], states: dict[int, int], weights: list[_Weight]) -> dict[int, int]:
        """Fewer parameters than weights (some frozen, or buffers): pairs if the shapes fit in one way only.

        Fitting each state to the first weight it can take, and from the end to the last, gives the
        same pairs exactly if there is one way.
        """
        if len(self.groups) != 1 or len(order) > len(weights) or len(order) != len(states):
            return {}
        wanted = [states[number] for number in order]
        first = self._fit(wanted, weights)
        last = self._fit(wanted[::-1], weights[::-1])
        return first if first == last else {}

    def _fit(self, states: list[int], weights: list[_Weight]) -> dict[int, int]:
        left = iter(weights)
        pairs = {}
        for node in states:
            hit = next((one for one in left if self._agrees(node, one)), None)
            if hit is None:
                return {}
            pairs[node] = hit.node
        return pairs

    def _orders(self, weights: list[_Weight]) -> Iterator[list[_Weight]]:
        """The weights' own order; for two groups, those with weight decay first."""
        if len(self.groups) == 2:
            for with_decay in _DECAYED:
                first = [one for one in weights if with_decay(one)]
                if len(first) == len(self.groups[0]):
                    yield first + [one for one in weights if not with_decay(one)]
                if len(first) == len(self.groups[1]):
                    yield [one for one in weights if not with_decay(one)] + first
        yield weights

    def _agrees(self, state: int, weight: _Weight) -> bool:
        members = self.layout.members(state)
        for slot in _FULL_SLOTS:
            node = members.get(slot, -1)
            if node >= 0 and self.layout.kind[node] == Kind.TENSOR:
                shape = self.layout.checkpoint.shape(self.layout.checkpoint.nodes.tensor[node])
                if slot != "exp_avg_sq" or "exp_avg_sq_row" not in members:
                    return shape == weight.shape
        row = members.get("exp_avg_sq_row", -1)
        if row >= 0 and self.layout.kind[row] == Kind.TENSOR:
            return self.layout.checkpoint.shape(self.layout.checkpoint.nodes.tensor[row]) == weight.shape[:-1]
        return False


_DECAYED: tuple[Callable[[_Weight], bool], ...] = (
    lambda one: len(one.shape) >= 2,
    lambda one: not one.name.endswith("bias"),
    lambda one: not one.name.endswith("bias") and "norm" not in one.name.lower() and ".ln" not in one.name.lower(),
)
"""What usually gets weight decay: matrices (timm, nanoGPT), or all but biases (and norms: Hugging Face)."""


def _weights(layout: Layout, node: int) -> list[_Weight]:
    """The tensors beneath a node, in the file's order, by their names."""
    checkpoint = layout.checkpoint
    found, pending = [], [node]
    while pending:
        for child in layout.children(pending.pop()):
            tensor = checkpoint.nodes.tensor[child]
            if tensor >= 0:
                found.append(_Weight(child, checkpoint.text(checkpoint.nodes.key[child]), checkpoint.shape(tensor)))
            elif layout.kind[child] in (Kind.GROUP, Kind.MAPPING):
                pending.append(child)
    return sorted(found, key=lambda one: checkpoint.nodes.order[one.node])


def _sections(layout: Layout, node: int, weights: list[_Weight]) -> list[list[_Weight]]:
    """The weights by the first part of their names: networks that share one mapping, each with its optimizer."""
    made: dict[str, list[_Weight]] = {}
    for one in weights:
        made.setdefault(one.name.partition(".")[0], []).append(one)
    return list(made.values()) if 1 < len(made) <= 20 else []


def _parameters(weights: list[_Weight], layout: Layout) -> Iterator[_Weight]:
    """Those that an optimizer would see: no buffers, and of tied ones the first."""
    seen: set[tuple[int, int, Shape]] = set()
    tensors, tensor_of = layout.checkpoint.tensors, layout.checkpoint.nodes.tensor
    for one in weights:
        tensor = tensor_of[one.node]
        mark = (tensors.storage[tensor], tensors.offset[tensor], one.shape)
        if not one.name.endswith(_BUFFERS) and (mark[0] < 0 or mark not in seen):
            seen.add(mark)
            yield one
