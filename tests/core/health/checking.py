"""What the tests of health share: a checkpoint's health in one call, and what of it is compared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ckpt_gui.core.health import Entry, Health, Kind, check
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.tensors import Reading

Key = str | int | float | bool | None


def health(path: Path, *, report: Report = SILENT, workers: int = 1) -> Health:
    """The health of the file at ``path``."""
    opened = read(path)
    with Reading(opened.checkpoint) as reading, ThreadPoolExecutor(2) as executor:
        return check(opened, reading, report=report, executor=executor, workers=workers)


def of_kind(found: Health, kind: Kind) -> list[Entry]:
    """The entries of one kind."""
    return [entry for entry in (*found.problems, *found.findings) if entry.kind is kind]


def kinds(found: Health, *path: Key) -> set[Kind]:
    """What is said of the tensor at that path."""
    return {entry.kind for entry in (*found.problems, *found.findings) if entry.path == path}
