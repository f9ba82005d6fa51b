"""Change over the depth of the network, by kind of weight: measures of pairs as the per-layer chart draws them.

A pair's place among the comparison's pairs stands where a tensor's id does in ``stats.layers``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ckpt_gui.core import text
from ckpt_gui.core.depth import Depth, by_names
from ckpt_gui.core.diff.nouns import Measures, Row
from ckpt_gui.core.facts import Fact, Section
from ckpt_gui.core.stats.layers import Outlier, Series, outliers, series
from ckpt_gui.core.stats.layers_picture import Picture
from ckpt_gui.core.stats.words import number

MEASURES: dict[str, str] = {
    "rel_l2": "Relative L2", "max_abs": "Largest |Δ|", "mean_abs": "Mean |Δ|", "l2": "L2 of Δ",
    "angle": "1 − cosine", "share": "Elements changed, %", "sign_flips": "Sign flips, %",
}  # fmt: skip
"""What can be drawn → its title."""
_SHORT = {"rel_l2": "relative L2", "max_abs": "largest |Δ|", "mean_abs": "mean |Δ|", "l2": "L2 of Δ",
          "angle": "1 − cosine", "share": "changed", "sign_flips": "sign flips"}  # fmt: skip
PERCENT = frozenset(("share", "sign_flips"))
MAX_LISTED = 100
_RESOLUTION = 2.0**-53
"""Below this a cosine is 1 in float64."""
_LEAST_SHARE = 5.0
"""Percentage points by which a share must differ to stand out."""


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to draw."""

    depth: Depth
    drawn: tuple[Series, ...]
    outliers: tuple[Outlier, ...]
    unchanged: int
    """Pairs with zero change."""
    compared: int
    """Pairs whose values were compared."""
    waiting: int
    """Pairs whose values are still to be compared."""
    undefined: int
    """Pairs that changed, but have no such measure: relative to an A that is 0 everywhere."""


def layers(rows: Sequence[Row], places: Iterable[int]) -> Depth:
    """The depth of the pairs that stand on both sides, as their keys tell."""
    wanted = [place for place in places if min(rows[place].left, rows[place].right) >= 0]
    return by_names([tuple(rows[place].key.split(".")) for place in wanted], wanted)


def measure(one: Measures, name: str) -> float | None:
    """One of ``MEASURES``; None where it is not defined. Zero change is 0 even where A is 0 everywhere."""
    if name in PERCENT:
        part = one.changed if name == "share" else one.sign_flips
        return 100 * part / one.numel if one.numel else None
    if not one.changed:
        return 0.0
    if name == "angle":
        return None if one.cosine is None else max(1.0 - one.cosine, _RESOLUTION)
    found = getattr(one, name)
    return None if found is None else float(found)


def over_depth(depth: Depth, rows: Sequence[Row], name: str) -> Found:
    """The chart of one measure, as far as the pairs were compared."""
    places = depth.tensors()
    known = {place: found for place in places if (found := rows[place].measures) is not None}
    values = {place: value for place, one in known.items() if (value := measure(one, name)) is not None}
    odd = {place: one.nan_left + one.nan_right + one.inf_left + one.inf_right for place, one in known.items()}
    drawn = series(depth, {name: values, "nonfinite": odd}, name)
    waiting = sum(not rows[place].change for place in places)
    return Found(
        depth, drawn, tuple(_outliers(depth, drawn, name)), sum(not one.changed for one in known.values()), len(known),
        waiting, len(known) - len(values),
    )  # fmt: skip


def _outliers(depth: Depth, drawn: Iterable[Series], name: str) -> list[Outlier]:
    """Those that stand out among the pairs of their kind that changed at all; scales by their logarithms."""
    moved = [replace(one, points=tuple(point for point in one.points if point.low > 0)) for one in drawn]
    if name not in PERCENT:
        return outliers(depth, moved, "l2", {})
    found = outliers(depth, moved, "zeros", {})  # percentages, compared as they are
    return [one for one in found if math.isnan(one.typical) or abs(one.point.low - one.typical) > _LEAST_SHARE]


def proposes_log(drawn: Sequence[Series], name: str) -> bool:
    """Whether a logarithmic axis shows more."""
    values = [point.low for one in drawn for point in one.points if point.low > 0]
    return name not in PERCENT and bool(values)


# ---------------------------------------------------------------------------------------------------- words


def _name(rows: Sequence[Row], place: int) -> str:
    return text.escape(rows[place].key)


def read_out(rows: Sequence[Row], shown: Picture, at: int, name: str) -> str:
    """One point: which pair, and its number."""
    point = shown.points[at]
    key = _name(rows, point.tensor)
    if at in shown.broken:
        return f"{key}: {text.plural(int(point.high), 'element')} NaN or Inf on one side only"
    one = rows[point.tensor].measures
    if one is not None and not one.changed:
        return f"{key}: no change"
    return f"{key}: {_SHORT[name]} {_value(point.low, name)}" + ("   ▲ stands out" if at in shown.outliers else "")


def _value(value: float, name: str) -> str:
    return number(value) + (" %" if name in PERCENT else "")


def sections(found: Found, rows: Sequence[Row], name: str) -> tuple[Section, ...]:
    """What stands out, each leading to its pair (``Fact.node`` is its place), and what did not change."""
    facts = [Fact("", _summary(found))]
    made = [Section("", tuple(facts))]
    if found.outliers:
        listed = [
            Fact(
                "NaN, Inf" if math.isnan(one.typical) else _SHORT[name],
                f"{_name(rows, one.point.tensor)}   {_deviation(one, name)}", one.point.tensor, alarm=True,
            )
            for one in found.outliers[:MAX_LISTED]
        ]  # fmt: skip
        if len(found.outliers) > MAX_LISTED:
            listed.append(Fact("", f"and {len(found.outliers) - MAX_LISTED:,} more"))
        verb = "stands" if len(found.outliers) == 1 else "stand"
        made.append(Section(f"{text.plural(len(found.outliers), 'tensor')} {verb} out", tuple(listed)))
    return tuple(made)


def _summary(found: Found) -> str:
    if not found.compared:
        return "No pair was compared yet." if found.waiting else "There are no pairs whose values could be compared."
    said = f"{found.compared - found.unchanged:,} of {text.plural(found.compared, 'pair')} changed"
    said += f"; {found.waiting:,} still to be compared" if found.waiting else ""
    said += f"; {found.undefined:,} without this measure, because A is 0 there" if found.undefined else ""
    return said + ("." if found.outliers else "; none stands out from its kind.")


def _deviation(one: Outlier, name: str) -> str:
    if math.isnan(one.typical):
        return f"{text.plural(int(one.point.high), 'element')} NaN or Inf on one side only"
    value = one.point.low
    said = f"{_value(value, name)}, the kind’s median is {_value(one.typical, name)}"
    if name not in PERCENT and one.typical > 0 and value > 0:
        factor = max(value / one.typical, one.typical / value)
        said += f": {factor:.3g} times {'larger' if value > one.typical else 'smaller'}"
    return said


def description(found: Found, shown: Picture, rows: Sequence[Row], name: str) -> str:
    """The chart in sentences."""
    stops, kinds = text.plural(len(shown.depth.stops), "stop"), text.plural(len(shown.traces), "kind")
    said = [f"{MEASURES[name]} of {kinds} of weight over {stops} of the network.", _summary(found)]
    if shown.points:
        broken = frozenset(shown.broken)
        top = max(range(len(shown.points)), key=lambda at: (at not in broken, shown.points[at].high))
        said.append(f"The largest: {read_out(rows, shown, top, name)}.")
    said += [f"{_name(rows, one.point.tensor)}: {_deviation(one, name)}." for one in found.outliers[:3]]
    return " ".join(said)
