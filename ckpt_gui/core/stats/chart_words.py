"""What a histogram shows, in sentences: for the line above it, for a bar, and to be read aloud."""

from __future__ import annotations

import numpy as np

from ckpt_gui.core import text
from ckpt_gui.core.stats.chart import Chart, Known
from ckpt_gui.core.stats.magnitudes import magnitudes
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.percentile import percentile
from ckpt_gui.core.stats.readout import read
from ckpt_gui.core.stats.ticks import minus

_OF = {"stored values": "stored values", "dequantized": "dequantized values", "magnitudes": "magnitudes of complex values"}


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
    if 99.99 < percent < 100:
        return "> 99.99 %"
    return f"{percent:.3g} %" if percent < 10 else f"{percent:.1f} %"


def values(summary: Summary) -> str:
    """How many values, and what is not finite or zero among them: ``4,096 values, all finite; 12 are zero (0.29 %)``."""
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
        said += f"; {summary.zeros:,} zero ({share(summary.zeros / summary.count)})"
    return said


def nothing(known: Known) -> str:
    """Why there is no bar at all; "" if there are some."""
    whole = known.whole
    if not whole.count:
        return "It has no elements: there is nothing to count."
    if not whole.finite:
        odd = [(whole.nan, "NaN"), (whole.posinf, "+Inf"), (whole.neginf, "−Inf")]
        told = text.join_words(f"{count:,} {name}" for count, name in odd if count)
        return f"No value is finite: {told}. There is nothing to draw."
    return ""


def no_magnitudes(known: Known) -> str:
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
        said.append(f"{zeros:,} zero, not on a logarithmic axis")
    return "; ".join(said)


def _clipped(percent: float) -> str:
    return f"clipped to {percent:g} % … {100 - percent:g} %"


def state(chart: Chart) -> str:
    """How far the picture can be trusted: "" for exact counts."""
    if chart.exact:
        return ""
    return "Preview from a sample" if chart.known.sampled else "Preview"


def missing(known: Known) -> str:
    """What could not be read; "" if nothing."""
    if not known.missing:
        return ""
    reasons = list(dict.fromkeys(one.why for one in known.missing))
    said = f"Not in the picture: {text.plural(len(known.missing), 'tensor')}"
    return f"{said} ({text.join_words(reasons, 2)})"


def tied(known: Known) -> str:
    """What was left out because it is the same memory; "" if nothing."""
    number = sum(part.tied for part in known.parts)
    return f"{text.plural(number, 'tied tensor')} counted once" if number else ""


def headline(chart: Chart) -> str:
    """The line above the picture."""
    known = chart.known
    said = [values(known.whole), outside(chart), tied(known), missing(known)]
    return ". ".join(sentence[:1].upper() + sentence[1:] for sentence in said if sentence) + "."


def span(chart: Chart, which: int) -> str:
    """A bar's range: one integer where it holds only that, else both ends, the upper one excluded but in the last bar."""
    low, high = float(chart.edges[which]), float(chart.edges[which + 1])
    if low == high:
        return number(low, 6)
    if whole_numbers(chart):
        first, last = int(np.ceil(low)), int(np.ceil(high)) - 1
        if which == len(chart.edges) - 2:
            last = int(np.floor(high))
        if first >= last:
            return number(first)
        return f"{number(first)} … {number(last)}"
    digits = _digits(low, high)
    return f"{number(low, digits)} … {number(high, digits)}"


def _digits(low: float, high: float) -> int:
    """As many as it takes to tell the ends apart, and one more."""
    apart = abs(high - low) / max(abs(low), abs(high))
    return int(min(17, max(4, 2 - np.floor(np.log10(apart)))))


def whole_numbers(chart: Chart) -> bool:
    """Are all the values integers, as the type of their least and greatest tells?"""
    return all(isinstance(one.min, int) for one in chart.known.summaries if one.min is not None)


def bar(chart: Chart, which: int) -> str:
    """The read-out of one bar, of each series: range, count, share of the finite values, and how many lie up to here."""
    told = []
    for part, histogram in zip(chart.known.parts, chart.histograms, strict=True):
        one = read(histogram, which)
        count = text.plural(one.count, "value") if len(chart.histograms) == 1 else f"{one.count:,}"
        name = "" if len(chart.histograms) == 1 else f"{part.name} "
        told.append(f"{name}{count} · {share(one.share)} · {share(one.upto)} up to here")
    about = "" if chart.exact else " (preview)"
    return f"{span(chart, which)}{about}:  " + ";  ".join(told)


def aloud(chart: Chart) -> str:
    """The whole picture in words, for those who do not see it."""
    said = [state(chart)] if state(chart) else []
    for part, summary, histogram in zip(chart.known.parts, chart.known.summaries, chart.histograms, strict=True):
        said.append(f"{part.name}: {values(summary)}")
        if summary.min is None or summary.max is None or not len(histogram.counts):
            continue
        source = magnitudes(summary) if chart.view.axis == "log" else summary
        median = percentile(source, 50)
        mean = f", mean {number(summary.mean)}, standard deviation {number(summary.std)}" if summary.mean is not None and summary.std is not None else ""
        said.append(
            f"from {number(float(summary.min))} to {number(float(summary.max))}{mean}"
            + (f", median {number(float(median))}" if median is not None else "")
        )
        top = int(np.argmax(histogram.counts))
        said.append(f"the highest of {text.plural(len(histogram.counts), 'bar')} is at {span(chart, top)} with {histogram.counts[top]:,}")
    left_out = outside(chart)
    return ". ".join(filter(None, [*said, left_out])) + "."
