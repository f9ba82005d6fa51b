"""Statistics in words: facts for the Summary."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ckpt_gui.core import text
from ckpt_gui.core.facts import Fact, Section
from ckpt_gui.core.stats.brief import PERCENTILES, Brief
from ckpt_gui.core.stats.nouns import Index, Number
from ckpt_gui.core.stats.ticks import minus

TITLE = "Statistics"


def number(value: Number | None) -> str:
    """A value as people write it: six significant digits, whole numbers whole."""
    if value is None:
        return "—"
    if isinstance(value, int):
        return minus(f"{value:,}") if value.bit_length() < 1000 else text.integer(value)
    return minus(f"{value:.6g}") if math.isfinite(value) else str(value)


def of_tensor(brief: Brief, node: int, *, sampled: bool = False) -> tuple[Section, ...]:
    """A tensor's statistics; ``sampled``: of some of its values only."""
    title = f"{TITLE} of a sample of {text.plural(brief.count, 'value')}" if sampled else TITLE
    return (Section(title, tuple(_tensor_facts(brief, node, sampled=sampled))),)


def _tensor_facts(brief: Brief, node: int, *, sampled: bool) -> Iterator[Fact]:
    if brief.of:
        yield Fact("Of", {"stored values": "the values that are stored; all others are 0",
                          "dequantized": "the values once dequantized",
                          "magnitudes": "the magnitudes of the complex values"}.get(brief.of, brief.of))  # fmt: skip
    if not brief.count:
        yield Fact("Values", "none: the tensor is empty")
        return
    if brief.finite:
        yield _placed("Min", brief.min, brief.where_min, node, exact=not sampled)
        yield _placed("Max", brief.max, brief.where_max, node, exact=not sampled)
        yield Fact("Mean", number(brief.mean))
        yield Fact("Std", number(brief.std))
        yield from _percentile_facts(brief)
        if not sampled:
            yield Fact("L2 norm", number(brief.l2))
    yield Fact("Zeros", _share(brief.zeros, brief.count))
    yield from _not_finite(brief, node, sampled=sampled)


def _placed(label: str, value: Number | None, place: Index | None, node: int, *, exact: bool) -> Fact:
    if place is None or not exact:
        return Fact(label, number(value))
    return Fact(label, f"{number(value)}   at {_index(place)}", node, place=place)


def _index(place: Index) -> str:
    return f"[{', '.join(map(str, place))}]"


def _percentile_facts(brief: Brief) -> Iterator[Fact]:
    known = dict(zip(PERCENTILES, brief.percentiles, strict=True))
    yield Fact("Median", number(known[50]))
    for low in (25, 5, 1):
        yield Fact(f"{low} % … {100 - low} %", f"{number(known[low])} … {number(known[100 - low])}")


def _share(part: int, whole: int) -> str:
    if not part:
        return "none"
    percent = 100 * part / whole
    return f"{part:,}   ({percent:.3g} %)" if percent < 99.95 or part == whole else f"{part:,}   (99.9 %)"


def _not_finite(brief: Brief, node: int, *, sampled: bool) -> Iterator[Fact]:
    for label, count, place in (("NaN", brief.nan, brief.where_nan), ("±Inf", brief.infinite, brief.where_inf)):
        if count:
            words = _share(count, brief.count)
            here = place if not sampled else None
            words += f"   first at {_index(here)}" if here is not None else ""
            yield Fact(label, words, node if here is not None else -1, alarm=True, place=here)
    if not brief.nan and not brief.infinite:
        yield Fact("NaN, Inf", "none")


def of_several(numbers: Mapping[str, float | None], tensors: int, waiting: int, first_bad: int) -> tuple[Section, ...]:
    """The statistics of several tensors together, as ``Known.together`` gives them; ``waiting`` of them were not looked
    at yet, ``first_bad`` is the node of the first with NaN or Inf, -1 for none."""
    title = f"{TITLE} of all {tensors:,} tensors together" if tensors > 1 else TITLE
    if waiting:
        title = f"{TITLE} of {tensors - waiting:,} of {text.plural(tensors, 'tensor')} so far"
    facts = [Fact(label, number(numbers[key])) for label, key in (
        ("Min", "min"), ("Max", "max"), ("Mean", "mean"), ("Std", "std"), ("L2 norm", "l2"))
        if numbers[key] is not None]  # fmt: skip
    count = int(numbers["count"] or 0)
    if not count:
        return (Section(title, (Fact("Values", "none so far" if waiting else "none"),)),)
    facts.append(Fact("Zeros", _share(int(numbers["zeros"] or 0), count)))
    for label, key in (("NaN", "nan"), ("±Inf", "inf")):
        if numbers[key]:
            facts.append(Fact(label, _share(int(numbers[key] or 0), count), first_bad, alarm=True))
    if not numbers["nan"] and not numbers["inf"]:
        facts.append(Fact("NaN, Inf", "none"))
    return (Section(title, tuple(facts)),)


def without(why: str) -> tuple[Section, ...]:
    """There are none; why, in a sentence."""
    return (Section(TITLE, (Fact("", text.escape(why)),)),)
