"""Finding equals a plain reading of the language, term by term and leaf by leaf."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.search import Found, build_index, find, finding, parse, run
from ckpt_gui.core.search.values import Device, OneOf, Pattern, Shape, Test, Word
from ckpt_gui.core.text import path_text
from tests.core.samples import Maker, checkpoint, gpt

SAMPLE = gpt(3)
ROLES = bytes(index % 8 for index in range(len(SAMPLE.nodes)))
INDEX = build_index(SAMPLE, ROLES)
LEAVES = [node for node in range(len(SAMPLE.nodes)) if not SAMPLE.nodes.count[node]]
ROLE_NAMES = INDEX.role_names

POSITIVE = st.sampled_from(
    ["attn", "w", "WEIGHT", "exp_avg", "0", "h.1", "state_dict/", "nothing-like-it", "a,b", "dtype:f32",
     "dtype:bf16,i8",
     "dtype:f*", "shape:(8,_)", "shape:(..)", "shape:()", "shape:(..,24)", "dim:8", "dim:>20", "rank:1", "rank:>=2",
     "params:>100", "params:8..64", "size:<1KiB", "device:cuda", "device:cpu", "device:none", "role:optimizer",
     "kind:value", "kind:tensor,object", r"name:re:h\.\d", "name:glob:*.weight", "name:glob:step",
     "nan:>0", "std:<1e-6"]
)  # fmt: skip
TERMS = st.builds(lambda bang, term: bang + term, st.sampled_from(["", "!"]), POSITIVE)


def holds(sample: Checkpoint, node: int, test: Test) -> bool:
    """The language, read plainly."""
    path, tensor = path_text(sample.path_of(node)), sample.nodes.tensor[node]
    if isinstance(test, Word):
        return test.text in path.lower()
    if isinstance(test, Pattern):
        attempt = test.regex.fullmatch if test.whole else test.regex.search
        return bool(attempt(path) or attempt(sample.text(sample.nodes.key[node])))
    if isinstance(test, OneOf) and test.field != "dtype":
        name = Kind(sample.nodes.kind[node]).name.lower() if test.field == "kind" else ROLE_NAMES[ROLES[node]]
        return name in test.values
    if tensor < 0:
        return False
    info = sample.tensor(tensor)
    if isinstance(test, OneOf):
        return info.dtype in test.values
    if isinstance(test, Device):
        return (info.device or "none").split(":")[0] == test.tag
    if isinstance(test, Shape):
        return test.matches(info.shape)
    values = {"dim": info.shape, "rank": [len(info.shape)], "params": [info.numel], "size": [info.nbytes]}
    return any(map(test.holds, values.get(test.field, [])))


def plain(sample: Checkpoint, text: str) -> list[int]:
    terms = parse(text).terms
    return [
        node
        for node in LEAVES
        if all(any(holds(sample, node, test) for test in term.tests) != term.negated for term in terms)
    ]


@settings(deadline=None)
@given(st.lists(TERMS, max_size=4).map(" ".join))
def test_finding_equals_the_plain_reading(text: str) -> None:
    found = find(parse(text), INDEX)

    expected = plain(SAMPLE, text)
    above = {up for node in expected for up in SAMPLE.ancestors(node)}
    assert list(found.matches) == expected
    assert {node for node, kept in enumerate(found.kept) if kept} == above | set(expected)
    assert found.tensors == sum(SAMPLE.nodes.tensor[node] >= 0 for node in expected)


@settings(deadline=None)
@given(POSITIVE)
def test_negation_is_the_complement(term: str) -> None:
    if parse(term).errors:
        return
    yes, no = find(parse(term), INDEX), find(parse("!" + term), INDEX)

    assert sorted([*yes.matches, *no.matches]) == LEAVES


@settings(deadline=None)
@given(TERMS, TERMS)
def test_two_terms_are_the_intersection(first: str, second: str) -> None:
    both = find(parse(f"{first} {second}"), INDEX)

    assert set(both.matches) == set(find(parse(first), INDEX).matches) & set(find(parse(second), INDEX).matches)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["attn", "attn.c", "c_attn.weight", "t", "h.1.", "1.attn"]), max_size=8))
def test_what_was_asked_before_changes_no_answer(words: list[str]) -> None:
    index = build_index(SAMPLE, ROLES)

    assert [list(find(parse(word), index).matches) for word in words] == [plain(SAMPLE, word) for word in words]


def test_paths_of_the_index_are_the_path_texts() -> None:
    odd = checkpoint({"a/b": {"0": 1, 0: 2, "c\\": {}, None: 3, 1.5: 4, (1, 2): 5, "x.y": Maker().tensor(2)}, "12": 6})
    index = build_index(odd)

    assert index.paths == [path_text(odd.path_of(leaf)) for leaf in index.leaves]


def test_a_file_that_is_one_tensor_can_be_searched() -> None:
    lone = checkpoint(Maker().tensor(3, 4))

    assert find(parse("shape:(3,4)"), build_index(lone)).tensors == 1
    assert find(parse("dtype:i8"), build_index(lone)).tensors == 0


def test_tied_tensors_count_once() -> None:
    found = find(parse("wte,lm_head"), INDEX)

    assert (found.tensors, found.params, found.nbytes) == (2, 400, 1600)


def test_sums_of_everything_are_those_of_the_root() -> None:
    found = find(parse(""), INDEX)

    assert (found.tensors, found.params, found.nbytes) == (
        SAMPLE.nodes.tensors[0],
        SAMPLE.nodes.params[0],
        SAMPLE.nodes.nbytes[0],
    )


def test_a_containers_own_name_keeps_all_beneath_it() -> None:
    optimizer = SAMPLE.find(("optimizer",))
    found = find(parse("optimizer"), INDEX)

    assert optimizer is not None
    assert found.tensors == SAMPLE.nodes.tensors[optimizer]


def test_statistics_match_where_they_are_known() -> None:
    index = build_index(SAMPLE)
    index.know({"nan": {0: 0, 3: 12}})

    found = find(parse("nan:>0", statistics=["nan"]), index)
    assert list(found.matches) == [SAMPLE.tensors.node[3]]


def test_a_pattern_too_slow_for_long_names_is_refused_before_it_runs() -> None:
    long_name = checkpoint({"a" * 3000: 1})

    found = find(parse("name:re:a.*a.*a.*b"), build_index(long_name))
    assert "3,000 characters" in found.errors[0].reason


def test_work_can_be_done_in_slices() -> None:
    work = finding(parse("attn dtype:f32"), INDEX)
    rounds, result = 1, run(work, 0.0)
    while not result[0]:
        rounds, result = rounds + 1, run(work, 0.0)

    assert isinstance(result[1], Found)
    assert rounds > 1


@pytest.mark.parametrize(
    ("pattern", "shape", "fits"),
    [
        ("(..)", (), True), ("(..,3)", (3,), True), ("(3,..,3)", (3,), False), ("(_,..)", (), False),
        ("(..,3,..)", (1, 3, 2), True), ("(_,_)", (1, 2, 3), False), ("(..,1,..,1)", (1, 2, 1), True),
    ],
)  # fmt: skip
def test_shapes(pattern: str, shape: tuple[int, ...], fits: bool) -> None:
    test = parse(f"shape:{pattern}").terms[0].tests[0]

    assert isinstance(test, Shape)
    assert test.matches(shape) is fits
