"""Every page and dialog, walked once: names, what plots say, where Tab goes; contrast of every colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QWidget

from ckpt_gui.gui import theme
from ckpt_gui.gui.convert_rows.model import tones
from ckpt_gui.gui.diff_model import change_colours
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.open_files import OpenFiles
from ckpt_gui.gui.plots import series
from ckpt_gui.gui.preferences import DEFAULTS
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.tree_model import problem_colour
from ckpt_gui.gui.window import Window
from tests.gui import scenes

Faults = dict[str, dict[str, list[str]]]
LARGE = (1600, 1100)
KINDS = ("name", "description", "tab", "clipped", "faint")


@pytest.fixture(scope="module")
def faults(dressed: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faults]:
    """What is amiss, by kind and fault: the scenes it was seen in. Two walks for all tests, for they take a while:
    light, and dark with text of twice the size."""
    found: Faults = {kind: {} for kind in KINDS}
    settings = Settings(tmp_path_factory.mktemp("config") / "window.json")
    natural = theme.natural_size()
    for chosen in ({"theme": "light", "zoom": 0}, {"theme": "dark", "zoom": natural}):
        settings.choose(**chosen)
        for scene, kind, fault in _walked(settings, tmp_path_factory.mktemp("run"), names=not chosen["zoom"]):
            found[kind].setdefault(fault, []).append(scene)
    yield found
    settings.prefer(DEFAULTS)


def _walked(settings: Settings, folder: Path, *, names: bool) -> Iterator[tuple[str, str, str]]:
    """Every fault: scene, kind, fault."""
    jobs = Jobs()
    window = Window(settings, OpenFiles(jobs), jobs)
    window.resize(*LARGE)
    window.show()
    for scene, root in scenes.scenes(window, scenes.three(folder)):
        for kind, seen in (_faults(scene, root) if names else _looks(root)).items():
            yield from ((scene, kind, fault) for fault in seen)
    settings.choose(theme="light" if settings.preferences.theme == "dark" else "dark")
    scenes.settle(window)
    yield from (("after another theme", "faint", fault) for fault in scenes.faint(window))
    window.close()
    window.deleteLater()
    jobs.deleteLater()


def _looks(root: QWidget) -> dict[str, list[str]]:
    return {"clipped": scenes.clipped(root), "faint": scenes.faint(root)}


def _faults(scene: str, root: QWidget) -> dict[str, list[str]]:
    walked = [] if scene == "dialog palette" else scenes.out_of_order(root)  # which closes as the keyboard leaves
    named = {"name": scenes.unnamed(root), "description": scenes.undescribed(root), "tab": walked}
    return {**named, **_looks(root)}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_amiss_on_any_page(faults: Faults, kind: str) -> None:
    assert faults[kind] == {}


# ------------------------------------------------------------------------------------------------ colours

THEMES = [theme.LIGHT, theme.DARK]


def ratio(one: str, other: str) -> float:
    return scenes.contrast(QColor(one), QColor(other))


@pytest.mark.parametrize("colours", THEMES)
def test_text_stands_out(colours: theme.Colours) -> None:
    pages = [colours.window, colours.base, colours.stripe, colours.raised, colours.notice_back, colours.alarm_back]
    faint = [(text, page) for text in (colours.text, colours.muted, colours.alarm, colours.accent) for page in pages
             if ratio(text, page) < 4.5]  # fmt: skip

    assert faint == []
    assert ratio(colours.text, colours.selected) >= 4.5
    assert ratio(colours.on_accent, colours.accent) >= 4.5


@pytest.mark.parametrize("colours", THEMES)
def test_changes_stand_out_as_text(colours: theme.Colours) -> None:
    pages = [colours.window, colours.base, colours.stripe, colours.raised]
    palette = theme.palette(colours)
    shades = {**change_colours(palette), **tones(palette)}

    assert [name for name, shade in shades.items() for page in pages if ratio(shade.name(), page) < 4.5] == []
    assert all(ratio(problem_colour(theme.palette(colours)).name(), page) >= 4.5 for page in pages)


@pytest.mark.parametrize("colours", THEMES)
def test_lines_bars_and_boxes_stand_out(colours: theme.Colours) -> None:
    drawn = [
        colours.bar,
        colours.accent,
        colours.muted,
        *(series.colour(colours, number).name() for number in range(6)),
    ]

    assert [shade for shade in drawn for page in (colours.window, colours.base) if ratio(shade, page) < 3] == []


def test_every_colour_of_a_sheet_or_palette_comes_from_a_theme() -> None:
    """So that the tests above have seen it."""
    for colours in THEMES:
        known = {getattr(colours, name) for name in theme.Colours.__slots__}
        assert set(re.findall("#[0-9a-fA-F]{6}", theme.sheet(colours))) <= known


def test_no_other_file_of_the_window_names_a_colour() -> None:
    """But those whose colours the tests above compute, and the heat-map's, which lie beside every other colour."""
    seen = {"theme.py", "diff_model.py", "series.py", "tree_model.py", "colours.py", "model.py"}
    folder = Path(theme.__file__).parent
    found = {path.name for path in folder.rglob("*.py") if re.search('"#[0-9a-fA-F]{6}"', path.read_text("utf-8"))}

    assert found <= seen


def test_nothing_moves_by_itself() -> None:
    """No animation to be turned off where a person asks for reduced motion."""
    folder = Path(theme.__file__).parent
    moving = re.compile(r"Q\w*Animation|QMovie|setAnimated\(True")

    assert [path.name for path in folder.rglob("*.py") if moving.search(path.read_text("utf-8"))] == []
