"""What a conversion is made of: what was asked for, what will be, what came of it. Plain values; nothing here reads.

A ``Plan`` follows from a checkpoint's index and ``Options`` alone. Its ``records`` are the storages of the result
and where their bytes come from, its ``items`` the tensors that lie in them, its ``edits`` what changes around them
where the pickled objects of the source are written back (``nested``).
"""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_gui.core.text import Path

TARGETS = ("torch", "legacy", "safetensors")
"""Formats that can be written: torch's zip, torch's older stream, safetensors."""


@dataclass(frozen=True, slots=True)
class DeviceRule:
    """``D`` for every storage, or ``OLD=NEW`` for those tagged OLD."""

    old: str | None
    """The tag to replace; None for every one."""
    new: str

    @property
    def text(self) -> str:
        """As it is typed."""
        return self.new if self.old is None else f"{self.old}={self.new}"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; the fields of a recipe. Every default changes nothing."""

    state_dict: bool = False
    """Only the weights, as one flat mapping."""
    strip_optimizer: bool = False
    """Without optimizer, scheduler, scaler, RNG, callback and loop state."""
    spare: tuple[str, ...] = ()
    """GLOBs of what ``strip_optimizer`` leaves where it is."""
    devices: tuple[DeviceRule, ...] = ()
    dtype: str | None = None
    """torch's name of the type that floating tensors are cast to."""
    cast: str = ""
    """Filter that chooses what is cast; "" for weights and their averages."""
    cast_buffers: bool = False
    """Cast what is taken for a float buffer (running statistics, frequencies) too."""
    cast_integers: bool = False
    """Cast integers and bools too."""
    to: str | None = None
    """One of TARGETS; None follows the target's suffix, then the source."""
    select: Path | None = None
    """Only what lies at this path."""
    keep: tuple[str, ...] = ()
    """GLOBs: tensors that match none of them are left out."""
    drop: tuple[str, ...] = ()
    """GLOBs of what is left out."""
    only: str = ""
    """Filter (the language of the filter line): tensors that do not match are left out."""
    rename: tuple[str, ...] = ()
    """Rules ``RE => TEXT``."""
    use_ema: bool | None = None
    """The averaged weights in place of the raw ones; None: not said."""
    compact: bool = False
    """Of a storage only the range that what is kept uses."""
    ties: str = "keep"
    """``keep`` shared storages, ``untie`` them, or ``tie`` tensors of equal bytes."""
    shared: str = "alias"
    """Where a format cannot hold shared memory: ``alias`` keeps one and records the others, ``clone`` writes each."""
    max_shard: int | None = None
    """Bytes of tensors a file at most (safetensors): then there are several, with an index."""
    metadata: tuple[tuple[str, str | None], ...] = ()
    """Text of safetensors' ``__metadata__`` to set; None takes a key away."""
    skip_damaged: bool = False
    """Leave out tensors that do not hold together instead of refusing the conversion."""


@dataclass(frozen=True, slots=True)
class Record:
    """One storage of the result: a run of bytes written once.

    Either a byte range of a source storage (``tensor`` is -1), element by element cast if the types differ; or
    the elements of one source tensor in C order, views resolved (``storage`` is -1).
    """

    key: str
    """Its name in the result: the storage key, or the tensor's name in safetensors."""
    storage: int
    """Storage id in the source; -1 where it is made from a tensor."""
    start: int
    """First byte within that (unpacked) storage."""
    tensor: int
    """Tensor id in the source whose elements make it; -1 for a range of a storage."""
    source_dtype: str
    dtype: str
    """Element type in the result."""
    numel: int
    """Elements of ``dtype``."""
    nbytes: int
    """In the result."""
    device: str | None
    """The tag in the result; None where its format has none."""
    big_endian: bool = False
    """Written as big-endian bytes, as they lie in the source."""


@dataclass(frozen=True, slots=True)
class Item:
    """One tensor of the result. It keeps shape and, where its record is a storage, stride."""

    tensor: int
    """Tensor id in the source."""
    path: Path
    """In the source."""
    target: Path
    """In the result."""
    record: int
    """Place in ``Plan.records``; -1 where there are no bytes (meta)."""
    offset: int
    """Elements from the record's start."""
    stride: tuple[int, ...] | None
    """Elements in the result; None where the layout is not strided."""
    shape: tuple[int, ...]
    source_dtype: str
    dtype: str
    device: str | None
    buffer: bool = False
    """Taken for a float buffer."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something of the source that the result does not have."""

    path: Path
    node: int
    why: str
    """A few words: ``optimizer``, ``not asked for``, ``safetensors cannot hold it`` …"""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to the pickled object: ``drop`` what lies at ``path``; ``rename`` its key to ``key``; ``replace`` it
    by what lies at ``other``.

    All paths are those of the source. What is moved takes the edits within it along; an item that is dropped from a
    list or tuple leaves None, so that the others keep their places.
    """

    what: str
    path: Path
    key: str = ""
    other: Path = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be. Made without reading any values."""

    source: str
    """Path of the checkpoint."""
    format: str
    """Its format."""
    target_format: str
    """One of TARGETS."""
    nested: bool
    """The pickled objects of the source are written back, as they are but for ``edits``; else one flat mapping."""
    options: Options
    items: tuple[Item, ...]
    records: tuple[Record, ...]
    edits: tuple[Edit, ...]
    dropped: tuple[Dropped, ...]
    """Tensors and values, each by itself, in the file's order."""
    warnings: tuple[str, ...]
    nbytes_before: int
    """On disk."""
    nbytes_after: int
    """On disk, about: the data exactly, what is around them estimated."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Names left out because they share all their memory with another: (name, the name that is kept)."""
    metadata: tuple[tuple[str, str], ...] = ()
    """``__metadata__`` of a safetensors result."""
    changes: bool = True
    """Whether anything differs from the source but the container."""
    shards: tuple[tuple[int, ...], ...] = ()
    """Places of the records in each file; empty for one file."""
    aliased: tuple[int, ...] = ()
    """Tensor ids in the source of ``aliases``, in their order."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What checking the result found."""

    verified: bool
    differences: tuple[str, ...]
    """What is not as planned; empty if all is."""
    checked_nbytes: int
    """Compared byte for byte."""
    loader: str
    """What loaded the structure: ``torch 2.13.0 (weights_only=True)``, ``safetensors 0.8.0``, ``our reader``."""
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a conversion; the ``convert`` object of the JSON contract, and more."""

    source: str
    target: str
    plan: Plan
    nbytes_before: int
    nbytes_after: int
    warnings: tuple[str, ...]
    proof: Proof | None
    """None where nothing was written (``--dry-run``)."""
    seconds: float
    sha256: tuple[tuple[str, str], ...] = ()
    """(file, digest) of the sources and the results, where a receipt was asked for."""
    values_kept: int = 0
    """Leaves beside the tensors that are in the result."""
    tensors_dropped: int = 0
    """Of ``plan.dropped``, those that are tensors; the others are values."""
    files: tuple[str, ...] = ()
    """What was written: the target, or its shards and their index."""
