"""The Histogram page: what the picked tensors' values are like, exact, at any zoom.

``panel``    HistogramPanel: which jobs run, what is shown     ``work``    what a job does, without a widget
``saving``   the picture and its numbers, to a file or the clipboard
"""

from ckpt_gui.gui.histogram_panel.panel import HistogramPanel

__all__ = ["HistogramPanel"]
