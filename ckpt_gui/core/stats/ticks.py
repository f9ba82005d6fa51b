"""Round numbers along an axis: where its marks stand and what they say."""

from __future__ import annotations

import math
from typing import NamedTuple

from ckpt_gui.core.stats.scale import Scale

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALL, _LARGE = 1e-4, 1e6
"""Numbers outside are written in powers of ten."""


class Tick(NamedTuple):
    """A mark on an axis."""

    position: float
    text: str


def ticks(scale: Scale, low: float, high: float, room: int) -> list[Tick]:
    """About ``room`` marks at round values between two positions; ``low`` < ``high``."""
    if not (math.isfinite(low) and math.isfinite(high)) or low >= high:
        return []
    room = max(room, 2)
    first, last = scale.value(low), scale.value(high)
    if scale.axis == "linear" or _decades(scale, low, high) < 2:  # or between two powers of ten
        return [Tick(scale.position(value), words) for value, words in _round_numbers(first, last, room)]
    return _powers(scale, first, last, room)


def _round_numbers(low: float, high: float, room: int) -> list[tuple[float, str]]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    rough = high / room - low / room
    if rough <= 0 or not math.isfinite(rough):
        return []
    power = math.floor(math.log10(rough))
    if power < -300:
        return []
    unit = 10.0**power
    step = next(factor for factor in (1, 2, 5, 10) if factor * unit >= 0.7 * rough) * unit
    if not math.isfinite(step):
        return []
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 4 * room or abs(first) > 2**52:
        return []
    values = [number * step for number in range(first, last + 1)]
    return [(value, number_text(value, step)) for value in values if math.isfinite(value)]


def _decades(scale: Scale, low: float, high: float) -> float:
    return high - low if scale.axis == "log" else min(high - low, 2 * max(abs(low), abs(high)))


def _powers(scale: Scale, low: float, high: float, room: int) -> list[Tick]:
    """Powers of ten; of a symlog axis on both sides of 0, as far as they stand apart."""
    smallest = low if scale.axis == "log" else scale.threshold
    magnitudes = [abs(value) for value in (low, high) if value]
    largest = max(magnitudes)
    if low > 0 or high < 0:
        smallest = max(smallest, min(magnitudes))
    first, last = math.ceil(math.log10(smallest) - 1e-9), math.floor(math.log10(largest) + 1e-9)
    sides = 2 if low < 0 < high else 1
    step = max(1, math.ceil((last - first + 1) * sides / room))
    exponents = range(last, first - 1, -step)
    found = [0.0] if low <= 0 <= high and scale.axis != "log" else []
    least, most = low - 1e-12 * abs(low), high + 1e-12 * abs(high)
    for exponent in exponents:
        size = 10.0**exponent if exponent > -308 else 0.0
        found += [value for value in (size, -size) if value and least <= value <= most]
    return [Tick(scale.position(value), power_text(value)) for value in sorted(found)]


def counts(low: float, high: float, room: int, *, log: bool) -> list[Tick]:
    """Marks for an axis of counts, at heights between ``low`` and ``high``: whole numbers only."""
    if log:
        first, last = max(0, math.ceil(low - 1e-9)), math.floor(high + 1e-9)
        step = max(1, math.ceil((last - first + 1) / max(room, 2)))
        powers = range(first, last + 1, step)
        return [Tick(float(power), _count_text(10**power, 10**power)) for power in powers]
    found = [value for value, _ in _round_numbers(low, high, room) if value >= 0 and abs(value - round(value)) < 1e-6]
    return [Tick(value, _count_text(round(value), round(max(found)))) for value in found]


def _count_text(count: int, largest: int) -> str:
    """In thousands, millions … where the largest of the axis has five digits or more."""
    for step, unit in ((10**12, " T"), (10**9, " G"), (10**6, " M"), (10**3, " k")):
        if largest >= 10 * step:
            return f"{count / step:g}{unit}" if count else "0"
    return f"{count:,}"


def number_text(value: float, step: float) -> str:
    """A round number with as many digits as its step needs; a true minus."""
    if value == 0:
        return "0"
    digits = max(0, math.floor(math.log10(abs(value)) + 1e-9) - math.floor(math.log10(step) + 1e-9))
    if max(abs(value), step) < _SMALL or abs(value) >= _LARGE:
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        return minus(f"{mantissa}e{int(exponent)}")
    return minus(f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}")


def power_text(value: float) -> str:
    """A power of ten: ``10⁻³``, ``1``, ``−10``."""
    if value == 0:
        return "0"
    exponent = round(math.log10(abs(value)))
    sign = "−" if value < 0 else ""
    return sign + (f"{10**exponent}" if 0 <= exponent <= 2 else "10" + str(exponent).translate(_SUPERSCRIPT))


def minus(text: str) -> str:
    """A number's text with the sign as people write it."""
    return text.replace("-", "−")
