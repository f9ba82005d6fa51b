"""What a group's row says of the values beneath: from its members' numbers, without reading anything."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.model import Checkpoint

Columns = dict[str, NDArray[np.float64]]
"""Name → one number a tensor, or a node; NaN where there is none."""


def rolled_up(checkpoint: Checkpoint, columns: Columns, done: bytes) -> Columns:
    """The columns ``min max mean std l2 absmax count finite zeros nan inf`` of tensors → the same of all nodes.

    A node has numbers once every tensor beneath was looked at (``done``) and at least one has values. Each tensor
    counts in full, tied ones too. Means and variances are merged (Chan, Golub and LeVeque 1979), so that nothing
    cancels.
    """
    tensor = np.frombuffer(checkpoint.nodes.tensor, np.int32)
    leaves = np.flatnonzero((tensor >= 0) & (tensor < len(done)))
    values = {name: np.zeros(len(tensor)) for name in columns}
    values["min"][:], values["max"][:], values["absmax"][:] = np.inf, -np.inf, -np.inf
    for name, column in columns.items():
        here = column[tensor[leaves]]
        values[name][leaves] = np.where(np.isnan(here), values[name][leaves], here)
    scale = _scale(values["std"], values["min"], values["max"])
    spread = np.sqrt(values["finite"]) * (values.pop("std") * scale)
    waiting = np.zeros(len(tensor))
    waiting[leaves] = np.frombuffer(done, np.uint8)[tensor[leaves]] == 0
    with np.errstate(all="ignore"):  # what overflows is infinite
        for parents, children in _levels(checkpoint):
            _merge(values, spread, scale, parents, children)
            np.add.at(waiting, parents, waiting[children])
        values["std"] = spread / np.sqrt(values["finite"]) / scale
    return _made(values, waiting)


def _levels(checkpoint: Checkpoint) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Children and their parents, deepest level first; breadth-first ids make each level a range."""
    parent = np.frombuffer(checkpoint.nodes.parent, np.int32)
    bounds = [0, 1]
    while bounds[-1] < len(parent):
        bounds.append(int(np.searchsorted(parent, bounds[-1])))  # parents ascend with ids
    for low, high in zip(bounds[-2:0:-1], bounds[:1:-1], strict=True):
        children = np.arange(low, high)
        yield parent[low:high], children


def _scale(*columns: NDArray[np.float64]) -> float:
    """A power of two that keeps std · √count and the distance of two means finite, however large the values are."""
    largest = max((float(np.abs(one[np.isfinite(one)]).max(initial=0)) for one in columns), default=0.0)
    return 2.0**-64 if largest > 2.0**900 else 1.0


def _merge(
    values: Columns,
    spread: NDArray[np.float64],
    scale: float,
    parents: NDArray[np.int32],
    children: NDArray[np.int64],
) -> None:
    """Add children to their parents, which hold nothing of their own. Norms add as hypotenuses: no square overflows.

    ``spread``: scale · std · √count of each node.
    """
    for name in ("count", "finite", "zeros", "nan", "inf"):
        np.add.at(values[name], parents, values[name][children])
    np.minimum.at(values["min"], parents, values["min"][children])
    for name in ("max", "absmax"):
        np.maximum.at(values[name], parents, values[name][children])
    np.hypot.at(values["l2"], parents, values["l2"][children])
    weights = values["finite"][children]
    shares = np.divide(weights, values["finite"][parents], out=np.zeros(len(weights)), where=weights > 0)
    np.add.at(values["mean"], parents, shares * values["mean"][children])
    np.hypot.at(spread, parents, spread[children])
    apart = np.abs(values["mean"][children] * scale - values["mean"][parents] * scale)
    np.hypot.at(spread, parents, np.where(weights > 0, np.sqrt(weights) * apart, 0.0))


def _made(values: Columns, waiting: NDArray[np.float64]) -> Columns:
    """The numbers of nodes about which everything is known."""
    some = (waiting == 0) & (values["count"] > 0)
    finite = some & (values["finite"] > 0)
    of_finite = ("min", "max", "mean", "std", "l2", "absmax")
    return {name: np.where(finite if name in of_finite else some, values[name], np.nan) for name in values}


def combined_numbers(columns: Columns) -> dict[str, float | None]:
    """The same columns over all their tensors together: one number each, None where there is none."""
    known = ~np.isnan(columns["count"])
    finite = np.where(known, columns["finite"], 0)
    held = finite > 0
    total = float(finite.sum())
    found: dict[str, float | None] = {
        name: float(np.where(known, columns[name], 0).sum()) for name in ("count", "zeros", "nan", "inf")
    }
    found["finite"] = total
    if not held.any():
        return found | dict.fromkeys(("min", "max", "mean", "std", "l2", "absmax"))
    shares, means = finite[held] / total, columns["mean"][held]
    with np.errstate(all="ignore"):
        mean = float((shares * means).sum())
        spread = np.hypot(columns["std"][held], np.abs(means - mean))
        std = float(np.hypot.reduce(np.sqrt(shares) * spread))
        l2 = float(np.hypot.reduce(columns["l2"][held]))
    return found | {
        "min": float(columns["min"][held].min()), "max": float(columns["max"][held].max()), "mean": mean, "std": std,
        "l2": l2, "absmax": float(columns["absmax"][held].max()),
    }  # fmt: skip
