"""The columns a checkpoint's index is kept in, and the small vocabularies they use.

One array a field, so that half a million rows are a few buffers: quick to build, to hand from the
reading process to the window, and to check. The views on them stand in ``model``.
"""

from __future__ import annotations

from array import array
from enum import IntEnum, IntFlag
from typing import ClassVar

INT64_MAX = 2**63 - 1


class Kind(IntEnum):
    """What a node is."""

    MAPPING = 0
    SEQUENCE = 1
    GROUP = 2
    """Made from dotted names; stands in no path."""
    TENSOR = 3
    VALUE = 4
    OBJECT = 5
    """Something of a class that is not interpreted; browsable."""
    ALIAS = 6
    """A container shown elsewhere already (a cycle, or one alias too many)."""


class KeyType(IntEnum):
    """How a node's key stands in a path."""

    NONE = 0
    """Root and groups: no key."""
    TEXT = 1
    INT = 2
    FLOAT = 3
    BOOL = 4
    NULL = 5
    OTHER = 6
    """A tuple, bytes or object used as a key: its text."""
    ATTRIBUTES = 7
    """Attributes of attributes of a module, joined by dots: as many keys of the path as there are names."""


class Flag(IntFlag):
    """Facts about a tensor that are yes or no."""

    REQUIRES_GRAD = 1
    CONJ = 2
    NEG = 4
    NOT_IN_STATE_DICT = 8
    """Found in a pickled module, but ``module.state_dict()`` would not name it."""
    PARAMETER = 16


class Compression(IntEnum):
    """How a storage's bytes lie in the file."""

    NONE = 0
    DEFLATE = 1
    UNREADABLE = 2
    """Encrypted, or compressed by a method nobody reads."""


class _Columns:
    """Named arrays of equal length."""

    FIELDS: ClassVar[dict[str, str]]
    """Name → ``array`` type code."""
    __slots__ = ()

    def __init__(self) -> None:
        for name, code in self.FIELDS.items():
            setattr(self, name, array(code))


class Nodes(_Columns):
    """Columns of the tree; every array has one entry a node."""

    FIELDS = {
        "kind": "B", "key_type": "B", "key": "i", "label": "i", "type_name": "i", "text": "i",
        "parent": "i", "first": "i", "count": "i", "order": "i", "tensor": "i",
        "tensors": "i", "params": "q", "nbytes": "q", "stored": "q", "troubled": "i", "alike": "i",
    }  # fmt: skip
    __slots__ = tuple(FIELDS)

    kind: array[int]
    key_type: array[int]
    key: array[int]
    """Text id of the key, in full."""
    label: array[int]
    """Text id of what the tree shows."""
    type_name: array[int]
    text: array[int]
    parent: array[int]
    first: array[int]
    """Id of the first child."""
    count: array[int]
    """How many children."""
    order: array[int]
    """Rank in the file's own depth-first order (groups: that of their first member)."""
    tensor: array[int]
    tensors: array[int]
    """Tensor rows at and beneath the node."""
    params: array[int]
    """Elements at and beneath, each storage element once."""
    nbytes: array[int]
    """Logical bytes at and beneath, each storage element once (clipped to 2^63-1)."""
    stored: array[int]
    """Bytes of the storages used at and beneath, each storage once."""
    troubled: array[int]
    """Tensor rows with a problem, at and beneath."""
    alike: array[int]
    """Equal numbers mark subtrees of one structure (labels, shapes, dtypes); -1: not compared."""

    def __len__(self) -> int:
        return len(self.kind)


class Tensors(_Columns):
    """Columns of the tensors; every array but ``sizes`` has one entry a tensor."""

    FIELDS = {
        "node": "i", "dtype": "i", "flags": "B", "rank": "B", "sizes_at": "i", "offset": "q",
        "numel": "q", "nbytes": "q", "storage": "i", "layout": "i", "problem": "i", "sizes": "q",
    }  # fmt: skip
    __slots__ = tuple(FIELDS)

    node: array[int]
    dtype: array[int]
    """Text id of the type's name."""
    flags: array[int]
    rank: array[int]
    sizes_at: array[int]
    """Where in ``sizes`` the shape begins; the strides follow it."""
    offset: array[int]
    """Elements."""
    numel: array[int]
    """Clipped to 2^63-1; the exact figure is in ``Checkpoint.extras`` then."""
    nbytes: array[int]
    storage: array[int]
    """Storage id; -1 where there is none."""
    layout: array[int]
    """Text id."""
    problem: array[int]
    """Text id; -1 where all is well."""
    sizes: array[int]
    """Shapes and strides, end to end."""

    def __len__(self) -> int:
        return len(self.node)


class Storages(_Columns):
    """Columns of the storages; every array has one entry a storage."""

    FIELDS = {
        "source": "i", "key": "i", "offset": "q", "nbytes": "q", "packed": "q", "device": "i",
        "big_endian": "B", "compression": "B", "crc": "q",
    }  # fmt: skip
    __slots__ = tuple(FIELDS)

    source: array[int]
    key: array[int]
    offset: array[int]
    nbytes: array[int]
    packed: array[int]
    device: array[int]
    """Text id; -1 where the format has no tags."""
    big_endian: array[int]
    compression: array[int]
    crc: array[int]

    def __len__(self) -> int:
        return len(self.key)
