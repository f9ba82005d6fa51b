"""Sums over the tree count what is shared once: against sets of elements, element by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pickles.values import Tensor
from tests.core.samples import Maker, checkpoint, mapping

STORAGES, ELEMENTS = 3, 12
quick = settings(max_examples=80, deadline=None)


@dataclass(frozen=True)
class View:
    """A contiguous view: which storage, from which element, how many."""

    storage: int
    offset: int
    numel: int


views = st.integers(0, ELEMENTS - 1).flatmap(
    lambda offset: st.builds(View, st.integers(0, STORAGES - 1), st.just(offset), st.integers(1, ELEMENTS - offset))
)
keys = st.sampled_from(["a", "b", "c", "net.a", "net.b", "net.c.d"])
trees = st.recursive(views, lambda inner: st.dictionaries(keys, inner, max_size=4), max_leaves=12)


def made(tree: Any) -> Checkpoint:
    """A checkpoint of that tree, its views on three storages."""
    maker = Maker()
    storages = [maker.storage(ELEMENTS) for _ in range(STORAGES)]

    def value(part: Any) -> Any:
        if isinstance(part, View):
            return maker.view(storages[part.storage], part.offset, part.numel)
        return mapping([(key, value(item)) for key, item in part.items()])

    return checkpoint(value({"root": tree}))


def elements(found: Checkpoint, row: int) -> set[tuple[str, int]]:
    """The elements that a row covers, one by one."""
    tensor = found.tensor(row)
    assert tensor.offset is not None
    key = found.storage(tensor.storage).key
    return {(key, tensor.offset + place) for place in range(tensor.numel)}


def beneath(found: Checkpoint, node: int) -> list[int]:
    """Rows at and beneath a node."""
    at = found.tensors.node
    return [row for row in range(found.rows) if node in (at[row], *found.ancestors(at[row]))]


@quick
@given(trees)
def test_parameters_are_the_distinct_elements(tree: Any) -> None:
    found = made(tree)
    wanted = [
        len(set().union(*(elements(found, row) for row in beneath(found, node)))) for node in range(len(found.nodes))
    ]
    assert found.nodes.params.tolist() == wanted


@quick
@given(trees)
def test_bytes_are_those_of_the_distinct_elements(tree: Any) -> None:
    found = made(tree)
    assert [4 * params for params in found.nodes.params] == found.nodes.nbytes.tolist()


@quick
@given(trees)
def test_stored_bytes_count_each_storage_once(tree: Any) -> None:
    found = made(tree)
    wanted = [
        4 * ELEMENTS * len({found.tensor(row).storage for row in beneath(found, node)})
        for node in range(len(found.nodes))
    ]
    assert found.nodes.stored.tolist() == wanted


@quick
@given(trees)
def test_every_row_is_counted(tree: Any) -> None:
    found = made(tree)
    assert found.nodes.tensors.tolist() == [len(beneath(found, node)) for node in range(len(found.nodes))]


strided = st.builds(
    lambda offset, size, step: (offset, size, step), st.integers(0, 8), st.integers(1, 6), st.integers(0, 5)
)


@quick
@given(st.lists(strided, min_size=1, max_size=6))
def test_views_with_gaps_are_estimated_within_reason(parts: list[tuple[int, int, int]]) -> None:
    maker = Maker()
    storage = maker.storage(60)
    tensors = [Tensor(storage, offset, (size,), (step,), "float32") for offset, size, step in parts]
    found = checkpoint(mapping([(f"t{number}", tensor) for number, tensor in enumerate(tensors)]))
    own = [size if step else 1 for _, size, step in parts]
    assert max(own) <= found.nodes.params[0] <= sum(own)


def test_an_expanded_tensor_counts_what_is_stored() -> None:
    storage = Maker().storage(3)
    found = checkpoint({"wide": Tensor(storage, 0, (1000, 3), (0, 1), "float32")})
    assert (found.nodes.params[0], found.tensor(0).numel) == (3, 3000)


def test_tied_tensors_count_once() -> None:
    maker = Maker()
    weight = maker.tensor(50, 8)
    assert weight.storage is not None
    tied = {"wte.weight": weight, "lm_head.weight": maker.view(weight.storage, 0, 50, 8)}
    found = checkpoint(tied, nbytes=2000)
    assert (found.nodes.params[0], found.nodes.stored[0], found.nodes.tensors[0]) == (400, 1600, 2)


def test_bad_tensors_are_counted_up_to_the_root() -> None:
    maker = Maker()
    found = checkpoint({"a": {"bad": maker.view(maker.storage(4), 2, 8), "good": maker.tensor(1)}})
    assert (found.nodes.troubled[0], found.nodes.troubled[1]) == (1, 1)


def test_many_views_of_one_storage_take_no_square_of_time() -> None:
    maker = Maker()
    storage = maker.storage(300_000)
    found = checkpoint({f"layer{number}.w": maker.view(storage, 3 * number, 3) for number in range(100_000)})
    assert found.nodes.params[0] == 300_000


class TestAlike:
    """Layers of one structure carry one number, so that they can fold into a family."""

    def groups(self, **shapes: tuple[int, ...]) -> dict[str, int]:
        maker = Maker()
        items = [(f"{name}.{part}", maker.tensor(*shape)) for name, shape in shapes.items() for part in ("w", "b")]
        found = checkpoint(mapping(items))
        numbers = range(len(found.nodes))
        return {
            found.node(node).label: found.nodes.alike[node] for node in numbers if found.nodes.kind[node] == Kind.GROUP
        }

    def test_equal_layers(self) -> None:
        alike = self.groups(one=(2, 3), two=(2, 3))
        assert alike["one"] == alike["two"]

    def test_other_shapes(self) -> None:
        alike = self.groups(one=(2, 3), two=(3, 2))
        assert alike["one"] != alike["two"]
