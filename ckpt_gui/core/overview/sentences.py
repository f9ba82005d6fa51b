"""A checkpoint in sentences: what it is, and what gives it away."""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.overview.nouns import Sentence
from ckpt_gui.core.overview.usage import Usage
from ckpt_gui.core.roles import Anatomy, Part, Role
from ckpt_gui.core.text import clip, count, escape, join_words, path_text, plural

_FORMATS = {
    "torchscript": "TorchScript archive", "pt2": "torch.export archive", "torch-package": "torch.package archive",
    "safetensors": "safetensors file", "sharded": "Sharded model", "pickle": "Pickle",
}  # fmt: skip
_NO_FRAMEWORK = ("plain torch", "TorchScript", "torch.export", "torch.package", "safetensors", "plain pickle",
                 "Hugging Face shards")  # fmt: skip
_ALONE = {
    Role.optimizer: "Optimizer state", Role.rng: "Random number generator states",
    Role.scheduler: "Learning-rate scheduler state", Role.scaler: "Gradient scaler state",
}  # fmt: skip
"""What a file is that holds no weights."""
_MAX_PARTS = 20
_MAX_TIED = 3


def headline(checkpoint: Checkpoint, anatomy: Anatomy) -> str:
    """One line: ``Lightning 2.4.0 checkpoint at epoch 19``."""
    name = _kind(checkpoint, anatomy)
    if anatomy.framework not in _NO_FRAMEWORK:
        held = any(part.role is Role.weights for part in anatomy.parts)
        name = f"{anatomy.framework} checkpoint" if held else f"{name} ({anatomy.framework})"
    if anatomy.epoch is not None and anatomy.epoch >= 0:
        return f"{name} at epoch {anatomy.epoch:,}"
    return f"{name} at step {anatomy.step:,}" if anatomy.step is not None and anatomy.step >= 0 else name


def _kind(checkpoint: Checkpoint, anatomy: Anatomy) -> str:
    roles = {part.role for part in anatomy.parts}
    if checkpoint.format in _FORMATS:
        return f"{_FORMATS[checkpoint.format]} of {plural(checkpoint.rows, 'tensor')}"
    if Role.optimizer in roles and Role.weights in roles:
        return "Training checkpoint"
    if Role.weights in roles:
        return _only_weights(checkpoint, anatomy)
    for role, name in _ALONE.items():
        if role in roles:
            return name
    return f"{plural(checkpoint.rows, 'tensor')} without names" if checkpoint.rows else "Data without tensors"


def _only_weights(checkpoint: Checkpoint, anatomy: Anatomy) -> str:
    tensors = plural(checkpoint.nodes.tensors[anatomy.weights], "tensor")
    if checkpoint.nodes.kind[anatomy.weights] == Kind.OBJECT:
        name = checkpoint.node(anatomy.weights).type_name.rpartition(".")[2]
        return f"Whole pickled module {clip(escape(name), 60)} of {tensors}"
    return f"State_dict of {tensors}" if anatomy.weights == 0 else f"Weights of {tensors}"


def sentences(checkpoint: Checkpoint, anatomy: Anatomy, usage: Usage) -> Iterator[Sentence]:
    """Everything worth saying, the most telling first."""
    if anatomy.evidence:
        yield Sentence(f"{anatomy.framework}: {'; '.join(anatomy.evidence)}")
    yield from _format(checkpoint)
    yield from _weights(checkpoint, anatomy, usage)
    yield from _optimizers(checkpoint, anatomy)
    yield from _others(checkpoint, anatomy)
    yield from _tensors(checkpoint, usage)


def _format(checkpoint: Checkpoint) -> Iterator[Sentence]:
    facts = checkpoint.facts
    if checkpoint.format == "torch-legacy":
        by = " written by Python 2" if facts.get("python2") else ""
        yield Sentence(f"Legacy format{by} ({escape(str(facts.get('written_by', 'torch 0.1.10 to 1.5')))})")
    elif "written_by" in facts:
        yield Sentence(f"Written by {escape(str(facts['written_by']))}")
    if isinstance(facts.get("shards"), int):
        yield Sentence(plural(facts["shards"], "shard"))
    protocol = facts.get("protocol", 2)
    if isinstance(protocol, int) and protocol != 2:
        yield Sentence(f"Pickle protocol {protocol}, where torch writes 2")


def _where(checkpoint: Checkpoint, part: Part) -> str:
    path = clip(escape(path_text(checkpoint.path_of(part.node))), 80)
    if checkpoint.nodes.kind[part.node] == Kind.GROUP:
        path = f"{path}/{escape(checkpoint.node(part.node).label)}.".lstrip("/")
    return f" under {path}" if path else ""


def _weights(checkpoint: Checkpoint, anatomy: Anatomy, usage: Usage) -> Iterator[Sentence]:
    nodes = checkpoint.nodes
    networks = [part for part in anatomy.parts if part.role is Role.weights]
    for part in networks[:_MAX_PARTS]:
        tensors, params = nodes.tensors[part.node], nodes.params[part.node]
        if len(networks) == 1:
            tensors, params = usage.roles.count(Role.weights), usage.params_of(Role.weights)
        words = f"{count(params)} {'parameter' if params == 1 else 'parameters'}"
        text = f"Weights: {plural(tensors, 'tensor')}, {words}{_where(checkpoint, part)}"
        yield Sentence(text, part.node)
    for part in [part for part in anatomy.parts if part.role is Role.ema][:_MAX_PARTS]:
        averaged = plural(nodes.tensors[part.node], "tensor")
        yield Sentence(f"An average of the weights (EMA): {averaged}{_where(checkpoint, part)}", part.node)
    if not networks and checkpoint.format == "torchscript" and checkpoint.rows:
        yield Sentence("Frozen: none of its tensors has a state_dict name; they are constants of its code")
    elif not networks and usage.roles.count(Role.other):
        yield Sentence(f"No mapping of names to tensors that could be weights; {usage.count(Role.other)} of other use")


def _optimizers(checkpoint: Checkpoint, anatomy: Anatomy) -> Iterator[Sentence]:
    parts = [part for part in anatomy.parts if part.role is Role.optimizer]
    for part, name in list(zip(parts, anatomy.optimizer_names, strict=True))[:_MAX_PARTS]:
        held = next((child for child in checkpoint.children(part.node) if checkpoint.key(child) == "state"), -1)
        states = checkpoint.nodes.count[held] if held >= 0 else 0
        name = name[0].upper() + name[1:]
        if states and checkpoint.nodes.kind[held] == Kind.MAPPING:
            text = f"{name} state for {plural(_entries(checkpoint, held), 'tensor')}{_where(checkpoint, part)}"
        elif checkpoint.nodes.tensors[part.node]:
            tensors = plural(checkpoint.nodes.tensors[part.node], "tensor")
            text = f"{name} state of {tensors}{_where(checkpoint, part)}"
        else:
            text = f"{name} without state{_where(checkpoint, part)}"
        yield Sentence(text, part.node)
    if anatomy.joined:
        yield Sentence(f"Optimizer state of {plural(len(anatomy.joined), 'parameter')} is joined to names")
    if anatomy.unjoined:
        yield Sentence(f"Not all optimizer state is joined to names: {anatomy.unjoined}")


def _entries(checkpoint: Checkpoint, state: int) -> int:
    """Entries of an optimizer's ``state``; dotted names lie in groups."""
    total, pending = 0, [state]
    while pending:
        for child in checkpoint.children(pending.pop()):
            if checkpoint.nodes.kind[child] == Kind.GROUP:
                pending.append(child)
            else:
                total += 1
    return total


def _others(checkpoint: Checkpoint, anatomy: Anatomy) -> Iterator[Sentence]:
    names = {
        Role.scheduler: "Learning-rate scheduler",
        Role.scaler: "Gradient scaler",
        Role.rng: "Random number generator state",
    }
    for part in [part for part in anatomy.parts if part.role in names][:_MAX_PARTS]:
        yield Sentence(f"{names[part.role]}{_where(checkpoint, part)} ({part.evidence})", part.node)
    if anatomy.step is not None and anatomy.epoch is not None:
        yield Sentence(f"Step {anatomy.step:,}", anatomy.step_node)


def _tensors(checkpoint: Checkpoint, usage: Usage) -> Iterator[Sentence]:
    tensors = checkpoint.tensors
    tied = usage.tied()
    if tied:
        yield Sentence(_tied(tied, usage), tensors.node[tied[0][1]])
    layouts = {checkpoint.texts[number] for number in set(tensors.layout[: checkpoint.rows])} - {"strided"}
    if layouts:
        yield Sentence(f"Tensors of unusual layout: {join_words(map(escape, sorted(layouts)))}")
    if unlisted := usage.unlisted():
        yield Sentence(f"{plural(unlisted, 'tensor')} not in the state_dict: attributes of the module")
    if bad := checkpoint.nodes.troubled[0]:
        yield Sentence(f"{plural(bad, 'tensor')} {'does' if bad == 1 else 'do'} not hold together")


def _tied(groups: list[list[int]], usage: Usage) -> str:
    total = plural(sum(map(len, groups)), "tensor")
    named = "; ".join(usage.names(group) for group in groups[:_MAX_TIED])
    if len(groups) == 1:
        return f"{total} tied: {named}"
    more = f"; and {plural(len(groups) - _MAX_TIED, 'group')} more" if len(groups) > _MAX_TIED else ""
    return f"{len(groups):,} groups of tied tensors, {total}: {named}{more}"
