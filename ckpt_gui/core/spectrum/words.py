"""Singular values in words: facts for the Summary."""

from __future__ import annotations

from ckpt_gui.core.facts import Fact, Section
from ckpt_gui.core.spectrum.facts import Spectrum
from ckpt_gui.core.spectrum.matrix import size_of
from ckpt_gui.core.stats.words import number

TITLE = "Singular values"
LONG_WORK = 1 << 33
"""Elements times the shorter side: from here on it takes seconds."""


def sections(found: Spectrum) -> tuple[Section, ...]:
    """What they tell."""
    shorter = min(found.rows, found.columns)
    told = (
        Fact("Matrix", f"{found.rows:,} × {found.columns:,}, the first dimension by all others"),
        Fact("Largest (spectral norm)", number(found.spectral_norm)),
        Fact("Smallest", number(float(found.singular_values[-1]))),
        Fact("Sum (nuclear norm)", number(found.nuclear_norm)),
        Fact("Frobenius norm", number(found.frobenius_norm)),
        Fact("Stable rank", f"{found.stable_rank:,.4g} of {shorter:,}"),
        Fact("Rank", f"{found.rank:,} of {shorter:,}"),
        Fact("Condition", "infinite: the smallest is 0" if found.condition is None else number(found.condition)),
    )
    return (Section(TITLE, told),)


def offer(shape: tuple[int, ...]) -> str:
    """What a button says that computes them."""
    rows, columns = size_of(shape)
    return f"Compute singular values ({rows:,} × {columns:,})"


def warning(shape: tuple[int, ...]) -> str:
    """What is said beside it; "" for matrices that take no time."""
    rows, columns = size_of(shape)
    long = rows * columns * min(rows, columns) > LONG_WORK
    return "This can take a minute, and can be cancelled." if long else ""
