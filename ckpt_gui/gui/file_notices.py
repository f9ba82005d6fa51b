"""What the notice bar says about open files: unreadable, slow, changed on disk."""

from __future__ import annotations

from PySide6.QtCore import QObject

from ckpt_gui.core import text
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFile, OpenFiles

_KINDS = ("error", "slow", "outdated", "missing")


class FileNotices(QObject):
    """Listens to the open files and tells the bar."""

    def __init__(self, files: OpenFiles, bar: NoticeBar) -> None:
        super().__init__(bar)
        self._files, self._bar = files, bar
        files.reading.connect(self._clear)
        files.removed.connect(self._clear)
        files.opened.connect(self._clear)
        files.stopped.connect(self._clear)
        files.failed.connect(self._failed)
        files.slow.connect(self._slow)
        files.outdated.connect(self._outdated)

    def nothing_there(self, file: OpenFile, path: text.Path) -> None:
        """A path was asked for that the file does not hold."""
        words = f"{text.escape(file.name)} holds nothing at {text.escape(text.path_text(path))}"
        self._bar.tell(_key("missing", file), words, about=file)

    def _clear(self, file: OpenFile) -> None:
        for kind in _KINDS:
            self._bar.dismiss(_key(kind, file))

    def _failed(self, file: OpenFile, details: str) -> None:
        self._clear(file)
        again = ("Try again", lambda: self._files.reload(file))
        words = text.escape(file.error)
        self._bar.tell(_key("error", file), words, alarm=True, details=details, answers=[again], about=file)

    def _slow(self, file: OpenFile) -> None:
        if (task := file.task) is not None:
            answers = [("Keep waiting", lambda: None), ("Stop", task.cancel)]
            words = f"Still reading {text.escape(file.name)} after 10 s."
            self._bar.tell(_key("slow", file), words, answers=answers, about=file)

    def _outdated(self, file: OpenFile) -> None:
        if not file.on_disk:
            self._bar.dismiss(_key("outdated", file))
            return
        answers = [("Reload", lambda: self._files.reload(file))]
        words = f"{text.escape(file.name)} has changed on disk."
        if file.on_disk == "gone":
            answers = [("Close its tab", lambda: self._files.close(file))]
            words = (f"{text.escape(file.name)} is no longer there: deleted, moved, or its drive was removed. "
                     "What is shown was read before.")  # fmt: skip
        self._bar.tell(_key("outdated", file), words, answers=answers, about=file)


def _key(kind: str, file: OpenFile) -> str:
    return f"{kind} {file.path}"
