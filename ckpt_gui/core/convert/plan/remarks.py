"""What else is to be said of a plan: what a flat mapping loses, what a module's code may do, what did nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core.columns import Flag, KeyType, Kind
from ckpt_gui.core.convert.nouns import Edit, Options, Plan
from ckpt_gui.core.convert.plan.route import Route
from ckpt_gui.core.convert.plan.scope import Scope, holder
from ckpt_gui.core.convert.plan.strip import state_nodes
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.convert.plan.types import Types, loses_gradient
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.pairing.names import EXTRA_STATE
from ckpt_gui.core.text import escape, join_words

_FORMATS = {
    "torch": ("torch-zip", "torchscript", "torch-package"), "legacy": ("torch-legacy",),
    "safetensors": ("safetensors",),
}  # fmt: skip
"""Target → formats of sources that are the same container."""
_TORCH_OWN = ("torch.nn.modules.", "torch.nn.parallel.", "torch.jit.", "torch.nn.utils.parametrize.")


def flat(tree: Tree, way: Route, part: Scope, rows: list[int], options: Options) -> list[str]:
    """What a flat mapping of names to tensors is not able to say."""
    told = [*_module(tree, part, rows, options), *_extra_states(tree, part), *_subclasses(tree, rows)]
    if not options.state_dict and _nested(tree, part, rows):
        told.append("Nesting is lost: keys are joined with dots; --state-dict takes the weights by their own names")
    if way.target == "safetensors" and any(
        tree.checkpoint.tensors.flags[row] & int(Flag.REQUIRES_GRAD) for row in rows
    ):
        told.append("requires_grad is not kept")
    devices = {tree.checkpoint.device(row) for row in rows[:1]} | _tags(tree)
    if way.target == "safetensors" and devices - {None, "cpu"}:
        told.append(f"Device tags are not kept ({join_words(sorted(escape(tag) for tag in devices if tag), 4)})")
    return told


def archive(tree: Tree, edits: Sequence[Edit], types: Types, options: Options) -> list[str]:
    """Of archives that hold code: what goes with a cast. Raises ConvertError for what their code would not bear."""
    form = tree.checkpoint.format
    if form not in ("torchscript", "torch-package"):
        return []
    name = "TorchScript" if form == "torchscript" else "torch.package"
    scripted = form == "torchscript" or any(text.startswith(".data/ts_code/") for text in tree.checkpoint.texts)
    records = [edit for edit in edits if scripted or len(edit.path) < 2]
    if records or options.compact or options.ties != "keep":
        raise ConvertError(
            f"A {name} archive is written back as it is but for device tags and element types, because its code refers "
            "to what is in it; --state-dict saves the weights by themselves"
        )
    if types.cast and tree.checkpoint.facts.get("mobile"):
        raise ConvertError("The program for mobile in this archive repeats its tensors' types; --state-dict casts them")
    return [f"The code in the {name} archive may count on the old element types"] if types.cast else []


def check_tensor_keys(tree: Tree, keyed: Sequence[int], edits: Sequence[Edit], types: Types, options: Options) -> None:
    """Raises ConvertError where a change would reach tensors that are keys, which have no place of their own."""
    paths = [tree.path(node) for node in keyed]
    within = any(edit.path[: len(path)] == path for path in paths for edit in edits if len(edit.path) > len(path))
    if paths and (within or types.cast or options.compact or options.ties != "keep"):
        raise ConvertError(
            f"Tensors are used as keys here and cannot be changed with the others: {tree.listed(keyed, 3)}. Leave that "
            "part out (--drop, --strip-optimizer), or save a state_dict"
        )


def gradients(tree: Tree, way: Route, types: Types) -> list[str]:
    """Tensors that required a gradient, and cannot in their new type; safetensors keeps it of none."""
    flags = tree.checkpoint.tensors.flags
    lost = [
        row for row, dtype in types.cast.items()
        if flags[row] & int(Flag.REQUIRES_GRAD) and loses_gradient(dtype, flags[row])
    ]  # fmt: skip
    if not lost or way.target == "safetensors":
        return []
    return [
        f"requires_grad is not kept, which torch reads of no plain tensor of {types.of(lost[0])}: "
        f"{tree.rows_listed(lost, 4)}"
    ]


def _tags(tree: Tree) -> set[str | None]:
    return {tree.checkpoint.text(number) or None for number in set(tree.checkpoint.storages.device)}


def _nested(tree: Tree, part: Scope, rows: list[int]) -> bool:
    """Whether some tensor lies deeper than right beneath the part."""
    nodes, root = tree.nodes, holder(tree, part)
    known: dict[int, bool] = {root: False}
    for row in rows:
        above = nodes.parent[tree.checkpoint.tensors.node[row]]
        if above not in known:
            node = above
            while node > 0 and nodes.kind[node] == Kind.GROUP:
                node = nodes.parent[node]
            known[above] = node != root
        if known[above] and above >= 0:
            return True
    return False


def _module(tree: Tree, part: Scope, rows: list[int], options: Options) -> list[str]:
    """What only the class of a pickled module knows."""
    root = part.root
    if (
        not options.state_dict
        or tree.nodes.kind[root] != Kind.OBJECT
        or tree.checkpoint.format in ("torchscript", "pt2")
    ):
        return []
    told = ["The versions of the modules (a state_dict's _metadata) are not in a pickled module, and remain unknown"]
    classes = _classes(tree, root)
    foreign = sorted(name for name in classes if not name.startswith(_TORCH_OWN))
    if foreign:
        told.append(
            f"If {join_words(map(escape, foreign), 4)} change state_dict() by code of their own, its names differ"
        )
    return told


def _classes(tree: Tree, root: int) -> set[str]:
    """Classes of a module and of the modules in it, as far as the tree shows them."""
    nodes, inside = tree.nodes, tree.beneath(root)
    shown = {nodes.type_name[node] for node in tree.containers if inside[node] and nodes.kind[node] == Kind.GROUP}
    return {tree.checkpoint.text(number) for number in shown | {nodes.type_name[root]}} - {""}


def _extra_states(tree: Tree, part: Scope) -> list[str]:
    texts, nodes = tree.checkpoint.texts, tree.nodes
    ids = {number for number, text in enumerate(texts) if text.endswith(EXTRA_STATE)}
    if not ids:
        return []
    inside = tree.beneath(part.root)
    found = [
        node
        for node, key in enumerate(nodes.key)
        if key in ids and inside[node] and nodes.kind[node] != Kind.TENSOR and nodes.key_type[node] == KeyType.TEXT
    ]
    if not found:
        return []
    return [
        f"Extra state of modules is no tensor and is left out; load_state_dict will miss it: {tree.listed(found, 4)}"
    ]


def _subclasses(tree: Tree, rows: list[int]) -> list[str]:
    extras = tree.checkpoint.extras
    odd = [row for row in rows if row in extras and "python_type" in extras[row]]
    if not odd:
        return []
    classes = sorted({str(extras[row]["python_type"]).rpartition(".")[2] for row in odd})
    return [
        f"Tensors of classes of their own ({join_words(map(escape, classes), 4)}) become plain: "
        f"{tree.rows_listed(odd, 4)}"
    ]


def idle(tree: Tree, plan: Plan) -> list[str]:
    """Sentences for steps that change nothing, and for a plan that does nothing at all."""
    told = []
    if plan.options.strip_optimizer and not state_nodes(tree):
        told.append("There is nothing to strip: no optimizer, scheduler, scaler or RNG state was found")
    if not plan.changes:
        same = tree.checkpoint.format in _FORMATS[plan.target_format]
        told.append(f"Nothing changes{'' if same else ' but the format'}: everything in the file is written as it is")
    return told


def suffix(way: Route, target: str, options: Options) -> list[str]:
    """A name that will mislead loaders."""
    lower = target.lower()
    if way.target == "safetensors" and lower.endswith((".pt", ".pth", ".ckpt", ".bin")) and options.to is None:
        return [
            "Written as safetensors, like the source, whatever the name says; --to torch writes what torch.load reads"
        ]
    if way.target != "safetensors" and lower.endswith(".safetensors"):
        return ["The name ends in .safetensors, but torch's format is written, as --to says"]
    return []
