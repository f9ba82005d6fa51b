"""Formats: each file of this package knows how one of them lies on disk. Bytes decide, names never do."""

from __future__ import annotations

import os
from pathlib import Path

from ckpt_gui.core.errors import OpenError, UnknownFormat
from ckpt_gui.core.formats import (
    foreign,
    pickle_file,
    pt2,
    safetensors,
    sharded,
    torch_legacy,
    torch_package,
    torch_tar,
    torch_zip,
    torchscript,
    torchscript_old,
)
from ckpt_gui.core.formats.base import Candidate, Format
from ckpt_gui.core.formats.embedded import open_embedded
from ckpt_gui.core.formats.ragged import complete_ragged
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.nodes.build import build
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.text import join_words

FORMATS: tuple[Format, ...] = (
    pt2,
    torch_package,
    torchscript,
    torchscript_old,
    torch_zip,
    torch_legacy,
    torch_tar,
    safetensors,
    sharded,
    pickle_file,
)
"""In the order they are asked: the more specific first."""

CONTAINED: tuple[Format, ...] = (torchscript, torch_zip, torch_legacy, pickle_file)
"""Those that may lie within another one, in a record or in a pickle's bytes: none that opens further files."""

_LIKELY = (".pt", ".pth", ".ckpt", ".bin", ".tar", ".safetensors", ".pt2", ".ptl", ".pkl", ".jit")


def detect(candidate: Candidate) -> Format:
    """The format of the bytes. Raises UnknownFormat, naming what they are instead if that is known."""
    for form in FORMATS:
        if form.sniff(candidate):
            return form
    raise UnknownFormat(f"{candidate.file.path} is {foreign.name_of(candidate)}")


def open_checkpoint(path: str | Path, report: Report = SILENT) -> Checkpoint:
    """The index of the checkpoint at ``path``: a file, a shard of a sharded model, or its folder.

    Raises OpenError with a sentence where there is no tree to show.
    """
    asked = Path(path)
    target = (_folder(asked) if asked.is_dir() else sharded.index_beside(asked)) or asked
    with LocalFile(target) as file:
        candidate = Candidate(file, report, CONTAINED)
        found = detect(candidate).read(candidate)
        open_embedded(found, candidate)
        complete_ragged(found, file)
    found.facts["beside"] = _beside(target)
    return build(str(path), found, report)


def _beside(path: Path) -> list[str]:
    """Which of the files that tell a framework lie next to the checkpoint, or one folder up."""
    told = ("../MLmodel", "pickle_module_info.txt", "trainer_state.json", "config.json", "args.yaml", "hparams.yaml")
    return [name for name in told if (path.parent / name).is_file()]


def _folder(folder: Path) -> Path:
    """The file to open for a folder. Raises OpenError, naming what lies in it."""
    index = sharded.index_in(folder)
    if index is not None:
        return index
    model = folder / "data" / "model.pth"
    if (folder / "MLmodel").is_file() and model.is_file():
        return model
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(_LIKELY))
    except OSError as exc:
        raise OpenError(f"{folder} cannot be listed: {exc.strerror}") from exc
    held = f"it holds {join_words(names, 4)}; open one of these" if names else "it holds no checkpoint"
    raise UnknownFormat(f"{folder} is a folder without a shard index; {held}")
