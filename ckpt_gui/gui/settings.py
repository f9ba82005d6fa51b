"""What the window remembers from one day to the next: places, columns, recent files. One JSON file.

Losing it is no loss worth a message: a damaged or unwritable file is ignored. It is written to a
sibling and renamed, so that two windows closing at once leave one whole file.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
MAX_RECENT = 9
"""As many as there are digits for Ctrl+1 … Ctrl+9."""


def settings_path() -> Path:
    """Where the settings belong on this system; ``CKPT_GUI_CONFIG_DIR`` overrides the folder."""
    folder = os.environ.get("CKPT_GUI_CONFIG_DIR")
    if not folder:
        import platformdirs  # here, because it is not needed where the folder is given

        folder = platformdirs.user_config_dir("ckpt_gui", appauthor=False)
    return Path(folder, "window.json")


class Settings:
    """Remembered values by name. Reads its file once; ``save`` writes it."""

    def __init__(self, path: Path, *, picture: bool = False) -> None:
        """``picture``: for a screenshot, which looks the same everywhere and leaves no trace but its file."""
        self._path = path
        self._picture = picture
        self._values: dict[str, Any] = _read(path)
        if picture:
            self._values = {"recents": self.recents()}

    def value(self, name: str, default: T) -> T:
        """The remembered value, if there is one of the default's type."""
        found = self._values.get(name, default)
        return found if isinstance(found, type(default)) else default

    def keep(self, name: str, value: object) -> None:
        """Remember a plain JSON value."""
        self._values[name] = value

    def recents(self) -> list[str]:
        """Recently opened paths, newest first."""
        listed: list[object] = self.value("recents", [])
        return [path for path in listed if isinstance(path, str)][:MAX_RECENT]

    def add_recent(self, path: str) -> None:
        """Put a path at the head of the recent ones."""
        self.keep("recents", [path, *(other for other in self.recents() if other != path)][:MAX_RECENT])

    def forget_recents(self, gone: set[str]) -> None:
        """Take paths out of the recent ones."""
        self.keep("recents", [path for path in self.recents() if path not in gone])

    def save(self) -> None:
        """Write everything; trouble is ignored (nothing here is worth interrupting a person for)."""
        if self._picture:
            return
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        text = json.dumps(self._values, indent=1, sort_keys=True)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(self._path)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
