"""Conversions as windows of their own: what can be asked for of the file in front, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.actions import Actions
from ckpt_gui.gui.converting import work
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFile, OpenFiles

if TYPE_CHECKING:
    from ckpt_gui.gui.convert_dialog import ConvertDialog

COMMANDS = ("to cpu", "to gpu", "strip optimizer", "save state_dict", "convert")
GPUS = (*(f"cuda:{number}" for number in range(8)), "mps", "xpu")
NO_FILE = "no file is in front"
LOOKING = "the file is being looked at"


class Conversions(QObject):
    """Knows what applies to each open file, and keeps the windows of conversions.

    Signals:
        open_wanted: a result is to be opened (its path).
        compare_wanted: two files are to be compared (their paths, the source first).
    """

    open_wanted = Signal(str)
    compare_wanted = Signal(str, str)

    def __init__(
        self,
        files: OpenFiles,
        jobs: Jobs,
        commands: Actions,
        current: Callable[[], OpenFile | None],
        window: QWidget,
    ) -> None:
        """``current`` tells which file is in front."""
        super().__init__(window)
        self._files, self._jobs, self._commands, self._current, self._window = files, jobs, commands, current, window
        self._off: dict[OpenFile, dict[str, str]] = {}
        self._dialogs: dict[OpenFile, ConvertDialog] = {}
        self._warmed = self._asked = False
        """Was it asked whether to close while something is being written?"""
        files.opened.connect(self._opened)
        files.removed.connect(self._removed)
        self.explain()

    def reasons(self, file: OpenFile | None) -> dict[str, str]:
        """For each command why it cannot be used with a file; "" where it can."""
        if file is None:
            return dict.fromkeys(COMMANDS, NO_FILE)
        if file.opened is None:
            return dict.fromkeys(COMMANDS, f"{text.escape(file.name)} is not read")
        return self._off.get(file) or dict.fromkeys(COMMANDS, LOOKING)

    def dialog(self, file: OpenFile) -> ConvertDialog | None:
        """The window of a file's conversion, where there is one."""
        return self._dialogs.get(file)

    def running(self) -> list[OpenFile]:
        """Files that are being converted."""
        return [file for file, dialog in self._dialogs.items() if dialog.running]

    def explain(self) -> None:
        """Turn the commands off that do not apply to the file in front, and say why."""
        for name, why in self.reasons(self._current()).items():
            self._commands.explain(name, why)

    def may_close(self, bar: NoticeBar, close: Callable[[], object]) -> bool:
        """Whether the main window may go: at once if nothing is being written, else when it is asked a second time."""
        names = [text.escape(file.name) for file in self.running()]
        if names and not self._asked:
            self._asked = True
            words = f"{text.join_words(names)} is being converted. Closing stops that; nothing is left of it."
            bar.tell("close", words, answers=[("Stop and close", close), ("Go on", self._go_on)])
            return False
        return True

    def close_all(self) -> None:
        """The main window goes, and the others with it; what was being written has been stopped."""
        for dialog in list(self._dialogs.values()):
            dialog.give_up()

    def _open(self, path: str) -> None:
        self._come_forward(path)
        self.open_wanted.emit(path)

    def _compare(self, source: str, result: str) -> None:
        self._come_forward(result)
        self.compare_wanted.emit(source, result)

    def _come_forward(self, result: str) -> None:
        if (known := self._files.at(result)) is not None:
            self._files.reload(known)  # what was replaced may be open
        self._window.activateWindow()
        self._window.raise_()

    def _go_on(self) -> None:
        self._asked = False

    # -------------------------------------------------------------------------------------------- what applies

    def _opened(self, file: OpenFile) -> None:
        opened = file.opened
        assert opened is not None
        self._off.pop(file, None)
        self._jobs.run(f"applies {id(file)}", lambda _report: work.reasons(opened), partial(self._known, file))
        if (dialog := self._dialogs.get(file)) is not None:
            dialog.read_again()

    def _known(self, file: OpenFile, reasons: dict[str, str]) -> None:
        self._off[file] = reasons
        self.explain()
        if not self._warmed:
            self._warmed = True
            self._jobs.run("import converting", _import, lambda _nothing: None)

    def _removed(self, file: OpenFile) -> None:
        self._jobs.cancel(f"applies {id(file)}")
        self._off.pop(file, None)
        dialog = self._dialogs.get(file)
        if dialog is not None and not dialog.running:  # what is being written goes on without the tab
            dialog.close()

    # -------------------------------------------------------------------------------------------- asked for

    def do(self, command: str) -> None:
        """One of COMMANDS, with the file in front; "to gpu" opens its menu."""
        file = self._current()
        if file is not None and command == "to gpu":
            self.gpu_menu(file).popup(self._commands.place_below(command))
        elif file is not None:
            self.ask(command, file)

    def ask(self, command: str, file: OpenFile) -> None:
        """One of COMMANDS; "to gpu" asks for the device."""
        weights = work.state_dict_options(file.opened) if file.opened is not None else Options(state_dict=True)
        title, options, sections, opened = {
            "to cpu": ("To CPU", Options(devices=(DeviceRule(None, "cpu"),)), ("device",), ("device",)),
            "to gpu": ("To GPU", Options(), ("device",), ("device",)),
            "strip optimizer": (
                "Strip optimizer",
                Options(strip_optimizer=True),
                ("training", "weights"),
                ("training",),
            ),
            "save state_dict": ("Save as state_dict", weights, ("weights", "what", "format"), ("weights",)),
            "convert": ("Convert", Options(), (), ()),
        }[command]
        self._show(file, title, options, sections, opened, focus="device" if command == "to gpu" else "")

    def to_device(self, file: OpenFile, tag: str) -> None:
        """Retag every tensor."""
        self._show(file, f"To {tag}", Options(devices=(DeviceRule(None, tag),)), ("device",), ("device",))

    def convert(self, file: OpenFile, node: int) -> None:
        """Everything, as steps; of the part at a node."""
        part = work.part_of(file.opened, node) if node and file.opened is not None else None
        self._show(file, "Convert", Options(select=part or None), (), ("what",))

    def gpu_menu(self, file: OpenFile) -> QMenu:
        """To which device."""
        menu = QMenu("To GPU", self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, tag in enumerate(GPUS):
            mark = f"&{number}  " if tag.startswith("cuda") else ""
            menu.addAction(f"{mark}{tag}", partial(self.to_device, file, tag))
        menu.addSeparator()
        menu.addAction("&Other, or one by one…", partial(self.ask, "to gpu", file))
        return menu

    def _show(
        self,
        file: OpenFile,
        title: str,
        options: Options,
        sections: Sequence[str],
        opened: Sequence[str],
        focus: str = "",
    ) -> None:
        from ckpt_gui.gui.convert_dialog import ConvertDialog, Request

        dialog = self._dialogs.get(file)
        if dialog is None:
            dialog = self._dialogs[file] = ConvertDialog(self._jobs, file, self._window)
            dialog.open_wanted.connect(self._open)
            dialog.compare_wanted.connect(self._compare)
            dialog.ended.connect(lambda: self._dialogs.pop(file, None))
        dialog.ask(Request(title, options, tuple(sections), tuple(opened), focus))
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()


def _import(_report: Report) -> None:
    """What takes a moment to import, before somebody waits for it."""
    import ckpt_gui.gui.convert_dialog  # noqa: F401
