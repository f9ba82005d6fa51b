"""Steps kept in a file, to be applied again."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.errors import ConvertError

FILTER = "Recipe (*.json)"
MAX_NBYTES = 1 << 20


def ask_load(parent: QWidget, folder: str) -> str:
    """The recipe chosen; "" if none was."""
    return QFileDialog.getOpenFileName(parent, "Load a recipe", folder, FILTER)[0]


def ask_save(parent: QWidget, folder: str) -> str:
    """Where to save a recipe; "" for nowhere."""
    return QFileDialog.getSaveFileName(parent, "Save the recipe", str(Path(folder, "recipe.json")), FILTER)[0]


def load(path: str) -> Options:
    """The options of a recipe. Raises ConvertError with a sentence."""
    from ckpt_gui.core.convert.recipes import options_from_json

    name = text.escape(Path(path).name)
    try:
        if Path(path).stat().st_size > MAX_NBYTES:
            raise ConvertError(f"{name} is too long for a recipe")
        told = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConvertError(f"{name} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise ConvertError(f"{name} is no recipe: it is not JSON") from exc
    return options_from_json(told)


def save(path: str, options: Options) -> None:
    """Write a recipe. Raises ConvertError with a sentence."""
    from ckpt_gui.core.convert.recipes import options_to_json

    try:
        Path(path).write_text(json.dumps(options_to_json(options), indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        raise ConvertError(f"{text.escape(path)} cannot be written: {exc.strerror}") from exc
