"""What torch or safetensors, asked in a process of their own, say of the result: that they take it, and see in it what
our own reader sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.convert.nouns import Plan
from ckpt_gui.core.convert.torch_check import ABSENT, ACCEPTED, MAX_ROWS, SILENT, UNASKED, Answer, Row
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.convert.verify.written import WrittenFile
from ckpt_gui.core.model import Checkpoint, TensorInfo
from ckpt_gui.core.progress import Report
from ckpt_gui.core.text import Path as KeyPath
from ckpt_gui.core.text import clip, escape, join_words
from ckpt_gui.core.weights_only import verdict

OURS = "our reader"
_FORMS = {"torch-zip": "torch", "torch-legacy": "legacy", "torchscript": "torch", "safetensors": "safetensors"}
_WITHOUT = {ABSENT: "is not installed here, or does not work", SILENT: "did not answer", UNASKED: "was not asked"}
_MAX_ERROR = 200


class Loader(Protocol):
    """Whoever asks them: see ``ckpt_gui.proving``."""

    def warm(self, form: str) -> None:
        """Let it prepare for questions about ``form``."""
        ...

    def ask(self, path: str | Path, form: str, report: Report) -> Answer:
        """What the loader of ``form`` says of the file."""
        ...


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is said in the receipt."""

    loader: str
    warnings: tuple[str, ...]


def check(
    source: Checkpoint,
    plan: Plan,
    written: Sequence[WrittenFile],
    found: Differences,
    loader: Loader | None,
    report: Report,
) -> Opinion:
    """Ask about every file. Where the loader refuses one, it is asked about the source too: a conversion may not make
    worse what it takes. Differences are told to ``found``."""
    name = "safetensors" if plan.target_format == "safetensors" else "torch"
    if loader is None:
        return _alone(source, plan, written, found, f"{name} was not asked")
    told, warnings = "", dict[str, None]()
    for file in written:
        answer = loader.ask(file.path, plan.target_format, report)
        if answer.status == SILENT and plan.nested:
            _silent(source, file, answer, loader, report, found)
        if answer.status in _WITHOUT:
            why = f"{name} {_WITHOUT[answer.status]}: {_short(answer)}"
            return _alone(source, plan, written, found, why)
        if answer.status == ACCEPTED:
            told = answer.loader
            _rows(file, answer, found)
            if answer.way == "mapped":
                _only_mapped(source, loader, report, found)
            continue
        warning = _refused(source, plan, file, answer, loader, report, found)
        warnings |= {warning: None} if warning else {}
    return Opinion(told or OURS, tuple(warnings))


def _alone(source: Checkpoint, plan: Plan, written: Sequence[WrittenFile], found: Differences, why: str) -> Opinion:
    """Without the loader: by our own account of what it accepts."""
    if plan.target_format != "safetensors":
        taken = verdict(source).accepted is not False or not plan.nested
        for file in written:
            result = verdict(file.checkpoint)
            if taken and result.accepted is False:
                found.add(None, f"{file.name} would be refused by torch.load(weights_only=True): {result.why}")
    return Opinion(OURS, (f"Proven by our reader alone; {why}.",))


def _refused(
    source: Checkpoint,
    plan: Plan,
    file: WrittenFile,
    answer: Answer,
    loader: Loader,
    report: Report,
    found: Differences,
) -> str:
    """A refusal is a difference, or where torch refuses the source too, a warning: the sentence of it."""
    before = loader.ask(source.path, _form(source), report) if plan.nested else None
    if before is None or before.status == ACCEPTED:
        found.add(None, f"{answer.loader} refuses {file.name}: {_short(answer)}")
        return ""
    lacks = verdict(file.checkpoint)
    why = (
        f"it lacks {join_words(map(escape, lacks.needs), 4)}"
        if lacks.needs
        else lacks.why.rstrip(".") or _short(answer)
    )
    return f"torch refuses the result as it refuses the source, so our reader alone proves it: {why}."


def _silent(
    source: Checkpoint, file: WrittenFile, answer: Answer, loader: Loader, report: Report, found: Differences
) -> None:
    """A loader that dies of the result, twice, and takes the source: something is amiss with the result."""
    if loader.ask(source.path, _form(source), report).status == ACCEPTED:
        found.add(None, f"torch did not get through {file.name}, as it does through the source: {_short(answer)}")


def _only_mapped(source: Checkpoint, loader: Loader, report: Report, found: Differences) -> None:
    """torch could not load it without memory: quantized and nested tensors ask for some; else something is amiss."""
    if (form := _form(source)) != "torch":
        return
    before = loader.ask(source.path, form, report)
    if before.status == ACCEPTED and before.way == "meta":
        found.add(None, 'torch.load(map_location="meta") takes the source, but not the result')


def _form(source: Checkpoint) -> str:
    return _FORMS.get(source.format, "torch")


def _short(answer: Answer) -> str:
    """The first line of what it raised."""
    return clip(escape(answer.error.partition("\n")[0].strip().rstrip(".: ")), _MAX_ERROR)


# ------------------------------------------------------------------------------------------- what it sees in it

Typed = tuple[tuple[str, object], ...]


def _rows(file: WrittenFile, answer: Answer, found: Differences) -> None:
    """The tensors that the loader found against those of our index of the same file."""
    theirs = {_typed(row[0]): row for row in answer.rows}
    sharing = _Sharing(file.checkpoint, answer.way == "meta")
    for path, tensor in _ours(file.checkpoint):
        row = theirs.pop(_typed(path), None)
        if row is None:
            if len(answer.rows) < MAX_ROWS:
                found.add(path, "is not found by the loader")
            continue
        _row(path, row, file.checkpoint.tensor(tensor), found)
        if row[4] is not None and (amiss := sharing.amiss(file.checkpoint.tensors.storage[tensor], row[4])):
            found.add(path, amiss)
    for row in theirs.values():
        found.add(tuple(row[0]), "is found by the loader, not by our reader")


def _row(path: KeyPath, row: Row, info: TensorInfo, found: Differences) -> None:
    for what, have, want in (("shape", row[1], info.shape), ("strides", row[2], info.stride)):
        if have is not None and tuple(have) != want:
            found.add(path, f"has {what} {tuple(have)} for the loader, {want} for our reader")
    if row[3] != info.dtype:
        found.add(path, f"is {row[3]} for the loader, {info.dtype} for our reader")


class _Sharing:
    """Which storage of the loader is which of ours; ``placed``: it tells where in the file theirs begin."""

    def __init__(self, checkpoint: Checkpoint, placed: bool) -> None:
        self._offsets = checkpoint.storages.offset
        self._placed = placed
        self._ours: dict[int, int] = {}
        self._theirs: dict[int, int] = {}

    def amiss(self, ours: int, theirs: int) -> str:
        """What is wrong with one tensor's; "" if nothing is."""
        if ours < 0:
            return "has bytes for the loader, none for our reader"
        if self._placed and self._offsets[ours] != theirs:
            return f"would be looked for at byte {theirs:,} by the loader; it is at {self._offsets[ours]:,}"
        if (self._ours.setdefault(theirs, ours), self._theirs.setdefault(ours, theirs)) != (ours, theirs):
            return "shares memory with other tensors for the loader than for our reader"
        return ""


def _ours(checkpoint: Checkpoint) -> Iterator[tuple[KeyPath, int]]:
    """Rows that lie in nothing but mappings and sequences, under keys that are plain values."""
    nodes = checkpoint.nodes
    reached = bytearray(len(nodes))
    for node, kind in enumerate(nodes.kind):  # parents come first
        odd = nodes.key_type[node] in (KeyType.OTHER, KeyType.ATTRIBUTES)
        if odd or (node and not reached[nodes.parent[node]]):
            continue
        if kind == Kind.TENSOR and not _is_within(checkpoint, nodes.tensor[node]):
            yield checkpoint.path_of(node), nodes.tensor[node]
        elif kind in (Kind.MAPPING, Kind.SEQUENCE, Kind.GROUP):
            reached[node] = checkpoint.text(nodes.type_name[node]) not in ("set", "frozenset")


def _is_within(checkpoint: Checkpoint, tensor: int) -> bool:
    """Whether it lies in a file within the file, which for the loader is a value like another (formats/embedded.py)."""
    storage = checkpoint.tensors.storage[tensor]
    return storage >= 0 and checkpoint.texts[checkpoint.storages.key[storage]].startswith("nested ")


def _typed(path: Sequence[object]) -> Typed:
    """A path by which 1, True and "1" are told apart."""
    return tuple((type(key).__name__, key) for key in path)
