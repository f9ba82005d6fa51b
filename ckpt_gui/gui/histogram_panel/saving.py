"""The picture and its numbers: to a file, or to the clipboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.stats.chart_csv import chart_csv

if TYPE_CHECKING:
    from ckpt_gui.core.stats.chart import Chart
    from ckpt_gui.gui.plots.histogram import HistogramPlot

FORMATS = ("png", "svg", "csv")
_WORDS = {"png": "Picture (*.png)", "svg": "Drawing (*.svg)", "csv": "Numbers (*.csv)"}
_UNFIT = re.compile(r"[^\w.+-]+")


def ask(parent: QWidget, chart: Chart, kind: str) -> Path | None:
    """Where to save, by the system's dialog; None if nowhere."""
    name = _UNFIT.sub("_", chart.known.parts[0].name).strip("._")[:80] or "tensor"
    path, _filter = QFileDialog.getSaveFileName(parent, "Save the histogram", f"{name}.histogram.{kind}", _WORDS[kind])
    return Path(path) if path else None


def save(plot: HistogramPlot, path: Path, kind: str) -> str:
    """Write the file; what happened, in a sentence."""
    chart = plot.chart
    assert chart is not None
    if kind == "csv":
        data = chart_csv(chart).encode("utf-8", "backslashreplace")
    elif kind == "svg":
        data = plot.svg(f"Histogram of {chart.known.parts[0].name}")
    else:
        data = plot.png()
    try:
        path.write_bytes(data)
    except OSError as exc:
        return f"{text.escape(str(path))} cannot be written: {exc.strerror or exc}."
    return f"Saved {text.escape(path.name)}" + ("" if chart.exact else ", a preview: not all values were counted yet")


def copy_picture(plot: HistogramPlot) -> str:
    """Put the picture on the clipboard."""
    QGuiApplication.clipboard().setImage(plot.image())
    return "Copied the picture"


def copy_numbers(chart: Chart) -> str:
    """Put the bars on the clipboard, as CSV."""
    safe = chart_csv(chart).encode("utf-8", "backslashreplace").decode("utf-8")
    QGuiApplication.clipboard().setText(safe)
    return f"Copied {text.plural(max(len(chart.edges) - 1, 0), 'bar')} as CSV"
