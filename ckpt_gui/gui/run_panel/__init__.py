"""The right side of a run: a statistic over the steps, the histogram's evolution, and the first step with NaN."""

from __future__ import annotations

from ckpt_gui.gui.run_panel.panel import RunPanel

__all__ = ["RunPanel"]
