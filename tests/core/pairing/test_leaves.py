"""Values that are no tensors: added, removed, changed; with their types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.pairing import changed_values, pair
from tests.core.pairing.sides import opened
from tests.core.roles import trees

Change = tuple[str, str | None, str | None]


def changes(left: Any, right: Any, **asked: Any) -> list[Change]:
    """Path text, left and right text."""
    found = changed_values(pair(opened(left), opened(right), **asked))
    return [("/".join(map(str, one.path)), one.left, one.right) for one in found]


def file(**values: Any) -> dict[str, Any]:
    return {"state_dict": trees.state_dict(), **values}


def test_added_removed_and_changed() -> None:
    left = file(epoch=3, loss=0.5, lr=[0.1, 0.2], gone="x", config={"width": 8, "deep": {"bias": True}})
    right = file(epoch=4, loss=0.5, lr=[0.1, 0.3, 0.4], config={"width": 8, "deep": {"bias": False}}, new=None)
    assert changes(left, right) == [
        ("epoch", "3", "4"),
        ("lr/1", "0.2", "0.3"),
        ("gone", "x", None),
        ("config/deep/bias", "True", "False"),
        ("lr/2", None, "0.4"),
        ("new", None, "None"),
    ]


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        (1, 1.0, ("1 (int)", "1.0 (float)")),
        (1, True, ("1 (int)", "True (bool)")),
        ("1", 1, ("1 (str)", "1 (int)")),
        (None, "None", ("None (NoneType)", "None (str)")),
        (0.0, -0.0, ("0.0", "-0.0")),
        (0.1, 0.1 + 1e-18, None),
        (0.1, 0.1 + 1e-17, ("0.1", "0.10000000000000002")),
        (float("nan"), float("nan"), None),
        (float("inf"), float("-inf"), ("inf", "-inf")),
        ({}, [], ("empty dict", "empty list")),
        ({}, 3, ("empty dict", "3")),
    ],
)
def test_types_count_and_floats_are_what_they_are_written_as(
    left: Any, right: Any, told: tuple[str, str] | None
) -> None:
    assert changes(file(v=left), file(v=right)) == ([("v", *told)] if told else [])


def test_long_texts_are_compared_whole_and_shown_cut() -> None:
    long = "a" * 5000
    ((_path, left, right),) = changes(file(v=long), file(v=long + "b"))
    assert left is not None
    assert right is not None
    assert left.endswith("(5,000 characters; from 5,000 on: )")
    assert right.endswith("(5,001 characters; from 5,000 on: b)")
    assert len(right) < 1000
    assert changes(file(v=long), file(v=long)) == []


def test_objects_are_compared_by_class_and_state() -> None:
    one, two = trees.module("net.Config", width=8, rate=0.1), trees.module("net.Config", width=9, rate=0.1)
    other = trees.module("other.Config", width=8, rate=0.1)
    assert changes(file(c=one), file(c=two)) == [("c/width", "8", "9")]
    assert changes(file(c=one), file(c=other)) == [("c", "net.Config", "other.Config")]
    assert changes(file(c=one), file()) == [("c/width", "8", None), ("c/rate", "0.1", None)]


def test_param_groups() -> None:
    left, right = trees.adam(), trees.adam()
    right["param_groups"][0]["lr"] = 0.01
    assert changes(file(optimizer=left), file(optimizer=right)) == [("optimizer/param_groups/0/lr", "0.001", "0.01")]


def test_unwrapped_weights_leave_the_rest_out() -> None:
    assert changes(file(epoch=3), trees.state_dict()) == []


def test_a_part_that_was_asked_for_is_all_that_counts() -> None:
    left, right = file(a={"x": 1}, epoch=1), file(b={"x": 2}, epoch=2)
    assert changes(left, right, left_path=("a",), right_path=("b",)) == [("x", "1", "2")]


def test_a_number_and_its_text_as_a_key_are_one_where_nothing_else_claims_it() -> None:
    assert changes(file(v={0: "a", 1: "b"}), file(v={"0": "a", "1": "c"})) == [("v/1", "b", "c")]
    assert changes(file(v={0: "a", "0": "b"}), file(v={0: "a"})) == [("v/0", "b", None)]


def test_what_a_safetensors_file_says_of_its_framework_is_no_difference_to_another_format() -> None:
    tensors = trees.state_dict()

    def against(other: dict[str, Any], form: str) -> list[Any]:
        left = opened({**tensors, "__metadata__": {"format": "pt", "epoch": "3"}}, form="safetensors")
        return [one.path for one in changed_values(pair(left, opened(other, form=form)))]

    assert against(tensors, "torch-zip") == [("__metadata__", "epoch")]
    assert against(tensors, "safetensors") == [("__metadata__", "format"), ("__metadata__", "epoch")]


leaves = st.recursive(
    st.one_of(st.integers(-3, 3), st.booleans(), st.none(), st.floats(), st.text(max_size=3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab01", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(leaves, leaves)
def test_equal_values_never_differ_and_a_swap_swaps(left: Any, right: Any) -> None:
    assert changes(file(v=left), file(v=left)) == []
    there = changes(file(v=left), file(v=right))
    back = changes(file(v=right), file(v=left))
    assert {(path, b, a) for path, a, b in there} == set(back)
