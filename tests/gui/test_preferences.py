"""What a person chose: read from a file that anybody may have edited, written so that it comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.outline import COLUMNS
from ckpt_gui.core.stats.edges import MOST_BINS
from ckpt_gui.gui import preferences
from ckpt_gui.gui.preferences import DEFAULTS, Preferences
from ckpt_gui.gui.settings import Settings

CHOSEN = Preferences("dark", 5, "values", ("size", "mean"), 40, (1e-3, 0.0), False, 0, 3, True)


def test_no_file_is_no_trouble(tmp_path: Path) -> None:
    assert preferences.read(tmp_path / "settings.json") == (DEFAULTS, "")


def test_the_defaults_are_those_of_the_tree_and_the_charts() -> None:
    assert tuple(column.key for column in COLUMNS[1:] if column.shown) == preferences.COLUMNS
    assert preferences.MOST_BINS == MOST_BINS


@pytest.mark.parametrize("chosen", [DEFAULTS, CHOSEN])
def test_choices_come_back(tmp_path: Path, chosen: Preferences) -> None:
    path = tmp_path / "settings.json"
    path.write_text(preferences.written(chosen))

    assert preferences.read(path) == (chosen, "")


@pytest.mark.parametrize("damage", ["", "{", "[1]", "\x00\xff", "[" * 100_000, "null"])
def test_a_damaged_file_gives_the_defaults_and_a_word(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(damage.encode("latin-1"))
    chosen, trouble = preferences.read(path)

    assert chosen == DEFAULTS
    assert "settings.json" in trouble


def test_one_bad_value_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"theme": "dark", "zoom": "large", "bins": True, "unknown": 1}))
    chosen, trouble = preferences.read(path)

    assert chosen == replace(DEFAULTS, theme="dark")
    assert trouble.endswith("the default is in force for: zoom, bins.")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(list(Preferences.__slots__)), ANYTHING))
def test_whatever_stands_there_gives_choices_that_can_be_kept(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-settings.json"
    path.write_text(json.dumps(values))
    chosen, _trouble = preferences.read(path)
    path.write_text(preferences.written(chosen))

    assert preferences.read(path) == (chosen, "")


def test_choosing_writes_the_file_and_tells(tmp_path: Path) -> None:
    kept = Settings(tmp_path / "config" / "window.json")
    told: list[str] = []
    kept.chosen.connect(lambda: told.append(kept.preferences.theme))
    kept.choose(theme="dark")
    kept.choose(theme="dark")

    assert told == ["dark"]
    assert Settings(tmp_path / "config" / "window.json").preferences.theme == "dark"


def test_a_damaged_file_is_put_aside_when_something_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("theme = dark")
    kept = Settings(tmp_path / "window.json")
    assert kept.trouble
    kept.choose(theme="dark")

    assert (tmp_path / "settings.damaged.json").read_text() == "theme = dark"
    assert Settings(tmp_path / "window.json").preferences.theme == "dark"


@pytest.mark.parametrize("how", [{"fresh": True}, {"picture": True}])
def test_fresh_and_pictures_leave_no_trace(tmp_path: Path, how: dict[str, bool]) -> None:
    first = Settings(tmp_path / "window.json")
    first.choose(theme="dark")
    first.keep("splitter", "x")
    first.save()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    kept = Settings(tmp_path / "window.json", **how)
    assert (kept.preferences, kept.value("splitter", "")) == (DEFAULTS, "")
    kept.choose(theme="light")
    kept.add_recent("/a.pt")
    kept.save()

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_fewer_recent_files(tmp_path: Path) -> None:
    kept = Settings(tmp_path / "window.json")
    for number in range(5):
        kept.add_recent(f"/{number}.pt")
    kept.choose(recent=2)
    assert kept.recents() == ["/4.pt", "/3.pt"]
    kept.choose(recent=0)
    kept.add_recent("/5.pt")

    assert kept.recents() == []
