"""The page of values: a table of any size, ways to find one's way in it, copies and exports.

``panel`` puts it together · ``face`` what it looks like · ``errands`` what takes a while · ``exporting`` asks for
files · ``commands``, ``words``.
"""

from ckpt_gui.gui.values_panel.panel import ValuesPanel

__all__ = ["ValuesPanel"]
