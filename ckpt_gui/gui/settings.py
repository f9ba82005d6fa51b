"""What is kept from one day to the next, in two JSON files beside each other.

``settings.json`` holds what a person chose (``preferences``), to be read and edited by hand; ``window.json`` what the
window remembers by itself: places, widths, recent files. Losing the second is no loss worth a message: a damaged or
unwritable file is ignored. A file is written to a sibling and renamed, so that two windows closing at once leave one
whole file.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from ckpt_gui.gui import preferences
from ckpt_gui.gui.preferences import DEFAULTS, MOST_RECENT, Preferences

T = TypeVar("T")
MAX_RECENT = MOST_RECENT
_CHOICES = "settings.json"
"""Beside the other, so that a folder holds all there is."""


def settings_path() -> Path:
    """Where the settings belong on this system; ``CKPT_GUI_CONFIG_DIR`` overrides the folder."""
    folder = os.environ.get("CKPT_GUI_CONFIG_DIR")
    if not folder:
        import platformdirs  # here, because it is not needed where the folder is given

        folder = platformdirs.user_config_dir("ckpt_gui", appauthor=False)
    return Path(folder, "window.json")


class Settings(QObject):
    """Remembered values by name, and ``preferences``. Reads its files once; ``save`` and ``choose`` write them.

    Signals:
        chosen: other preferences are in force.
    """

    chosen = Signal()

    def __init__(self, path: Path, *, picture: bool = False, fresh: bool = False) -> None:
        """``picture``: for a screenshot, which looks the same everywhere and leaves no trace but its file;
        ``fresh``: neither read nor write anything."""
        super().__init__()
        self._path = path
        self._silent = picture or fresh
        self.preferences: Preferences = DEFAULTS
        self._values: dict[str, Any] = {} if fresh else _read(path)
        self.trouble = ""
        """What is wrong with the person's file, in a sentence."""
        if picture:
            self._values = {"recents": self.recents()}
        if not self._silent:
            self.preferences, self.trouble = preferences.read(self.choices_path)

    @property
    def choices_path(self) -> Path:
        """The file of what a person chose."""
        return self._path.with_name(_CHOICES)

    @property
    def reports_folder(self) -> Path:
        """Where it is written down if the program itself fails."""
        return self._path.parent / "reports"

    @property
    def kept(self) -> bool:
        """Will the next start know of any of this?"""
        return not self._silent

    def value(self, name: str, default: T) -> T:
        """The remembered value, if there is one of the default's type."""
        found = self._values.get(name, default)
        return found if isinstance(found, type(default)) else default

    def keep(self, name: str, value: object) -> None:
        """Remember a plain JSON value."""
        self._values[name] = value

    def choose(self, **changes: Any) -> None:
        """Put other preferences in force and keep them; names and types as in ``Preferences``."""
        self.prefer(replace(self.preferences, **changes))

    def prefer(self, wanted: Preferences) -> None:
        """Put all of these in force and keep them."""
        if wanted == self.preferences:
            return
        self.preferences = wanted
        if not self._silent:
            if self.trouble:  # what a person wrote there by hand is not lost
                with contextlib.suppress(OSError):
                    self.choices_path.replace(self.choices_path.with_suffix(".damaged.json"))
                self.trouble = ""
            _write(self.choices_path, preferences.written(wanted))
        self.chosen.emit()

    def recents(self) -> list[str]:
        """Recently opened paths, newest first."""
        listed: list[object] = self.value("recents", [])
        return [path for path in listed if isinstance(path, str)][: self.preferences.recent]

    def add_recent(self, path: str) -> None:
        """Put a path at the head of the recent ones."""
        others = [other for other in self.recents() if other != path]
        self.keep("recents", [path, *others][: self.preferences.recent])

    def forget_recents(self, gone: set[str]) -> None:
        """Take paths out of the recent ones."""
        self.keep("recents", [path for path in self.recents() if path not in gone])

    def save(self) -> None:
        """Write everything; trouble is ignored (nothing here is worth interrupting a person for)."""
        if not self._silent:
            _write(self._path, json.dumps(self._values, indent=1, sort_keys=True))


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _write(path: Path, words: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(words, encoding="utf-8")
        temporary.replace(path)
