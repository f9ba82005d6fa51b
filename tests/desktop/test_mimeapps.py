"""Edits of the user's choice of programs: their own lines stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.desktop import mimeapps
from ckpt_gui.desktop.mimeapps import Handler

THEIRS = """# mine
[Added Associations]
a/b=x.desktop;

[Default Applications]
# pictures
image/png = viewer.desktop
a/b=x.desktop;y.desktop

[Removed Associations]
a/b=z.desktop
"""


def test_ours_comes_first_and_goes_again() -> None:
    ours = mimeapps.with_default(THEIRS, "a/b", "ours.desktop")
    assert mimeapps.default_of(ours, "a/b") == ["ours.desktop", "x.desktop", "y.desktop"]
    assert ours.splitlines()[:7] == THEIRS.splitlines()[:7]
    assert mimeapps.default_of(mimeapps.without(ours, "a/b", "ours.desktop"), "a/b") == ["x.desktop", "y.desktop"]


@pytest.mark.parametrize("text", ["", "[Added Associations]\na/b=x\n", "# nothing\n\n", THEIRS])
def test_a_new_line_is_all_that_comes_and_goes(text: str) -> None:
    ours = mimeapps.with_default(text, "c/d", "ours.desktop")
    assert mimeapps.default_of(ours, "c/d") == ["ours.desktop"]
    gone = mimeapps.without(ours, "c/d", "ours.desktop")
    assert [line for line in gone.splitlines() if line and line != mimeapps.DEFAULTS] == [
        line for line in text.splitlines() if line and line != mimeapps.DEFAULTS
    ]


def test_a_type_that_is_listed_twice_is_listed_once_then() -> None:
    text = "[Default Applications]\na/b=x\nc/d=y\na/b=z\n"
    assert mimeapps.with_default(text, "a/b", "o") == "[Default Applications]\na/b=o;x;z;\nc/d=y\n"
    assert mimeapps.without(text, "a/b", "x") == "[Default Applications]\na/b=z;\nc/d=y\n"


@settings(max_examples=50)
@given(st.text(max_size=50))
def test_any_text_can_be_edited(text: str) -> None:
    ours = mimeapps.with_defaults(text, {"c/d": "ours.desktop"})
    assert mimeapps.default_of(ours, "c/d")[:1] == ["ours.desktop"]
    assert mimeapps.with_defaults(ours, {"c/d": "ours.desktop"}) == ours


def test_who_opens_a_type_now() -> None:
    cache = "[MIME Cache]\na/b=ours.desktop;gone.desktop;second.desktop;\n"
    usable = {"x.desktop", "second.desktop", "ours.desktop"}.__contains__
    assert mimeapps.first_handler("a/b", [THEIRS], [cache], usable, but="ours.desktop") == Handler("x.desktop", True)
    assert mimeapps.first_handler("a/b", [""], [cache], usable, but="ours.desktop") == Handler("second.desktop", False)
    assert mimeapps.first_handler("c/d", [THEIRS], [cache], usable, but="ours.desktop") is None
