"""The histograms of a pair in sentences."""

from __future__ import annotations

from ckpt_gui.core import text
from ckpt_gui.core.diff.charts import Known
from ckpt_gui.core.stats import chart_words
from ckpt_gui.core.stats.chart import Chart
from ckpt_gui.core.stats.chart_words import share


def sides(chart: Chart) -> str:
    """The line above A and B: how many values of each, and what of them is not finite."""
    known = chart.known
    said = [f"{part.name}: {chart_words.values(one)}" for part, one in zip(known.parts, known.summaries, strict=True)]
    if len(said) == 2 and said[0][3:] == said[1][3:]:
        said = [f"A and B each: {said[0][3:]}"]
    return ". ".join(filter(None, [*said, chart_words.outside(chart), chart_words.missing(known)])) + "."


def equal(known: Known) -> str:
    """How many elements are exactly equal: ``3,200 of 4,096 elements are exactly equal (78.1 %)``."""
    if known.delta is None:
        return ""
    about = "about " if known.delta.sampled else ""
    count = known.delta.count
    if not known.equal:
        return f"No element of {count:,} is exactly equal" if not about else "Hardly any element is exactly equal"
    verb = "is" if known.equal == 1 else "are"
    said = f"{about}{known.equal:,} of {count:,} elements {verb} exactly equal ({share(known.equal / count)})"
    return said[:1].upper() + said[1:]


def delta(known: Known, chart: Chart) -> str:
    """What else is to be said of B − A: elements without a finite difference, what lies outside the picture."""
    if known.delta is None:
        return ""
    odd = [(known.delta.nan, "NaN"), (known.delta.posinf + known.delta.neginf, "Inf")]
    told = text.join_words(f"{count:,} {name}" for count, name in odd if count)
    said = [f"B − A is not finite for some elements: {told}" if told else "", chart_words.outside(chart)]
    return ". ".join(one[:1].upper() + one[1:] for one in said if one)


def no_delta(known: Known) -> str:
    """Why there are no bars of B − A; "" if there are some."""
    if known.delta is None:
        return known.why or "There is no B − A."
    if not known.delta.count:
        return "They have no elements."
    if known.changed is None or not known.changed.whole.finite:
        if known.equal == known.delta.count:
            return "All elements are exactly equal: B − A is 0 everywhere."
        if not known.equal:
            return "No element is finite on both sides: there is no B − A to draw."
        return "All elements that are finite on both sides are exactly equal."
    return ""


def aloud(known: Known, chart: Chart) -> str:
    """B − A for those who do not see it."""
    return f"{equal(known)}. Of the others: {chart_words.aloud(chart)}"
