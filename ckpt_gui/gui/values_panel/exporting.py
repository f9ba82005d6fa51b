"""Asks for a file to export to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

_FILTERS = {
    "npy": "NumPy array (*.npy)", "npz": "NumPy arrays (*.npz)", "csv": "Comma-separated values (*.csv)",
    "safetensors": "safetensors (*.safetensors)",
}  # fmt: skip
_SEVERAL = ("safetensors", "npz")


def ask(parent: QWidget, name: str, folder: str, tensors: int) -> tuple[str, bool]:
    """The path chosen ("" if none) and whether the person agreed to overwrite what stands there.

    A name without a known ending gets that of the filter; such a file nobody was asked about.
    """
    formats = _SEVERAL if tensors > 1 else tuple(_FILTERS)
    plain = "".join(char if char.isalnum() or char in "._- " else "_" for char in name)[:100].strip(". ") or "tensor"
    start = str(Path(folder, f"{plain}.{formats[0]}"))
    filters = ";;".join(_FILTERS[one] for one in formats)
    path, picked = QFileDialog.getSaveFileName(parent, "Export", start, filters)
    if not path:
        return "", False
    if Path(path).suffix.lower().removeprefix(".") in _FILTERS:
        return path, True
    suffix = next((name for name, words in _FILTERS.items() if words == picked), formats[0])
    return f"{path}.{suffix}", False
