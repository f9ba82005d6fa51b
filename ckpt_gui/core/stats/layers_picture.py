"""The per-layer chart as positions: lines, bands and marks, ready to be drawn and pointed at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_gui.core import text
from ckpt_gui.core.depth import Depth
from ckpt_gui.core.stats.layers import LOGARITHMIC, Outlier, Point, Series
from ckpt_gui.core.stats.nouns import Floats
from ckpt_gui.core.stats.scale import Scale
from ckpt_gui.core.stats.ticks import Tick

MARKS_UP_TO = 4_000
"""Points that are marked one by one; of more only the lines and what stands out is drawn."""
LOG_FROM = 30
"""A ratio of the largest to the smallest from which a logarithmic axis is proposed."""
_LEAST_LABEL = 5
"""Characters of a module's name that say something."""
_ROOM = 0.06
"""Of the height, kept free above and below."""
_STRIP = 0.10
"""Of the height, for what is not finite."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One kind's line: the middle of what stands at each stop, and how far it reaches."""

    kind: str
    number: int
    """Place among all kinds, shown or not: colour and glyph go by it."""
    xs: Floats
    ys: Floats
    lows: Floats
    highs: Floats
    """Positions; NaN where the line breaks off, between towers."""
    banded: bool
    """Do lows and highs say more than ys?"""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn."""

    depth: Depth
    traces: tuple[Trace, ...]
    scale: Scale
    xs: Floats
    ys: Floats
    """Positions of all points, those of what is not finite included."""
    points: tuple[Point, ...]
    numbers: tuple[int, ...]
    """Kind by place, for each point."""
    kinds: tuple[str, ...]
    """All kinds, shown or not."""
    marked: bool
    """Is every point marked?"""
    outliers: tuple[int, ...]
    """Places in ``points`` of what stands out."""
    broken: tuple[int, ...]
    """Places in ``points`` of tensors with NaN or Inf, which stand in a strip of their own."""
    low: float
    high: float
    """The positions shown."""
    strip: float
    """Where the strip begins; ``high`` where there is none."""
    ground: float | None = None
    """On a logarithmic axis that draws zeros apart: below this they stand, in a strip of their own."""


def proposes_log(drawn: Sequence[Series], statistic: str) -> bool:
    """Whether a logarithmic axis shows more."""
    if statistic not in LOGARITHMIC:
        return False
    values = [point.low for one in drawn for point in one.points if point.low > 0]
    return bool(values) and max(values) > LOG_FROM * min(values)


def picture(
    depth: Depth,
    drawn: Sequence[Series],
    found: Sequence[Outlier],
    *,
    log: bool,
    hidden: Collection[str] = (),
    apart: bool = False,
) -> Picture:
    """Lay the chart out. ``hidden``: kinds that are switched off; ``apart``: of a logarithmic axis, zeros stand in a
    strip of their own, with no line to what is not 0."""
    scale = Scale("log" if log else "linear")
    shown = [(number, one) for number, one in enumerate(drawn) if one.kind not in hidden]
    points = [(number, point) for number, one in shown for point in one.points]
    floor = min((point.low for _n, point in points if point.low > 0), default=1.0) / 2
    ground = None
    if log and apart and any(point.low <= 0 for _n, point in points):
        floor, ground = _below([point.high for _n, point in points if point.low > 0])
    cut = ground is not None
    traces = tuple(_trace(depth, number, one, scale, floor, apart=cut) for number, one in shown if one.points)
    low, high = _span(traces)
    if ground is not None:
        high = max(high, ground + _ROOM * 10)
        low = 2 * scale.position(floor) - ground  # as much room below the zeros as above them
    broken = [(number, point) for number, one in shown for point in one.broken]
    strip = high
    if broken:
        high += (high - low) * _STRIP
    xs = np.array([point.stop for _n, point in points + broken], np.float64)
    tops = np.array([point.high if abs(point.high) >= abs(point.low) else point.low for _n, point in points])
    ys = np.concatenate([_positions(tops, scale, floor), np.full(len(broken), (strip + high) / 2)])
    outlying = {id(one.point) for one in found if one.typical == one.typical}
    return Picture(
        depth, traces, scale, xs, ys, tuple(point for _n, point in points + broken),
        tuple(number for number, _p in points + broken), tuple(one.kind for one in drawn),
        len(points) <= MARKS_UP_TO,
        tuple(place for place, (_n, point) in enumerate(points) if id(point) in outlying),
        tuple(range(len(points), len(points) + len(broken))), low, high, strip, ground,
    )  # fmt: skip


def _below(values: Sequence[float]) -> tuple[float, float]:
    """Where zeros stand below these on a logarithmic axis: the value at whose place, and where their strip ends."""
    if not values:
        return 0.1, 0.0
    low, high = float(np.log10(min(values))), float(np.log10(max(values)))
    room = max(high - low, 0.5)
    ground = low - _ROOM * room
    return float(10.0 ** (ground - _STRIP * room / 2)), ground


def _positions(values: Floats, scale: Scale, floor: float) -> Floats:
    """Where values stand; zeros and less at the bottom of a logarithmic axis."""
    values = np.asarray(values, np.float64)
    return scale.positions(np.maximum(values, floor)) if scale.axis == "log" else values


def _trace(depth: Depth, number: int, one: Series, scale: Scale, floor: float, *, apart: bool) -> Trace:
    stops = np.array([point.stop for point in one.points])
    lows = _positions(np.array([point.low for point in one.points]), scale, floor)
    highs = _positions(np.array([point.high for point in one.points]), scale, floor)
    places, starts = np.unique(stops, return_index=True)
    middles = np.array([np.median(part) for part in np.split((lows + highs) / 2, starts[1:])])
    columns = [
        places.astype(np.float64),
        middles,
        np.minimum.reduceat(lows, starts),
        np.maximum.reduceat(highs, starts),
    ]
    towers = [depth.stops[place].tower for place in places]
    breaks = [at for at in range(1, len(towers)) if towers[at] != towers[at - 1] and (towers[at] and towers[at - 1])]
    if apart:
        zeros = columns[1] <= scale.position(floor)
        breaks = sorted({*breaks, *(np.flatnonzero(zeros[1:] != zeros[:-1]) + 1).tolist()})
    xs, ys, least, most = (np.insert(column, breaks, np.nan) for column in columns)
    return Trace(one.kind, number, xs, ys, least, most, bool((columns[2] != columns[3]).any()))


def _span(traces: Sequence[Trace]) -> tuple[float, float]:
    lows = [float(np.nanmin(trace.lows)) for trace in traces]
    highs = [float(np.nanmax(trace.highs)) for trace in traces]
    if not lows:
        return 0.0, 1.0
    low, high = min(lows), max(highs)
    room = (high - low) * _ROOM or max(abs(high) * 0.1, 1e-3)
    return low - room, high + room


def nearest(shown: Picture, x: float, y: float, width: float, height: float) -> int:
    """The point nearest to a position, no further than ``width`` × ``height``; -1 for none."""
    if not len(shown.xs):
        return -1
    apart = ((shown.xs - x) / width) ** 2 + ((shown.ys - y) / height) ** 2
    place = int(apart.argmin())
    return place if apart[place] <= 1 else -1


def step(shown: Picture, place: int, along: int, across: int) -> int:
    """The point ``along`` the kind's line, or the one of the next kind ``across`` at about the same stop."""
    if not shown.points:
        return -1
    if place < 0:
        return 0
    number, stop = shown.numbers[place], shown.xs[place]
    if along:
        same = [at for at, other in enumerate(shown.numbers) if other == number]
        same.sort(key=lambda at: (shown.xs[at], shown.ys[at]))
        at = same.index(place) + along
        return same[min(max(at, 0), len(same) - 1)]
    kinds = sorted(set(shown.numbers))
    wanted = kinds[(kinds.index(number) + across) % len(kinds)]
    return min(
        (at for at, other in enumerate(shown.numbers) if other == wanted), key=lambda at: abs(shown.xs[at] - stop)
    )


def stop_ticks(depth: Depth, low: float, high: float, characters: int) -> list[Tick]:
    """Names along the axis: as many stops as there is room for, evenly. ``characters``: that fit side by side."""
    first, last = max(0, int(np.ceil(low))), min(len(depth.stops) - 1, int(np.floor(high)))
    if last < first:
        return []
    room = characters / (high - low)  # for each stop
    widest = 1 + max([len(stop.label) for stop in depth.stops[first : last + 1] if stop.tower], default=_LEAST_LABEL)
    every = next(one for one in _steps() if room * one >= widest)
    places = [place for place in range(first, last + 1)
              if every == 1 or (place - _tower_start(depth, place)) % every == 0]  # fmt: skip
    found: list[Tick] = []
    for place in sorted(places, key=lambda place: not depth.stops[place].tower):  # numbers before modules' names
        tick = Tick(float(place), text.clip(depth.stops[place].label, max(int(room * every) - 1, 2)))
        if all(abs(tick.position - other.position) * room > (len(tick.text) + len(other.text)) / 2 for other in found):
            found.append(tick)
    return sorted(found)


def _steps() -> Sequence[int]:
    return [factor * 10**power for power in range(10) for factor in (1, 2, 5)]


def _tower_start(depth: Depth, place: int) -> int:
    tower = depth.stops[place].tower
    while place and depth.stops[place - 1].tower == tower:
        place -= 1
    return place


def towers(depth: Depth) -> list[tuple[str, int, int]]:
    """Each tower's name and its first and last stop; modules without a number are in none."""
    found: list[tuple[str, int, int]] = []
    for place, stop in enumerate(depth.stops):
        if stop.tower and found and found[-1][0] == stop.tower and found[-1][2] == place - 1:
            found[-1] = (stop.tower, found[-1][1], place)
        elif stop.tower:
            found.append((stop.tower, place, place))
    return found
