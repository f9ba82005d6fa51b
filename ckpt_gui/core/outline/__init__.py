"""How a checkpoint's nodes are laid out for showing, and what each cell says.

``facts``    lookups behind the cells: what a subtree has in common, who shares a storage
``columns``  the columns as data: title, text, sort key
``arrange``  Outline: which rows stand where, for a filter, an order, families folded or not, one flat list or a tree
``snippets`` a row as text to paste: key, path, the Python line that loads it

Everything is computed for the parts that are opened, when they are opened, and kept.
"""

from ckpt_gui.core.outline.arrange import ROOT, Outline
from ckpt_gui.core.outline.columns import COLUMNS, Column, column
from ckpt_gui.core.outline.facts import Facts, path_or_prefix
from ckpt_gui.core.outline.snippets import python_line

__all__ = ["COLUMNS", "ROOT", "Column", "Facts", "Outline", "column", "path_or_prefix", "python_line"]
