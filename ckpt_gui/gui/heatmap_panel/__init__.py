"""The Heat-map page: where in a tensor which values stand, at any zoom.

``panel``    HeatmapPanel: which jobs run, what is shown        ``saving``   the picture, to a file or the clipboard
``page``     the frame: picture or sentence
"""

from ckpt_gui.gui.heatmap_panel.panel import HeatmapPanel

__all__ = ["HeatmapPanel"]
