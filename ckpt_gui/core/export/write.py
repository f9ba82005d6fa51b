"""Writes an export beside its target and renames it at the end: what stands there is whole, or was there before."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ckpt_gui.core.errors import ExportError
from ckpt_gui.core.export import npy, tables, tagged
from ckpt_gui.core.export.parts import Part
from ckpt_gui.core.export.plan import SUFFIXES, Plan, plan
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.text import size


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: str
    nbytes: int
    """Of the file."""
    plan: Plan


def format_of(path: str | Path) -> str:
    """The format that a file's name asks for. Raises ExportError for any other."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ExportError(f"the name must end in {', '.join(SUFFIXES)}: that is how the format is chosen")
    return SUFFIXES[suffix]


def export(
    reading: Reading,
    parts: Sequence[Part],
    path: str | Path,
    *,
    overwrite: bool = False,
    report: Report = SILENT,
) -> Exported:
    """Write these parts to a file whose name says the format.

    Raises ExportError where that cannot be, ReadError where the source cannot be read, and Cancelled by
    ``report``; whichever it is, nothing is left behind and what stood there is untouched.
    """
    target = Path(path)
    made = plan(reading, parts, format_of(target))
    _check(reading, target, made, overwrite)
    beside = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        with open(beside, "xb") as file:  # noqa: PTH123 - as below, plain files
            _fill(file, reading, made, report)
            file.flush()
            os.fsync(file.fileno())
        nbytes = beside.stat().st_size
        _put(beside, target, overwrite)
    except OSError as exc:
        raise ExportError(f"{target} cannot be written: {exc.strerror or exc}") from exc
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return Exported(str(target), nbytes, made)


def _check(reading: Reading, target: Path, made: Plan, overwrite: bool) -> None:
    """What is known before a byte is written."""
    if target.is_dir():
        raise ExportError(f"{target} is a folder")
    if not target.parent.is_dir():
        raise ExportError(f"there is no folder {target.parent}")
    if target.exists():
        for source in reading.checkpoint.sources:
            with contextlib.suppress(OSError):
                if target.samefile(source.path):
                    raise ExportError(f"{target} is the checkpoint itself; choose another name")
        if not overwrite:
            raise ExportError(f"{target} exists already, and nothing was said of overwriting it")
    free = shutil.disk_usage(target.parent).free
    if made.nbytes > free:
        raise ExportError(f"this takes {size(made.nbytes)}, and {target.parent} has {size(free)} free")


def _fill(file: IO[bytes], reading: Reading, made: Plan, report: Report) -> None:
    unit = "values" if made.format == "csv" else "bytes"
    total = sum(item.count if made.format == "csv" else item.nbytes for item in made.items)
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        report.at(done, total, unit)

    report.at(0, total, unit)
    if made.format == "npy":
        npy.write_npy(file, reading, made.items[0], told)
    elif made.format == "npz":
        npy.write_npz(file, reading, made.items, told)
    elif made.format == "csv":
        tables.write_csv(file, reading, made.items[0], told)
    else:
        tagged.write_safetensors(file, reading, made.items, told)


def _put(beside: Path, target: Path, overwrite: bool) -> None:
    """Give the finished file its name; without ``overwrite`` even a file that came meanwhile stays."""
    if overwrite:
        beside.replace(target)
        return
    try:
        os.link(beside, target)
    except FileExistsError:
        raise ExportError(f"{target} came to be in the meantime, and nothing was said of overwriting it") from None
    except OSError:  # a file system without links
        if target.exists():
            raise ExportError(f"{target} came to be in the meantime") from None
        beside.rename(target)
