"""The application's picture, from the file that comes with the program. Loaded once, after the first paint."""

from __future__ import annotations

from PySide6.QtGui import QIcon

from ckpt_gui.resources_path import resource


def application() -> QIcon:
    """The icon of windows and task bars; an empty one where the file did not come along."""
    try:
        return QIcon(str(resource("ckpt_gui.svg")))
    except FileNotFoundError:
        return QIcon()
