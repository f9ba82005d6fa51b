"""What is typed → terms; nothing typed raises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.roles import Role
from ckpt_gui.core.search import exactly, parse, with_field
from ckpt_gui.core.search.query import ROLES
from ckpt_gui.core.search.values import Device, OneOf, Range, Shape, Word

ALPHABET = st.sampled_from(
    ["name:", "re:", "glob:", "shape:", "dtype:", "dim:", "rank:", "params:", "size:", "nan:", "!", '"', "(", ")", ",",
     " ", "..", "_", ">", "<=", "1", "1M", "1MiB", "4096", "*", "+", "{9}", "[", "]", "|", "\\d", "(?", "a", "weight",
     "bf16", "f", "cuda", ":", "é", "²", "\ud800", "\n", "^", "$", "(?P<a>", "(?i)", "(?#", "\\1", "[["]
)  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(ALPHABET, max_size=12).map("".join)))
def test_nothing_typed_raises_and_every_error_has_a_place_and_a_reason(text: str) -> None:
    query = parse(text)

    for error in query.errors:
        assert 0 <= error.start < error.end <= len(text)
        assert error.reason


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("Attn", Word("attn")),
        ('"two words"', Word("two words")),
        ("name:Attn", Word("attn")),
        ("dtype:bf16", OneOf("dtype", frozenset({"bfloat16"}))),
        ("dtype:torch.float", OneOf("dtype", frozenset({"float32"}))),
        ("dtype:f8_e4m3", OneOf("dtype", frozenset({"float8_e4m3fn"}))),
        ("dtype:i8", OneOf("dtype", frozenset({"int8"}))),
        ("dtype:u16", OneOf("dtype", frozenset({"uint16"}))),
        ("dtype:fp16", OneOf("dtype", frozenset({"float16"}))),
        ("shape:(_,4096)", Shape(("_", 4096))),
        ("shape:(.., 3, 3)", Shape(("..", 3, 3))),
        ("shape:3x3", Shape((3, 3))),
        ("shape:()", Shape(())),
        ("rank:>=3", Range("rank", 3, float("inf"))),
        ("params:>1M", Range("params", 1_000_000, float("inf"), low_open=True)),
        ("size:1MiB..1GiB", Range("size", 1 << 20, 1 << 30)),
        ("size:<1kB", Range("size", float("-inf"), 1000, high_open=True)),
        ("dim:4096", Range("dim", 4096, 4096)),
        ("params:38.6M", Range("params", 38_550_000, 38_650_000, high_open=True)),
        ("device:CUDA", Device("cuda")),
        ("role:opt", OneOf("role", frozenset({"optimizer"}))),
        ("kind:tensor", OneOf("kind", frozenset({"tensor"}))),
    ],
)
def test_a_term_reads_as(text: str, test: object) -> None:
    query = parse(text)

    assert query.errors == ()
    assert [term.tests for term in query.terms] == [(test,)]


def test_terms_know_their_place_and_their_negation() -> None:
    terms = parse("  attn !dtype:f32,bf16").terms

    assert [(term.start, term.end, term.negated, len(term.tests)) for term in terms] == [
        (2, 6, False, 1),
        (7, 22, True, 2),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour:red", "“colour” is not a field; in quotes it is searched as text"),
        ("dtyp:f32", "“dtyp” is not a field; did you mean dtype?; in quotes it is searched as text"),
        ("dtype:flaot32", "“flaot32” is not an element type; did you mean float32?"),
        ("dtype:", "nothing follows dtype:"),
        ("!", "nothing follows the !"),
        ("rank:x", "“x” is not a number"),
        ("rank:>", "a number is missing"),
        ("params:>1MiB", "the unit “MiB” is not one of k, M, G, T"),
        ("rank:5..2", "the range 5..2 is empty: it ends before it begins"),
        ("shape:(_,4096", "the ) is missing"),
        ("shape:(a,3)", "“a” is not a size; write a number, _ for any one or .. for any run"),
        ('"open', "the quotes are not closed"),
        ("nan:>0", "no statistics yet: nan is known once they are computed"),
        ("name:re:(a", "not a regular expression: missing ), unterminated subpattern"),
        ("name:re:(a+)+$", "a repeat inside a repeat could take too long"),
        ("name:re:(?:ba?){40}", "a repeat inside a repeat could take too long"),
        (r"name:re:(a)\1", "a back-reference could take too long; do without"),
        ("name:re:(a|ab)*c",
         "alternatives inside a repeat could take too long; use a set such as [ab] or several terms"),
        ("name:re:(?:){4000000000}", "a repeat of something that may be empty could take too long"),
    ],
)  # fmt: skip
def test_a_bad_term_says_why_and_the_others_work(text: str, reason: str) -> None:
    query = parse(f"attn {text}")

    assert [(error.start, error.reason) for error in query.errors] == [(5, reason)]
    assert [term.tests for term in query.terms] == [(Word("attn"),)]


def test_statistics_terms_work_once_statistics_exist() -> None:
    assert parse("nan:>0 std:<1e-6", statistics=["nan", "std"]).errors == ()


@pytest.mark.parametrize("text", [r"name:re:^model\.", "name:re:a|b", r"name:re:\d+\.weight$", "name:re:(?:ab){3}"])
def test_harmless_patterns_are_taken(text: str) -> None:
    assert parse(text).errors == ()


def test_a_builder_replaces_the_terms_of_its_field_only() -> None:
    assert with_field("attn dtype:f32 x", "dtype", "bf16") == "attn x dtype:bf16"
    assert with_field("attn dtype:f32", "dtype", "") == "attn"
    assert with_field("", "shape", "(_,3)") == "shape:(_,3)"


def test_a_path_becomes_a_term_for_just_that() -> None:
    assert exactly("model/a.weight") == "name:glob:model/a.weight"
    assert exactly("model", below="/") == "name:glob:model/*"
    assert exactly("a b[0]") == 'name:glob:"a b[[]0]"'


def test_the_roles_are_those_of_the_anatomy() -> None:
    assert tuple(role.name.lower() for role in Role) == ROLES
