"""In which order files of one training were written: by what they say, by a number in their names, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ckpt_gui.core.text import natural, plural
from ckpt_gui.core.trend.nouns import Evidence

_DIGITS = re.compile(r"(?<!\d)\d{1,18}(?!\d)")
_SPLIT = re.compile(r"\d+")
_NAMED = (
    re.compile(r"(?<![a-z])(?:steps?|iter(?:ation)?s?|checkpoint|it)[-_=.]?0*(\d{1,18})(?!\d)", re.I),
    re.compile(r"(?<![a-z])(?:epochs?|ep|e)[-_=.]?0*(\d{1,18})(?!\d)", re.I),
)
"""Numbers whose name stands before them; a run's steps before its epochs."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of one file without its neighbours."""

    name: str
    """The part of its path in which the files differ."""
    step: int | None = None
    epoch: int | None = None
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """The order found."""

    places: tuple[int, ...]
    """Into the files as they were given."""
    by: Evidence
    labels: tuple[str, ...]
    """For each file as given."""
    why: str
    """A sentence: the evidence."""


def order(files: Sequence[Told]) -> Order:
    """The most telling evidence wins: steps written in all files, epochs, a number in the names, the names."""
    steps, epochs = (
        _all([one.step for one in files if one.readable]),
        _all([one.epoch for one in files if one.readable]),
    )
    if steps is not None and epochs is not None and _start_again(steps, epochs):
        return _by_values(files, "epoch and step", "by the epoch written in the files, then by the step")
    if steps is not None and len(set(steps)) > 1:
        return _by_values(files, "step", "by the step written in the files")
    if epochs is not None and len(set(epochs)) > 1:
        return _by_values(files, "epoch", "by the epoch written in the files")
    lacking = _lacking(files)
    names = [one.name for one in files]
    numbers = _numbers(files)
    if numbers is not None:
        places = sorted(
            range(len(files)), key=lambda at: (numbers[at] is None, numbers[at] or 0, natural(names[at]), names[at])
        )
        labels = tuple(_stem(name) if one is None else str(one) for name, one in zip(names, numbers, strict=True))
        return Order(tuple(places), "number", labels, f"by the number in their names{lacking}")
    places = sorted(range(len(files)), key=lambda place: (natural(names[place]), names[place]))
    return Order(tuple(places), "name", tuple(map(_stem, names)), f"by their names{lacking}")


def _all(values: list[int | None]) -> list[int] | None:
    """The values, if every file has one."""
    known = [value for value in values if value is not None]
    return known if known and len(known) == len(values) else None


def _start_again(steps: Sequence[int], epochs: Sequence[int]) -> bool:
    """Do steps count from 0 in every epoch? Then a later epoch has a smaller step than an earlier one."""
    ordered = [step for _epoch, step in sorted(zip(epochs, steps, strict=True))]
    return len(set(steps)) > 1 and ordered != sorted(steps)


def _by_values(files: Sequence[Told], by: Evidence, why: str) -> Order:
    keys: dict[str, Callable[[Told], tuple[int, ...]]] = {
        "step": lambda one: (one.step or 0, one.epoch or 0), "epoch": lambda one: (one.epoch or 0,),
        "epoch and step": lambda one: (one.epoch or 0, one.step or 0),
    }  # fmt: skip
    key = keys[by]
    places = sorted(
        range(len(files)),
        key=lambda at: (not files[at].readable, key(files[at]) if files[at].readable else (), natural(files[at].name)),
    )
    return Order(tuple(places), by, tuple(_label(one, by) for one in files), why)


def _label(one: Told, by: Evidence) -> str:
    if not one.readable:
        return _stem(one.name)
    if by == "epoch and step":
        return f"{one.epoch}:{one.step}"
    return str(one.step if by == "step" else one.epoch)


def _lacking(files: Sequence[Told]) -> str:
    """Why the files' own words were not enough."""
    readable = [one for one in files if one.readable]
    silent = sum(one.step is None and one.epoch is None for one in readable)
    if not readable or silent == len(readable):
        return "; the files say no step or epoch"
    if silent:
        return f"; {plural(silent, 'file')} of {len(readable):,} say{'s' if silent == 1 else ''} no step or epoch"
    return "; the steps and epochs in the files do not tell them apart"


def _numbers(files: Sequence[Told]) -> list[int | None] | None:
    """The number in each name; None of a file that could not be opened and is called otherwise."""
    found = numbers_of([one.name for one in files])
    if found is not None:
        return list(found)
    readable = [place for place, one in enumerate(files) if one.readable]
    found = numbers_of([files[place].name for place in readable]) if len(readable) < len(files) else None
    return [dict(zip(readable, found, strict=True)).get(place) for place in range(len(files))] if found else None


def numbers_of(names: Sequence[str]) -> list[int] | None:
    """The number in each name that tells them apart, or None.

    That is a number called step, iteration or epoch, if all names have one; else the only one that differs where
    the names are alike in all but numbers (of several, the first that differs everywhere).
    """
    for pattern in _NAMED:
        found = [pattern.findall(name) for name in names]
        named = [int(one[-1]) for one in found if one]
        if len(named) == len(names) and len(set(named)) > 1:
            return named
    if len({tuple(_SPLIT.split(name)) for name in names}) != 1:
        return None
    columns = list(zip(*([int(one) for one in _DIGITS.findall(name)] for name in names), strict=False))
    if any(len(_DIGITS.findall(name)) != len(_SPLIT.findall(name)) for name in names):
        return None  # a number of more digits than anything counts
    differing = [column for column in columns if len(set(column)) > 1]
    telling = [column for column in differing if len(set(column)) == len(names)] or differing
    return list(telling[0]) if telling else None


def _stem(name: str) -> str:
    """The name without its last suffix, the folder kept."""
    head, dot, tail = name.rpartition(".")
    return head if dot and head and "/" not in tail and not head.endswith("/") else name
