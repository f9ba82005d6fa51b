"""``ckpt-gui diff``: what differs between two checkpoints, in a table, as JSON, or as one page of HTML."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ckpt_gui.cli.progress import Shown
from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.core.progress import Deadline
from ckpt_gui.core.progress import Report as Progress
from ckpt_gui.core.reader import read
from ckpt_gui.core.text import parse_path

if TYPE_CHECKING:
    from ckpt_gui.core.diff.nouns import Row, Tolerance
    from ckpt_gui.core.diff_report.looks import Look
    from ckpt_gui.core.diff_report.report import Report
    from ckpt_gui.core.pairing import Pairing

GIT_WORDS = 7
"""Arguments that git gives to an external diff command: path, old file, its hash and mode, new file, hash, mode."""
NOTHING = os.devnull


def run(options: argparse.Namespace) -> int:
    """Print it; returns the exit code: 0 nothing differs, 1 something does (product.md, "Exit codes")."""
    gc.disable()  # the indexes live until the end; collecting would only walk them again and again
    one, other, by_git = _files(options.files)
    if by_git and NOTHING in (one, other):
        print(f"{options.files[0]}: {'added' if one == NOTHING else 'removed'}")
        return 0
    report = _report(one, other, options)
    if options.json:
        from ckpt_gui.core.diff_report.told import diff_json

        for part in diff_json(report):
            sys.stdout.write(part)
    else:
        from ckpt_gui.cli.difference_table import show

        show(report, whole=options.all, name=options.files[0] if by_git else "")
    sys.stdout.flush()
    # git takes anything but 0 for a failure of the command itself.
    return 0 if report.equal or by_git else 1


def _files(words: list[str]) -> tuple[str, str, bool]:
    if len(words) == GIT_WORDS:
        return words[1], words[4], True
    if len(words) != 2:
        raise CheckpointError("diff takes two files; see ckpt-gui --help")
    return words[0], words[1], False


def _report(one: str, other: str, options: argparse.Namespace) -> Report:
    from ckpt_gui.core.diff_report.report import gather
    from ckpt_gui.core.pairing import pair

    limit = Progress() if options.patient else Deadline()
    left, right = read(one, limit), read(other, Progress() if options.patient else Deadline())
    rules = _rules(options.map)
    again = partial(pair, left, right, left_path=_path(options.left), right_path=_path(options.right))
    pairing = _by_content_too(again(rules=rules), again if rules == "auto" else None)
    tolerance = _tolerance(options)
    only = _only(options.only)
    with Values(pairing) as values:
        rows = values.rows(tolerance)
        report = gather(pairing, rows, tolerance=tolerance, only=only, sort=options.sort or "file")
        if options.html:
            from ckpt_gui.core.diff.whole import weights_of
            from ckpt_gui.core.diff_report.page import page

            _write(options.html, page(report, values.looks([rows[place] for place in weights_of(pairing, rows)])))
    return report


def _by_content_too(pairing: Pairing, again: Callable[..., Pairing] | None) -> Pairing:
    """The pairing with what the values of lone tensors propose; ``again`` (pair with rules) applies that as well."""
    from ckpt_gui.core.diff.digests import with_content
    from ckpt_gui.core.errors import RenameError

    seen = len(pairing.proposed)
    with Values(pairing) as values:
        pairing = values.told_by_content(with_content)
    if again is None or len(pairing.proposed) == seen:
        return pairing
    rules = [rule for rule, _ in pairing.renames]
    for one in pairing.proposed:
        try:
            pairing = again(rules=[*rules, one.rule])
        except RenameError:
            continue  # it clashes with one that is surer
        rules.append(one.rule)
    return pairing


def _path(text: str | None) -> Any:
    return None if text is None else parse_path(text)


def _rules(words: list[str] | None) -> Any:
    """Rules as they were typed; ``auto`` alone takes what is proposed."""
    from ckpt_gui.core.renames import parse_rule

    if not words:
        return ()
    if words == ["auto"]:
        return "auto"
    if "auto" in words:
        raise CheckpointError("--map auto stands alone; with rules of your own, name them all")
    return [parse_rule(word) for word in words]


def _tolerance(options: argparse.Namespace) -> Tolerance | None:
    from ckpt_gui.core.diff.nouns import Tolerance

    if options.rtol is None and options.atol is None:
        return None
    if min(options.rtol or 0, options.atol or 0) < 0 or (options.rtol or 0) != (options.rtol or 0):
        raise CheckpointError("--rtol and --atol take numbers from 0 up")
    return Tolerance(options.rtol or 0.0, options.atol or 0.0)


def _only(words: list[str] | None) -> tuple[str, ...]:
    from ckpt_gui.core.diff.nouns import CHANGES

    wanted = tuple(word for words_of in words or () for word in words_of.split(","))
    for word in wanted:
        if word not in CHANGES:
            raise CheckpointError(f"--only takes {', '.join(CHANGES)}; {word} is none of them")
    return wanted


class Values(ExitStack):
    """Both files' values, and threads to compare them."""

    def __init__(self, pairing: Pairing) -> None:
        from ckpt_gui.core.tensors import Reading

        super().__init__()
        self._pairing = pairing
        self._workers = min(os.cpu_count() or 1, 8)
        self._left = self.enter_context(Reading(pairing.left.checkpoint))
        self._right = self.enter_context(Reading(pairing.right.checkpoint))
        self._executor = self.enter_context(ThreadPoolExecutor(self._workers))

    def told_by_content(self, tell: Callable[..., Pairing]) -> Pairing:
        """The pairing with proposals by content."""
        with Shown("Reading what has no partner") as report:
            return tell(
                self._pairing, self._left, self._right, report=report, executor=self._executor, workers=self._workers
            )

    def rows(self, tolerance: Tolerance | None) -> list[Row]:
        """Every pair, compared."""
        from ckpt_gui.core.diff.compare import compare, structure

        rows = list(structure(self._pairing))
        with Shown("Comparing") as report:
            for place, row in compare(
                self._pairing, self._left, self._right, tolerance=tolerance, report=report, executor=self._executor,
                workers=self._workers,
            ):  # fmt: skip
                rows[place] = row
        return rows

    def looks(self, rows: list[Row]) -> list[Look]:
        """The pairs that changed most, from nearby."""
        from ckpt_gui.core.diff_report.looks import looks

        return looks(rows, self._left, self._right, executor=self._executor, workers=self._workers)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as exc:
        raise CheckpointError(f"{path} cannot be written: {exc.strerror or exc}") from exc
