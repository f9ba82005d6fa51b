"""How a person wants heat-maps drawn; remembered from one day to the next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ckpt_gui.core.heatmap.limits import SCALES, SPANS
from ckpt_gui.core.heatmap.measure import FACES
from ckpt_gui.core.heatmap.picture import HOWS
from ckpt_gui.gui.settings import Settings

_NAME = "heat-map"
CHOICES = {"how": HOWS, "scale": SCALES, "span": SPANS, "face": FACES}
"""What each option can be; the first is the default."""


@dataclass(frozen=True, slots=True)
class Options:
    """The choices that hold for every tensor."""

    how: str = HOWS[0]
    scale: str = SCALES[0]
    span: str = SPANS[0]
    face: str = FACES[0]


def remembered(settings: Settings) -> Options:
    """What was chosen last; the default for each value that is not one of the choices."""
    kept: dict[str, Any] = settings.value(_NAME, {})
    return Options(**{name: kept[name] for name, known in CHOICES.items() if kept.get(name) in known})


def keep(settings: Settings, options: Options) -> None:
    """Remember these."""
    settings.keep(_NAME, asdict(options))
