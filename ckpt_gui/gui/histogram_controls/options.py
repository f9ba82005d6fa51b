"""How a person wants histograms drawn; remembered from one day to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ckpt_gui.core.stats.chart import View
from ckpt_gui.core.stats.clip import CLIPS
from ckpt_gui.core.stats.edges import Axis
from ckpt_gui.core.stats.markers import KINDS
from ckpt_gui.core.stats.scale import AXES
from ckpt_gui.gui.settings import Settings

_NAME = "histogram"


@dataclass(frozen=True, slots=True)
class Options:
    """The choices above the plot."""

    axis: Axis = "linear"
    bins: int = 0
    """0: automatic."""
    clip: float = 0.0
    """Percent cut from each end."""
    log: bool = False
    """Counts on a logarithmic axis."""
    markers: tuple[str, ...] = KINDS
    """Which statistics stand as lines."""

    def view(self) -> View:
        """The same in the core's terms, without zoom."""
        return View(self.axis, self.bins or None, self.clip)


def remembered(settings: Settings) -> Options:
    """What was chosen last; a default for each value that is not one of the choices."""
    kept: dict[str, Any] = settings.value(_NAME, {})
    options = Options()
    if kept.get("axis") in AXES:
        options = replace(options, axis=kept["axis"])
    options = replace(options, bins=settings.preferences.bins)
    if kept.get("clip") in CLIPS:
        options = replace(options, clip=float(kept["clip"]))
    if isinstance(kept.get("log"), bool):
        options = replace(options, log=kept["log"])
    if isinstance(kept.get("markers"), list):
        options = replace(options, markers=tuple(kind for kind in KINDS if kind in kept["markers"]))
    return options


def keep(settings: Settings, options: Options) -> None:
    """Remember these."""
    settings.keep(
        _NAME,
        {"axis": options.axis, "clip": options.clip, "log": options.log, "markers": list(options.markers)},
    )
    settings.choose(bins=options.bins)
