"""What many rows come to: counts by change, measures of a group, and what training left alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ckpt_gui.core.diff.nouns import CHANGES, Measures, Row


def summary(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows there are of each change; all of CHANGES, in their order."""
    counts = dict.fromkeys(CHANGES, 0)
    for row in rows:
        if row.change:
            counts[row.change] += 1
    return counts


def together(measures: Sequence[Measures]) -> Measures | None:
    """The measures of several pairs as if their elements were one tensor's; None if there are none."""
    if not measures:
        return None
    both = sum(one.both for one in measures)
    sums = {
        name: sum(getattr(one, name) for one in measures)
        for name in ("numel", "changed", "sign_flips", "nan_left", "nan_right", "inf_left", "inf_right", "beyond")
    }
    largest = [one.max_abs for one in measures if one.max_abs is not None]
    totals = [one.mean_abs * one.both for one in measures if one.mean_abs is not None]
    return Measures(
        **sums,
        max_abs=max(largest, default=None),
        where=None,
        mean_abs=sum(totals) / both if both and totals else None,
        l2=_norm(one.l2 for one in measures),
        left_l2=_norm(one.left_l2 for one in measures),
        right_l2=_norm(one.right_l2 for one in measures),
        dot=_total(one.dot for one in measures),
        both=both,
        identical=all(one.identical for one in measures),
    )


def _norm(norms: Iterable[float | None]) -> float | None:
    known = [norm for norm in norms if norm is not None]
    return math.hypot(*known) if known else None


def _total(products: Iterable[float | None]) -> float | None:
    known = [product for product in products if product is not None]
    return math.fsum(known) if known else None
