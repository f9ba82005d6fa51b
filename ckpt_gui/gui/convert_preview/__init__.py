"""What a conversion will make: a headline, a row for each tensor and value, warnings, and the same in words."""

from ckpt_gui.gui.convert_preview.panel import PreviewPanel

__all__ = ["PreviewPanel"]
