"""Changes to a graph by path, judged by what the standard pickle makes of the result."""

from __future__ import annotations

import collections
import pickle
from typing import Any

import pytest

from ckpt_gui.core.convert.nouns import Edit
from ckpt_gui.core.convert.objects.edits import Change
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.pickles.graph import read_graph
from ckpt_gui.core.pickles.writer import write_graph
from ckpt_gui.core.sources import Memory
from tests.core.pickles.streams import Items, Names, Plain, Slotted


def edited(value: Any, *edits: Edit, protocol: int = 2) -> Any:
    """``value`` pickled, changed, written and loaded."""
    return edited_stream(pickle.dumps(value, protocol), *edits)


def edited_stream(stream: bytes, *edits: Edit) -> Any:
    graph = read_graph(Memory(stream))
    change = Change(graph.root)
    for edit in edits:
        change.edit(edit)
    written = b"".join(write_graph(change.make(), graph.protocol))
    return pickle.loads(written)


def drop(*path: Any) -> Edit:
    return Edit("drop", path)


def plain(**attributes: Any) -> Plain:
    made = Plain()
    made.__dict__.update(attributes)
    return made


class TestLeavingOut:
    @pytest.mark.parametrize("key", [0, "0", True, None, 1.5, "a/b", ""])
    def test_a_key_of_its_own_type(self, key: Any) -> None:
        value = {one: [one] for one in (0, "0", None, 1.5, "a/b", "")}
        if key is True:
            value[True] = [True]
        kept = edited(value, drop(key))
        assert list(kept) == [one for one in value if one is not key]

    @pytest.mark.parametrize("protocol", range(6))
    def test_in_every_kind_of_mapping(self, protocol: int) -> None:
        # By protocols 0 and 1 a subclass of dict is made from a dict, which the index does not show.
        for kind in (dict, collections.OrderedDict, collections.Counter, Names)[: 3 + (protocol > 1)]:
            value = [kind({"a": 1, "b": 2, "c": 3})]
            kept = edited(value, drop(0, "b"), protocol=protocol)
            assert kept == [kind({"a": 1, "c": 3})]
            assert type(kept[0]) is kind
        default: dict[str, Any] = collections.defaultdict(list, a=1, b=2)
        assert edited(default, drop("a"), protocol=protocol) == {"b": 2}

    def test_an_ordered_dict_as_python_2_wrote_it(self) -> None:
        stream = b"\x80\x02ccollections\nOrderedDict\n](](X\x01\x00\x00\x00aK\x01e](X\x01\x00\x00\x00bK\x02ee\x85R."
        assert edited_stream(stream, drop("a")) == {"b": 2}
        assert edited_stream(stream, Edit("rename", ("b",), "c")) == {"a": 1, "c": 2}
        assert edited_stream(stream, Edit("replace", ("b",), other=("a",))) == {"a": 1, "b": 1}

    def test_a_python_2_key(self) -> None:
        assert edited_stream(b"\x80\x02}(U\x01aK\x01U\x02\xc3\xa4K\x02u.", drop("ä")) == {"a": 1}

    @pytest.mark.parametrize(("key", "text"), [((1, "a"), "(1, 'a')"), (b"x", "b'x'")])
    def test_a_key_that_the_index_has_as_text(self, key: Any, text: str) -> None:
        assert edited({key: 1, "b": 2}, drop(text)) == {"b": 2}

    def test_all_of_a_mapping(self) -> None:
        assert edited({"a": collections.OrderedDict(x=1)}, drop("a", "x")) == {"a": {}}

    def test_many_at_once(self) -> None:
        value = {"model": {str(number): number for number in range(3000)}}
        edits = [drop("model", str(number)) for number in range(0, 3000, 2)]
        assert list(edited(value, *edits)["model"].values()) == list(range(1, 3000, 2))

    @pytest.mark.parametrize("protocol", range(2, 6))
    def test_an_attribute(self, protocol: int) -> None:
        kept = edited({"o": plain(a=1, b=2)}, drop("o", "a"), protocol=protocol)
        assert vars(kept["o"]) == {"b": 2}
        slotted = Slotted()
        slotted.left, slotted.right, slotted.more = 1, 2, 3  # type: ignore[attr-defined]
        kept = edited(slotted, drop("left"), drop("more"), protocol=protocol)
        assert (hasattr(kept, "left"), kept.right, vars(kept)) == (False, 2, {})

    def test_by_the_names_of_a_module(self) -> None:
        inner = plain(_parameters={"w": 1, "b": 2}, _buffers={"m": 3}, _modules={})
        outer = plain(_parameters={}, _buffers={}, _modules={"0": inner}, note=[4])
        kept = edited({"model": outer}, drop("model", "0.w"), drop("model", "0.m"), drop("model", "note"))["model"]
        assert (kept._modules["0"]._parameters, kept._modules["0"]._buffers) == ({"b": 2}, {})
        assert not hasattr(kept, "note")

    def test_on_the_way_through_sequences(self) -> None:
        value = {"groups": [{"lr": 1, "x": 2}, ({"lr": 3},)]}
        assert edited(value, drop("groups", 0, "lr"), drop("groups", 1, 0, "lr")) == {"groups": [{"x": 2}, ({},)]}

    def test_of_a_sequence_leaves_none_so_that_the_others_keep_their_places(self) -> None:
        value = {"list": [[1], [2], [3]], "tuple": ([4], [5])}
        assert edited(value, drop("list", 1), drop("tuple", 0)) == {"list": [[1], None, [3]], "tuple": (None, [5])}

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            (("b",), "b cannot be found"),
            (("list", 7), "cannot be found"),
            (("a", "deeper"), "cannot be found"),
            ((), "is no entry"),
        ],
    )
    def test_what_cannot_be_is_said(self, path: tuple[Any, ...], words: str) -> None:
        with pytest.raises(ConvertError, match=words):
            edited({"a": 1, "list": [1]}, drop(*path))


class TestRenaming:
    def test_keeps_place_and_value(self) -> None:
        kept = edited(collections.OrderedDict(a=1, b=2, c=3), Edit("rename", ("b",), "z"))
        assert list(kept.items()) == [("a", 1), ("z", 2), ("c", 3)]

    def test_in_a_circle(self) -> None:
        assert edited({"a": 1, "b": 2}, Edit("rename", ("a",), "b"), Edit("rename", ("b",), "a")) == {"b": 1, "a": 2}

    def test_beneath_what_is_renamed(self) -> None:
        kept = edited({"a": {"x": 1, "y": 2}}, Edit("rename", ("a",), "b"), drop("a", "x"))
        assert kept == {"b": {"y": 2}}


class TestReplacing:
    def test_by_something_else_of_the_file(self) -> None:
        value = {"model": {"w": 1}, "ema": {"module": {"w": 2, "n": 3}, "decay": 4}}
        kept = edited(
            value, Edit("replace", ("model",), other=("ema", "module")), drop("ema"), drop("ema", "module", "n")
        )
        assert kept == {"model": {"w": 2}}

    def test_what_lies_higher_than_the_place_it_takes(self) -> None:
        value = {"a": {"b": {"c": 1}}, "x": {"y": 2, "z": 3}}
        assert edited(value, Edit("replace", ("a", "b", "c"), other=("x",)), drop("x", "z"), drop("x"))["a"]["b"] == {
            "c": {"y": 2}
        }

    def test_the_whole_by_a_part(self) -> None:
        value = {"model": collections.OrderedDict(w=1, b=2), "epoch": 3}
        kept = edited(value, Edit("replace", (), other=("model",)), drop("model", "b"))
        assert kept == collections.OrderedDict(w=1)

    def test_one_by_one(self) -> None:
        value = {"model": {"w": [1], "b": [2]}, "ema": [[3], [4]]}
        edits = [Edit("replace", ("model", key), other=("ema", at)) for at, key in enumerate(("w", "b"))]
        assert edited(value, *edits, drop("ema")) == {"model": {"w": [3], "b": [4]}}


class TestWhatIsShared:
    def test_stays_where_no_change_was_asked_for(self) -> None:
        weights = {"w": [1], "b": [2]}
        kept = edited({"model": weights, "best": weights, "list": [weights]}, drop("best", "b"))
        assert kept["model"] is kept["list"][0]
        assert kept["model"] == {"w": [1], "b": [2]}
        assert kept["best"] == {"w": [1]}
        assert kept["best"]["w"] is kept["model"]["w"]

    def test_stays_one_where_all_ways_change_alike(self) -> None:
        weights = {"w": 1, "b": 2}
        kept = edited({"model": weights, "best": weights}, drop("model", "b"), drop("best", "b"))
        assert kept["model"] is kept["best"]
        assert kept["model"] == {"w": 1}

    def test_is_parted_where_they_change_differently(self) -> None:
        weights = {"w": 1, "b": 2}
        kept = edited({"model": weights, "best": weights}, drop("model", "b"), drop("best", "w"))
        assert (kept["model"], kept["best"]) == ({"w": 1}, {"b": 2})

    def test_higher_up(self) -> None:
        part = {"inner": {"w": 1, "b": 2}}
        kept = edited({"one": part, "two": [part]}, drop("one", "inner", "b"))
        assert kept == {"one": {"inner": {"w": 1}}, "two": [{"inner": {"w": 1, "b": 2}}]}

    def test_within_itself_is_one_thing(self) -> None:
        value: dict[str, Any] = {"optimizer": 1, "parts": {}}
        value["parts"]["whole"] = value
        kept = edited(value, drop("optimizer"))
        assert kept["parts"]["whole"] is kept
        assert "optimizer" not in kept

    def test_as_an_attribute(self) -> None:
        held = Items([1])
        held.owner = plain(name="x", held=held)  # type: ignore[attr-defined]
        kept = edited({"o": held.owner, "held": held}, drop("o", "name"))  # type: ignore[attr-defined]
        assert kept["held"].owner is kept["o"]
        assert not hasattr(kept["o"], "name")
