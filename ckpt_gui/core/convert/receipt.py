"""What came of a conversion, as JSON, in words, and as a file beside the target."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ckpt_gui.core.convert.nouns import Item, Plan, Receipt
from ckpt_gui.core.convert.recipes import options_to_json
from ckpt_gui.core.convert.target import Target
from ckpt_gui.core.errors import Cancelled
from ckpt_gui.core.info import plain_path
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.text import escape, join_words, plural, size

SUFFIX = ".receipt.json"
BLOCK = 4 << 20
_LOOK = 0.05
"""Seconds between two looks at how far the threads are."""


def to_json(receipt: Receipt) -> dict[str, Any]:
    """The ``convert`` object of the JSON contract, and more; plain values."""
    plan, proof = receipt.plan, receipt.proof
    return {
        "source": receipt.source,
        "target": receipt.target,
        "kept": [plain_path(item.path) for item in plan.items],
        "dropped": [plain_path(one.path) for one in plan.dropped],
        "nbytes_before": receipt.nbytes_before,
        "nbytes_after": receipt.nbytes_after,
        "warnings": list(receipt.warnings),
        "verified": proof.verified if proof is not None else None,
        "format": plan.target_format,
        "files": list(receipt.files),
        "values_kept": receipt.values_kept,
        "why_dropped": [one.why for one in plan.dropped],
        "tensors": [_tensor(item) for item in plan.items],
        "renamed": [[plain_path(item.path), plain_path(item.target)] for item in plan.items if _renamed(plan, item)],
        "cast": [_cast(item) for item in plan.items if item.dtype != item.source_dtype],
        "aliases": [list(pair) for pair in plan.aliases],
        "options": options_to_json(plan.options),
        "proof": None
        if proof is None
        else {
            "loader": proof.loader,
            "checked_nbytes": proof.checked_nbytes,
            "differences": list(proof.differences),
        },
        "seconds": round(receipt.seconds, 3),
        "sha256": dict(receipt.sha256),
    }


def _tensor(item: Item) -> dict[str, Any]:
    return {
        "path": plain_path(item.path), "target": plain_path(item.target), "shape": list(item.shape),
        "dtype": item.dtype, "device": item.device,
    }  # fmt: skip


def _cast(item: Item) -> dict[str, Any]:
    return {"path": plain_path(item.path), "from": item.source_dtype, "to": item.dtype}


def _renamed(plan: Plan, item: Item) -> bool:
    """Whether it goes by another name: in a flat result, other than its keys joined with dots."""
    if plan.nested:
        return item.path != item.target
    return bool(plan.options.rename) and ".".join(map(str, item.path[-len(item.target) :])) != ".".join(
        map(str, item.target)
    )


def in_words(receipt: Receipt) -> list[str]:
    """A few lines for a person."""
    plan, proof = receipt.plan, receipt.proof
    what = plural(len(plan.items), "tensor")
    if receipt.values_kept:
        what += f" and {plural(receipt.values_kept, 'value')}"
    sizes = f"{size(receipt.nbytes_after)} (the source: {size(receipt.nbytes_before)})"
    verb = "Wrote" if proof is not None else "Would write"
    lines = [f"{verb} {escape(receipt.target)}: {what}, {sizes}."]
    if plan.dropped:
        values = len(plan.dropped) - receipt.tensors_dropped
        counts = [plural(receipt.tensors_dropped, "tensor")] if receipt.tensors_dropped else []
        counts += [plural(values, "value")] if values else []
        whys = [why for why, _ in Counter(one.why for one in plan.dropped).most_common()]
        lines.append(f"Left out: {join_words(counts)} ({escape(join_words(whys, 4))}).")
    if cast := [item for item in plan.items if item.dtype != item.source_dtype]:
        types = Counter(f"{item.source_dtype} to {item.dtype}" for item in cast)
        counts = [f"{plural(number, 'tensor')} from {told}" for told, number in types.items()]
        lines.append(f"Cast: {join_words(counts, 4)}.")
    if proof is not None and proof.verified:
        by = "" if proof.loader == "our reader" else f", and its structure was loaded by {proof.loader}"
        lines.append(f"Verified: read again and compared byte for byte ({size(proof.checked_nbytes)}){by}.")
    elif proof is not None:
        lines.append(f"Not verified: {'; '.join(proof.differences[:3])}.")
    return lines


def beside(target: Path) -> Path:
    """Where the receipt of a target goes."""
    return target.with_name(target.name + SUFFIX)


def write(receipt: Receipt, *, overwrite: bool = False) -> Path:
    """Write the receipt beside its target; returns where. Raises ConvertError where that cannot be."""
    path = beside(Path(receipt.target))
    text = json.dumps(to_json(receipt), indent=1, ensure_ascii=True).encode() + b"\n"
    place = Target([path], (receipt.source,), overwrite=overwrite, nbytes=len(text))
    try:
        draft = place.draft(0)
        draft.write(text)
        draft.finish()
        place.commit()
    finally:
        place.discard()
    return path


# -------------------------------------------------------------------------------------------------- digests


@dataclass
class _Far:
    """How far one digest is; whoever made it may ask it to stop."""

    done: int = 0
    stopped: bool = False


def digests(paths: Sequence[Path], report: Report = SILENT, executor: Executor | None = None) -> tuple[str, ...]:
    """SHA-256 of each file, in hexadecimal. Progress is told in bytes of all of them.

    Raises OpenError or ReadError where one cannot be read, and what ``report`` raises.
    """
    total = sum(path.stat().st_size for path in paths)
    far = [_Far() for _ in paths]
    if executor is None:
        return tuple(
            _digest(path, one, lambda: _tell(report, far, total)) for path, one in zip(paths, far, strict=True)
        )
    futures = [executor.submit(_digest, path, one) for path, one in zip(paths, far, strict=True)]
    try:
        waiting: set[Future[str]] = set(futures)
        while waiting:
            waiting = wait(waiting, timeout=_LOOK).not_done
            _tell(report, far, total)
    finally:
        for one in far:
            one.stopped = True
        wait(futures)
    return tuple(future.result() for future in futures)


def _tell(report: Report, far: Sequence[_Far], total: int) -> None:
    report.at(sum(one.done for one in far), total, "bytes")


def _digest(path: Path, far: _Far, look: Callable[[], None] | None = None) -> str:
    digest, buffer = hashlib.sha256(), bytearray(BLOCK)
    with LocalFile(path) as file, memoryview(buffer) as view:
        while got := file.read_into(far.done, view):
            digest.update(view[:got])
            far.done += got
            if look is not None:
                look()
            if far.stopped:
                raise Cancelled
    return digest.hexdigest()
