"""The page of values on real files: what cells say, how one gets about, what is copied and written."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from ckpt_gui.core import text
from ckpt_gui.gui.values_grid.grid import _window
from ckpt_gui.gui.values_model import COLUMNS, MAX_PAGES, ROWS, WAITING, ValuesModel
from ckpt_gui.gui.values_panel import ValuesPanel
from ckpt_gui.gui.window import Window
from tests.builders.common import quiet
from tests.gui.conftest import Settle

Show = Callable[..., ValuesPanel]


@pytest.fixture
def held() -> dict[str, Any]:
    """What the file holds."""
    torch.manual_seed(3)
    w = torch.randn(300, 40)
    w[17, 3], w[250, 39], w[2, 2], w[0, 1] = float("nan"), float("nan"), float("-inf"), -0.0
    sparse = torch.zeros(5, 6)
    sparse[1, 2], sparse[4, 5] = 1.5, -2.0
    with quiet():
        return {
            "w": w,
            "half": torch.tensor([0.1, 2.0, float("inf")], dtype=torch.bfloat16),
            "conv": torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5),
            "long": torch.arange(2**53, 2**53 + 25),
            "scalar": torch.tensor(3.5),
            "empty": torch.zeros(0, 3),
            "complex": torch.tensor([[1 + 2j, complex(float("nan"), -1)]], dtype=torch.complex64),
            "bool": torch.tensor([True, False]),
            "sparse": sparse.to_sparse(),
            "quantized": torch.quantize_per_tensor(torch.tensor([[0.5, -1.0]]), 0.5, 3, torch.qint8),
            "meta": torch.zeros(3, device="meta"),
            "expanded": torch.tensor([7.0]).expand(2**20, 2**20),
            "epoch": 3,
        }


@pytest.fixture
def file(tmp_path: Path, held: dict[str, Any]) -> Path:
    """A checkpoint of several kinds of tensors."""
    with quiet():
        torch.save(held, tmp_path / "kinds.pt")
    return tmp_path / "kinds.pt"


@pytest.fixture
def show(window: Window, file: Path, settle: Settle) -> Show:
    """Picks a row and brings the page of values to the front."""

    def pick(*keys: text.Key, path: Path = file) -> ValuesPanel:
        if window.current() is None:
            window.open([str(path)], tab="values")
            settle(window)
        tree = window.tree()
        assert tree is not None
        assert tree.select_path(keys)
        window.details.choose("values")
        settle(window)
        panel = window.details.front()
        assert isinstance(panel, ValuesPanel)
        return panel

    return pick


def rows_of(panel: ValuesPanel, rows: int, columns: int) -> list[list[str]]:
    """What the first cells say, by Qt's way of asking."""
    model = panel.model
    return [[model.data(model.index(row, column)) for column in range(columns)] for row in range(rows)]


def header(panel: ValuesPanel, count: int, orientation: Qt.Orientation) -> list[str]:
    return [panel.model.headerData(at, orientation) for at in range(count)]


def type_into(edit: QLineEdit, words: str) -> None:
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, words)
    QTest.keyClick(edit, Qt.Key.Key_Return)


# ------------------------------------------------------------------------------------------------ what is shown


def test_cells_are_the_values_in_their_places(show: Show, held: dict[str, Any]) -> None:
    panel = show("w")
    rows, columns = panel.grid.sight()
    assert len(rows) > 5
    assert len(columns) > 2
    for row in rows:
        for column in columns:
            said = panel.model.text(row, column).replace("Inf", "inf")
            np.testing.assert_array_equal(np.float32(said), held["w"][row, column].numpy())
    assert panel.model.text(17, 3) == "NaN"
    assert panel.model.text(2, 2) == "-Inf"
    assert panel.model.text(0, 1) == "-0.0"


@pytest.mark.parametrize(
    ("name", "cells", "across", "down"),
    [
        ("half", [["0.1", "2.0", "Inf"]], ["+0", "+1", "+2"], ["0"]),
        ("scalar", [["3.5"]], ["value"], [""]),
        ("complex", [["1.0+2.0j", "NaN-1.0j"]], ["0", "1"], ["0"]),
        ("bool", [["True", "False"]], ["+0", "+1"], ["0"]),
        ("sparse", [["1.5"], ["-2.0"]], ["value"], ["1, 2", "4, 5"]),
        ("quantized", [["0.5", "-1.0"]], ["0", "1"], ["0"]),
        ("conv", [["0.0", "1.0"], ["5.0", "6.0"]], ["0", "1"], ["0, 0, 0", "0, 0, 1"]),
    ],
)
def test_every_kind_has_its_cells_and_headers(
    show: Show, name: str, cells: list[list[str]], across: list[str], down: list[str]
) -> None:
    panel = show(name)
    assert rows_of(panel, len(cells), len(cells[0])) == cells
    assert header(panel, len(across), Qt.Orientation.Horizontal) == across
    assert header(panel, len(down), Qt.Orientation.Vertical) == down


def test_integers_beyond_doubles_are_exact_and_columns_wide_enough(show: Show) -> None:
    panel = show("long")
    assert rows_of(panel, 3, 10)[2][:6] == [*(str(2**53 + at) for at in range(20, 25)), ""]
    width = panel.grid.view.horizontalHeader().sectionSize(0)
    assert width > panel.grid.view.fontMetrics().horizontalAdvance(str(2**53))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("meta", "it is on the meta device"),
        ("empty", "This tensor has no entries: its shape is 0 × 3."),
        ("epoch", "This is no tensor."),
    ],
)
def test_what_has_no_values_says_why(show: Show, name: str, words: str) -> None:
    panel = show(name)
    assert words in panel.face.sentence()
    assert panel.commands["largest"].isEnabled() == (name == "empty")


def test_several_tensors_are_not_a_table(show: Show, window: Window, settle: Settle) -> None:
    panel = show("w")
    window.files.all()[0].nodes = []
    panel.show_picked(window.files.all()[0], [1, 2])
    settle(window)
    assert "There are 2 tensors in what is picked" in panel.face.sentence()
    assert panel.commands["export picked"].isEnabled()


def test_an_expanded_tensor_costs_nothing(show: Show) -> None:
    panel = show("expanded")
    assert "shown 1,099,511,627,776 times" in panel.face.cell_line.whole
    panel.go_to((2**20 - 1, 2**20 - 1))
    assert panel.grid.current() == (2**20 - 1, 2**20 - 1)


def test_the_model_keeps_qts_rules(show: Show, qtmodeltester: Any) -> None:
    qtmodeltester.check(show("w").model)


# ------------------------------------------------------------------------------------------------ choices


def test_the_index_line_chooses_entries(show: Show, window: Window, settle: Settle) -> None:
    panel = show("conv")
    type_into(panel.face.index_line.edit, "[1, :, 2, ::-2]")
    settle(window)
    assert rows_of(panel, 3, 3) == [[f"{60.0 + 20 * row + 10 + at}" for at in (4, 2, 0)] for row in range(3)]
    assert header(panel, 3, Qt.Orientation.Horizontal) == ["4", "2", "0"]


def test_a_bad_index_is_told_and_the_table_stays(show: Show, window: Window, settle: Settle) -> None:
    panel = show("conv")
    type_into(panel.face.index_line.edit, "[0, 9, :]")
    settle(window)
    line = panel.face.index_line
    assert line.reason.whole == "dimension 1 goes from 0 to 2, or -3 to -1"
    assert line.reason.isVisible()
    assert rows_of(panel, 1, 1) == [["0.0"]]
    type_into(line.edit, "[0, 1, :]")
    settle(window)
    assert not line.reason.isVisible()
    assert rows_of(panel, 1, 1) == [["20.0"]]


def test_an_index_that_picks_nothing_says_so(show: Show, window: Window, settle: Settle) -> None:
    panel = show("w")
    type_into(panel.face.index_line.edit, "5:5")
    assert panel.face.sentence() == "[0:0, :] picks no entries of this tensor of 300 × 40."
    type_into(panel.face.index_line.edit, "5:6")
    settle(window)
    assert panel.face.sentence() == ""
    assert panel.model.rowCount() == 1


def choose(box: QComboBox, words: str) -> None:
    box.setCurrentIndex(box.findText(words))
    box.activated.emit(box.currentIndex())


def test_dimensions_are_chosen_for_rows_and_columns(show: Show, window: Window, settle: Settle) -> None:
    panel = show("conv")
    line = panel.face.index_line
    choose(line.columns, "dim 0")
    settle(window)
    assert rows_of(panel, 2, 2) == [["0.0", "60.0"], ["1.0", "61.0"]]
    assert line.edit.text() == "[:, :, :, :]"
    choose(line.rows, "dim 2")
    settle(window)
    assert line.edit.text() == "[:, 0, :, 0]"
    assert rows_of(panel, 2, 2) == [["0.0", "60.0"], ["5.0", "65.0"]]
    choose(line.rows, "dim 0")  # where the columns are: they change places
    settle(window)
    assert rows_of(panel, 2, 2) == [["0.0", "5.0"], ["60.0", "65.0"]]
    panel.commands["next part"].trigger()
    settle(window)
    assert line.edit.text() == "[:, 0, :, 1]"
    assert rows_of(panel, 1, 2) == [["1.0", "6.0"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Fixed digits", "0.100098"), ("Scientific", "1.000977e-01"), ("Whole numbers", "≈0"),
        ("Hexadecimal float", "0x1.9ap-4"), ("Bits", "0x3dcd"), ("Shortest", "0.1"),
    ],
)  # fmt: skip
def test_formats(show: Show, words: str, said: str) -> None:
    panel = show("half")
    panel.face.style_line.kind.setCurrentText(words)
    assert rows_of(panel, 1, 1) == [[said]]


def test_stored_integers_of_a_quantized_tensor(show: Show, window: Window, settle: Settle) -> None:
    panel = show("quantized")
    panel.face.style_line.raw.setChecked(True)
    settle(window)
    assert rows_of(panel, 1, 2) == [["4", "1"]]
    show("w")
    assert not panel.face.style_line.raw.isVisible()


# ------------------------------------------------------------------------------------------------ going


def test_going_to_an_index_widens_what_leaves_it_out(show: Show, window: Window, settle: Settle) -> None:
    panel = show("conv")
    type_into(panel.face.index_line.edit, "0, 0, :, :2")
    type_into(panel.face.go_line.edit, "1, 2, 3, 4")
    settle(window)
    assert panel.face.index_line.edit.text() == "[1, 2, :, :]"
    assert panel.grid.current() == (3, 4)
    assert panel.face.cell_line.whole == "[1, 2, 3, 4]   119.0   0x42ee0000   float32"
    type_into(panel.face.go_line.edit, "7, 0, 0, 0")
    assert panel.face.go_line.reason.whole == "dimension 0 goes from 0 to 1, or -2 to -1"


def test_extremes_and_what_is_not_finite_are_found(
    show: Show, window: Window, settle: Settle, held: dict[str, Any]
) -> None:
    panel = show("w")
    finite = torch.where(torch.isfinite(held["w"]), held["w"], 0)
    for name, wanted in (("largest", finite.argmax()), ("smallest", finite.argmin())):
        panel.commands[name].trigger()
        settle(window)
        assert panel.grid.current() == divmod(int(wanted), 40)
    panel.grid.go_to(0, 0)
    for place in ((17, 3), (250, 39), (17, 3)):
        panel.commands["next NaN"].trigger()
        settle(window)
        assert panel.grid.current() == place
    assert panel.face.said() == "No NaN behind this; back at the first."
    panel.commands["next Inf"].trigger()
    settle(window)
    assert panel.grid.current() == (2, 2)
    show("conv").commands["next Inf"].trigger()
    settle(window)
    assert panel.face.said() == "There is no Inf in what is shown."


def test_keys_lead_to_every_corner(show: Show, window: Window, settle: Settle) -> None:
    panel = show("w")
    panel.grid.go_to(5, 5)
    view = panel.grid.view
    for key, modifier, place in (
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, (5, 39)),
        (Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier, (299, 39)),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, (299, 0)),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier, (0, 0)),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, (1, 0)),
    ):
        QTest.keyClick(view, key, modifier)
        settle(window)
        assert panel.grid.current() == place
        assert panel.model.text(*place) != WAITING


def test_everything_has_a_name(show: Show, window: Window) -> None:
    panel = show("conv")
    kinds = (QAbstractButton, QLineEdit, QComboBox)
    nameless = [
        type(widget).__name__
        for widget in panel.findChildren(QWidget)
        if isinstance(widget, kinds)
        and widget.isVisible()
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []
    keys = [action.shortcut().toString() for action in panel.actions()]
    assert len(set(keys)) == len(keys)
    taken = {keys.toString() for action in window.commands.named.values() for keys in action.shortcuts()}
    assert not taken & set(keys)


# ------------------------------------------------------------------------------------------------ without an end


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """5.4 billion rows of two bytes, of which the disk holds nothing but the last few."""
    rows = 5_368_709_120
    header = json.dumps({"tall": {"dtype": "U8", "shape": [rows, 2], "data_offsets": [0, 2 * rows]}}).encode()
    header += b" " * (-len(header) % 8)
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(header)) + header)
        out.truncate(8 + len(header) + 2 * rows)
        out.seek(-4, os.SEEK_END)
        out.write(bytes([1, 2, 3, 4]))
    return path


def test_more_rows_than_qt_can_count(show: Show, huge: Path, window: Window, settle: Settle) -> None:
    panel = show("tall", path=huge)
    assert panel.model.rowCount() == ROWS
    QTest.keyClick(panel.grid.view, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    assert panel.grid.current() == (5_368_709_119, 1)
    assert panel.face.cell_line.whole == "[5368709119, 1]   4   0x04   uint8"
    assert panel.model.text(5_368_709_118, 1) == "2"
    for row in (0, 2**31, 2**32 + 1, 5_368_709_000, 77):
        panel.grid.scroll_to(row, 0)
        settle(window)
        rows, _ = panel.grid.sight()
        assert rows.start == row
        assert panel.model.headerData(row - panel.model.first_row, Qt.Orientation.Vertical) == str(row)
        assert WAITING not in {panel.model.text(one, 0) for one in rows}
    assert len(panel.model._pages) <= MAX_PAGES


def test_scrolling_on_moves_the_window_and_keeps_the_selection(
    show: Show, huge: Path, window: Window, settle: Settle
) -> None:
    panel = show("tall", path=huge)
    panel.grid.go_to(ROWS // 2, 0)
    bar, start = panel.grid.view.verticalScrollBar(), panel.grid.sight()[0].start
    for _step in range(14):
        bar.setValue(bar.value() + 200)
    assert panel.model.first_row > 0
    assert panel.grid.current() == (ROWS // 2, 0)
    assert panel.grid.selected() == (range(ROWS // 2, ROWS // 2 + 1), range(1))
    for _step in range(26):
        bar.setValue(bar.value() + 200)
    settle(window)
    assert panel.model.first_row > ROWS // 2
    assert panel.grid.sight()[0].start == start + 8000
    assert panel.grid.current() is None  # out of the window: what is copied would not be what is seen
    panel.grid._down.setValue(panel.grid._down.maximum())
    settle(window)
    assert panel.grid.sight()[0].stop == 5_368_709_120


def test_selecting_all_of_it_is_not_taken_for_all(show: Show, huge: Path, window: Window, settle: Settle) -> None:
    panel = show("tall", path=huge)
    panel.grid.view.selectAll()
    panel.commands["copy"].trigger()
    settle(window)
    assert "can be selected at once; Export writes any number" in panel.face.said()


@pytest.mark.parametrize(
    ("shown", "first", "total", "most", "wanted"),
    [
        (range(0, 10), 0, 50, 100, 0),
        (range(80, 90), 0, 1000, 100, 30),
        (range(985, 995), 900, 1000, 100, 900),
        (range(905, 915), 900, 1000, 100, 855),
        (range(500, 510), 0, 1000, 100, 450),
        (range(990, 1000), 0, 1000, 100, 900),
        (range(40, 50), 0, 1000, 100, 0),
    ],
)
def test_the_window_moves_before_its_end_is_seen(shown: range, first: int, total: int, most: int, wanted: int) -> None:
    assert _window(shown, first, total, most) == wanted


def test_many_columns_are_a_window_too(dressed: QApplication, qtbot: QtBot) -> None:
    from ckpt_gui.core.table.layout import layout

    model = ValuesModel()
    model.show(layout((3, 10 * COLUMNS)), lambda value, _bits: str(value))
    assert (model.rowCount(), model.columnCount()) == (3, COLUMNS)
    model.move_to(0, 9 * COLUMNS + 5)
    assert model.columnCount() == COLUMNS - 5
    assert model.headerData(0, Qt.Orientation.Horizontal) == str(9 * COLUMNS + 5)


# ------------------------------------------------------------------------------------------------ copies and files


def select(panel: ValuesPanel, top: int, left: int, bottom: int, right: int) -> None:
    chosen = QItemSelection(panel.model.index(top, left), panel.model.index(bottom, right))
    panel.grid.view.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)


def test_copies(show: Show, window: Window, settle: Settle, held: dict[str, Any]) -> None:
    panel = show("w")
    panel.grid.go_to(17, 2)
    select(panel, 17, 2, 18, 3)
    panel.commands["copy"].trigger()
    settle(window)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]
    np.testing.assert_array_equal(np.array(lines).astype(np.float32), held["w"][17:19, 2:4].numpy())
    assert panel.face.said() == "Copied 2 rows of 2 columns"
    panel.commands["copy value"].trigger()
    settle(window)
    assert np.float32(QGuiApplication.clipboard().text()) == held["w"][17, 2].numpy()


def test_exports(
    show: Show,
    window: Window,
    settle: Settle,
    tmp_path: Path,
    held: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel = show("conv")
    asked: list[str] = []

    def answer(path: Path, filters: str) -> None:
        def dialog(_parent: QWidget, _title: str, start: str, _filters: str) -> tuple[str, str]:
            asked.append(start)
            return str(path), filters

        monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)

    answer(tmp_path / "conv", "NumPy array (*.npy)")
    panel.commands["export"].trigger()
    settle(window)
    np.testing.assert_array_equal(np.load(tmp_path / "conv.npy"), held["conv"].numpy())
    assert asked == [str(tmp_path / "conv.npy")]
    assert panel.face.said().startswith(f"Wrote {tmp_path / 'conv.npy'} (")

    type_into(panel.face.index_line.edit, "1, ::2")
    panel.commands["export shown"].trigger()  # the ending was added: nobody was asked about overwriting
    settle(window)
    assert "exists already" in panel.face.said()
    answer(tmp_path / "conv.npy", "NumPy array (*.npy)")
    panel.commands["export shown"].trigger()
    settle(window)
    np.testing.assert_array_equal(np.load(tmp_path / "conv.npy"), held["conv"].numpy()[1, ::2])

    panel = show("half")
    answer(tmp_path / "half.npz", "")
    panel.commands["export picked"].trigger()
    settle(window)
    assert "NumPy has no bfloat16: written as float32" in panel.face.said()
    assert sorted(np.load(tmp_path / "half.npz").files) == ["half"]


def test_a_cancelled_dialog_writes_nothing(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: Window
) -> None:
    panel = show("w")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    panel.commands["export"].trigger()
    assert not window.jobs.tasks
    assert sorted(tmp_path.iterdir()) == before


# ------------------------------------------------------------------------------------------------ trouble


def test_a_file_cut_off_since_gives_a_sentence(show: Show, file: Path, window: Window, settle: Settle) -> None:
    show("conv")
    os.truncate(file, 2_000)
    panel = show("w")
    assert panel.face.sentence().startswith("There are no values to show: ")
    assert "changed" in panel.face.sentence()
    assert window.isVisible()


def test_clicks_faster_than_jobs(show: Show, window: Window, settle: Settle) -> None:
    panel = show("w")
    file = window.current()
    assert file is not None
    assert file.opened is not None
    nodes = [file.opened.checkpoint.find((name,)) or 0 for name in ("conv", "w", "half", "meta", "long")]
    for number in range(60):
        panel.let_go()
        panel.show_picked(file, [nodes[number % len(nodes)]])
        QApplication.processEvents()
    settle(window)
    assert rows_of(panel, 1, 1) == [[str(2**53)]]
    assert panel.face.sentence() == ""


def test_leaving_the_page_stops_its_work(show: Show, window: Window, settle: Settle) -> None:
    panel = show("w")
    panel.let_go()
    assert panel._table is None
    show("conv")
    settle(window)
    assert rows_of(panel, 1, 1) == [["0.0"]]
