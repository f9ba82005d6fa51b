"""The tree of one checkpoint: its filter line, the tree, the flat list, and what can be done with a row.

``panel``    TreePanel: what the window knows     ``views``     the tree and the flat list, alike in looks and columns
``filter``   the line, its reasons, its counts    ``builder``   the popover that writes the same line by choice
``keep``     where a person was, by names         ``commands``  the actions     ``slices``  long work between events
"""

from ckpt_gui.gui.tree_panel.panel import TreePanel

__all__ = ["TreePanel"]
