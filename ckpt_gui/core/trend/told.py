"""A run as ``ckpt-gui trend`` tells it: its JSON and its CSV (product.md, "trend")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ckpt_gui.core.info import plain_path
from ckpt_gui.core.text import path_text
from ckpt_gui.core.trend.evolution import Evolution
from ckpt_gui.core.trend.first_nan import FirstNan
from ckpt_gui.core.trend.nouns import Run
from ckpt_gui.core.trend.series import Line

COLUMNS = ("path", "file", "step", "epoch", "value", "nonfinite")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is told besides, if it was asked for."""

    changed: Sequence[Line] | None = None
    nan: FirstNan | None = None
    evolved: Sequence[Evolution] | None = None


def trend_json(run: Run, statistic: str, lines: Sequence[Line], asked: Asked) -> dict[str, Any]:
    """Plain JSON values. Every list of values has one entry for each of ``files``."""
    told: dict[str, Any] = {
        "stat": statistic,
        "ordered_by": run.by,
        "files": [
            {"path": stop.path, "step": stop.step, "epoch": stop.epoch, "label": stop.label,
             "problem": stop.problem or None}
            for stop in run.stops
        ],
        "notes": [run.evidence, *run.notes],
        "series": [_series(line) for line in lines],
    }  # fmt: skip
    for number, one in enumerate(told["series"]):
        if asked.changed is not None:
            one["change"] = list(asked.changed[number].values)
        if asked.evolved is not None:
            one["histograms"] = _histograms(asked.evolved[number])
    if asked.nan is not None:
        told["first_nan"] = _nan(run, asked.nan)
    return told


def _histograms(found: Evolution) -> dict[str, Any] | None:
    """Edges, and the counts of each file; None where there is no finite value at all."""
    counts = [None if one is None else one.counts.tolist() for one in found.histograms]
    return {"edges": found.edges.tolist(), "counts": counts} if len(found.edges) else None


def _series(line: Line) -> dict[str, Any]:
    return {
        "path": plain_path(line.subject.path),
        "tensors": len(line.subject.tracks),
        "values": list(line.values),
        "nonfinite": list(line.nonfinite),
        "problems": [why or None for why in line.why],
    }


def _nan(run: Run, found: FirstNan) -> dict[str, Any]:
    return {
        "file": run.stops[found.place].path if found.place is not None else None,
        "before": run.stops[found.before].path if found.before is not None else None,
        "tensors": [
            {
                "path": plain_path(bad.track.path),
                "nan": bad.count,
                "where": list(bad.where or ()) if bad.where else None,
            }
            for bad in found.found
        ],
        "looked_at": [run.stops[place].path for place in found.looked_at],
        "unread": [{"path": run.stops[place].path, "problem": why} for place, why in found.skipped],
    }


def trend_rows(run: Run, lines: Sequence[Line], changed: Sequence[Line] | None = None) -> Iterator[dict[str, Any]]:
    """A row for each series and file, as ``COLUMNS`` names them; ``change`` besides, if it was asked for."""
    for number, line in enumerate(lines):
        for place, stop in enumerate(run.stops):
            row = {
                "path": path_text(line.subject.path), "file": stop.path, "step": stop.step, "epoch": stop.epoch,
                "value": line.values[place], "nonfinite": line.nonfinite[place],
            }  # fmt: skip
            if changed is not None:
                row["change"] = changed[number].values[place]
            yield {name: "" if value is None else value for name, value in row.items()}
