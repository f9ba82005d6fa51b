"""A conversion in a window of its own: preview, one confirmation, progress, receipt."""

from ckpt_gui.gui.convert_dialog.dialog import ConvertDialog, Request

__all__ = ["ConvertDialog", "Request"]
