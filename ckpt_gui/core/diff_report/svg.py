"""Small charts as SVG text: points over depth, and outlines of histograms. Colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from ckpt_gui.core.stats.nouns import Histogram

WIDTH, HEIGHT = 920, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 34
_ZERO_BAND = 26
"""Pixels under the log axis for what did not change at all."""
SHAPES = ("circle", "square", "diamond", "triangle")


class Point(NamedTuple):
    """One tensor in the chart over depth."""

    stop: int
    value: float
    """0 for no change."""
    kind: int
    """Number of the kind of weight: what colour and shape it has."""
    title: str


def over_depth(points: Sequence[Point], stops: Sequence[str], name: str) -> str:
    """Values on a log axis over places in the network; zeros in a band of their own beneath."""
    above = [point.value for point in points if point.value > 0]
    low, high = _decades(above)
    floor = HEIGHT - _BOTTOM - _ZERO_BAND

    def x(stop: int) -> float:
        return _LEFT + (stop + 0.5) * (WIDTH - _LEFT - _RIGHT) / max(len(stops), 1)

    def y(value: float) -> float:
        if value <= 0:
            return HEIGHT - _BOTTOM - _ZERO_BAND / 2 + 4
        return floor - (math.log10(value) - low) / (high - low) * (floor - _TOP)

    parts = [_line(_LEFT, y(10.0**power), WIDTH - _RIGHT, y(10.0**power), "grid") for power in range(low, high + 1)]
    parts += [_text(_LEFT - 8, y(10.0**power) + 4, f"1e{power}", "end") for power in range(low, high + 1)]
    parts.append(_line(_LEFT, floor + 8, WIDTH - _RIGHT, floor + 8, "axis"))
    parts.append(_text(_LEFT - 8, HEIGHT - _BOTTOM - _ZERO_BAND / 2 + 8, "none", "end"))
    step = max(1, len(stops) // 24)
    parts += [_text(x(stop), HEIGHT - _BOTTOM + 18, stops[stop], "middle") for stop in range(0, len(stops), step)]
    parts += [_mark(x(point.stop), y(point.value), point) for point in points]
    return _svg(WIDTH, HEIGHT, name, parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    if not values:
        return -3, 0
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return (low, high) if low < high else (low, low + 1)


def _mark(x: float, y: float, point: Point) -> str:
    kind, size = f"k{point.kind % 8}", 3.5
    title = f"<title>{escape(point.title)}</title>"
    shape = SHAPES[point.kind % len(SHAPES)]
    if shape == "circle":
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size}">{title}</circle>'
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)), "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        "triangle": ((0, -1.2), (1.2, 1), (-1.2, 1)),
    }[shape]  # fmt: skip
    where = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners)
    return f'<polygon class="{kind}" points="{where}">{title}</polygon>'


def outlines(histograms: Sequence[tuple[str, Histogram]], name: str, width: int = 420, height: int = 150) -> str:
    """Histograms on common edges as step lines over one another; each with its class (``a``, ``b``, ``d``)."""
    edges = histograms[0][1].edges
    if len(edges) < 2 or edges[0] == edges[-1]:
        return ""
    most = max(int(one.counts.max(initial=0)) for _, one in histograms) or 1
    left, bottom, span = 10, height - 20, float(edges[-1] - edges[0])

    def x(value: float) -> float:
        return left + (value - float(edges[0])) / span * (width - 2 * left)

    parts = [_line(left, bottom, width - left, bottom, "axis")]
    for style, one in histograms:
        steps = [f"{x(float(edges[0])):.1f},{bottom}"]
        for start, stop, count in zip(edges[:-1], edges[1:], one.counts, strict=True):
            y = bottom - int(count) / most * (bottom - 8)
            steps += [f"{x(float(start)):.1f},{y:.1f}", f"{x(float(stop)):.1f},{y:.1f}"]
        steps.append(f"{x(float(edges[-1])):.1f},{bottom}")
        parts.append(f'<polyline class="{style}" points="{" ".join(steps)}"/>')
    parts.append(_text(left, height - 5, f"{float(edges[0]):.3g}", "start"))
    parts.append(_text(width - left, height - 5, f"{float(edges[-1]):.3g}", "end"))
    return _svg(width, height, name, parts)


def _svg(width: int, height: int, name: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(name)}" '
        f'style="max-width:{width}px">{"".join(parts)}</svg>'
    )


def _line(x: float, y: float, to_x: float, to_y: float, style: str) -> str:
    return f'<line class="{style}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
