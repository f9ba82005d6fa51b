"""Regular expressions that a person types: read, and refused where one could run for hours.

Python's ``re`` backtracks; a pattern such as ``(a+)+$`` takes longer than a life on a name of 60 characters.
The worst case is estimated from the parsed pattern: n characters to some power, or no bound at all.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parse  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 500
"""Characters of a user's pattern."""
MAX_STEPS = 300_000_000
"""Most steps a pattern may need on one name, as the worst case estimates it: seconds, not hours."""


class Bad(Exception):
    """A value that cannot be read; ``str()`` is the reason."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern for the whole path text or the last key."""

    regex: re.Pattern[str]
    whole: bool
    """Must it match from end to end (a glob), or somewhere (a regular expression)?"""
    power: int = 0
    """Worst-case steps on a name of n characters: n to this power."""

    def longest(self) -> int:
        """Characters of the longest name this may be tried on."""
        return 1 << 20 if self.power < 2 else int(MAX_STEPS ** (1 / self.power))


def read_regex(text: str) -> Pattern:
    r"""``^model\.``: somewhere in the path text or the last key. Patterns that could run for hours are refused."""
    if len(text) > MAX_PATTERN:
        raise Bad(f"the pattern is longer than {MAX_PATTERN} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = sre_parse.parse(text)
            power = _power(parsed, 1)
            return Pattern(re.compile(text), whole=False, power=power + (not _anchored(parsed)))
    except re.error as exc:
        raise Bad(f"not a regular expression: {exc.msg}") from None
    except (OverflowError, RecursionError, MemoryError) as exc:
        raise Bad("the pattern is too deep or too large") from exc


_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_COSTLY = {
    sre.GROUPREF: "a back-reference", sre.GROUPREF_EXISTS: "a conditional group", sre.ASSERT: "a look-around",
    sre.ASSERT_NOT: "a look-around",
}  # fmt: skip


def _anchored(parsed: Any) -> bool:
    return bool(len(parsed)) and parsed[0][0] is sre.AT and parsed[0][1] in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)


def _power(parsed: Any, times: int) -> int:
    """How many repeats of open length may try each other's splits; refuses what is worse than a power.

    ``times`` is how often ``parsed`` itself may be repeated.
    """
    power = 0
    for code, args in parsed:
        if code in _COSTLY:
            raise Bad(f"{_COSTLY[code]} could take too long; do without")
        if code in _REPEATS:
            power += _repeat_power(args, times)
        elif code is sre.SUBPATTERN:
            power += _power(args[3], times)
        elif code is sre.ATOMIC_GROUP:
            power += _power(args, times)
        elif code is sre.BRANCH:
            if times > 1:
                raise Bad("alternatives inside a repeat could take too long; use a set such as [ab] or several terms")
            power += max(_power(branch, times) for branch in args[1])
    return power


def _repeat_power(args: Any, times: int) -> int:
    least, most, body = args
    if most <= 1:
        if times > 1 and least != most:
            raise Bad("a repeat inside a repeat could take too long")
        return _power(body, times)
    if times > 1 and least != most:
        raise Bad("a repeat inside a repeat could take too long")
    if body.getwidth()[0] == 0:
        raise Bad("a repeat of something that may be empty could take too long")
    return int(least != most) + _power(body, most)
