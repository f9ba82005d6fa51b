"""Dotted names fold into groups, and every tensor keeps its path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pickles.values import Tensor
from tests.core.nodes.drawn import drawn
from tests.core.samples import Maker, checkpoint, mapping


def of_names(*names: str) -> Checkpoint:
    """A state_dict with these keys."""
    maker = Maker()
    return checkpoint(mapping([(name, maker.tensor(2)) for name in names]))


def test_names_with_one_prefix_make_a_group() -> None:
    assert drawn(of_names("fc.weight", "fc.bias")) == ["fc:", "  weight", "  bias"]


def test_groups_lie_within_groups() -> None:
    found = of_names("net.a.w", "net.a.b", "net.c.w", "net.c.b")
    assert drawn(found) == ["net:", "  a:", "    w", "    b", "  c:", "    w", "    b"]


def test_a_group_of_one_becomes_that_one() -> None:
    assert drawn(of_names("wte.weight", "wpe.weight")) == ["wte.weight", "wpe.weight"]


def test_a_chain_of_groups_of_one_becomes_one_line() -> None:
    assert drawn(of_names("a.b.c.d.w", "x")) == ["a.b.c.d.w", "x"]


def test_a_group_of_one_group_is_named_with_it() -> None:
    assert drawn(of_names("a.b.w", "a.b.v")) == ["a.b:", "  w", "  v"]


def test_layers_stand_in_the_order_of_their_numbers() -> None:
    names = [f"layers.{number}.{part}" for number in (10, 2, 0, 11, 1) for part in "wb"]
    labels = [line.strip(" :") for line in drawn(of_names(*names)) if line.endswith(":")]
    assert labels == ["layers", "0", "1", "2", "10", "11"]


def test_other_names_stay_in_the_order_of_the_file() -> None:
    assert drawn(of_names("z.w", "z.b", "a.w", "a.b", "m")) == ["z:", "  w", "  b", "a:", "  w", "  b", "m"]


def test_a_group_stands_where_its_first_member_stood() -> None:
    assert drawn(of_names("x", "a.w", "y", "a.b")) == ["x", "a:", "  w", "  b", "y"]


def test_a_name_may_be_a_tensor_and_a_prefix() -> None:
    assert drawn(of_names("a", "a.w", "a.b")) == ["a", "a:", "  w", "  b"]


@pytest.mark.parametrize(
    "name", ["no dots", "a..b", ".a", "a.", "file name.pt", "Class(a=1.5)", "x['a.b']", ".".join("a" * 70), "a." * 600]
)
def test_what_is_no_dotted_name_stays_whole(name: str) -> None:
    assert drawn(of_names(name, "w")) == [name, "w"]


def test_values_under_dotted_names_do_not_fold() -> None:
    assert drawn(checkpoint({"args.lr": 1, "args.eps": 2})) == ["args.lr", "args.eps"]


def test_mappings_under_dotted_names_do() -> None:
    found = checkpoint({"callbacks.a": {"x": 1}, "callbacks.b": {"y": 2}})
    assert drawn(found) == ["callbacks:", "  a:", "    x", "  b:", "    y"]


def test_groups_stand_in_no_path() -> None:
    found = of_names("net.a.w", "net.a.b")
    assert [found.path_of(found.tensors.node[row]) for row in range(2)] == [("net.a.w",), ("net.a.b",)]


names = st.lists(
    st.lists(st.sampled_from(["a", "b", "0", "1", "10", "weight"]), min_size=1, max_size=4).map(".".join),
    min_size=1, max_size=12, unique=True,
)  # fmt: skip


class TestAnyNames:
    @settings(max_examples=80, deadline=None)
    @given(names)
    def test_every_path_is_found_again(self, wanted: list[str]) -> None:
        found = of_names(*wanted)
        assert [found.find((name,)) for name in wanted] == list(found.tensors.node[: found.rows])

    @settings(max_examples=80, deadline=None)
    @given(names)
    def test_labels_from_the_root_down_join_to_the_name(self, wanted: list[str]) -> None:
        found = of_names(*wanted)
        assert [joined(found, found.tensors.node[row]) for row in range(found.rows)] == wanted

    @settings(max_examples=80, deadline=None)
    @given(names)
    def test_no_group_has_a_single_member(self, wanted: list[str]) -> None:
        nodes = of_names(*wanted).nodes
        counts = [nodes.count[node] for node in range(len(nodes)) if nodes.kind[node] == Kind.GROUP]
        assert min(counts, default=2) >= 2

    @settings(max_examples=80, deadline=None)
    @given(names)
    def test_children_are_ranges_and_parents_come_first(self, wanted: list[str]) -> None:
        found = of_names(*wanted)
        parents = {child: node for node in range(len(found.nodes)) for child in found.children(node)}
        assert parents == {node: found.nodes.parent[node] for node in range(1, len(found.nodes))}

    @settings(max_examples=80, deadline=None)
    @given(names)
    def test_the_order_column_is_that_of_the_file(self, wanted: list[str]) -> None:
        found = of_names(*wanted)
        ranks = [found.nodes.order[found.tensors.node[row]] for row in range(found.rows)]
        assert ranks == sorted(ranks)


def joined(found: Checkpoint, node: int) -> str:
    labels: list[Any] = [found.node(node).label]
    labels += [found.node(above).label for above in found.ancestors(node) if above]
    return ".".join(reversed(labels))


def test_a_list_of_tensors_has_numbers() -> None:
    maker = Maker()
    tensors: list[Tensor] = [maker.tensor(1) for _ in range(12)]
    found = checkpoint(mapping([("list", tensors)]))
    assert [found.path_of(found.tensors.node[row]) for row in range(12)] == [("list", row) for row in range(12)]
