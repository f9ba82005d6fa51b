"""The left side of a comparison: pairs as a tree, what to show of them, how they were paired.

``panel`` the whole · ``rows`` tree, selection, order · ``views`` how it looks · ``classes`` a button a change ·
``pairing_bar`` rules and hints
``commands`` words and keys · ``sieve`` what stays
"""

from ckpt_gui.gui.diff_panel.panel import DiffPanel

__all__ = ["DiffPanel"]
