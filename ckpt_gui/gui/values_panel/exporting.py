"""Asks for a file to export to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_gui.core import text

if TYPE_CHECKING:
    from ckpt_gui.gui.open_files import OpenFile

_FILTERS = {
    "npy": "NumPy array (*.npy)", "npz": "NumPy arrays (*.npz)", "csv": "Comma-separated values (*.csv)",
    "safetensors": "safetensors (*.safetensors)",
}  # fmt: skip
_SEVERAL = ("safetensors", "npz")


def name_of(file: OpenFile, nodes: list[int]) -> str:
    """What to call an export of these rows: by the last key of a single one, else by the file."""
    assert file.opened is not None
    keys = file.opened.checkpoint.path_of(nodes[0]) if len(nodes) == 1 else ()
    return text.escape(str(keys[-1])) if keys else Path(file.path).stem


def ask(parent: QWidget, name: str, file: OpenFile, tensors: int) -> tuple[str, bool]:
    """The path chosen ("" if none) and whether the person agreed to overwrite what stands there.

    A name without a known ending gets that of the filter; such a file nobody was asked about.
    """
    formats = _SEVERAL if tensors > 1 else tuple(_FILTERS)
    plain = "".join(char if char.isalnum() or char in "._- " else "_" for char in name)[:100].strip(". ") or "tensor"
    start = str(Path(Path(file.path).parent, f"{plain}.{formats[0]}"))
    filters = ";;".join(_FILTERS[one] for one in formats)
    path, picked = QFileDialog.getSaveFileName(parent, "Export", start, filters)
    if not path:
        return "", False
    if Path(path).suffix.lower().removeprefix(".") in _FILTERS:
        return path, True
    suffix = next((name for name, words in _FILTERS.items() if words == picked), formats[0])
    return f"{path}.{suffix}", False
