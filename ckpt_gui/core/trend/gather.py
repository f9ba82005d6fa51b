"""From paths to a run: every file opened, those that cannot be kept with their sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ckpt_gui.core.errors import OpenError, UnknownFormat
from ckpt_gui.core.progress import SILENT, Deadline, Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.text import escape, join_words, plural
from ckpt_gui.core.trend.folder import LIKELY, files_in
from ckpt_gui.core.trend.nouns import Evidence, Run, Stop
from ckpt_gui.core.trend.order import Told, order
from ckpt_gui.core.trend.tracks import strangers, tracks
from ckpt_gui.core.wire import Opened

Found = tuple[str, Opened | OpenError]
"""A path, and what was there."""


def run_of(
    paths: str | Path | Sequence[str | Path], report: Report = SILENT, *, limit: Callable[[], Report] = Deadline
) -> Run:
    """The run of these files, or of those in one folder. ``limit`` bounds the reading of each file's index.

    Raises OpenError where a folder cannot be listed, and what ``report`` raises; a file that cannot be opened
    stays in the run with its sentence.
    """
    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    wanted, folder = members(listed)
    found: list[Found] = []
    for number, path in enumerate(wanted):
        report.at(number, len(wanted), "files")
        try:
            found.append((path, read(path, limit())))
        except OpenError as exc:
            found.append((path, exc))
    return arranged(found, folder=folder)


def members(paths: Sequence[str | Path]) -> tuple[list[str], bool]:
    """The files of a run, each once, and whether they are what a folder happens to hold.

    Raises OpenError where a folder cannot be listed.
    """
    if len(paths) == 1 and Path(paths[0]).is_dir():
        return files_in(Path(paths[0])), True
    held: dict[str, str] = {}
    for path in paths:
        held.setdefault(os.path.realpath(path), str(path))
    return list(held.values()), False


def arranged(found: Iterable[Found], *, folder: bool) -> Run:
    """The run of files that were read. ``folder``: nobody named them, so that others may lie among them."""
    kept, notes = list(found), list[str]()
    if folder:
        kept, others = _checkpoints(kept)
        if others:
            notes.append(f"{plural(len(others), 'other file')} of the folder left out: {_names(others)}")
        apart = strangers([_opened(one) for _path, one in kept])
        if apart:
            names = _names([kept[place][0] for place in apart])
            notes.append(f"left out, for no tensor of theirs is in another file: {names}")
            kept = [one for place, one in enumerate(kept) if place not in apart]
    stops, by, evidence = _ordered(kept)
    return Run(stops, by, evidence, tuple(notes), tracks([stop.opened for stop in stops]))


def _opened(one: Opened | OpenError) -> Opened | None:
    return None if isinstance(one, OpenError) else one


def _checkpoints(found: list[Found]) -> tuple[list[Found], list[str]]:
    """What is a checkpoint, or calls itself one; and the paths of the rest."""
    kept, others = list[Found](), list[str]()
    for path, one in found:
        if isinstance(one, UnknownFormat) and not path.lower().endswith(LIKELY):
            others.append(path)
        else:
            kept.append((path, one))
    return kept, others


def _names(paths: Sequence[str]) -> str:
    return join_words((escape(Path(path).name) for path in paths), 4)


def _ordered(found: list[Found]) -> tuple[tuple[Stop, ...], Evidence, str]:
    told = [
        Told(name, one.anatomy.step, one.anatomy.epoch) if isinstance(one, Opened) else Told(name, readable=False)
        for name, (_path, one) in zip(distinct([path for path, _one in found]), found, strict=True)
    ]
    how = order(told)
    stops = tuple(
        Stop(found[at][0], _opened(found[at][1]), str(found[at][1]) if isinstance(found[at][1], OpenError) else "",
             escape(how.labels[at]))
        for at in how.places
    )  # fmt: skip
    return stops, how.by, f"{plural(len(stops), 'file')} in order {how.why}."


def distinct(paths: Sequence[str]) -> list[str]:
    """The part of each path in which they differ: without the folders that all share, nor a file name that all have."""
    parts = [Path(path).absolute().parts for path in paths]
    if len(parts) < 2:
        return [one[-1] for one in parts]
    first = next((at for at, column in enumerate(zip(*parts, strict=False)) if len(set(column)) > 1), 0)
    same_end = len({one[-1] for one in parts}) == 1 and all(len(one) > first + 1 for one in parts)
    return ["/".join(one[first : -1 if same_end else None]) or one[-1] for one in parts]
