"""The rule language: what is read, what is refused, what names become."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.errors import RenameError
from ckpt_gui.core.renames import Renamed, Rule, collisions, parse_rule, rename

names = st.lists(st.text("ab.01", min_size=1, max_size=8), unique=True, max_size=12)
rules = st.builds(
    Rule,
    st.sampled_from([r"^a", r"\.", r"a\.(\d)", r"(a)(b)", "b$", r"^(.+)", "0|1"]),
    st.sampled_from(["", "x", "a.", "layers."]),
)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (r"^module\. => ", Rule(r"^module\.", "")),
        (r"^module\. =>", Rule(r"^module\.", "")),
        (r"^(.+)=>model.\1", Rule(r"^(.+)", r"model.\1")),
        (r"a=\>b => c => d", Rule(r"a=\>b", "c => d")),
        (r"(?P<n>\d+) => \g<n>x", Rule(r"(?P<n>\d+)", r"\g<n>x")),
    ],
)
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule
    assert parse_rule(rule.text) == rule


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("module.", "is no rule: write RE => TEXT"),
        (" => x", "no expression before =>"),
        ("( => x", "not a regular expression: missing ), unterminated subpattern"),
        ("x* => y", "the expression matches the empty text"),
        ("^ => model.", "the expression matches the empty text"),
        ("a| => y", "the expression matches the empty text"),
        ("(a+)+$ => b", "a repeat inside a repeat could take too long"),
        ("(?<=a)b => c", "a look-around could take too long"),
        (r"a => \1", "the text after =>: invalid group reference 1"),
        (r"a => \g<n>", "the text after =>: unknown group name 'n'"),
        (r"a => \q", r"the text after =>: bad escape \q"),
        ("a" * 501 + " => b", "longer than 500 characters"),
        ("a => " + "b" * 501, "longer than 500 characters"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(RenameError, match=re.escape(reason)):
        parse_rule(text)


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = parse_rule(text)
    except RenameError:
        return
    assert isinstance(rename(["a.b", "", text], [rule]), Renamed)


@given(names, st.lists(rules, max_size=3))
def test_names_become_what_python_makes_of_them(old: list[str], applied: list[Rule]) -> None:
    found = rename(old, applied)
    expected = []
    for name in old:
        for rule in applied:
            name = re.sub(rule.pattern, rule.replacement, name)
        expected.append(name)
    assert list(found.names) == expected


@given(names, st.lists(rules, max_size=3))
def test_collisions_are_exactly_the_names_that_end_up_equal(old: list[str], applied: list[Rule]) -> None:
    found = rename(old, applied)
    told = {name for group in found.collisions for name in group}
    assert told == {name for name, new in zip(old, found.names, strict=True) if found.names.count(new) > 1}
    assert all(len(group) > 1 for group in found.collisions)


def test_each_rule_tells_how_many_names_it_matched() -> None:
    found = rename(["module.a", "module.b", "c"], [parse_rule(r"^module\. =>"), parse_rule("a|c => d")])
    assert found == Renamed(("d", "b", "d"), (2, 2), (("module.a", "c"),))


def test_names_equal_from_the_beginning_do_not_collide() -> None:
    assert collisions(["a", "a"], ["b", "b"]) == ()


def test_a_name_longer_than_any_framework_writes_is_left_alone() -> None:
    long = "a" * 20_000
    assert rename([long, "a"], [Rule("a", "b")]).names == (long, "b")
