"""The JSON of ``ckpt-gui diff`` (product.md, "JSON")."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ckpt_gui.core.diff.nouns import Measures, Row
from ckpt_gui.core.diff_report.report import Report
from ckpt_gui.core.info import plain_path
from ckpt_gui.core.model import Checkpoint

MEASURES = (
    "max_abs", "mean_abs", "l2", "rel_l2", "cosine", "changed", "share", "sign_flips", "nan_left", "nan_right",
    "inf_left", "inf_right", "beyond",
)  # fmt: skip


def diff_json(report: Report) -> Iterator[str]:
    """The object in parts, to be written one after the other."""
    pairing = report.pairing
    left, right = pairing.left.checkpoint, pairing.right.checkpoint
    head = {"left": left.path, "right": right.path, "summary": report.summary, "equal": report.equal}
    yield json.dumps(head)[:-1] + ', "rows": ['
    for number, row in enumerate(report.shown):
        yield (",\n" if number else "\n") + json.dumps(_row(row, left, right), allow_nan=False)
    yield "], " + json.dumps(_tail(report), allow_nan=False)[1:] + "\n"


def _row(row: Row, left: Checkpoint, right: Checkpoint) -> dict[str, Any]:
    found = row.measures
    return {
        "key": row.key,
        "left": _path(left, row.left),
        "right": _path(right, row.right),
        "change": row.change,
        "left_shape": _shape(left, row.left),
        "right_shape": _shape(right, row.right),
        "left_dtype": _dtype(left, row.left),
        "right_dtype": _dtype(right, row.right),
        **{name: getattr(found, name) if found is not None else None for name in MEASURES},
        "where": list(found.where) if found is not None and found.where is not None else None,
        "problem": row.problem or None,
    }


def _path(checkpoint: Checkpoint, tensor: int) -> list[Any] | None:
    return plain_path(checkpoint.path_of(checkpoint.tensors.node[tensor])) if tensor >= 0 else None


def _shape(checkpoint: Checkpoint, tensor: int) -> list[int | None] | None:
    return [None if size < 0 else size for size in checkpoint.shape(tensor)] if tensor >= 0 else None


def _dtype(checkpoint: Checkpoint, tensor: int) -> str | None:
    return checkpoint.texts[checkpoint.tensors.dtype[tensor]] if tensor >= 0 else None


def _tail(report: Report) -> dict[str, Any]:
    pairing, advice = report.pairing, report.advice
    return {
        "values": [
            {"path": plain_path(one.path), "left": one.left, "right": one.right} for one in report.values
        ],
        "renames": [
            {"pattern": rule.pattern, "replacement": rule.replacement, "matched": matched}
            for rule, matched in pairing.renames
        ],
        "proposed": [
            {"rule": one.rule.text, "pattern": one.rule.pattern, "replacement": one.rule.replacement,
             "matched": one.matched, "reason": one.reason}
            for one in pairing.proposed
        ],
        "load": {
            "missing": list(advice.missing),
            "unexpected": list(advice.unexpected),
            "mismatched": [
                {"key": key, "left_shape": list(one), "right_shape": list(other)}
                for key, one, other in advice.mismatched
            ],
        },
        "whole": _whole(report.whole),
        "notes": list(pairing.hints),
    }  # fmt: skip


def _whole(found: Measures | None) -> dict[str, Any] | None:
    return None if found is None else {name: getattr(found, name) for name in MEASURES}
