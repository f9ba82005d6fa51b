"""What came of a conversion, or would come of it, for a person and as JSON."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ckpt_gui.core.convert.receipt import in_words, to_json
from ckpt_gui.core.convert.words import command_line
from ckpt_gui.core.info import plain_path
from ckpt_gui.core.outline.snippets import UNTRUSTED, raw_literal
from ckpt_gui.core.text import escape, path_text, plural, size

if TYPE_CHECKING:
    from ckpt_gui.cli.convert import Result
    from ckpt_gui.core.convert.audit import CastAudit
    from ckpt_gui.core.convert.nouns import Plan, Receipt

FEW = 10
"""Paths listed of one kind; all with --all."""
_MARK = "▲"


def as_json(result: Result) -> dict[str, Any]:
    """The ``convert`` object of product.md, and how to ask for the same; of a failure the reason."""
    receipt = result.receipt
    if receipt is None:
        nothing: dict[str, Any] = dict.fromkeys(("nbytes_before", "nbytes_after"))
        return {
            "source": result.source, "target": result.target or None, "kept": [], "dropped": [], **nothing,
            "warnings": [], "verified": False, "error": result.problem,
        }  # fmt: skip
    told = to_json(receipt) | {"error": None, "dry_run": receipt.proof is None}
    told |= {"command_line": command_line(receipt.plan, result.target), "python": result.script or None}
    if result.audits is not None:
        told["audit"] = [_audit_json(one) for one in result.audits]
    return told


def _audit_json(audit: CastAudit) -> dict[str, Any]:
    """Its fields, and its sentence; numbers that JSON has no word for become null."""
    facts = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(audit).items()
    }
    return facts | {"path": plain_path(audit.path), "exact": audit.exact, "words": audit.words}


def show(result: Result, *, whole: bool) -> None:
    """Print one result."""
    assert result.receipt is not None
    print("\n".join(_lines(result, result.receipt, whole)))


def show_all(results: Sequence[Result]) -> None:
    """Print a table of results, a row a file; and on standard error how many failed."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("source", "result"):
        table.add_column(name, overflow="fold")
    for name in ("before", "after"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what came of it", overflow="fold")
    for result in results:
        table.add_row(*(Text(cell) for cell in _cells(result)))
    # Of a file or a pipe rich knows no width: nothing is cut short there.
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1_000, soft_wrap=True)
    console.print(table)
    for result in results:
        for warning in result.receipt.warnings if result.receipt is not None else ():
            print(f"{_MARK} {escape(result.source)}: {escape(warning)}")
    failed = sum(1 for result in results if result.failed)
    sys.stdout.flush()
    if failed:
        print(f"ckpt-gui: {failed:,} of {plural(len(results), 'file')} could not be converted", file=sys.stderr)


def _cells(result: Result) -> tuple[str, ...]:
    receipt = result.receipt
    if receipt is None:
        return escape(result.source), escape(result.target), "", "", escape(result.problem)
    sizes = size(receipt.nbytes_before), size(receipt.nbytes_after)
    came = "nothing written" if receipt.proof is None else "verified" if receipt.proof.verified else "not verified"
    return escape(result.source), escape(result.target), *sizes, came


def _lines(result: Result, receipt: Receipt, whole: bool) -> Iterator[str]:
    """What was done needs no lists, but for who asks; what would be done is there to be looked through."""
    plan, few = receipt.plan, None if whole else FEW
    yield from in_words(receipt)
    if whole or receipt.proof is None:
        yield from _lists(plan, few)
    if result.audits is not None:
        yield from _audited(result.audits, few)
    yield from (f"{_MARK} {escape(warning)}" for warning in receipt.warnings)
    if receipt.proof is not None:
        yield f"Load it with: {load_line(receipt)}"
        return
    yield "Nothing was written (--dry-run). As a command:"
    yield f"  {command_line(plan, result.target)}"
    if result.script:
        yield "In Python, roughly:"
        yield from (f"  {line}" for line in result.script.splitlines())


def _lists(plan: Plan, few: int | None) -> Iterator[str]:
    """What is dropped, renamed and cast, path by path."""
    dropped: dict[str, list[str]] = {}
    for one in plan.dropped:
        dropped.setdefault(one.why, []).append(path_text(one.path))
    for why, paths in dropped.items():
        yield from _listed(f"Dropped, {why}", paths, few)
    if plan.options.rename:
        renamed = [f"{path_text(one.path)} → {path_text(one.target)}" for one in plan.items if one.path != one.target]
        yield from _listed("Renamed", renamed, few)
    cast = [one for one in plan.items if one.dtype != one.source_dtype]
    yield from _listed("Cast", [f"{path_text(one.path)}: {one.source_dtype} → {one.dtype}" for one in cast], few)
    if plan.options.dtype:
        yield from _listed("Taken for buffers", [path_text(one.path) for one in plan.items if one.buffer], few)
    yield from _listed("Recorded as an alias", [f"{name} is {kept}" for name, kept in plan.aliases], few)


def _listed(title: str, texts: Sequence[str], few: int | None) -> Iterator[str]:
    if not texts:
        return
    shown = texts[:few]
    yield f"{escape(title)} ({len(texts):,})"
    yield from (f"  {escape(text)}" for text in shown)
    if len(shown) < len(texts):
        yield f"  … {len(texts) - len(shown):,} more (--all)"


def _audited(audits: Sequence[CastAudit], few: int | None) -> Iterator[str]:
    """What the cast does: those that lose most first."""
    from ckpt_gui.core.convert.audit import total

    yield f"Measured: {total(audits)}."
    worst = sorted((one for one in audits if not one.exact), key=lambda one: (not one.harmful, -(one.max_abs or 0.0)))
    yield from _listed("What it loses", [f"{path_text(one.path)}: {one.words}" for one in worst], few)


def load_line(receipt: Receipt) -> str:
    """Python that loads the result onto the CPU."""
    plan, path = receipt.plan, raw_literal(receipt.target)
    if plan.target_format == "safetensors":
        return f'safetensors.torch.load_file({path}, device="cpu")'
    if plan.nested and plan.format == "torchscript":
        return f'torch.jit.load({path}, map_location="cpu")'
    if plan.nested and plan.format == "torch-package":
        return f"torch.package.PackageImporter({path})"
    inert = receipt.proof is not None and ("weights_only" in receipt.proof.loader or not plan.nested)
    return f'torch.load({path}, map_location="cpu", weights_only={inert})' + ("" if inert else UNTRUSTED)
