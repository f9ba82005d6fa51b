"""What a histogram shows, in sentences: for the line above it, for a bar, and to be read aloud."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckpt_gui.core import text
from ckpt_gui.core.stats.chart import Chart, Gathered
from ckpt_gui.core.stats.nouns import Histogram, Summary
from ckpt_gui.core.stats.percentile import percentile
from ckpt_gui.core.stats.readout import read
from ckpt_gui.core.stats.ticks import minus

_OF = {
    "stored values": "stored values",
    "dequantized": "dequantized values",
    "magnitudes": "magnitudes of complex values",
}


def number(value: float, digits: int = 4) -> str:
    """A value with so many significant digits; whole numbers in full up to a million million."""
    if float(value).is_integer() and abs(value) < 1e12:
        return minus(f"{int(value):,}")
    return minus(f"{value:.{digits}g}")


def share(part: float) -> str:
    """0 … 1 as percent; a little is never 0, nearly all never 100."""
    percent = 100 * part
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.95 <= percent < 100:
        return "> 99.9 %"
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.3g} %"


def values(summary: Summary) -> str:
    """How many values, and what of them is not finite or 0: ``4,096 values, all finite; 12 are zero (0.29 %)``."""
    about = "about " if summary.sampled else ""
    what = _OF.get(summary.of, "values")
    said = f"{about}{summary.count:,} {what if summary.count != 1 else what.replace('values', 'value')}"
    odd = [(summary.nan, "NaN"), (summary.posinf, "+Inf"), (summary.neginf, "−Inf")]
    told = [f"{count:,} {name} ({share(count / summary.count)})" for count, name in odd if count]
    if told:
        said += f": {text.join_words(told)} not in the picture"
    elif summary.count:
        said += ", all finite" if summary.count > 1 else ", finite"
    if summary.zeros:
        verb = "is" if summary.zeros == 1 else "are"
        said += f"; {summary.zeros:,} {verb} zero ({share(summary.zeros / summary.count)})"
    return said


def nothing(known: Gathered) -> str:
    """Why there is no bar at all; "" if there are some."""
    whole = known.whole
    if not whole.count:
        return "It has no elements: there is nothing to count."
    if not whole.finite:
        odd = [(whole.nan, "NaN"), (whole.posinf, "+Inf"), (whole.neginf, "−Inf")]
        told = text.join_words(f"{count:,} {name}" for count, name in odd if count)
        return f"No value is finite: {told}. There is nothing to draw."
    return ""


def no_magnitudes(known: Gathered) -> str:
    """Why a log axis shows nothing: every value is 0."""
    return f"Every finite value is 0 ({known.whole.zeros:,}); zeros have no place on a logarithmic axis."


def outside(chart: Chart) -> str:
    """What the picture's range leaves out; "" if nothing."""
    below, above = (sum(getattr(one, name) for one in chart.histograms) for name in ("below", "above"))
    zeros = sum(one.zeros for one in chart.known.summaries) if chart.view.axis == "log" else 0
    below = max(0, below - zeros)
    told = [f"{below:,} below"] if below else []
    told += [f"{above:,} above"] if above else []
    total = sum(one.finite for one in chart.known.summaries)
    said = []
    if told:
        about = "" if chart.exact else "about "
        why = "" if chart.view.zoomed or not chart.view.clip else f"{_clipped(chart.view.clip)}: "
        said.append(f"{why}{about}{text.join_words(told)} this range ({share((below + above) / max(total, 1))})")
    if zeros:
        said.append(f"{text.plural(zeros, 'zero')} cannot be on a logarithmic axis")
    return "; ".join(said)


def _clipped(percent: float) -> str:
    return f"clipped to {percent:g} % … {100 - percent:g} %"


def state(chart: Chart) -> str:
    """How far the picture can be trusted: "" for exact counts."""
    if chart.exact:
        return ""
    return "Preview from a sample" if chart.known.sampled else "Preview"


def missing(known: Gathered) -> str:
    """What could not be read; "" if nothing."""
    if not known.missing:
        return ""
    reasons = list(dict.fromkeys(one.why for one in known.missing))
    said = f"Not in the picture: {text.plural(len(known.missing), 'tensor')}"
    return f"{said} ({text.join_words(reasons, 2)})"


def tied(known: Gathered) -> str:
    """What was left out because it is the same memory; "" if nothing."""
    number = sum(part.tied for part in known.parts)
    return f"{text.plural(number, 'tied tensor')} counted once" if number else ""


def headline(chart: Chart) -> str:
    """The line above the picture."""
    known = chart.known
    said = [values(known.whole), outside(chart), tied(known), missing(known)]
    return ". ".join(sentence[:1].upper() + sentence[1:] for sentence in said if sentence) + "."


def span(chart: Chart, which: int) -> str:
    """A bar's range: one integer where it holds only that, else both ends. The upper belongs to the next bar."""
    low, high = float(chart.edges[which]), float(chart.edges[which + 1])
    if low == high:
        return number(low, 6)
    if chart.whole_numbers:
        first, last = int(np.ceil(low)), int(np.ceil(high)) - 1
        if which == len(chart.edges) - 2:
            last = int(np.floor(high))
        if first >= last:
            return number(first)
        return f"{number(first)} … {number(last)}"
    digits = _digits(low, high)
    return f"{number(low, digits)} … {number(high, digits)}"


def marker(chart: Chart, values: Sequence[float]) -> str:
    """Where a statistic's lines stand, in the digits that the range shown needs: 0.9999990, not 1."""
    digits = _digits(float(chart.edges[0]), float(chart.edges[-1])) if len(chart.edges) else 4
    return ", ".join(number(value, digits) for value in values)


def _digits(low: float, high: float) -> int:
    """As many as it takes to tell the ends apart, and one more."""
    if low == high:
        return 4
    apart = abs(high - low) / max(abs(low), abs(high))
    return int(min(17, max(4, 2 - np.floor(np.log10(apart)))))


def bar(chart: Chart, which: int) -> str:
    """The read-out of one bar: range, count, share of the finite values, how many lie up to here; of several series
    the counts, highest first."""
    about = "" if chart.exact else " (preview)"
    if len(chart.histograms) == 1:
        one = read(chart.histograms[0], which)
        told = f"{text.plural(one.count, 'value')} · {share(one.share)} · {share(one.upto)} up to here"
    else:
        names = [part.name for part in chart.known.parts]
        bins = [(name, read(found, which)) for name, found in zip(names, chart.histograms, strict=True)]
        bins.sort(key=lambda pair: -pair[1].count)
        told = "; ".join(f"{name} {one.count:,} ({share(one.share)})" for name, one in bins)
    return f"{span(chart, which)}{about}:  {told}"


def aloud(chart: Chart) -> str:
    """The whole picture in words, for those who do not see it."""
    said = [state(chart)] if state(chart) else []
    for part, summary, histogram in zip(chart.known.parts, chart.known.summaries, chart.histograms, strict=True):
        said += [f"{part.name}: {values(summary)}", _spread(summary), _highest(chart, histogram)]
    return ". ".join(filter(None, [*said, outside(chart)])) + "."


def _spread(summary: Summary) -> str:
    if summary.min is None or summary.max is None or summary.mean is None or summary.std is None:
        return ""
    median = percentile(summary, 50)
    middle = f", median {number(float(median))}" if median is not None else ""
    ends = f"From {number(float(summary.min))} to {number(float(summary.max))}"
    return f"{ends}, mean {number(summary.mean)}, standard deviation {number(summary.std)}{middle}"


def _highest(chart: Chart, histogram: Histogram) -> str:
    if not histogram.counts.any():
        return "No value is in this range"
    top = int(np.argmax(histogram.counts))
    bars = text.plural(len(histogram.counts), "bar")
    return f"{bars}, the highest at {span(chart, top)} with {histogram.counts[top]:,}"
