"""What came of a conversion, or would come, for a person and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ckpt_gui.core.text import escape, join_words, path_text, plural, size

if TYPE_CHECKING:
    from ckpt_gui.cli.convert import Result
    from ckpt_gui.core.convert.audit import CastAudit
    from ckpt_gui.core.convert.nouns import Plan, Receipt

FEW = 10
"""Paths listed of one kind; all with --all."""
WARNING = "▲"


def as_json(result: Result) -> dict[str, Any]:
    """The ``convert`` object of product.md; of a dry run with what would be typed, of a failure with the reason."""
    if result.receipt is None:
        nothing: dict[str, Any] = dict.fromkeys(("nbytes_before", "nbytes_after"))
        return {
            "source": result.source, "target": result.target or None, "kept": [], "dropped": [], **nothing,
            "warnings": [], "verified": False, "error": result.problem,
        }  # fmt: skip
    from ckpt_gui.core.convert.receipt import to_json
    from ckpt_gui.core.convert.words import command_line, python

    told: dict[str, Any] = to_json(result.receipt) | {"error": None, "dry_run": result.receipt.proof is None}
    plan = result.receipt.plan
    told |= {"command_line": command_line(plan, result.target), "python": python(plan, result.target)}
    if result.audits:
        told["audit"] = [audit_json(audit) for audit in result.audits]
    return told


def show(result: Result, *, whole: bool) -> None:
    """Print one result."""
    assert result.receipt is not None
    print("\n".join(lines(result, result.receipt, None if whole else FEW)))
    tell_differences(result)


def show_all(results: Sequence[Result]) -> None:
    """Print a table of results, a row a file; and on standard error how many failed."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in (("source", "left"), ("result", "left"), ("before", "right"), ("after", "right")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("what came of it", overflow="fold")
    for result in results:
        table.add_row(*(Text(escape(cell)) for cell in _cells(result)))
    # Of a file or a pipe rich knows no width: nothing is cut short there.
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 1_000, soft_wrap=True).print(table)
    for result in results:
        for warning in result.receipt.warnings if result.receipt else ():
            print(f"{WARNING} {escape(result.source)}: {escape(warning)}")
    sys.stdout.flush()
    failed = [result for result in results if result.failed]
    if failed:
        print(f"ckpt-gui: {len(failed)} of {plural(len(results), 'file')} came to nothing", file=sys.stderr)


def _cells(result: Result) -> tuple[str, ...]:
    receipt = result.receipt
    if receipt is None:
        return (result.source, result.target, "", "", result.problem)
    sizes = size(receipt.nbytes_before), size(receipt.nbytes_after)
    return (result.source, result.target, *sizes, proof_sentence(receipt))


def lines(result: Result, receipt: Receipt, few: int | None) -> Iterator[str]:
    """The whole story of one result."""
    plan = receipt.plan
    dry = receipt.proof is None
    yield f"{escape(result.source)} → {escape(result.target)}"
    about = "about " if dry else ""
    yield f"  {plan.format} → {plan.target_format} · {size(receipt.nbytes_before)} → {about}{size(receipt.nbytes_after)}"
    yield from _parts(plan, few)
    for audit in result.audits:
        yield from ()
    yield from (f"  {WARNING} {escape(warning)}" for warning in receipt.warnings)
    yield f"  {proof_sentence(receipt)}"
    yield from _to_copy(plan, result.target, dry)


def _to_copy(plan: Plan, target: str, dry: bool) -> Iterator[str]:
    from ckpt_gui.core.convert.words import command_line, python

    if dry:
        yield ""
        yield "As a command"
        yield f"  {command_line(plan, target)}"
        yield "In Python"
    else:
        yield ""
        yield "Load it with"
    yield from (f"  {line}" for line in python(plan, target).splitlines())


def proof_sentence(receipt: Receipt) -> str:
    """What was proven, and how."""
    proof = receipt.proof
    if proof is None:
        return "Nothing was written (--dry-run)"
    if not proof.verified:
        return f"Not written: what was read back is not as planned ({plural(len(proof.differences), 'difference')})"
    return (
        f"Verified: read again, {size(proof.checked_nbytes)} equal byte for byte; structure loaded by {proof.loader}"
    )


def _parts(plan: Plan, few: int | None) -> Iterator[str]:
    yield f"  kept     {plural(len(plan.items), 'tensor')}"
    for why, paths in _by_reason(plan).items():
        yield f"  dropped  {len(paths):,} ({escape(why)})"
        yield from _listed(paths, few)
    renamed = [(path_text(one.path), path_text(one.target)) for one in plan.items if one.path != one.target]
    if renamed and plan.options.rename:
        yield f"  renamed  {plural(len(renamed), 'tensor')}"
        yield from _listed([f"{old} → {new}" for old, new in renamed], few)
    yield from _cast(plan, few)


def _by_reason(plan: Plan) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for one in plan.dropped:
        reasons.setdefault(one.why, []).append(path_text(one.path))
    return reasons


def _cast(plan: Plan, few: int | None) -> Iterator[str]:
    kinds: dict[tuple[str, str], list[str]] = {}
    for one in plan.items:
        if one.dtype != one.source_dtype:
            kinds.setdefault((one.source_dtype, one.dtype), []).append(path_text(one.path))
    for (old, new), paths in kinds.items():
        yield f"  cast     {plural(len(paths), 'tensor')} {old} → {new}"
        yield from _listed(paths, few)


def _listed(texts: Sequence[str], few: int | None) -> Iterator[str]:
    shown = texts[:few]
    yield from (f"             {escape(text)}" for text in shown)
    if len(shown) < len(texts):
        yield f"             … {len(texts) - len(shown):,} more (--all)"


def tell_differences(result: Result) -> None:
    """On standard error, in one line, what is not as planned."""
    proof = result.receipt.proof if result.receipt else None
    if proof is not None and not proof.verified:
        sys.stdout.flush()
        why = join_words((escape(text) for text in proof.differences), 5)
        print(f"ckpt-gui: {escape(result.target)} is not proven: {why}", file=sys.stderr)


def audit_json(audit: CastAudit) -> dict[str, Any]:
    """Plain values."""
    return {}


def _unused(words: Iterable[str]) -> None: ...
