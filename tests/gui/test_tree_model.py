"""The adapter: Qt's own tester on every kind of arrangement, and what cells tell."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtTest import QAbstractItemModelTester

from ckpt_gui.core.outline import COLUMNS, ROOT, Facts, Outline
from ckpt_gui.core.search import build_index, find, parse
from ckpt_gui.gui.tree_model import LABEL_ROLE, NOTE_ROLE, TreeModel
from tests.core.samples import Maker, checkpoint, gpt

SAMPLE = gpt()
FACTS = Facts(SAMPLE, bytes(len(SAMPLE.nodes)), ("weights",))
KEPT = find(parse("attn"), build_index(SAMPLE)).kept
ARRANGEMENTS: dict[str, dict[str, Any]] = {
    "as in the file": {},
    "nothing folded": {"fold": False},
    "filtered": {"kept": KEPT},
    "nothing left": {"kept": bytes(len(SAMPLE.nodes))},
    "sorted": {"sort": ("params", True)},
    "flat": {"flat": True},
    "flat, filtered, sorted": {"flat": True, "kept": KEPT, "sort": ("key", False)},
}


def walked(model: QAbstractItemModel, above: QModelIndex) -> int:
    """How many rows there are beneath, each visited, so that the tester sees all."""
    total = 0
    for row in range(model.rowCount(above)):
        index = model.index(row, 0, above)
        assert model.parent(index) == above
        assert model.index(row, 5, above).siblingAtColumn(0) == index
        total += 1 + walked(model, index)
    return total


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_qt_finds_no_fault_with_the_arrangement(name: str, qtmodeltester: Any) -> None:
    model = TreeModel()
    strict = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.dress(QPalette(), QFont())
    model.show(Outline(FACTS, **ARRANGEMENTS[name]))

    walked(model, QModelIndex())
    qtmodeltester.check(model)
    assert strict.model() is model


def test_without_an_outline_there_is_nothing() -> None:
    model = TreeModel()

    assert model.rowCount() == 0
    assert not model.hasChildren()
    assert not model.index(0, 0).isValid()


def test_a_lone_tensor_and_an_empty_file() -> None:
    lone, empty = TreeModel(), TreeModel()
    lone.show(Outline(Facts(checkpoint(Maker().tensor(2, 3)))))
    empty.show(Outline(Facts(checkpoint({}))))

    assert (lone.rowCount(), lone.index(0, 2).data()) == (1, "2 × 3")
    assert (empty.rowCount(), empty.index(0, 0).data()) == (1, "(the file)")


def model_of(**arrangement: Any) -> TreeModel:
    model = TreeModel()
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.PlaceholderText, QColor("#777777"))
    palette.setColor(QPalette.ColorRole.Base, QColor("#ffffff"))
    model.dress(palette, QFont())
    model.show(Outline(FACTS, **arrangement))
    return model


def cell(model: TreeModel, label: str, column: int = 0) -> QModelIndex:
    assert model.outline is not None
    row = next(row for row in model.outline.rows(ROOT) if label in model.outline.label(row))
    return model.index_of(row, column)


def test_a_problem_is_told_by_glyph_colour_and_tip() -> None:
    model = model_of()
    index = cell(model, "broken")

    assert index.data() == "▲ broken"
    assert index.data(Qt.ItemDataRole.ForegroundRole) == QColor("#b3123b")
    assert "reaches byte" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_facts_are_quieter_than_keys_and_headings_are_bold() -> None:
    model = model_of()

    assert cell(model, "state_dict").data(Qt.ItemDataRole.ForegroundRole) is None
    assert cell(model, "state_dict", 2).data(Qt.ItemDataRole.ForegroundRole) == QColor("#777777")
    assert cell(model, "state_dict").data(Qt.ItemDataRole.FontRole).bold()
    assert cell(model, "epoch").data(Qt.ItemDataRole.FontRole) is None


def test_a_screen_reader_hears_the_column_with_the_fact() -> None:
    model = model_of()

    assert cell(model, "epoch", 7).data(Qt.ItemDataRole.AccessibleTextRole) == "Size: 19"
    assert cell(model, "state_dict", 2).data(Qt.ItemDataRole.AccessibleTextRole) == "Shape: 75 tensors"
    assert cell(model, "epoch").data(Qt.ItemDataRole.AccessibleTextRole) == "epoch"


def test_key_and_note_come_apart() -> None:
    model = model_of(flat=True)
    index = cell(model, "lm_head")

    assert index.data(LABEL_ROLE) == "state_dict/lm_head.weight"
    assert index.data(NOTE_ROLE) == "⟷ transformer.wte.weight"


def test_the_title_tells_the_order() -> None:
    horizontal = Qt.Orientation.Horizontal
    titles = [model_of(sort=("size", True)).headerData(place, horizontal) for place in range(len(COLUMNS))]

    assert titles[:8] == ["Key", "Kind", "Shape", "Dtype", "Device", "Params", "%", "Size ↓"]


def test_numbers_stand_at_the_right() -> None:
    model = model_of()
    align = cell(model, "state_dict", 5).data(Qt.ItemDataRole.TextAlignmentRole)

    assert align & Qt.AlignmentFlag.AlignRight
