"""Values become rows in the file's own order: aliases up to a ceiling, cycles never, keys in their own types."""

from __future__ import annotations

from typing import Any

import pytest

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.model import Checkpoint, Source
from ckpt_gui.core.nodes import flatten
from ckpt_gui.core.nodes.build import Found, build
from ckpt_gui.core.pickles.values import Global, Mapping, Object, Value
from tests.core.opened import Hurried
from tests.core.samples import Maker, checkpoint, mapping


def paths(found: Checkpoint) -> list[Any]:
    """Paths of all leaves, in the file's order."""
    leaves = [node for node in range(len(found.nodes)) if not found.nodes.count[node]]
    return [found.path_of(node) for node in sorted(leaves, key=found.nodes.order.__getitem__)]


def test_rows_stand_in_the_file_s_own_order_depth_first() -> None:
    found = checkpoint({"z": 1, "a": {"y": 2, "b": 3}, "m": 4})
    assert paths(found) == [("z",), ("a", "y"), ("a", "b"), ("m",)]


def test_keys_keep_their_types() -> None:
    found = checkpoint(mapping([(0, 1), ("0", 1), (None, 1), (True, 1), (1.5, 1)]))
    assert paths(found) == [(0,), ("0",), (None,), (True,), (1.5,)]


def test_other_keys_are_their_text() -> None:
    found = checkpoint(mapping([((1, "a"), 1), (b"x", 2), (Object(Global("m", "C"), (3,)), 3)]))
    assert paths(found) == [("(1, 'a')",), ("b'x'",), ("C(3,)",)]


def test_an_endless_key_is_told_by_its_bits() -> None:
    found = checkpoint(mapping([(1 << 20_000, 1)]))
    assert paths(found) == [("integer, 20,001 bits",)]


@pytest.mark.parametrize(
    ("pairs", "left"),
    [
        ([("k", 1), ("k", 2)], [("k",)]),
        ([(1, "a"), (True, "b"), (1.0, "c")], [(1.0,)]),
        ([(0, "a"), (False, "b"), ("0", "c")], [(False,), ("0",)]),
    ],
)
def test_a_later_equal_key_wins_as_in_python(pairs: list[tuple[Any, Any]], left: list[Any]) -> None:
    assert paths(checkpoint(mapping([("x", 0), *pairs])))[1:] == left


def test_a_key_written_twice_is_told() -> None:
    assert "written twice" in " ".join(checkpoint(mapping([(1, "a"), (True, "b")])).notes)


def test_objects_show_arguments_state_and_items() -> None:
    thing = Object(Global("m", "C"), (7,))
    thing.state = mapping({"lr": 0.1})
    thing.items = [("k", 1)]
    thing.elements = ["e"]
    assert paths(checkpoint({"it": thing})) == [("it", "args", 0), ("it", "lr"), ("it", "k"), ("it", 0)]


def test_a_shared_container_is_shown_in_both_places() -> None:
    shared = mapping({"x": 1})
    assert paths(checkpoint(mapping([("a", shared), ("b", shared)]))) == [("a", "x"), ("b", "x")]


class TestCycles:
    def loop(self) -> Checkpoint:
        inner: list[Any] = []
        inner.append(inner)
        return checkpoint(mapping([("loop", inner)]))

    def test_are_not_followed(self) -> None:
        assert paths(self.loop()) == [("loop", 0)]

    def test_are_marked(self) -> None:
        found = self.loop()
        assert [Kind(kind) for kind in found.nodes.kind] == [Kind.MAPPING, Kind.SEQUENCE, Kind.ALIAS]

    def test_are_told(self) -> None:
        assert "contains itself" in " ".join(self.loop().notes)


def laughing(levels: int) -> Any:
    """Ten times ten times … of one list."""
    value: Any = ["lol"]
    for _ in range(levels):
        value = [value] * 10
    return mapping([("laughs", value)])


class TestAliases:
    def built(self) -> Checkpoint:
        return build("x", Found("pickle", laughing(12), [Source("x", 1, 0, 0)]), Hurried())

    def test_end_at_the_ceiling(self) -> None:
        assert len(self.built().nodes) < flatten.MIN_ALIASED_ROWS + 20_000

    def test_are_told_beyond_it(self) -> None:
        assert "several places" in " ".join(self.built().notes)

    def test_below_it_nothing_is_told(self) -> None:
        assert checkpoint(laughing(3)).notes == ()

    def test_are_never_more_than_the_maximum_however_patient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(flatten, "MAX_ALIASED_ROWS", 20_000)  # a million take too long for a test
        assert 20_000 <= len(checkpoint(laughing(7)).nodes) <= 21_000

    def test_have_a_maximum_as_the_contract_says(self) -> None:
        assert flatten.MAX_ALIASED_ROWS == 1_000_000


def test_depth_ends_and_is_told() -> None:
    value: Any = []
    for _ in range(3000):
        value = [value]
    found = checkpoint(mapping([("deep", value)]))
    assert (len(found.nodes) < 600, "deeper" in " ".join(found.notes)) == (True, True)


@pytest.mark.parametrize(
    ("value", "type_name", "text"),
    [
        (5, "int", "5"), (0.1, "float", "0.1"), (True, "bool", "True"), (None, "NoneType", "None"),
        ("words", "str", "words"), (b"\x00", "bytes", "b'\\x00'"), ((), "tuple", "()"), ([], "list", "empty"),
        (Value("torch.Size", "[2]"), "torch.Size", "[2]"), (Global("torch", "float32"), "torch.dtype", "float32"),
        (Global("m", "f"), "class or function", "m.f"), (Mapping(), "dict", "empty"),
        (1 << 20_000, "int", "integer, 20,001 bits"), (float("nan"), "float", "nan"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_leaf_in_words(value: Any, type_name: str, text: str) -> None:
    node = checkpoint(mapping([("it", value)])).node(1)
    assert (node.type_name, node.text) == (type_name, text)


def test_a_long_text_is_cut_in_its_row_and_kept_beside_it() -> None:
    found = checkpoint({"config": "x" * 5000})
    assert (len(found.node(1).text), len(found.long_texts[1])) == (1000, 5000)


def test_a_root_tensor_has_the_empty_path() -> None:
    found = checkpoint(Maker().tensor(2))
    assert (found.path_of(found.tensors.node[0]), found.node(0).key_type) == ((), KeyType.NONE)
