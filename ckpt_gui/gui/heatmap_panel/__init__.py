"""The Heat-map page: where in a tensor which values stand, at any zoom.

``panel``    HeatmapPanel: which jobs run, what is shown        ``work``     what a job does, without a widget
``controls`` the choices above the picture: ``layout_row`` how the tensor lies, ``options`` how it is drawn
``page``     the frame: picture or sentence                 ``saving``   the picture, to a file or the clipboard
"""

from ckpt_gui.gui.heatmap_panel.panel import HeatmapPanel

__all__ = ["HeatmapPanel"]
