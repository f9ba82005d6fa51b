"""Pairs as a tree by their names, and which of its rows stand where."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.diff.arrange import MAX_SIBLINGS, Arrangement
from ckpt_gui.core.diff.grouping import ROOT, Grouping

PART = st.sampled_from(["layers", "0", "1", "10", "attn", "weight", "bias", "a b", "x\\/y", ""])
KEYS = st.lists(
    st.lists(st.tuples(PART, st.sampled_from([".", ".", "/"])), min_size=1, max_size=5).map(
        lambda parts: "".join(part + joint for part, joint in parts)[:-1]
    ),
    max_size=30,
)


def full_name(grouping: Grouping, row: int) -> str:
    """The labels from the top down, with what parts them."""
    name = grouping.labels[row]
    for above in grouping.above(row):
        name = grouping.labels[above] + grouping.joints[above - grouping.count] + name
    return name


@given(KEYS)
def test_the_labels_from_the_top_down_are_the_key(keys: list[str]) -> None:
    grouping = Grouping(keys)

    assert [full_name(grouping, place) for place in range(len(keys))] == keys


@given(KEYS)
def test_every_pair_stands_once_and_every_group_holds_several(keys: list[str]) -> None:
    grouping = Grouping(keys)

    assert sorted(grouping.pairs(ROOT)) == list(range(len(keys)))
    for row, children in grouping.children.items():
        assert all(grouping.parent[child] == row for child in children)
        assert row == ROOT or len(children) > 1


def test_groups_of_one_are_one_row_and_layers_stand_by_number() -> None:
    grouping = Grouping(["wte.weight", "h.10.w", "h.10.b", "h.2.w", "h.2.b", "optimizer/state/0/exp_avg"])

    assert [grouping.labels[row] for row in grouping.children[ROOT]] == [
        "wte.weight", "h", "optimizer/state/0/exp_avg",
    ]  # fmt: skip
    layers = grouping.children[grouping.children[ROOT][1]]
    assert [grouping.labels[row] for row in layers] == ["2", "10"]
    assert [grouping.name(row) for row in layers] == ["h.2", "h.10"]


def test_a_name_of_a_thousand_parts_stays_whole() -> None:
    key = "/".join(["a"] * 1000)

    assert Grouping([key, key + "b"]).labels == [key, key + "b"]


@given(KEYS, st.data())
def test_what_is_left_stands_in_order_both_ways(keys: list[str], data: st.DataObject) -> None:
    kept = bytes(data.draw(st.lists(st.integers(0, 1), min_size=len(keys), max_size=len(keys))))
    arrangement = Arrangement(Grouping(keys), kept=kept)

    order = list(arrangement.following(ROOT, 1))
    assert sorted(order) == [place for place in range(len(keys)) if kept[place]]
    assert list(arrangement.following(ROOT, -1)) == order[::-1]
    for number, place in enumerate(order):
        assert list(arrangement.following(place, 1)) == order[number + 1 :]
        assert list(arrangement.following(place, -1)) == order[:number][::-1]
        trail = arrangement.trail(place)
        assert trail[-1] == place
        assert arrangement.parent(trail[0]) == ROOT
    assert all(not arrangement.trail(place) for place in range(len(keys)) if not kept[place])


def test_sorting_puts_what_has_no_value_last_either_way() -> None:
    values = [3.0, None, 1.0, 2.0]
    for downwards, expected in ((False, [2, 3, 0, 1]), (True, [0, 3, 2, 1])):
        arrangement = Arrangement(Grouping(list("abcd")), value=values.__getitem__, downwards=downwards)
        assert list(arrangement.rows(ROOT)) == expected


def test_very_many_siblings_stand_by_the_thousand() -> None:
    count = MAX_SIBLINGS + 500
    arrangement = Arrangement(Grouping([f"t{number}" for number in range(count)]))

    runs = arrangement.rows(ROOT)
    assert [len(arrangement.rows(run)) for run in runs] == [1000, 1000, 500]
    assert arrangement.trail(2400) == [runs[2], 2400]
    assert arrangement.pairs(runs[1]) == list(range(1000, 2000))
    assert arrangement.run_label(runs[0]).startswith("t0 … t999")
    assert list(arrangement.following(ROOT, 1)) == list(range(count))
