"""What a person chooses once for every file: a small table, kept as a JSON file that can be read and edited."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from math import inf
from pathlib import Path
from typing import Any

THEMES = ("system", "light", "dark")
TABS = ("summary", "histogram", "heat-map", "values", "layers", "info")
TOLERANCES = ("torch", "exact")
COLUMNS = ("kind", "shape", "dtype", "device", "params", "percent", "size")
"""Of the tree, beside the key, which always stands."""
MOST_RECENT = 9
"""As many as there are digits for Ctrl+1 … Ctrl+9."""
MOST_BINS = 512
ZOOMS = (-4, 40)
MOST_CACHE = 65_536


@dataclass(frozen=True, slots=True)
class Preferences:
    """Every choice, with its default."""

    theme: str = "system"
    """One of ``THEMES``."""
    zoom: int = 0
    """Points more than the system's text size."""
    tab: str = "summary"
    """Page on the right when the first row is picked; one of ``TABS``."""
    columns: tuple[str, ...] = COLUMNS
    """Keys of the tree's columns that show."""
    bins: int = 0
    """Bars of a histogram; 0: as many as the values call for."""
    tolerance: str | tuple[float, float] = "torch"
    """What counts as close: torch.testing's by element type, exact, or (rtol, atol)."""
    background: bool = True
    """Compute statistics before somebody asks, as far as that is quick."""
    cache: int = 128
    """MiB of statistics kept on disk; 0: none."""
    recent: int = MOST_RECENT
    """Files that are remembered."""
    reopen: bool = False
    """Begin with the files that were open last."""


DEFAULTS = Preferences()


def _columns(value: Any) -> tuple[str, ...] | None:
    known = isinstance(value, list) and all(isinstance(key, str) and key.isidentifier() for key in value)
    return tuple(dict.fromkeys(value)) if known else None


def _tolerance(value: Any) -> str | tuple[float, float] | None:
    if isinstance(value, str):
        return value if value in TOLERANCES else None
    numbers = isinstance(value, list) and len(value) == 2 and all(type(one) in (int, float) for one in value)
    if not numbers or not all(0 <= one < inf for one in value):
        return None
    return float(value[0]), float(value[1])


def _one_of(value: Any, known: tuple[str, ...]) -> str | None:
    return value if value in known else None


def _whole(value: Any, least: int, most: int) -> int | None:
    return value if type(value) is int and least <= value <= most else None


def _checked(name: str, value: Any) -> Any:
    """The value as ``Preferences`` has it; None where it is not one of its choices."""
    ranges = {"zoom": ZOOMS, "bins": (0, MOST_BINS), "cache": (0, MOST_CACHE), "recent": (0, MOST_RECENT)}
    if name in ranges:
        return _whole(value, *ranges[name])
    if name in ("theme", "tab"):
        return _one_of(value, THEMES if name == "theme" else TABS)
    if name in ("background", "reopen"):
        return value if isinstance(value, bool) else None
    return _columns(value) if name == "columns" else _tolerance(value)


def read(path: Path) -> tuple[Preferences, str]:
    """The choices in a file, and a sentence about what of it could not be used; no file is no trouble."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DEFAULTS, ""
    except (OSError, ValueError, RecursionError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is damaged"
        return DEFAULTS, f"The settings in {path} cannot be read ({why}); the defaults are in force."
    if not isinstance(found, dict):
        return DEFAULTS, f"The settings in {path} cannot be read (it is damaged); the defaults are in force."
    names = [field.name for field in fields(Preferences) if field.name in found]
    checked = {name: _checked(name, found[name]) for name in names}
    bad = [name for name, value in checked.items() if value is None]
    words = f"In the settings in {path} the default is in force for: {', '.join(bad)}." if bad else ""
    return replace(DEFAULTS, **{name: value for name, value in checked.items() if value is not None}), words


def written(preferences: Preferences) -> str:
    """The choices as text for a file."""
    return json.dumps(asdict(preferences), indent=2) + "\n"
