"""Converting in the window, with real files: asked for, previewed, confirmed, proven, compared; stopped, refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file, save_file

from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.conversions import COMMANDS
from ckpt_gui.gui.convert_dialog import ConvertDialog
from ckpt_gui.gui.convert_steps.device import DeviceSection
from ckpt_gui.gui.convert_steps.output import OutputSection
from ckpt_gui.gui.convert_steps.training import AVERAGES, TrainingSection, WeightsSection
from ckpt_gui.gui.convert_steps.what import WhatSection
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

Save = Callable[[str, Any], Path]


class Shown:
    """The window of a conversion, with what tests ask for again and again."""

    def __init__(self, window: Window, qtbot: QtBot) -> None:
        self.window, self._qtbot = window, qtbot

    @property
    def dialog(self) -> ConvertDialog:
        file = self.window.current()
        assert file is not None
        dialog = self.window.conversions.dialog(file)
        assert dialog is not None
        return dialog

    def settle(self) -> None:
        """Until nothing is planned, written or searched any more."""

        def quiet() -> bool:
            page = self.dialog.plan_page
            waits = page.steps.busy() or page.place.busy() or page.preview.busy()
            return not self.window.jobs.tasks and self.dialog.conversion.settled and not waits

        self._qtbot.waitUntil(quiet, timeout=30_000)
        QApplication.processEvents()

    def ask(self, command: str) -> None:
        self.window.commands.named[command].trigger()
        self.settle()

    def plan(self, options: Options) -> None:
        """As a recipe would have it."""
        self.dialog.plan_page.ask(options, (), ())
        self.settle()

    def confirm(self) -> None:
        assert self.dialog.plan_page.obstacle() == ""
        self.dialog.footer.go.click()
        self.settle()

    def section(self, name: str) -> Any:
        return self.dialog.plan_page.steps.sections[name]

    def rows(self) -> list[tuple[str, ...]]:
        model = self.dialog.plan_page.preview.model
        return [tuple(model.index(row, column).data() for column in range(2)) for row in range(model.rowCount())]

    @property
    def headline(self) -> str:
        return str(self.dialog.plan_page.preview.headline.text())

    @property
    def sentences(self) -> list[str]:
        return self.dialog.notices.sentences()

    @property
    def target(self) -> Path:
        receipt = self.dialog.conversion.receipt
        assert receipt is not None, self.sentences
        assert receipt.proof is not None
        assert receipt.proof.verified
        return Path(receipt.target)


@pytest.fixture
def shown(window: Window, sample: Path, settle: Settle, qtbot: QtBot) -> Shown:
    """The sample, open."""
    window.open([str(sample)])
    settle(window)
    return Shown(window, qtbot)


Open = Callable[[Any], Shown]


@pytest.fixture
def opened(window: Window, settle: Settle, qtbot: QtBot, tmp_path: Path) -> Open:
    """Saves something and opens it."""

    def done(content: Any, name: str = "model.pt") -> Shown:
        path = tmp_path / name
        torch.save(content, path)
        window.open([str(path)])
        settle(window)
        return Shown(window, qtbot)

    return done


def press(owner: QWidget, words: str) -> None:
    """Click the visible button of that accessible name."""
    next(one for one in owner.findChildren(QPushButton) if one.isVisible() and one.accessibleName() == words).click()


def load(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=False)


def same(one: Any, other: Any) -> bool:
    """Bit for bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def beside(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir() if one.is_file())


# ------------------------------------------------------------------------------------------------ the buttons


def test_the_four_buttons_and_convert_apply_to_a_training_checkpoint(shown: Shown) -> None:
    assert [shown.window.commands.named[name].isEnabled() for name in COMMANDS] == [True] * 5


def test_what_does_not_apply_is_off_and_says_why(opened: Open) -> None:
    shown = opened({"w": torch.ones(2), "b": torch.zeros(1)})
    tips = {name: shown.window.commands.named[name].toolTip() for name in COMMANDS}
    enabled = {name for name in COMMANDS if shown.window.commands.named[name].isEnabled()}
    assert enabled == {"to gpu", "convert"}
    assert tips["to cpu"] == "To CPU: All storages are tagged cpu already"
    assert tips["strip optimizer"].startswith("Strip optimizer: There is no optimizer")
    assert tips["save state_dict"] == "Save as state_dict: It is a flat state_dict already"


def test_safetensors_are_saved_as_what_torch_load_takes(
    window: Window, tmp_path: Path, settle: Settle, qtbot: QtBot
) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "model.safetensors")
    window.open([str(tmp_path / "model.safetensors")])
    settle(window)
    shown = Shown(window, qtbot)
    assert window.commands.named["to cpu"].toolTip() == "To CPU: safetensors has no device tags"
    shown.ask("save state_dict")
    assert shown.dialog.plan_page.place.edit.text() == str(tmp_path / "model.weights.pt")
    assert shown.dialog.conversion.preview is not None
    assert shown.dialog.conversion.preview.plan.target_format == "torch"


def test_buttons_follow_the_file_in_front(shown: Shown, tmp_path: Path, settle: Settle) -> None:
    plain = tmp_path / "plain.pt"
    torch.save({"w": torch.ones(2)}, plain)
    shown.window.open([str(plain)])
    settle(shown.window)
    strip = shown.window.commands.named["strip optimizer"]
    assert not strip.isEnabled()

    first = shown.window.files.all()[0]
    shown.window.tabs.show_tab(first)
    assert strip.isEnabled()


def test_to_cpu_with_receipt_and_all_the_same_beside_the_source(
    shown: Shown, sample: Path, settle: Settle, tmp_path: Path
) -> None:
    shown.ask("to cpu")
    assert shown.dialog.plan_page.place.edit.text() == str(sample.with_name("epoch_003.cpu.ckpt"))
    assert shown.headline.startswith("All 123 tensors kept · ")
    assert ("model_state_dict/tok_emb.weight", "● retagged") in shown.rows()
    shown.confirm()
    assert shown.target == sample.with_name("epoch_003.cpu.ckpt")
    weights = torch.load(shown.target, weights_only=False)["model_state_dict"]
    assert {tensor.device.type for tensor in weights.values()} == {"cpu"}
    assert same(load(sample), load(shown.target))

    page = shown.dialog.receipt_page
    assert page.headline.whole == "✓ epoch_003.cpu.ckpt is written and proven"
    press(page, "Copy receipt")
    copied = json.loads(QGuiApplication.clipboard().text())
    assert copied["verified"] is True
    assert copied["target"] == str(shown.target)
    page.save(str(tmp_path / "r.json"))
    assert json.loads((tmp_path / "r.json").read_text()) == copied
    page.save(str(tmp_path / "nowhere" / "r.json"))
    assert "cannot be written" in shown.sentences[0]

    target = str(shown.target)
    press(page, "Compare with the source")
    settle(shown.window)
    front = shown.window.tabs.front()
    assert isinstance(front, Comparison)
    assert front.done
    assert {row.change for row in front.rows} == {"same"}
    assert (front.left.path, front.right.path) == (str(sample), target)
    press(page, "Open")
    current = shown.window.current()
    assert current is not None
    assert current.path == target
    assert not shown.window.commands.named["to cpu"].isEnabled()


def test_to_a_gpu_by_the_menu(shown: Shown, sample: Path) -> None:
    file = shown.window.current()
    assert file is not None
    menu = shown.window.conversions.gpu_menu(file)
    words = [action.text().replace("&", "").split()[-1] for action in menu.actions() if action.text()]
    assert words[:10] == [*(f"cuda:{number}" for number in range(8)), "mps", "xpu"]
    next(action for action in menu.actions() if action.text().endswith("cuda:3")).trigger()
    shown.settle()
    assert shown.dialog.conversion.preview is not None
    assert {item.device for item in shown.dialog.conversion.preview.plan.items} == {"cuda:3"}
    assert shown.dialog.plan_page.place.edit.text() == str(sample.with_name("epoch_003.cuda3.ckpt"))
    menu.close()


def test_each_tag_of_the_file_can_go_elsewhere(shown: Shown) -> None:
    shown.window.conversions.ask("to gpu", shown.window.current())  # type: ignore[arg-type]  # it is open
    shown.settle()
    device = shown.section("device")
    assert isinstance(device, DeviceSection)
    assert set(device._tags) == {"cuda:0", "cpu"}
    assert shown.dialog.focusWidget() is device.every
    device._tags["cuda:0"].setEditText("mps")
    shown.settle()
    assert shown.dialog.conversion.preview is not None
    assert shown.dialog.conversion.preview.plan.options.devices == (DeviceRule("cuda:0", "mps"),)
    devices = {item.device for item in shown.dialog.conversion.preview.plan.items}
    assert devices == {"mps", "cpu"}


def test_strip_optimizer_but_for_what_is_not_ticked(shown: Shown, sample: Path) -> None:
    shown.ask("strip optimizer")
    assert shown.headline.startswith("44 of 123 tensors kept · 354 KiB → ")
    training = shown.section("training")
    assert isinstance(training, TrainingSection)
    assert {"optimizer_state_dict", "scheduler_state_dict", "rng_state"} <= set(training.parts)
    training.parts["rng_state"].setChecked(False)
    shown.settle()
    assert shown.headline.startswith("45 of 123 tensors kept")
    shown.confirm()
    before, after = load(sample), load(shown.target)
    for name in ("optimizer_state_dict", "scheduler_state_dict"):
        assert name in before
        assert name not in after
    assert same(before["model_state_dict"], after["model_state_dict"])
    assert same(before["rng_state"], after["rng_state"])
    assert shown.target.stat().st_size < 0.7 * sample.stat().st_size


def test_save_as_state_dict(shown: Shown, sample: Path) -> None:
    shown.ask("save state_dict")
    assert shown.dialog.plan_page.place.edit.text().endswith("epoch_003.weights.ckpt")
    shown.confirm()
    weights = torch.load(shown.target, map_location="cpu", weights_only=True)
    assert same(dict(load(sample)["model_state_dict"]), dict(weights))


def test_a_part_of_the_tree(shown: Shown) -> None:
    tree = shown.window.tree()
    assert tree is not None
    tree.select_path(("optimizer_state_dict",))
    tree.commands["convert"].trigger()
    shown.settle()
    what = shown.section("what")
    assert isinstance(what, WhatSection)
    assert what.select.text() == "optimizer_state_dict"
    assert what.unfolded()
    assert shown.headline.startswith("78 of 123 tensors kept")


def test_raw_or_averaged_weights_are_asked_for_once(opened: Open) -> None:
    raw = {"fc.weight": torch.ones(3, 3), "fc.bias": torch.zeros(3)}
    ema = {name: value + 1 for name, value in raw.items()}
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))]).state_dict()
    shown = opened({"model": raw, "model_ema": ema, "optimizer": optimizer})
    shown.ask("save state_dict")
    weights = shown.section("weights")
    assert isinstance(weights, WeightsSection)
    assert "Which is to be kept?" in shown.dialog.plan_page.obstacle()
    assert not shown.dialog.footer.go.isEnabled()
    assert "Which is to be kept?" in shown.dialog.footer.why.whole
    weights.ema.setCurrentIndex(2)
    weights.ema.activated.emit(2)
    shown.settle()
    assert shown.dialog.plan_page.obstacle() == ""
    assert shown.dialog.conversion.preview is not None
    assert {item.path[0] for item in shown.dialog.conversion.preview.plan.items} == {"model_ema"}
    assert [words for words, _value in AVERAGES][2] == "averaged weights (EMA)"


def test_which_of_several_networks_is_asked_in_the_words_of_the_window(opened: Open) -> None:
    weights = {"fc.weight": torch.ones(3, 3), "fc.bias": torch.zeros(3)}
    shown = opened({"generator": weights, "discriminator": dict(weights)})
    shown.ask("save state_dict")
    assert "choose one" in shown.sentences[0]
    assert "generator (2 tensors)" in shown.sentences[0]
    assert "--" not in shown.sentences[0]
    what = shown.section("what")
    assert what.unfolded()
    assert "generator" in what._paths.stringList()
    what.select.setText("generator")
    shown.dialog.plan_page.replan()
    shown.settle()
    assert shown.sentences == []
    assert shown.headline.startswith("2 of 4 tensors kept")


# ------------------------------------------------------------------------------------------------ the preview


def test_rows_are_filtered_by_buttons_and_by_words(shown: Shown) -> None:
    shown.ask("strip optimizer")
    preview = shown.dialog.plan_page.preview
    preview.chips.buttons["dropped"].click()
    shown.settle()
    assert {change for _name, change in shown.rows()} == {"= kept"}
    preview.filter.edit.setText("attn dtype:bool")
    shown.settle()
    assert len(shown.rows()) == 3
    assert preview.filter.counts.whole.startswith("3 of ")
    preview.filter.edit.setText("change:dropped exp_avg_sq")
    shown.settle()
    assert {change for _name, change in shown.rows()} == {"− dropped"}
    preview.filter.edit.setText("size:>1parsec")
    shown.settle()
    assert "parsec" in preview.filter.reason.whole


def test_rows_are_sorted_by_a_click_on_a_header(shown: Shown) -> None:
    shown.ask("to cpu")
    model = shown.dialog.plan_page.preview.model
    first = shown.rows()
    size = [column.title for column in model.columns].index("Size")
    model.order_by(size)
    sizes = [model.rows[place].nbytes for place in model.places]
    assert sizes == sorted(sizes, reverse=True)
    model.order_by(size)
    model.order_by(size)
    assert shown.rows() == first


def test_the_same_in_words_is_copied(shown: Shown, sample: Path) -> None:
    shown.ask("strip optimizer")
    words = shown.dialog.plan_page.preview.in_words
    command, python = words.texts()
    assert command.startswith("ckpt-gui convert ")
    assert "--strip-optimizer" in command
    assert python
    press(words, "Copy what is shown")
    assert QGuiApplication.clipboard().text() == command


def test_an_existing_file_is_replaced_only_when_that_is_said(shown: Shown, sample: Path) -> None:
    there = sample.with_name("epoch_003.weights.safetensors")
    there.write_bytes(b"something")
    shown.ask("save state_dict")
    shown.plan(Options(state_dict=True, to="safetensors"))
    page = shown.dialog.plan_page
    assert page.place.state.whole == f"▲ {there.name} exists already."
    assert not shown.dialog.footer.go.isEnabled()
    assert "replaced" in shown.dialog.footer.go.toolTip()
    assert shown.dialog.footer.why.whole == shown.dialog.footer.go.toolTip()
    shown.dialog.confirm()
    assert there.read_bytes() == b"something"
    page.place.replace.setChecked(True)
    page.place.receipt.setChecked(True)
    shown.confirm()
    assert len(load_file(there)) == 43
    written = json.loads(there.with_name(f"{there.name}.receipt.json").read_text())
    assert written["sha256"] == {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (sample, there)}


@pytest.mark.parametrize(
    ("name", "words"),
    [("epoch_003.ckpt", "is the source itself"), ("nowhere/x.pt", "no folder"), ("config", "is a folder")],
)
def test_a_target_that_cannot_be_is_told_at_once(shown: Shown, sample: Path, name: str, words: str) -> None:
    (sample.parent / "config").mkdir(exist_ok=True)
    shown.ask("to cpu")
    shown.dialog.plan_page.place.choose(str(sample.parent / name))
    shown.settle()
    assert words in shown.dialog.plan_page.place.state.whole
    assert not shown.dialog.footer.go.isEnabled()


def test_shards_are_looked_for_one_by_one_and_opened_by_their_index(shown: Shown, sample: Path, settle: Settle) -> None:
    there = sample.with_name("epoch_003.weights-00002-of-00003.safetensors")
    there.write_bytes(b"something")
    shown.ask("convert")
    shown.plan(Options(state_dict=True, to="safetensors", max_shard=60_000))
    place = shown.dialog.plan_page.place
    assert f"{there.name} exists already" in place.state.whole
    place.replace.setChecked(True)
    shown.confirm()
    assert len(load_file(there)) > 2
    press(shown.dialog.receipt_page, "Open")
    settle(shown.window)
    current = shown.window.current()
    assert current is not None
    assert current.name == "epoch_003.weights.safetensors.index.json"
    assert current.opened is not None
    assert current.opened.checkpoint.rows == 43


def test_what_cannot_be_planned_is_a_sentence_and_goes_when_it_can(shown: Shown) -> None:
    shown.ask("convert")
    names = shown.section("names")
    names.rules.setPlainText("(bias|weight)$ => x")
    shown.settle()
    assert len(shown.sentences) == 1
    assert "Traceback" not in shown.sentences[0]
    assert not shown.dialog.footer.go.isEnabled()
    assert "would meet another" in names.said.text()
    assert names.model.rows[0].collides
    names.rules.setPlainText("weight$ => w")
    shown.settle()
    assert shown.sentences == []
    assert shown.dialog.footer.go.isEnabled()
    assert ("model_state_dict/tok_emb.weight", "→ renamed") in shown.rows()


# ------------------------------------------------------------------------------------------------ everything at once


def test_many_steps_together(shown: Shown, sample: Path) -> None:
    shown.ask("convert")
    sections = shown.dialog.plan_page.steps.sections
    shown.section("weights").state_dict.setChecked(True)
    shown.section("what").drop.setText("*.attn.mask")
    shown.section("names").on.setText("net.")
    types = shown.section("types")
    types.dtype.setCurrentIndex(types.dtype.findData("bfloat16"))
    output = sections["format"]
    assert isinstance(output, OutputSection)
    output.to.setCurrentIndex(output.to.findData("safetensors"))
    shown.dialog.plan_page.replan()
    shown.settle()
    output._append("author", "me")
    output.table.item(output.table.rowCount() - 1, 1).setText("nobody")  # type: ignore[union-attr]  # just made
    shown.settle()
    assert shown.dialog.conversion.preview is not None
    assert dict(shown.dialog.conversion.preview.plan.metadata)["author"] == "nobody"
    shown.confirm()
    assert shown.target.name == "epoch_003.weights.bf16.safetensors"
    written, source = load_file(shown.target), load(sample)["model_state_dict"]
    wanted = {f"net.{name}": value.to(torch.bfloat16) for name, value in source.items() if "mask" not in name}
    assert set(written) <= set(wanted)
    assert all(torch.equal(written[name], wanted[name]) for name in written)
    assert len(wanted) - len(written) == 1  # a tied name, recorded


def test_the_audit_tells_what_overflows(opened: Open) -> None:
    shown = opened({"w": torch.tensor([1.0, 1e5, 1e-9]), "v": torch.ones(4)})
    shown.ask("convert")
    shown.plan(Options(dtype="float16"))
    page = shown.dialog.plan_page
    shown.section("types").unfold()
    press(shown.dialog, "Audit the values")
    shown.settle()
    assert page.tabs.currentIndex() == 1
    assert page.audit.headline.whole == "2 tensors read · 1 value overflow · 1 value underflow to 0"
    assert page.audit.model.index(0, 0).data() == "w"
    assert not page.audit.stop.isVisible()


def test_what_is_taken_for_a_buffer_is_listed(opened: Open) -> None:
    names = ("bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    shown = opened({name: torch.ones(4) for name in names})
    shown.ask("convert")
    shown.plan(Options(dtype="float16"))
    types = shown.section("types")
    assert types.listed.text() == "Show 2 buffers"
    types.listed.click()
    shown.settle()
    assert shown.rows() == [("bn.running_mean", "= kept"), ("bn.running_var", "= kept")]
    types.buffers.setChecked(True)
    shown.settle()
    assert shown.rows() == [("bn.running_mean", "◇ cast"), ("bn.running_var", "◇ cast")]


def test_everything_that_takes_the_keyboard_has_a_name_and_its_place(shown: Shown) -> None:
    shown.ask("convert")
    for section in shown.dialog.plan_page.steps.sections.values():
        section.unfold()
    first, names = shown.dialog.focusWidget(), list[str]()
    assert first is shown.dialog.footer.go
    for _step in range(100):
        focus = shown.dialog.focusWidget()
        if names and focus is first:
            break
        names.append(focus.accessibleName() or getattr(focus, "text", str)())
        shown.dialog.focusNextChild()
    assert "" not in names
    wanted = ["Convert", "Weights", "Part of the file", "Device of every tensor", "New device of cuda:0", "Format",
              "Filter", "What becomes of each tensor", "Path of the result", "Load recipe", "Cancel"]  # fmt: skip
    assert [name for name in names if name in wanted] == wanted


# ------------------------------------------------------------------------------------------------ faults and leaving


@pytest.fixture
def large(window: Window, settle: Settle, qtbot: QtBot, tmp_path: Path) -> Shown:
    """Large enough to be stopped on the way."""
    path = tmp_path / "large.pt"
    torch.save({f"w{number}": torch.full((1 << 22,), float(number)) for number in range(4)}, path)
    window.open([str(path)])
    settle(window)
    return Shown(window, qtbot)


def test_stopped_nothing_is_left(large: Shown, qtbot: QtBot, tmp_path: Path) -> None:
    before = beside(tmp_path / "large.pt")
    large.ask("convert")
    large.plan(Options(dtype="bfloat16"))
    with qtbot.waitSignal(large.dialog.conversion.progressed, timeout=20_000):
        large.dialog.footer.go.click()
    assert large.dialog.stack.currentWidget() is large.dialog.progress_page
    with qtbot.waitSignal(large.dialog.conversion.stopped, timeout=20_000):
        QTest.keyClick(large.dialog, Qt.Key.Key_Escape)
    large.settle()
    assert beside(tmp_path / "large.pt") == before
    assert large.dialog.stack.currentWidget() is large.dialog.plan_page
    assert large.dialog.footer.go.isEnabled()


def test_closing_while_it_writes_asks_and_leaves_nothing(large: Shown, qtbot: QtBot, tmp_path: Path) -> None:
    before = beside(tmp_path / "large.pt")
    large.ask("convert")
    large.plan(Options(dtype="bfloat16"))
    dialog = large.dialog
    with qtbot.waitSignal(dialog.conversion.progressed, timeout=20_000):
        dialog.footer.go.click()
    dialog.close()
    assert dialog.isVisible()
    assert "not done yet" in large.sentences[0]
    with qtbot.waitSignal(dialog.ended, timeout=20_000):
        next(one for one in dialog.notices.findChildren(QPushButton) if one.text() == "Stop and close").click()
    assert beside(tmp_path / "large.pt") == before


def test_closing_the_main_window_asks_first(large: Shown, qtbot: QtBot, tmp_path: Path) -> None:
    before = beside(tmp_path / "large.pt")
    large.ask("convert")
    large.plan(Options(dtype="bfloat16"))
    with qtbot.waitSignal(large.dialog.conversion.progressed, timeout=20_000):
        large.dialog.footer.go.click()
    large.window.close()
    assert large.window.isVisible()
    assert "is being converted" in large.window.notices.sentences()[0]
    large.window.close()
    assert not large.window.isVisible()
    assert beside(tmp_path / "large.pt") == before


def test_a_source_that_changed_meanwhile_is_a_sentence(shown: Shown, sample: Path, qtbot: QtBot) -> None:
    shown.ask("to cpu")
    content = bytearray(sample.read_bytes())
    sample.write_bytes(content[:-7])
    shown.dialog.footer.go.click()
    shown.settle()
    assert shown.dialog.conversion.receipt is None
    assert shown.sentences
    assert "Traceback" not in shown.sentences[0]
    assert "ckpt_gui made a mistake" not in shown.sentences[0]
    assert not sample.with_name("epoch_003.cpu.ckpt").exists()


def test_escape_closes_the_preview(shown: Shown, qtbot: QtBot) -> None:
    shown.ask("to cpu")
    with qtbot.waitSignal(shown.dialog.ended):
        QTest.keyClick(shown.dialog, Qt.Key.Key_Escape)
    file = shown.window.current()
    assert file is not None
    assert shown.window.conversions.dialog(file) is None


def test_enter_confirms_but_not_out_of_a_line(shown: Shown, qtbot: QtBot) -> None:
    shown.ask("to cpu")
    place = shown.dialog.plan_page.place
    place.edit.setFocus()
    QTest.keyClick(place.edit, Qt.Key.Key_Return)
    assert not shown.dialog.conversion.running
    shown.settle()
    table = shown.dialog.plan_page.preview.table
    table.setFocus()
    with qtbot.waitSignal(shown.dialog.conversion.begun):
        QTest.keyClick(table, Qt.Key.Key_Return)
    QTest.keyClick(shown.dialog, Qt.Key.Key_Escape)
    shown.settle()


def test_another_button_shows_its_own_preview_in_the_same_window(shown: Shown) -> None:
    shown.ask("to cpu")
    first = shown.dialog
    shown.ask("strip optimizer")
    assert shown.dialog is first
    assert first.windowTitle().startswith("Strip optimizer")
    assert shown.section("training").isVisible()
    assert not shown.section("device").isVisible()
    shown.dialog.plan_page.steps.show_all()
    assert all(section.isVisible() for section in shown.dialog.plan_page.steps.sections.values())


# ------------------------------------------------------------------------------------------------ recipes, many files


def test_a_recipe_is_kept_and_taken_again(shown: Shown, tmp_path: Path) -> None:
    wanted = Options(state_dict=True, dtype="float16", rename=("weight$ => w",), to="safetensors", drop=("*.mask",),
                     max_shard=5_000_000_000, devices=(), cast_buffers=True)  # fmt: skip
    shown.ask("convert")
    shown.plan(wanted)
    recipe = tmp_path / "recipe.json"
    shown.dialog.save_recipe(str(recipe))
    shown.plan(Options())
    shown.dialog.load_recipe(str(recipe))
    shown.settle()
    assert shown.dialog.plan_page.steps.options() == wanted
    assert shown.section("types").unfolded()
    assert not shown.section("device").unfolded()


@pytest.mark.parametrize("content", ["nonsense", "{}", '{"ckpt-gui recipe": 1, "explode": true}'])
def test_what_is_no_recipe_is_told(shown: Shown, tmp_path: Path, content: str) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(content)
    shown.ask("convert")
    shown.dialog.load_recipe(str(recipe))
    assert "recipe" in shown.sentences[0]


def test_many_files_with_one_recipe(shown: Shown, other: Path, tmp_path: Path, qtbot: QtBot) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"no checkpoint")
    folder = tmp_path / "results"
    folder.mkdir()
    shown.ask("convert")
    shown.plan(Options(state_dict=True, to="safetensors"))
    press(shown.dialog, "Many files")
    page = shown.dialog.batch_page
    page.add([str(other), str(broken)])
    page.folder.setText(str(folder))
    shown.dialog.footer.go.click()
    qtbot.waitUntil(lambda: not page.batch.running, timeout=60_000)
    shown.settle()
    assert [one.state for one in page.batch.outcomes] == ["done", "done", "failed"]
    assert page.headline.whole == "2 of 3 files converted, 1 failed"
    assert sorted(one.name for one in folder.iterdir()) == [
        "epoch_003.weights.safetensors",
        "epoch_004.weights.safetensors",
    ]
    assert page.model.index(0, 1).data() == "✓ written and proven"
    assert page.batch.outcomes[2].words
    written = load_file(folder / "epoch_004.weights.safetensors")
    assert all(torch.equal(load(other)["model_state_dict"][name], value) for name, value in written.items())
