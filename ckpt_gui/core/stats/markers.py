"""The statistics that stand as lines in a histogram."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from ckpt_gui.core.stats.edges import Axis
from ckpt_gui.core.stats.magnitudes import magnitudes
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.percentile import percentile

Kind = Literal["mean", "median", "sigma", "percentiles"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PERCENTILES = (1.0, 99.0)


class Marker(NamedTuple):
    """One statistic."""

    kind: Kind
    name: str
    values: tuple[float, ...]
    """Where its lines stand; several for what has two ends."""


def markers(summary: Summary, axis: Axis = "linear") -> tuple[Marker, ...]:
    """Mean, median, mean ± σ and the 1st and 99th percentile, of the magnitudes for a ``log`` axis.

    None of a summary without a finite value.
    """
    of, source = ("", summary) if axis != "log" else (" of |x|", magnitudes(summary))
    if not source.finite or source.mean is None or source.std is None:
        return ()
    median, ends = percentile(source, 50), [percentile(source, q) for q in PERCENTILES]
    found = [
        Marker("mean", f"mean{of}", (source.mean,)),
        Marker("median", f"median{of}", (float(median),) if median is not None else ()),
        Marker("sigma", f"±σ{of}", (source.mean - source.std, source.mean + source.std)),
        Marker("percentiles", f"1 % and 99 %{of}", tuple(float(end) for end in ends if end is not None)),
    ]
    return tuple(found)
