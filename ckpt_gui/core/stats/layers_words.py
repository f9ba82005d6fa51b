"""The per-layer chart in words: the read-out of a point, what stands out, and what a screen reader says of it."""

from __future__ import annotations

from ckpt_gui.core import text
from ckpt_gui.core.facts import Fact, Section
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.stats.layers import LOGARITHMIC, STATISTICS, Outlier
from ckpt_gui.core.stats.layers_picture import Picture
from ckpt_gui.core.stats.words import number

MAX_LISTED = 100
_SHORT = {"std": "std", "mean": "mean", "l2": "L2", "absmax": "largest magnitude", "zeros": "zeros",
          "nonfinite": "NaN and Inf", "range": ""}  # fmt: skip


def name(checkpoint: Checkpoint, tensor: int) -> str:
    """The tensor's path text, fit to be shown."""
    return text.escape(text.path_text(checkpoint.path_of(checkpoint.tensors.node[tensor])))


def read_out(checkpoint: Checkpoint, shown: Picture, place: int, statistic: str) -> str:
    """One point: which tensor, and its number."""
    point = shown.points[place]
    value = f"{number(point.low)} … {number(point.high)}" if statistic == "range" else number(point.low)
    if place in shown.broken:
        return f"{name(checkpoint, point.tensor)}: {int(point.high):,} values are NaN or Inf"
    unit = " %" if statistic == "zeros" else ""
    words = " ".join(filter(None, (_SHORT[statistic], value))) + unit
    return f"{name(checkpoint, point.tensor)}: {words}" + ("   ▲ stands out" if place in shown.outliers else "")


def outlier_sections(checkpoint: Checkpoint, found: list[Outlier], statistic: str) -> tuple[Section, ...]:
    """What stands out, each leading to its tensor."""
    if not found:
        return ()
    rows = [
        Fact("NaN, Inf" if one.typical != one.typical else f"{_SHORT[statistic] or 'range'}",
             f"{name(checkpoint, one.point.tensor)}   {_deviation(one, statistic)}",
             checkpoint.tensors.node[one.point.tensor], alarm=True)
        for one in found[:MAX_LISTED]
    ]  # fmt: skip
    if len(found) > MAX_LISTED:
        rows.append(Fact("", f"and {len(found) - MAX_LISTED:,} more"))
    return (Section(f"{text.plural(len(found), 'tensor')} stand{'s' if len(found) == 1 else ''} out", tuple(rows)),)


def _deviation(one: Outlier, statistic: str) -> str:
    if one.typical != one.typical:
        return f"{int(one.point.high):,} of its values are not finite"
    low, high = one.point.low, one.point.high
    value = low if low == high else max(abs(low), abs(high))
    words = f"{number(value)}, the kind’s median is {number(one.typical)}"
    if statistic in LOGARITHMIC and one.typical > 0 and value > 0:
        factor = max(value / one.typical, one.typical / value)
        words += f": {factor:.3g} times {'larger' if value > one.typical else 'smaller'}"
    return words


def description(shown: Picture, found: list[Outlier], statistic: str, checkpoint: Checkpoint) -> str:
    """The chart in sentences."""
    stops = text.plural(len(shown.depth.stops), "stop")
    kinds = text.plural(len(shown.traces), "kind") + " of weight"
    lines = [f"{STATISTICS[statistic]} of {kinds} over {stops} of the network."]
    if shown.traces:
        low, high = (shown.scale.value(at) for at in (shown.low, shown.strip))
        lines.append(f"The axis goes from {number(low)} to {number(high)}.")
    if found:
        first = "; ".join(f"{name(checkpoint, one.point.tensor)}, {_deviation(one, statistic)}" for one in found[:3])
        lines.append(f"{text.plural(len(found), 'tensor')} stand{'s' if len(found) == 1 else ''} out: {first}.")
    else:
        lines.append("Nothing stands out.")
    return " ".join(lines)


def nothing(waiting: int) -> tuple[Section, ...]:
    """Nothing stands out; ``waiting`` tensors were not looked at yet."""
    words = "No layer stands out from its kind" + (" so far." if waiting else ".")
    return (Section("", (Fact("", words),)),)
