"""What is around the storages: the pickled objects as graphs, and the records that a zip of torch holds besides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from ckpt_gui.core.convert.archive import record_name
from ckpt_gui.core.convert.nouns import Plan
from ckpt_gui.core.convert.objects import pickles
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.convert.verify.written import WrittenFile
from ckpt_gui.core.errors import ConvertError, OpenError
from ckpt_gui.core.formats.zipdir import Entry, ZipDirectory, read_directory
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pickles.graph import read_graph
from ckpt_gui.core.pickles.same import same_graph
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import Bytes, LocalFile
from ckpt_gui.core.text import escape

ZIPPED = ("torch-zip", "torchscript", "torch-package")
BLOCK = 1 << 20
_SETTINGS = frozenset([".format_version", ".storage_alignment", "byteorder", "version", ".data/serialization_id"])
_BEFORE = 3
"""Pickles of the older stream before that of the object."""


def compare(source: Checkpoint, plan: Plan, file: WrittenFile, found: Differences, report: Report) -> None:
    """Tell what differs in a result that is a zip or an older stream of torch."""
    for fact in ("refused_by_torch", "broken"):
        if (why := file.checkpoint.facts.get(fact)) and not (plan.nested and source.facts.get(fact)):
            found.add(None, f"{file.name} is not as torch wants it: {why}")
    made = pickles(source, plan, report)
    with ExitStack() as stack:
        result = stack.enter_context(LocalFile(file.path))
        if plan.target_format == "legacy":
            for one in made:
                _graph(one.root, _Legacy(result), file.name, found, report)
            return
        try:
            there = read_directory(result, report)
        except OpenError as exc:
            found.add(None, f"{file.name} is no whole zip: {exc}")
            return
        for one in made:
            _graph(one.root, _Zipped(there, one.record_name), one.record_name, found, report)
        if plan.nested and source.format in ZIPPED:
            here = read_directory(stack.enter_context(LocalFile(source.sources[0].path)), report)
            _others(source, plan, {one.record_name for one in made}, here, there, found)


class _Zipped:
    """The pickle in a record."""

    def __init__(self, directory: ZipDirectory, name: str) -> None:
        self._directory, self._name = directory, name

    def opened(self) -> tuple[Bytes, int]:
        """Where its bytes are, and where it begins in them."""
        entry = self._directory.find(self._name)
        if entry is None:
            raise ConvertError("it is missing")
        content, trouble = self._directory.open(entry)
        if trouble:
            raise ConvertError(trouble)
        return content, 0


class _Legacy:
    """The object in an older stream."""

    def __init__(self, file: LocalFile) -> None:
        self._file = file

    def opened(self) -> tuple[Bytes, int]:
        """Where its bytes are, and where it begins in them."""
        at = 0
        for _ in range(_BEFORE):
            at = read_graph(self._file, at).end
        return self._file, at


def _graph(wanted: object, where: _Zipped | _Legacy, name: str, found: Differences, report: Report) -> None:
    try:
        content, start = where.opened()
        differs = same_graph(wanted, read_graph(content, start, report).root)
    except (ConvertError, OpenError) as exc:
        differs = str(exc)
    if differs:
        found.add(None, f"the pickled object in {name} is not the one planned: {differs}")


def _others(
    source: Checkpoint, plan: Plan, bodies: set[str], here: ZipDirectory, there: ZipDirectory, found: Differences
) -> None:
    """Records of the source's zip that are no storages, no pickles and no settings, against those of the result."""
    texts, keys = source.texts, source.storages.key
    storages = {record_name(source.format, texts[key]).lower() for key in keys}
    made = {name.lower() for name in bodies} | _SETTINGS
    made |= {record_name(source.format, one.key).lower() for one in plan.records}
    for name, entry in _visible(here):
        low = name.lower()
        if low in made:
            continue
        copy = there.find(name)
        if copy is None:
            if low not in storages and not low.startswith("data/"):
                found.add(None, f"the record {escape(name)[:80]} is missing")
        elif not _same_bytes(here, entry, there, copy):
            found.add(None, f"the record {escape(name)[:80]} is not as in the source")
    for name, _ in _visible(there):
        if name.lower() not in made and here.find(name) is None:
            found.add(None, f"the record {escape(name)[:80]} is there, which was not planned")


def _visible(directory: ZipDirectory) -> Iterator[tuple[str, Entry]]:
    """The records that torch sees, by their names within the archive's folder."""
    prefix = f"{directory.root}/" if directory.root else ""
    for entry in directory.entries:
        name = entry.name[len(prefix) :]
        if name and entry.name.startswith(prefix) and directory.find(name) is entry:
            yield name, entry


def _same_bytes(here: ZipDirectory, one: Entry, there: ZipDirectory, two: Entry) -> bool:
    """As they lie, packed or not."""
    if (one.packed, one.nbytes, one.method) != (two.packed, two.nbytes, two.method):
        return False
    begin, other = here.data_offset(one), there.data_offset(two)
    pieces = ((at, min(BLOCK, one.packed - at)) for at in range(0, one.packed, BLOCK))
    return all(here.source.read(begin + at, size) == there.source.read(other + at, size) for at, size in pieces)
