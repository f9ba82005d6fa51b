"""Where rows stand: filters, orders, families, long lists, the flat list."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline import COLUMNS, ROOT, Facts, Outline
from ckpt_gui.core.search import build_index, find, parse
from tests.core.samples import Maker, checkpoint, gpt, mapping

SAMPLE = gpt()
FACTS = Facts(SAMPLE, bytes(len(SAMPLE.nodes)), ("weights",))
INDEX = build_index(SAMPLE)


def node(sample: Checkpoint, *path: object) -> int:
    found = sample.find(path)  # type: ignore[arg-type]
    assert found is not None
    return found


def labels(outline: Outline, parent: int = ROOT) -> list[str]:
    return [outline.text(row, 0) for row in outline.rows(parent)]


def stack(outline: Outline) -> int:
    """The row of the group of layers."""
    weight = node(SAMPLE, "state_dict", "transformer.h.0.attn.c_attn.weight")
    return outline.trail(weight)[2]


def all_rows(outline: Outline) -> list[int]:
    found: list[int] = []
    pending = [ROOT]
    while pending:
        rows = outline.rows(pending.pop())
        found += rows
        pending += [row for row in rows if outline.opens(row)]
    return found


ARRANGEMENTS = st.builds(
    lambda words, sort, down, fold, flat: Outline(
        FACTS,
        kept=find(parse(words), INDEX).kept if words else None,
        sort=(sort, down) if sort else None,
        fold=fold,
        flat=flat,
    ),
    st.sampled_from(["", "attn", "dtype:f32", "!weight", "nothing at all"]),
    st.sampled_from(["", *(column.key for column in COLUMNS)]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@settings(deadline=None, max_examples=40)
@given(ARRANGEMENTS)
def test_every_row_stands_at_its_place_under_its_parent(outline: Outline) -> None:
    rows = all_rows(outline)

    assert len(set(rows)) == len(rows)
    for row in rows:
        assert outline.rows(outline.parent(row))[outline.place(row)] == row
        assert all(isinstance(outline.text(row, place), str) for place in range(len(COLUMNS)))
        assert outline.tip(row)


@settings(deadline=None, max_examples=40)
@given(ARRANGEMENTS)
def test_every_node_that_is_kept_has_a_trail_and_no_other(outline: Outline) -> None:
    rows = set(all_rows(outline))

    for one in range(len(SAMPLE.nodes)):
        trail = outline.trail(one)
        assert bool(trail) == (one in rows)
        assert all(outline.parent(low) == high for high, low in pairwise(trail))


def test_the_topmost_rows_are_the_roots_children() -> None:
    assert labels(Outline(FACTS))[:3] == ["epoch", "version", "state_dict"]


def test_a_file_that_is_one_tensor_has_one_row() -> None:
    outline = Outline(Facts(checkpoint(Maker().tensor(3))))

    assert labels(outline) == ["(the file)"]
    assert (outline.parent(0), outline.place(0), outline.trail(0)) == (ROOT, 0, [0])


def test_alike_layers_fold_after_the_first_three() -> None:
    outline = Outline(FACTS)

    assert labels(outline, stack(outline)) == ["0", "1", "2", "3 … 11   (9 alike)"]
    assert labels(outline, outline.rows(stack(outline))[3]) == [str(number) for number in range(3, 12)]


def test_the_family_row_speaks_for_all_its_layers() -> None:
    outline = Outline(FACTS)
    family, one = (outline.rows(stack(outline))[place] for place in (3, 0))

    shown = {column.key: outline.text(family, place) for place, column in enumerate(COLUMNS)}
    assert shown["shape"] == "54 tensors"
    assert shown["dtype"] == "float32"
    assert shown["device"] == "cuda:0"
    assert shown["params"] == str(9 * SAMPLE.nodes.params[one])


def test_folding_can_be_turned_off_and_a_filter_folds_nothing() -> None:
    unfolded = Outline(FACTS, fold=False)
    filtered = Outline(FACTS, kept=find(parse("attn"), INDEX).kept)

    assert len(unfolded.rows(stack(unfolded))) == 12
    assert len(filtered.rows(stack(filtered))) == 12


def test_layers_of_other_shapes_are_not_alike() -> None:
    maker = Maker()
    named = [(f"h.{n}.{part}", maker.tensor(3 if n == 5 else 2)) for n in range(12) for part in ("a", "b")]
    outline = Outline(Facts(checkpoint(mapping(list(named)))))

    assert labels(outline, outline.rows(ROOT)[0]) == [str(number) for number in range(12)]


def test_a_filter_leaves_matches_and_their_ancestors() -> None:
    outline = Outline(FACTS, kept=find(parse("lm_head"), INDEX).kept)

    assert [outline.text(row, 0) for row in all_rows(outline)] == [
        "state_dict",
        "lm_head.weight   ⟷ transformer.wte.weight",
    ]


@pytest.mark.parametrize(
    ("key", "down", "expected"),
    [
        ("key", False, ["a2", "a10", "B1", "text"]),
        ("key", True, ["text", "B1", "a10", "a2"]),
        ("params", False, ["a2", "B1", "a10", "text"]),
        ("params", True, ["a10", "B1", "a2", "text"]),
        ("shape", False, ["a2", "B1", "a10", "text"]),
        ("dtype", False, ["B1", "a10", "a2", "text"]),
        ("role", False, ["a10", "text", "B1", "a2"]),
    ],
)
def test_siblings_sort_by_any_column_with_nothing_to_sort_last(key: str, down: bool, expected: list[str]) -> None:
    maker = Maker()
    sample = checkpoint(
        {"a10": maker.tensor(9), "text": "x", "B1": maker.tensor(4, dtype="bfloat16"), "a2": maker.tensor(2)}
    )

    assert labels(Outline(Facts(sample), sort=(key, down))) == expected


def test_statistics_sort_and_show_where_they_are_known() -> None:
    maker = Maker()
    facts = Facts(checkpoint({"a": maker.tensor(1), "b": maker.tensor(1), "c": maker.tensor(1)}))
    facts.statistics = {"std": {0: 0.5, 2: 0.25}}
    outline = Outline(facts, sort=("std", False))
    place = [column.key for column in COLUMNS].index("std")

    assert labels(outline) == ["c", "a", "b"]
    assert [outline.text(row, place) for row in outline.rows(ROOT)] == ["0.25", "0.5", "—"]


def test_the_flat_list_is_every_tensor_in_the_files_order() -> None:
    outline = Outline(FACTS, flat=True)

    assert list(outline.rows(ROOT)) == list(SAMPLE.tensors.node[: SAMPLE.rows])
    assert outline.label(outline.rows(ROOT)[0]) == "state_dict/transformer.wte.weight"
    assert not any(map(outline.opens, outline.rows(ROOT)))


def test_the_flat_list_sorts_naturally_by_path() -> None:
    outline = Outline(FACTS, flat=True, sort=("key", False))
    layers = [outline.label(row) for row in outline.rows(ROOT) if "c_attn.bias" in outline.label(row)]

    assert layers == [f"state_dict/transformer.h.{number}.attn.c_attn.bias" for number in range(12)]


def test_very_long_lists_are_shown_by_the_thousand() -> None:
    sample = checkpoint({"losses": list(range(10_500))})
    outline = Outline(Facts(sample))
    parts = outline.rows(outline.rows(ROOT)[0])

    assert len(parts) == 11
    assert outline.text(parts[10], 0) == "10000 … 10499   (10,001 to 10,500 of 10,500)"
    trail = outline.trail(node(sample, "losses", 7_777))
    assert [outline.place(row) for row in trail] == [0, 7, 777]


def test_expanding_to_a_level_stops_before_too_many_rows() -> None:
    outline = Outline(FACTS)

    one, met = outline.opened(1, 10_000)
    assert (len(one), met) == (3, False)
    assert outline.opened(99, 50)[1]
    assert len(outline.opened(99, 10_000)[0]) > len(outline.opened(2, 10_000)[0]) > len(one)


def test_matches_come_into_sight_from_the_top_down() -> None:
    outline = Outline(FACTS, kept=find(parse("attn"), INDEX).kept)
    opened, met = outline.opened_depth_first(12)

    assert met
    assert [outline.label(row) for row in opened] == ["state_dict", "transformer", "h"][: len(opened)]


def test_finding_a_path_is_as_exact_as_the_checkpoints_own() -> None:
    sample = checkpoint({"a": {"0": 1, 0: 2, True: 3, None: 4, 1.5: 5}, "b": {"x.y": 6}, 0: 7})
    facts = Facts(sample)

    for one in range(len(sample.nodes)):
        assert facts.find(sample.path_of(one)) == sample.find(sample.path_of(one)) == one
    assert facts.find(("a", "x.y")) is None
    assert facts.find(("b", 0)) is None
    assert facts.find(("nowhere",)) is None
