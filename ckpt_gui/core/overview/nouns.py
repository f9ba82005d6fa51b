"""The parts of the Overview page."""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_gui.core.weights_only import Verdict


@dataclass(frozen=True, slots=True)
class Sentence:
    """One finding; ``node`` is where it can be seen (None: the file as a whole)."""

    text: str
    node: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One slice of a bar: a role, an element type or a device."""

    name: str
    tensors: int
    """Rows."""
    params: int
    """Elements, each stored element once."""
    nbytes: int
    """Bytes those elements take on disk."""
    share_of_file: float
    """0 … 1."""


@dataclass(frozen=True, slots=True)
class Waste:
    """A storage that is shared, wider than what uses it, or written more than once."""

    kind: str
    """``over-wide`` (bytes no tensor uses), ``duplicate`` (same size and checksum as another) or
    ``shared`` (several tensors on the same bytes: nothing is wasted)."""
    text: str
    node: int
    """A tensor that uses it."""
    nbytes: int
    """Bytes wasted; of a shared storage, the bytes that sharing saves."""


@dataclass(frozen=True, slots=True)
class Saving:
    """An answer to "why is this file so big": what could go and what that saves."""

    text: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that does not hold together; ``node`` None: the file as a whole."""

    text: str
    node: int | None


@dataclass(frozen=True, slots=True)
class CodeNames:
    """The names the pickles refer to, by what is known of them."""

    data: tuple[str, ...]
    constructor: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the Overview page shows, in words and numbers."""

    headline: str
    """``Lightning 2.4.0 checkpoint at epoch 19``."""
    sentences: tuple[Sentence, ...]
    params: int
    """Weights only, each stored element once."""
    by_role: tuple[Share, ...]
    """In the order of ``Role``; roles that hold tensors."""
    by_dtype: tuple[Share, ...]
    """Largest first."""
    by_device: tuple[Share, ...]
    """Largest first; empty where the format has no tags."""
    storages: tuple[Waste, ...]
    """Largest first."""
    savings: tuple[Saving, ...]
    """Largest first."""
    weights_only: Verdict
    code: CodeNames
    notes: tuple[str, ...]
    problems: tuple[Trouble, ...]
