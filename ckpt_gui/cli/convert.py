"""``ckpt-gui convert``: one checkpoint into another, or many into a folder; in words or as JSON."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ckpt_gui.cli.convert_names import name_for, refuse_namesakes
from ckpt_gui.cli.convert_options import options_of, save_recipe
from ckpt_gui.cli.progress import Shown
from ckpt_gui.core.errors import CheckpointError, ConvertError
from ckpt_gui.core.progress import Deadline, Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.text import escape, path_text

if TYPE_CHECKING:
    from ckpt_gui.core.convert.audit import CastAudit
    from ckpt_gui.core.convert.nouns import Plan, Receipt
    from ckpt_gui.core.convert.plan import EmaChoice
    from ckpt_gui.core.wire import Opened
    from ckpt_gui.proving import Prover


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one file."""

    source: str
    target: str
    """"" where it did not come so far."""
    receipt: Receipt | None = None
    audits: tuple[CastAudit, ...] | None = None
    """None where none was asked for."""
    script: str = ""
    """The same in Python; "" where that cannot be written down."""
    problem: str = ""
    """Why there is no result; "" where there is."""

    @property
    def failed(self) -> bool:
        """Whether there is no result, or one that is not as it should be."""
        proof = self.receipt.proof if self.receipt is not None else None
        return bool(self.problem) or (proof is not None and not proof.verified)


def run(options: argparse.Namespace) -> int:
    """Convert, and print what came of it; returns the exit code: 0 all is written and proven, 2 it is not."""
    gc.disable()  # the indexes live until the end; collecting would only walk them again and again
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    with Work(options) as work:
        results = [work.convert(options.files[0])] if len(options.files) == 1 else _each(work, options)
    _print(results, options)
    sys.stdout.flush()
    return 2 if any(result.failed for result in results) else 0


def _each(work: Work, words: argparse.Namespace) -> list[Result]:
    """Every file in turn; what is amiss with one does not stop the others."""
    if not _is_folder(words.output):
        raise CheckpointError(f"several files are converted into a folder, and {words.output} is none")
    refuse_namesakes(words.files)
    results = []
    for source in words.files:
        try:
            results.append(work.convert(source))
        except CheckpointError as exc:
            results.append(Result(source, "", problem=str(exc)))
        gc.collect()  # what one file took is of no use to the next
    return results


def _print(results: Sequence[Result], words: argparse.Namespace) -> None:
    from ckpt_gui.cli import convert_words

    if words.json:
        told = [convert_words.as_json(result) for result in results]
        print(json.dumps(told[0] if len(words.files) == 1 else {"results": told}, allow_nan=False))
    elif len(words.files) == 1:
        convert_words.show(results[0], whole=words.all)
    else:
        convert_words.show_all(results)


class Work(ExitStack):
    """What all files share: the options, threads, the process that asks torch, the names given so far."""

    def __init__(self, words: argparse.Namespace) -> None:
        super().__init__()
        self._words = words
        self._options = options_of(words)
        if words.audit and self._options.dtype is None:
            raise CheckpointError("--audit measures what a cast loses; it goes with --dtype")
        self._folder = Path(words.output) if _is_folder(words.output) else None
        self._given: dict[str, str] = {}
        """Name in the folder → source."""
        self._saved = not words.save_recipe
        self._executor = self.enter_context(ThreadPoolExecutor(min(os.cpu_count() or 1, 8)))
        self._prover: Prover | None = None

    def convert(self, source: str) -> Result:
        """Convert one, or say what would be. Raises CheckpointError with the reason where that cannot be."""
        from ckpt_gui.core.convert.plan import plan
        from ckpt_gui.core.convert.run import dry_run

        opened = read(source, Report() if self._words.patient else Deadline())
        unsaid = self._unsaid(opened)
        made = plan(opened, self._options, "" if self._folder else self._words.output)
        made = replace(made, warnings=(*made.warnings, unsaid)) if unsaid else made
        target = str(self._in_folder(source, made)) if self._folder else self._words.output
        self._save_recipe()
        audits = self._audited(opened, made)
        if self._words.dry_run:
            if os.path.lexists(target) and not self._words.overwrite:
                made = replace(made, warnings=(*made.warnings, f"{target} exists already; --overwrite replaces it"))
            return Result(source, target, dry_run(opened, made, target), audits, _script(opened, made, target))
        receipt = self._written(opened, made, target)
        return Result(source, target, receipt, audits, _script(opened, made, target))

    def _unsaid(self, opened: Opened) -> str:
        """Which weights are meant where a file has two sets and nothing was said: asked once of whoever sits there.

        Else it stays open, and what is done then is returned as a warning; "" where there is nothing to choose.
        """
        options = self._options
        if options.use_ema is not None or not (options.state_dict or options.strip_optimizer):
            return ""
        from ckpt_gui.core.convert.plan import ema_choice

        choice = ema_choice(opened)
        if choice is None:
            return ""
        if sys.stdin.isatty() and sys.stderr.isatty():
            self._options = replace(options, use_ema=_asked(choice))
            return ""
        raw, ema = path_text(choice.raw) or "the file itself", path_text(choice.ema)
        if options.state_dict:
            return f"These are the raw weights ({raw}); --use-ema takes their average ({ema})"
        return f"Raw weights ({raw}) and their average ({ema}) both stay; --use-ema or --raw keeps one of them"

    def _in_folder(self, source: str, made: Plan) -> Path:
        from ckpt_gui.core.convert.place import same_file

        assert self._folder is not None
        name = name_for(source, made)
        taken = self._given.setdefault(name.casefold(), source)
        if taken != source:
            raise CheckpointError(f"{name} is the name of what {taken} became; convert {source} to a name of its own")
        target = self._folder / name
        for other in self._words.files:
            if other != source and same_file(target, Path(other)):
                raise CheckpointError(f"{target} is one of the files to convert; choose another folder")
        return target

    def _save_recipe(self) -> None:
        """Once, when the options are known to make sense for a file."""
        if not self._saved:
            save_recipe(self._options, self._words.save_recipe, self._words.overwrite)
            self._saved = True

    def _audited(self, opened: Opened, made: Plan) -> tuple[CastAudit, ...] | None:
        if not self._words.audit:
            return None
        from ckpt_gui.core.convert.audit import audit

        with Shown("Measuring the cast") as report:
            return audit(opened.checkpoint, made, report, self._executor)

    def _written(self, opened: Opened, made: Plan, target: str) -> Receipt:
        from ckpt_gui.core.convert.run import convert
        from ckpt_gui.proving import Prover

        if self._prover is None:
            self._prover = self.enter_context(Prover())
        with Shown("Converting") as report:
            return convert(
                opened, made, Path(target), overwrite=self._words.overwrite, prover=self._prover, report=report,
                executor=self._executor, receipt=self._words.receipt,
            )  # fmt: skip


def _is_folder(path: str) -> bool:
    """Whether it is one; a name that is too long for a file is none."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def _script(opened: Opened, made: Plan, target: str) -> str:
    from ckpt_gui.core.convert.words import python

    try:
        return python(made, target, opened.checkpoint)
    except ConvertError:  # a package has an importer of its own, to name one
        return ""


def _asked(choice: EmaChoice) -> bool:
    """What is suggested, unless the answer begins otherwise."""
    usual = "EMA" if choice.suggested else "raw"
    print(f"{escape(choice.text)} raw or EMA? [{usual}] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip().lower()
    return choice.suggested if not answer else answer.startswith("e")
