"""The page of values: a table of any size, ways to find one's way in it, copies and exports.

``panel`` puts it together · ``grid`` the table · ``tools`` the lines above it · ``exporting`` files to write.
"""

from ckpt_gui.gui.values_panel.panel import ValuesPanel

__all__ = ["ValuesPanel"]
