"""A state_dict's ``_metadata``: versions of its modules, for ``load_state_dict`` (torch/nn/modules/module.py).

It is an attribute of the OrderedDict, so the index leaves it out; it is read again from the source's pickle.
"""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.convert.nouns import Plan
from ckpt_gui.core.convert.objects.calls import Calls
from ckpt_gui.core.convert.objects.places import Places, mark, pairs_of
from ckpt_gui.core.convert.objects.streams import Stream
from ckpt_gui.core.convert.plan.names import module_names
from ckpt_gui.core.pickles.graph import Dict, Made, Raw
from ckpt_gui.core.text import Path

_PLAIN = (str, int, bool, float, type(None))


def metadata_of(stream: Stream, plan: Plan, calls: Calls) -> Made | None:
    """The ``_metadata`` of the mappings that the plan's tensors come from, under the names of the result."""
    parents: dict[Path, None] = dict.fromkeys(item.path[:-1] for item in plan.items)
    root = _common(list(parents))
    places, found = Places(stream.graph.root), dict[str, Any]()
    for parent in parents:
        steps = places.find(parent)
        prefix = ".".join(map(str, parent[len(root) :]))
        for name, version in _own(None if steps is None else places.at(steps)):
            found.setdefault(f"{prefix}.{name}".strip(".") if prefix else name, version)
    if not found:
        return None
    renamed = module_names(found, plan.options.rename) if plan.options.rename else {name: name for name in found}
    pairs: dict[str, Any] = {}
    for name, version in found.items():
        pairs.setdefault(renamed[name], version)
    return calls.ordered(list(pairs.items()))


def _common(paths: list[Path]) -> Path:
    """What all paths begin with."""
    if not paths:
        return ()
    first, shared = paths[0], len(paths[0])
    for path in paths[1:]:
        same = next((at for at, (one, two) in enumerate(zip(first, path, strict=False)) if one != two), len(path))
        shared = min(shared, same, len(path))
    return first[:shared]


def _own(value: Any) -> list[tuple[str, Dict]]:
    """Module → ``{"version": 1, …}`` of one OrderedDict, as far as it is as torch writes it."""
    for what, state in value.steps or () if type(value) is Made else ():
        if what == "state" and type(state) is Dict:
            for key, held in state.items:
                if mark(key) == ("text", "_metadata") and type(held) in (Made, Dict):
                    return [pair for name, item in pairs_of(held) if (pair := _entry(name, item)) is not None]
    return []


def _entry(name: Any, item: Any) -> tuple[str, Dict] | None:
    kind, text = mark(name)
    if kind != "text" or type(item) is not Dict:
        return None
    made = Dict()
    made.items = [(_text(key), held) for key, held in item.items if _text(key) is not None and type(held) in _PLAIN]
    return text, made


def _text(key: Any) -> str | None:
    """A key of Python 2 is text too."""
    kind, text = mark(key) if type(key) in (str, Raw) else ("", None)
    return text if kind == "text" else None
