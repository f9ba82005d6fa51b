"""What a conversion's jobs do: functions of the core, put together. On a job's thread; no widget is near."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Collection, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.progress import Report
from ckpt_gui.core.text import Path as KeyPath
from ckpt_gui.core.text import escape
from ckpt_gui.gui.converting.labels import asks_for_part, in_window

if TYPE_CHECKING:
    from ckpt_gui.core.convert.audit import CastAudit
    from ckpt_gui.core.convert.choices import Choices
    from ckpt_gui.core.convert.naming import Naming
    from ckpt_gui.core.convert.nouns import Options, Plan, Receipt
    from ckpt_gui.core.convert.place import Place
    from ckpt_gui.core.convert.sift import RowIndex
    from ckpt_gui.core.convert.words import Preview as Told
    from ckpt_gui.core.wire import Opened


@dataclass(frozen=True, slots=True)
class Preview:
    """All that is shown before anything is written."""

    plan: Plan
    told: Told
    """The plan as a table."""
    devices: bool
    """Has the result device tags?"""
    reasons: bool
    """Is there a reason to be told of a row?"""
    buffers: int
    """Tensors taken for float buffers."""
    index: RowIndex
    """What the filter line looks in."""
    place: Place
    steps: str
    """What is asked for, as on the command line."""
    command: str
    """The whole command line that does the same."""
    python: str
    """The same in Python."""


def preview(opened: Opened, options: Options, target: str) -> Preview:
    """Plan it; ``target`` "": a name is proposed. Raises ConvertError with a sentence where that cannot be done."""
    from ckpt_gui.core.convert import words
    from ckpt_gui.core.convert.place import look, proposal
    from ckpt_gui.core.convert.plan import plan
    from ckpt_gui.core.convert.sift import RowIndex

    with no_collector(opened.checkpoint.rows):
        made = plan(opened, options, target)
        path = target or proposal(opened.checkpoint.path, options, made.target_format)
        sources = [source.path for source in opened.checkpoint.sources]
        told = words.preview(made, opened)
        return Preview(
            made, told, any(item.device for item in made.items), any(row.why for row in told.rows),
            sum(item.buffer for item in made.items), RowIndex(opened.checkpoint, told.rows),
            look(path, sources, made.nbytes_after, _files(made, path)), shlex.join(words.arguments(options)),
            words.command_line(made, path), _python(opened, made, path),
        )  # fmt: skip


def _files(plan: Plan, target: str) -> list[Path]:
    """What will be written, where that is several files."""
    if not plan.shards or not target.strip():
        return []
    from ckpt_gui.core.convert.safetensors_out import files

    return list(files(plan, Path(target).absolute()))


def _python(opened: Opened, plan: Plan, target: str) -> str:
    from ckpt_gui.core.convert import words

    try:
        return words.python(plan, target, opened.checkpoint)
    except ConvertError as exc:
        return f"# {exc}"


def convert(
    opened: Opened, plan: Plan, target: str, report: Report, executor: Executor, *, overwrite: bool, digests: bool
) -> Receipt:
    """Carry the plan out and prove it. Raises ConvertError; what was begun is gone then, and when it is stopped."""
    from ckpt_gui.core.convert import run
    from ckpt_gui.proving import Prover

    with no_collector(opened.checkpoint.rows), Prover() as prover:
        return run.convert(opened, plan, Path(target), overwrite=overwrite, prover=prover, report=report,
                           executor=executor, receipt=digests)  # fmt: skip


def convert_one(
    opened: Opened,
    options: Options,
    folder: str,
    taken: Collection[str],
    report: Report,
    executor: Executor,
    *,
    overwrite: bool,
) -> Receipt:
    """One file of a batch, into ``folder`` ("": beside it) but not over one of ``taken``. Raises ConvertError."""
    from ckpt_gui.core.convert.place import proposal
    from ckpt_gui.core.convert.plan import plan

    made = plan(opened, options, "")
    proposed = Path(proposal(opened.checkpoint.path, options, made.target_format))
    target = Path(folder, proposed.name) if folder else proposed
    if str(target) in taken:
        raise ConvertError(f"another file of this batch was written as {escape(target.name)}; rename one of the two")
    return convert(opened, made, str(target), report, executor, overwrite=overwrite, digests=False)


def stages(plan: Plan) -> list[tuple[str, int]]:
    """What a conversion does one after the other, each with its share of the progress."""
    nbytes = max(1, sum(record.nbytes for record in plan.records))
    return [("Writing", nbytes), ("Proving: reading it again and comparing", nbytes)]


def reasons(opened: Opened) -> dict[str, str]:
    """For each of the window's commands why it cannot be used with a file, or would do nothing; "" where it can."""
    from ckpt_gui.core.convert.applies import idle, why_not

    device, weights = why_not(opened, "device"), why_not(opened, "state-dict")
    found = {
        "to cpu": device or idle(opened, "device", "cpu"), "to gpu": device,
        "strip optimizer": why_not(opened, "strip") or idle(opened, "strip"),
        # Where it is only to be said which weights are meant, that is asked.
        "save state_dict": "" if asks_for_part(weights) else weights or _flat_already(opened),
        "convert": why_not(opened, "convert"),
    }  # fmt: skip
    return {name: in_window(why) for name, why in found.items()}


def _flat_already(opened: Opened) -> str:
    """Why there is nothing to do; other formats than torch's own are written as that."""
    from ckpt_gui.core.convert.applies import idle

    return idle(opened, "state-dict") if opened.checkpoint.format == "torch-zip" else ""


def state_dict_options(opened: Opened) -> Options:
    """What the button asks for: a file that torch.load takes, whatever the source is."""
    from ckpt_gui.core.convert.nouns import Options

    return Options(state_dict=True, to="torch" if opened.checkpoint.format in ("safetensors", "sharded") else None)


def choices(opened: Opened) -> Choices:
    """What there is to choose from."""
    from ckpt_gui.core.convert.choices import choices as find

    return find(opened)


def naming(opened: Opened, options: Options) -> Naming:
    """What the rules make of the names. Raises ConvertError or RenameError with a sentence."""
    from ckpt_gui.core.convert.naming import naming as name

    return name(opened, options)


def part_of(opened: Opened, node: int) -> KeyPath:
    """The path that stands for a node, and for a group of names the names' beginning."""
    from ckpt_gui.core.pairing.roots import group_prefix

    checkpoint = opened.checkpoint
    prefix = group_prefix(checkpoint, node).rstrip(".")
    return (*checkpoint.path_of(node), prefix) if prefix else checkpoint.path_of(node)


def audit(opened: Opened, plan: Plan, report: Report, executor: Executor) -> tuple[CastAudit, ...]:
    """What casting would do to the values, before anything is written."""
    from ckpt_gui.core.convert.audit import audit as look

    with no_collector(opened.checkpoint.rows):
        return look(opened.checkpoint, plan, report, executor)


MANY = 5_000
"""Rows from which Python's collector is felt: it would walk them all, again and again, and find nothing."""


@contextmanager
def no_collector(rows: int) -> Iterator[None]:
    """What is made of many rows is kept from the collector, which would have the window wait for a tenth of a second.

    They hold no circles: they go as soon as nobody holds them.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if rows >= MANY:
            gc.freeze()
        if on:
            gc.enable()
