"""The Python to paste: one file's weights into a model, with the renames applied."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline.snippets import UNTRUSTED, literal, python_expression, raw_literal
from ckpt_gui.core.pairing.nouns import Side
from ckpt_gui.core.renames import Rule
from ckpt_gui.core.weights_only import verdict

_FLAT = """
def flat(tree, before=""):
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, torch.Tensor) or str(key).endswith("_extra_state"):
            yield f"{before}{key}", value
        elif isinstance(value, (dict, list, tuple)):
            yield from flat(value, f"{before}{key}.")

"""
_RENAMED = """
def renamed(name):
    new = name
    for pattern, text in rules:
        new = re.sub(pattern, text, new)
    return new if new in own or name not in own else name

"""
_FITTING = """

# Sizes that differ would raise even with strict=False.
def fits(name, value):
    return name not in own or getattr(own[name], "shape", None) == getattr(value, "shape", None)


state = {name: value for name, value in state.items() if fits(name, value)}
"""


def script(side: Side, rules: Sequence[Rule], *, strict: bool, fitting: bool) -> str:
    """The lines. ``model`` is to exist already. ``strict``: every name is met; ``fitting``: every shape too."""
    checkpoint = side.opened.checkpoint
    if checkpoint.nodes.kind[side.names] == Kind.TENSOR:
        return ""
    loading, flat = _loading(checkpoint, side.names), _is_nested(checkpoint, side.names)
    uses_torch = flat or "torch." in loading.replace("safetensors.torch.", "")
    lines = ["import re\n"] if rules else []
    lines += ["import safetensors.torch\n"] if "safetensors.torch." in loading else []
    lines += ["import torch\n"] if uses_torch else []
    lines.append((_FLAT if flat else "") + "\n" + loading)
    lines += ["state = dict(flat(state))\n"] if flat else []
    if side.prefix and side.root == side.names:
        lines.append(
            f"prefix = {literal(side.prefix)}\n"
            "state = {name[len(prefix):]: value for name, value in state.items() if name.startswith(prefix)}\n"
        )
    lines += ["own = model.state_dict()\n"] if rules or not fitting else []
    if rules:
        listed = "".join(f"    ({raw_literal(rule.pattern)}, {raw_literal(rule.replacement)}),\n" for rule in rules)
        lines.append(f"rules = [\n{listed}]\n\n{_RENAMED}\n")
        lines.append("state = {renamed(name): value for name, value in state.items()}\n")
    lines += [_FITTING] if not fitting else []
    lines.append(f"print(model.load_state_dict(state{'' if strict and fitting else ', strict=False'}))\n")
    return "".join(lines)


def _loading(checkpoint: Checkpoint, node: int) -> str:
    """``state = …``: everything at the node, as the file holds it."""
    if checkpoint.format == "sharded":
        return _shards(checkpoint)
    restricted = verdict(checkpoint).accepted is not False
    line = python_expression(checkpoint, node, weights_only=restricted)
    if checkpoint.nodes.kind[node] == Kind.OBJECT and checkpoint.format != "torchscript":
        line += ".state_dict()"
    return f"state = {line}{'' if restricted or not line.startswith('torch.load(') else UNTRUSTED}\n"


def _shards(checkpoint: Checkpoint) -> str:
    """All files of a sharded model, one after the other."""
    paths = [one.path for one in checkpoint.sources if not one.path.endswith(".json")]
    if all(path.endswith(".safetensors") for path in paths):
        load = "safetensors.torch.load_file(path)"
    else:
        load = 'torch.load(path, map_location="cpu", weights_only=True)'
    listed = "".join(f"    {raw_literal(path)},\n" for path in paths)
    return f"state = {{}}\nfor path in [\n{listed}]:\n    state.update({load})\n"


def _is_nested(checkpoint: Checkpoint, node: int) -> bool:
    """Whether anything else than tensors, by names with dots or without, lies right beneath."""
    nodes = checkpoint.nodes
    if nodes.kind[node] == Kind.OBJECT or checkpoint.format in ("torchscript", "safetensors", "sharded"):
        return False
    pending = [node]
    while pending:
        for child in checkpoint.children(pending.pop()):
            if nodes.kind[child] == Kind.GROUP:
                pending.append(child)
            elif nodes.kind[child] != Kind.TENSOR:
                return True
    return nodes.kind[node] == Kind.SEQUENCE
