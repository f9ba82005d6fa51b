"""A conversion from beginning to end: written, proven, and only then put in place; else as if it had never been."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.convert import receipt as receipts
from ckpt_gui.core.convert.nouns import Plan, Proof, Receipt
from ckpt_gui.core.convert.verify import Loader, nbytes_of, prove
from ckpt_gui.core.convert.writing import write
from ckpt_gui.core.errors import CheckpointError, ConvertError, NotProven
from ckpt_gui.core.info import value_nodes
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.text import escape
from ckpt_gui.core.wire import Opened

SHOWN = 3
"""Differences in the sentence of a failed proof."""


def convert(
    opened: Opened,
    plan: Plan,
    target: str | Path,
    *,
    overwrite: bool = False,
    prover: Loader | None = None,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 2,
    receipt: bool = False,
) -> Receipt:
    """Write ``plan`` to ``target``, prove it, put it in place; ``receipt`` writes one beside it, with digests.

    ``prover`` (see ``ckpt_gui.proving``) asks torch or safetensors; without it our reader alone proves. Progress is
    told in bytes written, compared and digested. Raises ConvertError where it is refused or fails (NotProven: the
    result is not what was planned), ReadError where the source cannot be read or changed meanwhile, and what
    ``report`` raises; the old state is left then, and nothing beside it.
    """
    began, target = time.monotonic(), Path(target)
    if receipt and not overwrite and os.path.lexists(receipts.beside(target)):
        raise ConvertError(
            f"{escape(str(receipts.beside(target)))} exists already, and nothing was said of overwriting it"
        )
    if prover is not None:
        prover.warm(plan.target_format)
    stages = _Stages(report, _weights(opened.checkpoint, plan, receipt))
    digests: tuple[tuple[str, str], ...] = ()
    with write(
        opened.checkpoint, plan, target, overwrite=overwrite, executor=executor, report=stages.next()
    ) as written:
        parts = written.parts
        proof = prove(opened, plan, parts, prover, stages.next(), executor, workers)
        if not proof.verified:
            raise _not_proven(proof)
        if receipt:
            digests = _digests(opened.checkpoint, parts, stages.next(), executor)
        written.commit()
        made = _receipt(opened.checkpoint, plan, target, parts, [*written.notes], proof)
    made = replace(made, seconds=time.monotonic() - began, sha256=digests)
    return _with_file(made, overwrite) if receipt else made


def dry_run(opened: Opened, plan: Plan, target: str | Path) -> Receipt:
    """What ``convert`` would give, by the plan alone; nothing is written or proven."""
    made = _receipt(opened.checkpoint, plan, Path(target), (), [], None)
    return replace(made, nbytes_after=plan.nbytes_after)


def _weights(source: Checkpoint, plan: Plan, receipt: bool) -> list[int]:
    """Bytes to write, to compare, to digest."""
    return [nbytes_of(plan), nbytes_of(plan), *([source.nbytes + plan.nbytes_after] if receipt else [])]


def _digests(
    source: Checkpoint, parts: Sequence[tuple[Path, Path]], report: Report, executor: Executor | None
) -> tuple[tuple[str, str], ...]:
    before = [Path(one.path) for one in source.sources]
    found = receipts.digests([*before, *(now for now, _ in parts)], report, executor)
    return tuple(zip([*map(str, before), *(str(then) for _, then in parts)], found, strict=True))


def _receipt(
    source: Checkpoint,
    plan: Plan,
    target: Path,
    parts: Sequence[tuple[Path, Path]],
    notes: Sequence[str],
    proof: Proof | None,
) -> Receipt:
    nodes = source.nodes
    dropped = [one.node for one in plan.dropped]
    tensors = sum(1 for node in dropped if nodes.kind[node] == Kind.TENSOR)
    return Receipt(
        source=source.path,
        target=str(target),
        plan=plan,
        nbytes_before=plan.nbytes_before,
        nbytes_after=sum(then.stat().st_size for _, then in parts),
        warnings=(*plan.warnings, *notes, *(proof.warnings if proof is not None else ())),
        proof=proof,
        seconds=0.0,
        values_kept=len(value_nodes(source)) - len(dropped) + tensors if plan.nested else 0,
        tensors_dropped=tensors,
        files=tuple(str(then) for _, then in parts),
    )


def _not_proven(proof: Proof) -> NotProven:
    shown = "; ".join(proof.differences[:SHOWN])
    more = len(proof.differences) - SHOWN
    rest = f"; and {more} more" if more > 0 else ""
    return NotProven(
        f"The result was not as planned, so it was taken away again and nothing has changed: {shown}{rest}",
        proof.differences,
    )


def _with_file(made: Receipt, overwrite: bool) -> Receipt:
    """The same, with its file written; a receipt that cannot be written takes nothing back."""
    try:
        receipts.write(made, overwrite=overwrite)
    except CheckpointError as exc:
        return replace(made, warnings=(*made.warnings, f"The receipt could not be written: {exc}"))
    return made


class _Stages:
    """One progress for several pieces of work, by the bytes that each goes through."""

    def __init__(self, report: Report, weights: Sequence[int]) -> None:
        self._report = report
        self._weights = [max(1, weight) for weight in weights]
        self._number = -1

    def next(self) -> Report:
        """The progress of the next piece."""
        self._number += 1
        return _Stage(self._report, sum(self._weights[: self._number]), self._weights[self._number], sum(self._weights))


class _Stage(Report):
    def __init__(self, report: Report, before: int, weight: int, total: int) -> None:
        self._report = report
        self._before, self._weight, self._total = before, weight, total
        self._done = 0

    def at(self, done: int, total: int, unit: str) -> None:
        """So many bytes; other units only ask whether to go on."""
        if unit == "bytes" and total:
            self._done = min(self._weight, self._weight * done // total)
        self._report.at(self._before + self._done, self._total, "bytes")
