"""The chart over the steps as positions: lines, marks and the strip of what is not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_gui.core.stats.nouns import Floats
from ckpt_gui.core.stats.scale import Scale
from ckpt_gui.core.stats.ticks import Tick
from ckpt_gui.core.trend.nouns import Run
from ckpt_gui.core.trend.series import Line
from ckpt_gui.core.trend.statistics import LOGARITHMIC

LOG_FROM = 30
"""A ratio of the largest to the smallest from which a logarithmic axis is proposed."""
_ROOM = 0.06
"""Of the height, kept free above and below."""
_STRIP = 0.10
"""Of the height, for what is not finite; and, on a logarithmic axis, for zero."""
_EACH, _MOST_STRIP = 0.025, 0.3
"""Of the height, more for every further line with such values; and at most."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One line."""

    line: Line
    number: int
    """Place among all lines, shown or not: colour, dashes and glyph go by it."""
    ys: Floats
    """Position at each stop; NaN where there is no number."""
    broken: tuple[int, ...]
    """Stops at which some of its values are NaN or Inf."""
    level: float
    """Where these are marked: a position in the strip, each line's its own."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn. Stops stand one apart, whatever their steps are."""

    run: Run
    traces: tuple[Trace, ...]
    scale: Scale
    low: float
    high: float
    """The positions shown."""
    strip: float
    """Above it stands what is not finite; ``high`` where there is none."""
    floor: float
    """On a logarithmic axis, where zero stands, apart from the scale; ``low`` where there is none."""


def proposes_log(lines: Sequence[Line], statistic: str) -> bool:
    """Whether a logarithmic axis shows more."""
    if statistic not in LOGARITHMIC:
        return False
    values = [float(value) for line in lines for value in line.values if value is not None and value > 0]
    return bool(values) and max(values) > LOG_FROM * min(values)


def picture(run: Run, numbered: Sequence[tuple[int, Line]], *, log: bool) -> Picture:
    """Lay the chart out; each line with its place among all."""
    scale = Scale("log" if log else "linear")
    columns = [np.array([math.nan if one is None else float(one) for one in line.values]) for _n, line in numbered]
    zeros = log and any((column <= 0).any() for column in columns)
    placed = [_positions(column, scale) for column in columns]
    low, high = _span(placed)
    floor = low
    if zeros:
        low -= (high - low) * _STRIP
        placed = [np.where(column <= 0, (low + floor) / 2, ys) for column, ys in zip(columns, placed, strict=True)]
    broken = [tuple(place for place, bad in enumerate(line.nonfinite) if bad) for _n, line in numbered]
    strip = high
    if any(broken):
        high += (high - low) * min(_STRIP + _EACH * (sum(map(bool, broken)) - 1), _MOST_STRIP)
    lines = [place for place, bad in enumerate(broken) if bad]
    levels = {place: high - (high - strip) * (rank + 1) / (len(lines) + 1) for rank, place in enumerate(lines)}
    traces = tuple(
        Trace(line, number, placed[place], broken[place], levels.get(place, high))
        for place, (number, line) in enumerate(numbered)
    )
    return Picture(run, traces, scale, low, high, strip, floor)


def _positions(values: Floats, scale: Scale) -> Floats:
    if scale.axis != "log":
        return values
    above = values > 0
    return np.where(above, scale.positions(np.where(above, values, 1.0)), math.nan)


def _span(placed: Sequence[Floats]) -> tuple[float, float]:
    held = [ys[np.isfinite(ys)] for ys in placed]
    held = [ys for ys in held if ys.size]
    if not held:
        return 0.0, 1.0
    low, high = min(float(ys.min()) for ys in held), max(float(ys.max()) for ys in held)
    room = (high - low) * _ROOM or max(abs(high) * 0.1, 1e-3)
    return low - room, high + room


Point = tuple[int, int]
"""Place of a trace, and a stop."""


def height(shown: Picture, point: Point) -> float:
    """Where a point stands: on its line, or in the strip if there is no number; NaN if there is nothing."""
    trace, stop = shown.traces[point[0]], point[1]
    if not math.isnan(trace.ys[stop]):
        return float(trace.ys[stop])
    return trace.level if stop in trace.broken else math.nan


def nearest(shown: Picture, x: float, y: float, width: float, height_: float) -> Point | None:
    """The point nearest to a position, no further than ``width`` × ``height_``."""
    best: tuple[float, Point] | None = None
    stop = round(x)
    if not 0 <= stop < len(shown.run.stops):
        return None
    for place in range(len(shown.traces)):
        apart = ((stop - x) / width) ** 2 + ((height(shown, (place, stop)) - y) / height_) ** 2
        if apart <= 1 and (best is None or apart < best[0]):
            best = (apart, (place, stop))
    return best[1] if best is not None else None


def step(shown: Picture, point: Point | None, along: int, across: int) -> Point | None:
    """The next point along the line, or that of the next line at the same stop; where there is nothing is passed by."""
    if not shown.traces:
        return None
    stops = len(shown.run.stops)
    place, stop = point if point is not None else (0, -1 if along >= 0 else stops)
    if across:
        lines = len(shown.traces)
        turns = [((place + across * more) % lines, stop) for more in range(1, lines + 1)]
        return next((one for one in turns if 0 <= stop < stops and not math.isnan(height(shown, one))), point)
    by = along or 1
    last = stops if by > 0 else -1
    ahead = [(place, at) for at in range(stop + by, last, by)]
    return next((one for one in ahead if not math.isnan(height(shown, one))), point)


def stop_ticks(run: Run, low: float, high: float, characters: int) -> list[Tick]:
    """Labels of stops, as many as there is room for, evenly. ``characters``: that fit side by side."""
    first, last = max(0, math.ceil(low)), min(len(run.stops) - 1, math.floor(high))
    if last < first or high <= low:
        return []
    widest = max(len(run.stops[place].label) for place in range(first, last + 1))
    each = characters / (high - low)
    every = max(1, math.ceil(min(widest + 2, max(characters / 3, 4)) / each))
    return [Tick(float(place), _short(run.stops[place].label, int(every * each) - 1))
            for place in range(first, last + 1, every)]  # fmt: skip


def _short(label: str, room: int) -> str:
    room = max(room, 3)
    return label if len(label) <= room else "…" + label[1 - room :]
