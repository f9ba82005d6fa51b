"""From the root down: parts that are known by themselves, and candidates for the weights."""

from __future__ import annotations

from typing import NamedTuple

from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.roles import shapes
from ckpt_gui.core.roles.candidates import Candidate, is_candidate, is_network
from ckpt_gui.core.roles.layout import Layout
from ckpt_gui.core.roles.nouns import Part, Role

MAX_BARREN = 20_000
"""Containers without any tensor that are looked into for schedulers and the like."""
MAX_BARREN_DEPTH = 5


_ATTRIBUTE = int(Flag.NOT_IN_STATE_DICT)


class _Step(NamedTuple):
    node: int
    key: str
    ema: int
    """The topmost node above (or at) this one whose key says EMA; -1 for none."""
    inside: bool
    """Beneath a candidate: only parts known by themselves are of interest."""
    depth: int


class Walk:
    """What one pass over the upper tree found."""

    def __init__(self, layout: Layout, trust_config_keys: bool = True) -> None:
        self.layout = layout
        self.trust_config_keys = trust_config_keys
        self.parts: list[Part] = []
        self.candidates: list[Candidate] = []
        self.wrappers: list[int] = []
        self.loose: dict[int, Role] = {}
        self.configured = False
        """Whether a part taken for configuration holds tensors."""
        self._barren = MAX_BARREN

    def run(self) -> None:
        """Fill ``parts``, ``candidates``, ``wrappers`` and ``loose``."""
        pending = [_Step(0, "", -1, False, 0)]
        while pending:
            step = pending.pop()
            if self.layout.kind[step.node] == Kind.TENSOR:
                self._loose(step)
            elif self.layout.is_container(step.node):
                pending += reversed(self._container(step))

    def _loose(self, step: _Step) -> None:
        """A tensor that lies beside parts, not in one."""
        evidence = shapes.rng_tensor(self.layout, step.node, step.key)
        if evidence:
            self.parts.append(Part(Role.rng, step.node, evidence))
        else:
            columns, tensor = self.layout.checkpoint.tensors, self.layout.checkpoint.nodes.tensor[step.node]
            attribute = columns.flags[tensor] & _ATTRIBUTE
            single = self.layout.params[step.node] <= 1 and step.node > 0 and not attribute
            self.loose[step.node] = Role.metadata if single else Role.other

    def _container(self, step: _Step) -> list[_Step]:
        """Name the container as a part, or give the steps into it."""
        layout, node = self.layout, step.node
        members = layout.members(node)
        part = self._known(step, members)
        if part is not None:
            self.parts.append(part)
            self.configured |= part.role is Role.metadata and layout.tensors[node] > 0
            return []
        if not layout.tensors[node]:
            return self._into_barren(step, members)
        if step.inside:
            if shapes.is_ema_key(step.key):
                self.parts.append(Part(Role.ema, node, f"called {step.key}, among the weights"))
            return []
        if layout.kind[node] != Kind.GROUP and is_candidate(layout, node, members, step.key, step.ema >= 0):
            self.candidates.append(Candidate(node, step.key, step.ema, is_network(layout, node, step.key)))
            return self._into_candidate(step)
        self.wrappers.append(node)
        return [self._step(step, child, key) for key, child in layout.pairs(node) if self._worth(child)]

    def _worth(self, node: int) -> bool:
        """Whether to look at a child of a wrapper: tensors and what holds some always, other containers to a limit."""
        if self.layout.tensors[node]:
            return True
        if not self.layout.is_container(node):
            return False
        self._barren -= 1
        return self._barren >= 0

    def _known(self, step: _Step, members: dict[str, int]) -> Part | None:
        layout, node, key = self.layout, step.node, step.key
        if layout.kind[node] == Kind.GROUP and step.inside:
            return None
        if not members:
            role, evidence = shapes.empty(key)
            return Part(Role[role], node, evidence) if role else None
        for role_, test in ((Role.optimizer, shapes.optimizer), (Role.scheduler, shapes.scheduler),
                            (Role.scaler, shapes.scaler), (Role.rng, shapes.rng)):  # fmt: skip
            if evidence := test(layout, node, members, key):
                return Part(role_, node, evidence)
        if self.trust_config_keys and node and shapes.is_config_key(key):
            return Part(Role.metadata, node, f"called {key}")
        return None

    def _into_barren(self, step: _Step, members: dict[str, int]) -> list[_Step]:
        """Without tensors: metadata, unless something known lies a little deeper."""
        if step.inside:
            if not step.key.endswith("_extra_state"):
                self.loose[step.node] = Role.metadata
            return []
        if step.depth >= MAX_BARREN_DEPTH or not members:
            self.loose[step.node] = Role.metadata
            return []
        self.wrappers.append(step.node)
        pairs = self.layout.pairs(step.node)
        return [self._step(step, child, key) for key, child in pairs if self._worth(child)]

    def _into_candidate(self, step: _Step) -> list[_Step]:
        """What may lie among the weights without being weights: an EMA's copy, an optimizer, generator states."""
        layout = self.layout
        begin, end = layout.first[step.node], layout.first[step.node] + layout.count[step.node]
        only_tensors = layout.kind.count(Kind.TENSOR, begin, end) == end - begin
        if layout.kind[step.node] == Kind.OBJECT or (only_tensors and not layout.has_bytes):
            return []
        steps = []
        for key, child in layout.pairs(step.node):
            kind = layout.kind[child]
            if kind == Kind.GROUP:
                self._group(step, child, key)
            elif kind == Kind.TENSOR:
                if "r" in key and (evidence := shapes.rng_tensor(layout, child, key)):
                    self.parts.append(Part(Role.rng, child, evidence))
            elif kind != Kind.VALUE and kind != Kind.ALIAS:
                steps.append(_Step(child, key, -1, True, step.depth + 1))
        return steps

    def _group(self, step: _Step, group: int, key: str) -> None:
        """Names that begin with ``ema.``, ``model_ema.`` or ``optimizer.`` beside others that do not."""
        layout = self.layout
        beside = layout.own.get(step.node, 0) > layout.tensors[group]
        if step.ema < 0 and beside and shapes.is_ema_key(key):
            self.parts.append(Part(Role.ema, group, f"names that begin with {key}."))
        elif beside and layout.slotted(group):
            self.parts.append(Part(Role.optimizer, group, "its tensors are named as an optimizer names them"))

    def _step(self, above: _Step, node: int, key: str) -> _Step:
        ema = above.ema if above.ema >= 0 else node if shapes.is_ema_key(key) else -1
        return _Step(node, key, ema, False, above.depth + 1)
