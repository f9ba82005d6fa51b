"""Tables of a conversion: what is planned, what an audit found, what became of many files."""

from ckpt_gui.gui.convert_rows.model import Column, RowsModel, tones
from ckpt_gui.gui.convert_rows.sentences import Sentences
from ckpt_gui.gui.convert_rows.table import Table

__all__ = ["Column", "RowsModel", "Sentences", "Table", "tones"]
