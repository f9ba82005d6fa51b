"""``ckpt-gui verify``: does it hold together, are the values finite; in words or as JSON."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from ckpt_gui.cli.progress import Shown
from ckpt_gui.core.errors import OpenError, UnknownFormat
from ckpt_gui.core.progress import Deadline, Report
from ckpt_gui.core.reader import read

if TYPE_CHECKING:
    from ckpt_gui.core.health import Health

_STYLES = {"problem": "bold red", "finding": "bold yellow", "good": "bold green", "note": "dim", "": ""}


def run(options: argparse.Namespace) -> int:
    """Print it; returns the exit code: 1 for problems, 0 for findings at most (product.md, "Exit codes").

    Raises OpenError where the file could not be read at all, and nobody can say how it is.
    """
    gc.disable()  # everything read lives until the end; collecting would only walk it again and again
    health, form = _examine(options.file, patient=options.patient)
    if options.json:
        from ckpt_gui.core.health.words import as_json

        print(json.dumps(as_json(health, options.file, form)))
    else:
        _print(options.file, form, health, whole=options.all)
    sys.stdout.flush()
    return 0 if health.ok else 1


def _examine(path: str, *, patient: bool) -> tuple[Health, str | None]:
    """The health, and the format where there is one."""
    from ckpt_gui.core.health import check, refused

    try:
        opened = read(path, Report() if patient else Deadline())
    except OpenError as exc:
        if not _was_read(path, exc):
            raise
        return refused(exc), None
    from ckpt_gui.core.tensors import Reading

    workers = min(os.cpu_count() or 1, 8)
    with Reading(opened.checkpoint) as reading, ThreadPoolExecutor(workers) as executor, Shown("Checking") as report:
        return check(opened, reading, report=report, executor=executor, workers=workers), opened.checkpoint.format


def _was_read(path: str, exc: OpenError) -> bool:
    """Whether its content is at fault: not that it is absent, forbidden, a device or a folder of other things."""
    if type(exc) is OpenError:
        return False
    return not (isinstance(exc, UnknownFormat) and Path(path).is_dir())


def _print(path: str, form: str | None, health: Health, *, whole: bool) -> None:
    from ckpt_gui.core.health.words import lines
    from ckpt_gui.core.text import escape

    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    head = [("", escape(path)), *([("note", form)] if form else [])]
    _show([*head, *lines(health, None if whole else 10)])


def _show(lines: Iterable[tuple[str, str]]) -> None:
    """Lines in their colours where the output is a terminal, plain where it is not. Long ones are not folded."""
    if not sys.stdout.isatty():
        print("\n".join(line for _, line in lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for style, line in lines:
        console.print(Text(line, style=_STYLES[style]))
