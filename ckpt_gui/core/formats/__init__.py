"""Formats: each file of this package knows how one of them lies on disk. Bytes decide, names never do."""

from __future__ import annotations

from pathlib import Path

from ckpt_gui.core.errors import UnknownFormat
from ckpt_gui.core.formats import torch_legacy, torch_zip
from ckpt_gui.core.formats.base import Candidate, Format
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.nodes.build import build
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import LocalFile

FORMATS: tuple[Format, ...] = (torch_zip, torch_legacy)
"""In the order they are asked: the more specific first."""


def detect(candidate: Candidate) -> Format:
    """The format of the bytes. Raises UnknownFormat, naming what they are instead if that is known."""
    for form in FORMATS:
        if form.sniff(candidate):
            return form
    raise UnknownFormat(f"{candidate.file.path} is not a checkpoint of any kind known here")


def open_checkpoint(path: str | Path, report: Report = SILENT) -> Checkpoint:
    """The index of the checkpoint at ``path``. Raises OpenError with a sentence where there is no tree."""
    with LocalFile(path) as file:
        candidate = Candidate(file, report)
        found = detect(candidate).read(candidate)
    return build(str(path), found, report)
