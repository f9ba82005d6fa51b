"""A plan as Python to copy: plain torch code that does about the same, without the proof.

It needs what ckpt-gui does without: memory for all of the file, the classes of its objects, and the device that
storages are to be tagged with.
"""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_gui.core.convert.nouns import Edit, Item, Plan
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline.snippets import UNTRUSTED, literal, raw_literal
from ckpt_gui.core.renames import parse_rule
from ckpt_gui.core.text import Path
from ckpt_gui.core.weights_only import verdict

MAX_LISTED = 2000
"""Paths or names that are listed one by one."""

_AT = """
def at(tree, path):
    for key in path:
        tree = tree[key] if isinstance(tree, (dict, list, tuple)) else getattr(tree, key)
    return tree

"""
_TAKE_OUT = """
def take_out(path):
    holder, key = at(source, path[:-1]), path[-1]
    if isinstance(holder, dict):
        del holder[key]
    elif isinstance(holder, list):
        holder[key] = None
    else:
        delattr(holder, key)

"""
_FLAT = """
def flat(tree, before=""):
    if isinstance(tree, torch.nn.Module):
        tree = tree.state_dict()
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, torch.Tensor):
            yield f"{before}{key}", value
        elif isinstance(value, (dict, list, tuple, torch.nn.Module)):
            yield from flat(value, f"{before}{key}.")

"""
_RENAMED = """
def renamed(name):
    for pattern, text in rules:
        name = re.sub(pattern, text, name)
    return name

"""
_CAST = """
def cast(tree):
    if isinstance(tree, torch.nn.Module):
        for part in [*tree.parameters(), *tree.buffers()]:
            part.data = cast(part.data)
        return tree
    if isinstance(tree, dict):
        tree.update((key, cast(value)) for key, value in tree.items())
        return tree
    if isinstance(tree, list):
        return [cast(value) for value in tree]
    chosen = isinstance(tree, torch.Tensor) and tree.is_floating_point()
    return tree.to(torch.DTYPE) if chosen else tree

"""


def python(plan: Plan, target: str, checkpoint: Checkpoint | None = None) -> str:
    """The lines. ``checkpoint``, where it is at hand, tells whether torch's restricted loader takes the file."""
    load = _shards(plan, checkpoint) if plan.format == "sharded" else _load(plan, checkpoint)
    whole = load + "".join(_nested(plan) if plan.nested else _flat(plan)) + _save(plan, target)
    uses_torch = "torch." in whole.replace("safetensors.torch.", "")
    used = {"re": "re.sub(" in whole, "safetensors.torch": "safetensors.torch." in whole, "torch": uses_torch}
    return "".join(f"import {name}\n" for name, wanted in used.items() if wanted) + whole


def _shards(plan: Plan, checkpoint: Checkpoint | None) -> str:
    paths = [source.path for source in checkpoint.sources if not source.path.endswith(".json")] if checkpoint else []
    safe = plan.target_format == "safetensors" if not paths else paths[0].endswith(".safetensors")
    call = "safetensors.torch.load_file(path)" if safe else 'torch.load(path, map_location="cpu", weights_only=True)'
    listed = "".join(f"    {raw_literal(path)},\n" for path in paths)
    return f"\nsource = {{}}\nfor path in [\n{listed}]:\n    source.update({call})\n"


def _load(plan: Plan, checkpoint: Checkpoint | None) -> str:
    path = raw_literal(plan.source)
    if plan.format == "safetensors":
        return f"\nsource = safetensors.torch.load_file({path})\n"
    if plan.format == "torchscript":
        end = "" if plan.nested else ".state_dict()"
        return f"\nsource = torch.jit.load({path}, map_location={_where(plan)}){end}\n"
    if plan.format == "pt2":
        return f"\nsource = torch.export.load({path}).state_dict\n"
    if plan.format == "torch-package":
        raise ConvertError(
            "A torch.package archive is read by the importer of its own; there is no short script for it"
        )
    accepted = checkpoint is None or verdict(checkpoint).accepted is not False
    warning = "" if accepted else UNTRUSTED
    return f"\nsource = torch.load({path}, map_location={_where(plan)}, weights_only={accepted}){warning}\n"


def _where(plan: Plan) -> str:
    """``map_location``: the rules as a mapping, or the one device."""
    rules = plan.options.devices
    old = {rule.old: rule.new for rule in rules if rule.old is not None}
    if old:
        return "{" + ", ".join(f"{literal(tag)}: {literal(new)}" for tag, new in old.items()) + "}"
    return literal(rules[0].new) if rules else '"cpu"'


def _nested(plan: Plan) -> Iterator[str]:
    edits = plan.edits
    if edits:
        yield _AT
    whole = [edit for edit in edits if edit.what == "replace" and not edit.path]
    moved = [edit for edit in edits if edit.what == "replace" and edit.path]
    for edit in moved[:MAX_LISTED]:
        yield f"at(source, {_path(edit.path[:-1])})[{edit.path[-1]!r}] = at(source, {_path(edit.other)})\n"
    yield from _taken_out([edit for edit in edits if edit.what == "drop"])
    yield from _renames(plan)
    if whole:
        yield f"source = at(source, {_path(whole[0].other)})\n"
    if plan.options.dtype and any(item.dtype != item.source_dtype for item in plan.items):
        yield _CAST.replace("DTYPE", plan.options.dtype)
        yield "source = cast(source)  # every floating tensor, buffers too\n"


def _taken_out(drops: list[Edit]) -> Iterator[str]:
    if drops:
        listed = "".join(f"    {_path(edit.path)},\n" for edit in drops[:MAX_LISTED])
        more = f"    # and {len(drops) - MAX_LISTED:,} more\n" if len(drops) > MAX_LISTED else ""
        yield f"{_TAKE_OUT}\nfor path in [\n{listed}{more}]:\n    take_out(path)\n"


def _renames(plan: Plan) -> Iterator[str]:
    holders = dict.fromkeys(edit.path[:-1] for edit in plan.edits if edit.what == "rename")
    if holders:
        yield _rules(plan)
        for path in holders:
            yield f"mapping = at(source, {_path(path)})\n"
            yield "for name in [name for name in mapping if isinstance(name, str)]:\n"
            yield "    mapping[renamed(name)] = mapping.pop(name)\n"


def _rules(plan: Plan) -> str:
    rules = [parse_rule(text) for text in plan.options.rename]
    listed = "".join(f"    ({raw_literal(rule.pattern)}, {raw_literal(rule.replacement)}),\n" for rule in rules)
    return f"rules = [\n{listed}]\n{_RENAMED}\n"


def _flat(plan: Plan) -> Iterator[str]:
    base = _base(plan)
    if base:
        yield _AT + f"\nsource = at(source, {_path(base)})\n"
    yield _FLAT + "\nstate = dict(flat(source))\n"
    yield from _chosen(plan, base)
    if plan.options.rename:
        yield _rules(plan) + "state = {renamed(name): value for name, value in state.items()}\n"
    yield from _casts(plan)
    rules = plan.options.devices
    if rules and rules[0].old is None:
        yield f"state = {{name: value.to({literal(rules[0].new)}) for name, value in state.items()}}\n"
    if plan.options.compact or plan.options.ties == "untie":
        yield "state = {name: value.clone() for name, value in state.items()}\n"


def _base(plan: Plan) -> Path:
    """The path of what names begin in."""
    chosen, paths = plan.options.select, [item.path for item in plan.items]
    if chosen is None:
        return _common(paths) if plan.options.state_dict else ()
    whole = all(path[: len(chosen)] == chosen for path in paths)
    return (chosen if all(len(path) > len(chosen) for path in paths) else chosen[:-1]) if whole else chosen[:-1]


def _common(paths: list[Path]) -> Path:
    """The keys that all paths begin with; the last key of each is its own."""
    if not paths:
        return ()
    first, last = min(paths, key=_sortable)[:-1], max(paths, key=_sortable)[:-1]
    count = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:count]


def _sortable(path: Path) -> list[str]:
    return [f"{type(key).__name__}{key}" for key in path]


def _chosen(plan: Plan, base: Path) -> Iterator[str]:
    """Only the names that stay, where some go that lie beneath the same part."""
    gone = [
        one for one in plan.dropped if one.path[: len(base)] == base and one.why != "not in the module's state_dict"
    ]
    if not gone and not plan.aliases:
        return
    names = [_name(item, len(base)) for item in plan.items]
    listed = "".join(f"    {literal(name)},\n" for name in names[:MAX_LISTED])
    more = f"    # and {len(names) - MAX_LISTED:,} more\n" if len(names) > MAX_LISTED else ""
    yield f"names = [\n{listed}{more}]\nstate = {{name: state[name] for name in names if name in state}}\n"


def _name(item: Item, cut: int) -> str:
    return ".".join(map(str, item.path[cut:]))


def _casts(plan: Plan) -> Iterator[str]:
    cast = [item for item in plan.items if item.dtype != item.source_dtype]
    if not cast:
        return
    left = [str(item.target[-1]) for item in plan.items if item.dtype == item.source_dtype and "float" in item.dtype]
    listed = "".join(f"    {literal(name)},\n" for name in left[:MAX_LISTED])
    yield f"as_they_are = {{\n{listed}}}\n" if left else "as_they_are = set()\n"
    test = "value.is_floating_point() and name not in as_they_are"
    if plan.options.cast_integers:
        test = "name not in as_they_are"
    to = f"value.to(torch.{cast[0].dtype}) if {test} else value"
    yield f"state = {{name: {to} for name, value in state.items()}}\n"


def _save(plan: Plan, target: str) -> str:
    path = raw_literal(target)
    if plan.target_format == "safetensors":
        told = "{" + ", ".join(f"{literal(key)}: {literal(value)}" for key, value in plan.metadata) + "}"
        plain = "value.resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)"
        return (
            f"state = {{name: {plain} for name, value in state.items()}}\n"
            f"safetensors.torch.save_file(state, {path}, metadata={told})\n"
        )
    if plan.format == "torchscript" and plan.nested:
        return f"source.save({path})\n"
    what = "source" if plan.nested else "state"
    legacy = ", _use_new_zipfile_serialization=False" if plan.target_format == "legacy" else ""
    return f"torch.save({what}, {path}{legacy})\n"


def _path(path: Path) -> str:
    return repr(path) if path else "()"
