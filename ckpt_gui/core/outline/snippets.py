"""A row as Python to paste: the line that loads just that."""

from __future__ import annotations

from ckpt_gui.core.columns import Flag, KeyType, Kind
from ckpt_gui.core.model import Checkpoint

UNTRUSTED = "  # weights_only=False runs code from the file: only if you trust it"
_SAFETENSORS = (".safetensors",)


def python_line(checkpoint: Checkpoint, node: int, *, weights_only: bool = True) -> str:
    """The line that loads that node onto the CPU. ``weights_only``: does torch's restricted loader take the file?"""
    line = python_expression(checkpoint, node, weights_only=weights_only)
    return line if weights_only or not line.startswith("torch.load(") else line + UNTRUSTED


def python_expression(checkpoint: Checkpoint, node: int, *, weights_only: bool = True) -> str:
    """The same without the warning behind it."""
    if checkpoint.format == "safetensors":
        return _safetensors(checkpoint, checkpoint.path, node)
    if checkpoint.format == "sharded":
        return _shard(checkpoint, node, weights_only)
    if checkpoint.format == "torchscript":
        loaded = f'torch.jit.load({raw_literal(checkpoint.path)}, map_location="cpu").state_dict()'
        return loaded + _steps(checkpoint, node, {})
    return _torch(checkpoint, checkpoint.path, node, weights_only)


def _torch(checkpoint: Checkpoint, path: str, node: int, weights_only: bool) -> str:
    steps = _steps(checkpoint, node, _modules(checkpoint, node))
    return f'torch.load({raw_literal(path)}, map_location="cpu", weights_only={weights_only}){steps}'


def _safetensors(checkpoint: Checkpoint, path: str, node: int) -> str:
    keys = checkpoint.path_of(node)
    opened = f'safetensors.safe_open({raw_literal(path)}, framework="pt", device="cpu")'
    if checkpoint.nodes.tensor[node] >= 0:
        return f"{opened}.get_tensor({literal(str(keys[-1]))})"
    if keys and keys[0] == "__metadata__":
        return f"{opened}.metadata()" + "".join(f"[{literal(str(key))}]" for key in keys[1:])
    return f'safetensors.torch.load_file({raw_literal(path)}, device="cpu")'


def _shard(checkpoint: Checkpoint, node: int, weights_only: bool) -> str:
    """The line for the file that holds the tensor, not for the index."""
    tensor = checkpoint.nodes.tensor[node]
    storage = checkpoint.tensors.storage[tensor] if tensor >= 0 else -1
    path = checkpoint.sources[checkpoint.storages.source[storage]].path if storage >= 0 else checkpoint.path
    if path.endswith(_SAFETENSORS) or (storage < 0 and ".safetensors" in checkpoint.path):
        return _safetensors(checkpoint, path, node)
    return _torch(checkpoint, path, node, weights_only)


def _modules(checkpoint: Checkpoint, node: int) -> dict[int, str]:
    """How each object on the way is entered: a module's tensors by its state_dict, attributes by their names."""
    nodes = checkpoint.nodes
    tensor = nodes.tensor[node]
    holder = next((one for one in checkpoint.ancestors(node) if nodes.kind[one] != Kind.GROUP), -1)
    if tensor < 0 or holder < 0 or nodes.kind[holder] != Kind.OBJECT:
        return {}
    flags = checkpoint.tensors.flags[tensor]
    listed = flags & Flag.PARAMETER or "." in checkpoint.text(nodes.key[node])
    return {node: "state_dict"} if listed and not flags & Flag.NOT_IN_STATE_DICT else {}


def _steps(checkpoint: Checkpoint, node: int, entered: dict[int, str]) -> str:
    nodes = checkpoint.nodes
    steps: list[str] = []
    while node > 0:
        above = nodes.parent[node]
        while above > 0 and nodes.kind[above] == Kind.GROUP:
            above = nodes.parent[above]
        if nodes.key_type[node] != KeyType.NONE:
            steps.append(_step(checkpoint, node, above, entered))
        node = above
    return "".join(reversed(steps))


def _step(checkpoint: Checkpoint, node: int, above: int, entered: dict[int, str]) -> str:
    nodes = checkpoint.nodes
    text = checkpoint.text(nodes.key[node])
    is_text = nodes.key_type[node] == KeyType.TEXT
    if node in entered:
        return f".state_dict()[{literal(text)}]"
    if nodes.kind[above] == Kind.OBJECT and is_text and all(part.isidentifier() for part in text.split(".")):
        return f".{text}"
    return f"[{literal(text) if is_text else text}]"


def literal(text: str) -> str:
    """The text as a Python literal, in double quotes where that is plain."""
    plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else ascii(text)


def raw_literal(text: str) -> str:
    """The text as a Python literal in which backslashes stand for themselves, where that can be."""
    return ascii(text) if '"' in text or text.endswith("\\") or not text.isprintable() else f'r"{text}"'
