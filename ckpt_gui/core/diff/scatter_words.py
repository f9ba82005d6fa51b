"""A scatter in words: how close to the diagonal, along which line, what is left out."""

from __future__ import annotations

from ckpt_gui.core import text
from ckpt_gui.core.diff.scatter import Fit, Scatter
from ckpt_gui.core.stats.chart_words import number, share


def headline(shown: Scatter) -> str:
    """The line above the picture."""
    fit = shown.fit
    if not fit.both:
        return nothing(fit)
    said = ["Preview from a sample"] if shown.sampled else []
    said += [_line(fit), _equal(fit, sampled=shown.sampled)]
    if fit.magnitudes:
        said.append("complex numbers by their magnitudes")
    if fit.left_out and not shown.sampled:
        said.append(f"{text.plural(fit.left_out, 'element')} with NaN or Inf left out")
    return ". ".join(one[:1].upper() + one[1:] for one in said if one) + "."


def nothing(fit: Fit) -> str:
    """Why there is no picture."""
    if not fit.left_out:
        return "They have no elements: there is nothing to draw."
    return f"No element is finite on both sides ({fit.left_out:,} are not): there is nothing to draw."


def _line(fit: Fit) -> str:
    if fit.correlation is None and fit.slope is None:
        side = "A" if fit.left[0] == fit.left[1] else "B"
        value = fit.left[0] if side == "A" else fit.right[0]
        return f"Every finite value of {side} is {number(value)}"
    told = [f"correlation {_close(fit.correlation)}"] if fit.correlation is not None else []
    if fit.slope is not None and fit.intercept is not None:
        sign = "−" if fit.intercept < 0 else "+"
        told.append(f"best line B = {number(fit.slope)} · A {sign} {number(abs(fit.intercept), 3)}")
    return ", ".join(told)


def _close(value: float) -> str:
    """A correlation; as many nines as there are before it is not 1 any more."""
    if value in (1.0, -1.0):
        return number(value)
    for digits in range(3, 16):
        said = f"{value:.{digits}f}"
        if abs(float(said)) < 1:
            return said.replace("-", "−")
    return number(value)


def _equal(fit: Fit, *, sampled: bool) -> str:
    if not fit.equal:
        return "no value is the same on both sides"
    if fit.equal == fit.both:
        return "every value is the same on both sides, all lie on the diagonal"
    about = "about " if sampled else f"{fit.equal:,} of {fit.both:,} values, "
    return f"{about}{share(fit.equal / fit.both)}, {'are' if fit.equal > 1 else 'is'} the same on both sides"


def cell(shown: Scatter, a: float, b: float) -> str:
    """The read-out of a place: both values, and how many pairs there are in its cell."""
    said = f"A {number(a)} · B {number(b)} · B − A {number(b - a)}"
    if not shown.dense:
        return said
    import numpy as np

    column = int(np.searchsorted(shown.across, a, side="right")) - 1
    row = int(np.searchsorted(shown.up, b, side="right")) - 1
    if not (0 <= row < shown.counts.shape[0] and 0 <= column < shown.counts.shape[1]):
        return said
    about = "about " if shown.sampled else ""
    found = int(shown.counts[row, column])
    return f"{said}: {about}{text.plural(found, 'element')} in this cell"


def aloud(shown: Scatter) -> str:
    """The picture for those who do not see it."""
    fit, ends = shown.fit, "from {} to {}"
    sides = [f"{name} goes {ends.format(*map(number, span))}" for name, span in (("A", fit.left), ("B", fit.right))]
    how = "a density" if shown.dense else f"{len(shown.left):,} points"
    return f"A across, B upwards, as {how}. {headline(shown)} {'; '.join(sides)}."
