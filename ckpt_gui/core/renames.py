r"""Rules that give tensors other names: ``RE => TEXT``, shared by comparing and converting.

RE is a regular expression searched in the whole name, TEXT what takes the place of each match, with ``\1`` or
``\g<name>`` for groups: ``^module\. =>`` takes a prefix off, ``^(.+) => model.\1`` puts one on. A ``=>`` inside
RE is written ``=\>``. Rules apply in order, each to what the one before left. A pattern that could run for hours
is refused, and so is one that matches nothing at all at some place (``x*``): it would put TEXT between letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from re import _parser as sre_parse  # type: ignore[attr-defined]

from ckpt_gui.core.errors import RenameError
from ckpt_gui.core.patterns import MAX_PATTERN, Bad, read_regex

ARROW = "=>"
MAX_NAME = 1 << 14
"""Characters of the longest name that rules are tried on; no framework writes longer ones."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, not yet checked: ``compiled`` and ``parse_rule`` do that."""

    pattern: str
    """A regular expression."""
    replacement: str
    r"""What takes the place of each match; ``\1`` and ``\g<name>`` stand for groups."""

    @property
    def text(self) -> str:
        """The rule as it is typed."""
        return f"{self.pattern} {ARROW} {self.replacement}".rstrip(" ")


@dataclass(frozen=True, slots=True)
class Renamed:
    """Names after the rules."""

    names: tuple[str, ...]
    matched: tuple[int, ...]
    """For each rule, how many names it matched."""
    collisions: tuple[tuple[str, ...], ...]
    """Groups of old names that end up equal though they were not before."""


def parse_rule(text: str) -> Rule:
    """The rule of a typed text. Raises RenameError with a sentence."""
    pattern, arrow, replacement = text.partition(ARROW)
    if not arrow:
        raise RenameError(f"“{text[:100]}” is no rule: write RE {ARROW} TEXT, for example ^module\\. {ARROW}")
    rule = Rule(pattern.strip(" \t"), replacement.strip(" \t"))
    compiled(rule)
    return rule


def compiled(rule: Rule) -> tuple[re.Pattern[str], int]:
    """The rule's expression, and how many characters a name may have at most. Raises RenameError with a sentence."""
    found = _compiled(rule)
    if isinstance(found, str):
        raise RenameError(f"the rule “{rule.text[:200]}” cannot be used: {found}")
    return found


@lru_cache(maxsize=1024)
def _compiled(rule: Rule) -> tuple[re.Pattern[str], int] | str:
    if not rule.pattern:
        return f"there is no expression before {ARROW}"
    if len(rule.replacement) > MAX_PATTERN:
        return f"the text after {ARROW} is longer than {MAX_PATTERN} characters"
    try:
        read = read_regex(rule.pattern)
        if sre_parse.parse(rule.pattern).getwidth()[0] == 0:
            return "the expression matches the empty text; it must take up at least one character"
        sre_parse.parse_template(rule.replacement, read.regex)
    except Bad as exc:
        return str(exc)
    except re.error as exc:
        return f"the text after {ARROW}: {exc.msg}"
    except IndexError as exc:  # an unknown group's name
        return f"the text after {ARROW}: {exc}"
    return read.regex, min(read.longest(), MAX_NAME)


def rename(names: Sequence[str], rules: Sequence[Rule]) -> Renamed:
    """Each name after all rules, in order. Names too long for a rule stay. Raises RenameError for an unusable rule."""
    new = list(names)
    matched = []
    for rule in rules:
        expression, longest = compiled(rule)
        replacement, hits = rule.replacement, 0
        for place, name in enumerate(new):
            if len(name) <= longest:
                changed, count = expression.subn(replacement, name)
                if count:
                    new[place] = changed
                    hits += 1
        matched.append(hits)
    return Renamed(tuple(new), tuple(matched), collisions(names, new))


def collisions(old: Iterable[str], new: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of old names that are different and end up equal."""
    first: dict[str, str] = {}
    met: dict[str, dict[str, None]] = {}
    for before, after in zip(old, new, strict=True):
        known = first.setdefault(after, before)
        if known != before:
            met.setdefault(after, {known: None})[before] = None
    return tuple(tuple(group) for group in met.values())
