"""The pages on a pair of tensors, or on several pairs together.

``summary`` in words · ``histogram`` A and B overlaid, and B − A · ``heatmap`` side by side, ``trio`` the three plots ·
``scatter`` A against B · ``values`` the table · ``depth`` change over the layers · ``frame`` what they have in common.
Each has ``show_pairs(comparison, places)``, which may be called again while values come in, and ``let_go()``.
"""

from ckpt_gui.gui.pair_panel.depth import ChangeOverDepth
from ckpt_gui.gui.pair_panel.heatmap import PairHeatmap
from ckpt_gui.gui.pair_panel.histogram import PairHistogram
from ckpt_gui.gui.pair_panel.scatter import PairScatter
from ckpt_gui.gui.pair_panel.summary import PairSummary
from ckpt_gui.gui.pair_panel.values import PairValues

__all__ = ["ChangeOverDepth", "PairHeatmap", "PairHistogram", "PairScatter", "PairSummary", "PairValues"]
