"""Checkpoint → Anatomy: walk from the root, name the parts, decide what the weights are, paint the nodes.

A wrapper (a mapping of parts) is looked into; a part is taken as a whole. Mappings of tensors are
candidates until all are known: which of them is the weights can only be said then.
"""

from __future__ import annotations

from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.roles import facts
from ckpt_gui.core.roles.candidates import Candidate, choose
from ckpt_gui.core.roles.frameworks import recognise
from ckpt_gui.core.roles.joins import join
from ckpt_gui.core.roles.layout import Layout
from ckpt_gui.core.roles.nouns import Anatomy, Part, Role
from ckpt_gui.core.roles.walk import Walk

EMPTY = Anatomy(b"", -1, (), "plain torch", (), {}, "", None, None, -1, -1, ())


def classify(checkpoint: Checkpoint) -> Anatomy:
    """The roles of all nodes, and what follows from them. Never raises, whatever the tree."""
    if not len(checkpoint.nodes):
        return EMPTY
    layout = Layout(checkpoint)
    walk = Walk(layout)
    walk.run()
    if not walk.candidates and walk.configured:
        # All tensors lie in what is called a configuration: then the name misleads.
        walk = Walk(layout, trust_config_keys=False)
        walk.run()
    weights, parts = choose(layout, walk.candidates)
    parts = sorted(walk.parts + parts, key=lambda part: checkpoint.nodes.order[part.node])
    roles = _paint(layout, walk, parts)
    joined = join(layout, [part.node for part in parts if part.role is Role.optimizer], _networks(parts, weights))
    framework, evidence = recognise(layout, walk.wrappers)
    epoch, step = facts.epoch(layout, walk.wrappers), facts.step(layout, walk.wrappers)
    return Anatomy(
        roles, weights, tuple(parts), framework, evidence, joined.pairs, joined.why,
        epoch[0], step[0], epoch[1], step[1], facts.optimizer_names(layout, parts),
    )  # fmt: skip


def _networks(parts: list[Part], weights: int) -> list[int]:
    """The weights part first, then the others."""
    others = [part.node for part in parts if part.role is Role.weights and part.node != weights]
    return [weights, *others] if weights >= 0 else others


def _paint(layout: Layout, walk: Walk, parts: list[Part]) -> bytes:
    """One role a node: parts and loose leaves as found, everything else as what it lies in."""
    assigned = {part.node: int(part.role) for part in parts}
    assigned.update((node, int(role)) for node, role in walk.loose.items() if node not in assigned)
    _paint_candidates(layout, walk.candidates, assigned)
    wrappers = set(walk.wrappers) - set(assigned)
    for node in sorted(wrappers, reverse=True):
        assigned[node] = _common(layout, node, assigned)
    roles = bytearray([Role.metadata]) * len(layout.kind)
    for node in layout.containers:
        role = assigned.get(node)
        if role is not None:
            roles[node] = role
        begin, end = layout.first[node], layout.first[node] + layout.count[node]
        inherited = Role.metadata if node in wrappers else roles[node]
        roles[begin:end] = bytes([inherited]) * (end - begin)
    for node, role in assigned.items():
        roles[node] = role
    _paint_unlisted(layout, roles)
    return bytes(roles)


def _paint_candidates(layout: Layout, candidates: list[Candidate], assigned: dict[int, int]) -> None:
    """Leaves beside the tensors of a mapping (an epoch, a name) are metadata, whatever the mapping is."""
    for candidate in candidates:
        node = candidate.node
        begin, end = layout.first[node], layout.first[node] + layout.count[node]
        if layout.kind[node] == Kind.MAPPING and layout.kind.count(Kind.VALUE, begin, end):
            for child in range(begin, end):
                if layout.kind[child] == Kind.VALUE:
                    assigned.setdefault(child, Role.metadata)


def _common(layout: Layout, node: int, assigned: dict[int, int]) -> int:
    """The role all children share; ``other`` where they differ."""
    found = {assigned.get(child, int(Role.metadata)) for child in layout.children(node)}
    return found.pop() if len(found) == 1 else int(Role.other) if found else int(Role.metadata)


def _paint_unlisted(layout: Layout, roles: bytearray) -> None:
    """Tensors of a module that its state_dict would not name are nobody's weights."""
    tensors, attribute = layout.checkpoint.tensors, int(Flag.NOT_IN_STATE_DICT)
    for tensor, flags in enumerate(tensors.flags[: layout.checkpoint.rows]):
        if flags & attribute and roles[tensors.node[tensor]] <= Role.ema:
            roles[tensors.node[tensor]] = Role.other
