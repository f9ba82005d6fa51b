"""What rows come to, what their cells say, and what the filter line leaves: on the two checkpoints of the demo."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ckpt_gui.core.diff.columns import COLUMNS, bar, column, cosine, number, percent
from ckpt_gui.core.diff.compare import compare, structure
from ckpt_gui.core.diff.facts import Facts
from ckpt_gui.core.diff.grouping import ROOT, Grouping
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.diff.parts import part
from ckpt_gui.core.diff.peak import peak
from ckpt_gui.core.diff.rollup import summary, together
from ckpt_gui.core.diff.search import PairIndex, find, read
from ckpt_gui.core.diff.values import lines
from ckpt_gui.core.diff.whole import whole
from ckpt_gui.core.diff.words import heading
from ckpt_gui.core.pairing import Pairing, ValueChange, pair
from ckpt_gui.core.reader import read as read_file
from ckpt_gui.core.tensors import Reading
from ckpt_gui.resources_path import resource


@pytest.fixture(scope="module")
def paired() -> Pairing:
    return pair(*(read_file(resource(f"demo/epoch_{epoch:03}.ckpt")) for epoch in (3, 4)))


@pytest.fixture(scope="module")
def compared(paired: Pairing) -> list[Row]:
    rows = list(structure(paired))
    with Reading(paired.left.checkpoint) as left, Reading(paired.right.checkpoint) as right:
        for place, row in compare(paired, left, right):
            rows[place] = row
    return rows


@pytest.fixture
def facts(paired: Pairing, compared: list[Row]) -> Facts:
    return facts_of(paired, list(compared))


def facts_of(paired: Pairing, rows: list[Row]) -> Facts:
    return Facts(paired.left.checkpoint, paired.right.checkpoint, rows, Grouping([row.key for row in rows]))


def row_of(facts: Facts, name: str) -> int:
    """The pair, or the group, of that name."""
    keys = [row.key for row in facts.rows]
    return keys.index(name) if name in keys else facts.grouping.count + facts.grouping.names.index(name)


def test_a_group_comes_to_what_its_pairs_come_to(facts: Facts) -> None:
    for group in (ROOT, *range(facts.grouping.count, len(facts.grouping))):
        if group not in facts.grouping.children:
            continue  # a group of one, which is that one
        rows = [facts.rows[place] for place in facts.grouping.pairs(group)]
        found, expected = facts.sum(group), together([row.measures for row in rows if row.measures is not None])
        assert {change: found.of(change) for change in summary(rows)} == summary(rows)
        assert found.pairs == len(rows)
        assert found.measures is not None
        assert expected is not None
        assert found.measures.changed == expected.changed
        assert found.measures.rel_l2 == pytest.approx(expected.rel_l2)
        assert found.measures.mean_abs == pytest.approx(expected.mean_abs)


def test_a_row_that_changed_is_forgotten_with_all_above_it(paired: Pairing, compared: list[Row]) -> None:
    rows = list(structure(paired))
    facts = facts_of(paired, rows)
    assert facts.sum(ROOT).of("") == len(rows)

    place = next(place for place, row in enumerate(compared) if row.key == "blocks.2.mlp.down.weight")
    rows[place] = compared[place]
    facts.forget([place])

    assert facts.sum(ROOT).of("changed") == 1
    assert facts.change(row_of(facts, "blocks.2")) == "changed"
    assert facts.measures(row_of(facts, "blocks.2")) is not None


def test_cells_of_a_pair_and_of_a_group(facts: Facts) -> None:
    pair_cells = {one.key: one.text(facts, row_of(facts, "blocks.2.mlp.down.weight")) for one in COLUMNS}
    assert pair_cells["change"] == "● changed"
    assert pair_cells["left"] == pair_cells["right"] == "32 × 96  float32"
    assert float(pair_cells["rel"]) == pytest.approx(28, rel=0.1)
    assert pair_cells["changed"] == "100"

    group = row_of(facts, "blocks")
    assert column("change").text(facts, group) == "● 24 changed"
    assert column("left").text(facts, group) == "39 tensors"
    assert heading(facts, group)[:2] == ("", "blocks")
    assert heading(facts, row_of(facts, "blocks.1.norm1.bias"))[:2] == ("blocks.1.norm1.", "bias")


@pytest.mark.parametrize(
    ("write", "value", "words"),
    [
        (number, None, ""), (number, 0.0, "0"), (number, 1234.5, "1.23e+03"), (number, 0.04166, "0.0417"),
        (cosine, 1.0, "1"), (cosine, -1.0, "−1"), (cosine, 0.99999991, ">0.999999"), (cosine, 0.25742, "0.2574"),
        (cosine, 0.99987, "0.99987"), (percent, 0.0, "0"), (percent, 1.0, "100"), (percent, 0.9999, "> 99.9"),
        (percent, 1e-6, "< 0.01"), (percent, 0.548, "54.8"),
    ],
)  # fmt: skip
def test_figures_never_claim_more_than_they_are(write: object, value: float | None, words: str) -> None:
    assert callable(write)
    assert write(value) == words


def test_the_bar_grows_with_the_figure_and_is_nothing_for_nothing() -> None:
    lengths = [bar(10.0**power) for power in range(-8, 3)]

    assert bar(0.0) == bar(None) == 0
    assert lengths == sorted(lengths)
    assert 0 < lengths[0] < lengths[5] < lengths[-1] == 1


@pytest.mark.parametrize(
    ("typed", "holds"),
    [
        ("mlp.down", lambda row: "mlp.down" in row.key),
        ("change:same", lambda row: row.change == "same"),
        ("!change:same", lambda row: row.change != "same"),
        ("change:same,shape", lambda row: row.change in ("same", "shape")),
        ("rel:>1e-1", lambda row: row.measures is not None and (row.measures.rel_l2 or 0) > 0.1),
        ("cos:<0.5 blocks", lambda row: "blocks" in row.key and row.measures is not None
            and row.measures.cosine is not None and row.measures.cosine < 0.5),
        ("changed:100", lambda row: row.measures is not None and row.measures.share == 1),
        ("flips:>=1", lambda row: row.measures is not None and row.measures.sign_flips >= 1),
        ("name:glob:*.bias", lambda row: row.key.endswith(".bias")),
        (r"name:re:^blocks\.2\.", lambda row: row.key.startswith("blocks.2.")),
        ("name:glob:exp_avg", lambda row: row.key.endswith("/exp_avg")),
    ],
)  # fmt: skip
def test_the_filter_line_leaves_what_it_says(facts: Facts, typed: str, holds: object) -> None:
    assert callable(holds)
    found = find(read(typed), PairIndex(facts.left, facts.right, facts.rows))

    expected = [row.key for row in facts.rows if holds(row)]
    assert expected
    assert not found.errors
    assert [row.key for row, kept in zip(facts.rows, found.kept, strict=True) if kept] == expected


def test_shapes_and_types_of_either_side_are_found(facts: Facts) -> None:
    index = PairIndex(facts.left, facts.right, facts.rows)

    found = find(read("shape:(32,96) dtype:f32 params:>3k rank:2 dim:96"), index)
    kept = {row.key for row, kept in zip(facts.rows, found.kept, strict=True) if kept}
    assert "blocks.0.mlp.down.weight" in kept
    assert all(key.endswith(("mlp.down.weight", "exp_avg", "exp_avg_sq")) for key in kept)


def test_what_was_not_compared_yet_is_found_as_waiting(paired: Pairing) -> None:
    rows = structure(paired)
    index = PairIndex(paired.left.checkpoint, paired.right.checkpoint, rows)

    assert find(read("change:waiting"), index).kept.count(1) == len(rows)
    assert find(read("rel:>0"), index).kept.count(1) == 0


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("change:odd", "is not a change"), ("rel:many", "is not a number"), ("role:ema", "is not a field"),
     ("name:re:(a", "not a regular expression"), ("cos:", "nothing follows")],
)  # fmt: skip
def test_a_bad_term_is_told_and_the_others_work(facts: Facts, typed: str, reason: str) -> None:
    found = find(read(f"blocks {typed}"), PairIndex(facts.left, facts.right, facts.rows))

    assert len(found.errors) == 1
    assert reason in found.errors[0].reason
    assert found.errors[0].start == len("blocks ")
    assert found.kept.count(1) == 39


def test_the_layer_that_blew_up_stands_out(paired: Pairing, compared: list[Row]) -> None:
    found = peak(paired, compared)

    assert found is not None
    assert found.name == "blocks.2"
    assert compared[found.place].key.startswith("blocks.2.mlp.down.")


def test_nothing_stands_out_where_nothing_changed(paired: Pairing, compared: list[Row]) -> None:
    still = [replace(row, change="same", measures=None) for row in compared]

    assert peak(paired, still) is None


def test_the_whole_names_weights_not_the_optimizer(paired: Pairing, compared: list[Row]) -> None:
    found = whole(paired, compared)

    assert {compared[place].key for place in found.moved[:2]} == {"blocks.2.mlp.down.weight", "blocks.2.mlp.down.bias"}
    assert not any("exp_avg" in compared[place].key for place in found.moved)
    assert found.counts["same"] == 19
    assert found.waiting == 0
    assert "blocks.0" in found.story
    assert whole(paired, structure(paired)).story == ""


def test_a_part_of_both_is_named_by_paths_that_lead_there(paired: Pairing, facts: Facts) -> None:
    assert part(paired, facts, row_of(facts, "blocks.2.mlp")) == (
        ("model_state_dict", "blocks.2.mlp"), ("model_state_dict", "blocks.2.mlp"),
    )  # fmt: skip
    state = part(paired, facts, row_of(facts, "optimizer_state_dict/state"))
    assert state == (("optimizer_state_dict", "state"),) * 2
    for row in (row_of(facts, "blocks.2.mlp"), row_of(facts, "optimizer_state_dict/state")):
        found = part(paired, facts, row)
        assert found is not None
        again = pair(paired.left.opened, paired.right.opened, left_path=found[0], right_path=found[1])
        assert len(again.pairs) == facts.sum(row).pairs


def test_what_one_side_lacks_is_no_part(paired: Pairing, compared: list[Row]) -> None:
    rows = [replace(row, right=-1, change="removed") for row in compared]

    assert part(paired, facts_of(paired, rows), 0) is None


def test_long_runs_of_values_are_cut_short() -> None:
    values = [ValueChange(("epoch",), "3", "4", 1, 1)]
    values += [ValueChange(("rng", "state", number), "1", "2", 1, 1) for number in range(600)]

    told = lines(values)
    assert [line.path for line in told] == ["epoch", "rng/state/0", "rng/state/1", "rng/state/2", "rng/state"]
    assert told[-1].more == 597
