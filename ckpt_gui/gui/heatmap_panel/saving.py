"""The picture: to a file, or to the clipboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui import theme

if TYPE_CHECKING:
    from ckpt_gui.gui.plots.heatmap import HeatmapPlot

_WORDS = {"png": "Picture (*.png)", "svg": "Drawing (*.svg)"}
_UNFIT = re.compile(r"[^\w.+-]+")


def ask(parent: QWidget, name: str, kind: str) -> Path | None:
    """Where to save, by the system's dialog; None if nowhere."""
    plain = _UNFIT.sub("_", name).strip("._")[:80] or "tensor"
    path, _filter = QFileDialog.getSaveFileName(parent, "Save the heat-map", f"{plain}.heat-map.{kind}", _WORDS[kind])
    return Path(path) if path else None


def save(plot: HeatmapPlot, path: Path, kind: str, name: str) -> str:
    """Write the file; what happened, in a sentence."""
    from ckpt_gui.gui.plots import drawing

    background = QColor(theme.of(plot.palette()).window)
    data = drawing.svg(plot, background, f"Heat-map of {name}") if kind == "svg" else drawing.png(plot, background)
    try:
        path.write_bytes(data)
    except OSError as exc:
        return f"{text.escape(str(path))} cannot be written: {exc.strerror or exc}."
    return f"Saved {text.escape(path.name)}"


def copy(plot: HeatmapPlot) -> str:
    """Put the picture on the clipboard."""
    from ckpt_gui.gui.plots import drawing

    QGuiApplication.clipboard().setImage(drawing.image(plot, QColor(theme.of(plot.palette()).window)))
    return "Copied the picture"
