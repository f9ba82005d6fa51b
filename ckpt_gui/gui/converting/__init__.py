"""Conversions under way: planned again at each change, carried out, stopped. Who listens shows their state."""

from ckpt_gui.gui.converting.batch import Batch, Outcome
from ckpt_gui.gui.converting.conversion import Conversion
from ckpt_gui.gui.converting.labels import asks_for_part, in_window
from ckpt_gui.gui.converting.work import Preview

__all__ = ["Batch", "Conversion", "Outcome", "Preview", "asks_for_part", "in_window"]
