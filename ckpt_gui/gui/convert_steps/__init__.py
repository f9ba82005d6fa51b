"""What can be asked of a conversion, as steps that combine: each a section with its own controls."""

from ckpt_gui.gui.convert_steps.column import ALL, StepsColumn

__all__ = ["ALL", "StepsColumn"]
