"""A pickled nn.Module by the names of its state_dict; everything else of it marked as such."""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.columns import Flag
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pickles.values import Global, Object
from ckpt_gui.core.text import Path
from tests.core.nodes.drawn import drawn
from tests.core.samples import Maker, checkpoint, mapping

MAKER = Maker()


def module(
    parameters: dict[str, Any] | None = None,
    buffers: dict[str, Any] | None = None,
    modules: dict[str, Any] | None = None,
    name: str = "Net",
    **attributes: Any,
) -> Object:
    """A pickled network of a class that is not installed."""
    made = Object(Global("vanished", name))
    state = {"training": True, "_parameters": mapping(parameters or {}), "_buffers": mapping(buffers or {})}
    made.state = mapping([*state.items(), ("_modules", mapping(modules or {})), *attributes.items()])
    return made


def weight() -> Any:
    return MAKER.tensor(2)


def rows(found: Checkpoint) -> dict[Path, bool]:
    """Every tensor's path, and whether the state_dict names it."""
    numbers = range(found.rows)
    return {
        found.path_of(found.tensors.node[row]): not found.tensors.flags[row] & Flag.NOT_IN_STATE_DICT for row in numbers
    }


def test_parameters_then_buffers_then_modules() -> None:
    inner = module({"weight": weight()}, {"mean": weight()})
    assert rows(checkpoint(module({"scale": weight()}, {"grid": weight()}, {"fc": inner}))) == {
        ("scale",): True, ("grid",): True, ("fc.weight",): True, ("fc.mean",): True,
    }  # fmt: skip


def test_under_a_key() -> None:
    assert list(rows(checkpoint({"model": module({"w": weight()}), "epoch": 3}))) == [("model", "w")]


def test_what_is_none_is_left_out() -> None:
    assert rows(checkpoint(module({"bias": None, "w": weight()}, {"b": None}, {"absent": None}))) == {("w",): True}


def test_buffers_that_do_not_persist_are_marked() -> None:
    names = Object(Global("builtins", "set"))
    names.elements = ["cache"]
    found = checkpoint(module(buffers={"grid": weight(), "cache": weight()}, _non_persistent_buffers_set=names))
    assert rows(found) == {("grid",): True, ("cache",): False}


def test_tensors_in_attributes_are_marked_and_have_paths_of_their_own() -> None:
    inner = module(anchors=weight(), levels=[weight(), mapping({"deep": weight()})])
    assert rows(checkpoint(module(modules={"head": inner}))) == {
        ("head", "anchors"): False, ("head", "levels", 0): False, ("head", "levels", 1, "deep"): False,
    }  # fmt: skip


def test_a_module_in_two_places_is_listed_twice() -> None:
    inner = module({"w": weight()})
    found = checkpoint(module(modules={"head": inner, "twin": inner}))
    assert (list(rows(found)), len({found.tensors.storage[row] for row in range(2)})) == ([("head.w",), ("twin.w",)], 1)


def test_a_module_within_itself_is_not_followed() -> None:
    loop = module({"w": weight()})
    loop.state.items[3][1].items.append(("me", loop))
    assert list(rows(checkpoint(loop))) == [("w",)]


def test_a_module_within_itself_is_told() -> None:
    loop = module({"w": weight()})
    loop.state.items[3][1].items.append(("me", loop))
    assert "contains itself" in " ".join(checkpoint(loop).notes)


def test_groups_are_named_with_their_classes() -> None:
    inner = module({"w": weight(), "b": weight()}, name="Linear")
    found = checkpoint(module(modules={"fc": inner}))
    assert [found.node(node).type_name for node in found.children(0)][-1] == "vanished.Linear"


def test_modules_fold_as_state_dicts_do() -> None:
    layers = {str(number): module({"w": weight(), "b": weight()}) for number in range(2)}
    found = checkpoint(module(modules={"net": module(modules=layers)}))
    assert [line for line in drawn(found) if "training" not in line] == [
        "net:", "  0:", "    w", "    b", "  1:", "    w", "    b",
    ]  # fmt: skip


def test_machinery_is_not_shown() -> None:
    found = checkpoint(module({"w": weight()}, _backward_hooks=mapping({}), _version=1))
    assert [found.node(node).label for node in found.children(0)] == ["training", "w"]
