"""What the Overview page says: what a file is, how its bytes are spent, what could be saved."""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.roles import Anatomy
from ckpt_gui.core.weights_only import Verdict, verdict


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
    """A storage (or a group of them) that is shared, or wider than what uses it."""

    kind: str
    """``shared`` (several tensors, nothing wasted) or ``over-wide`` (bytes that no tensor uses)."""
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


def overview(checkpoint: Checkpoint, anatomy: Anatomy) -> Overview:
    """The page for one checkpoint."""
    code = CodeNames((), (), ())
    return Overview("", (), 0, (), (), (), (), (), verdict(checkpoint), code, checkpoint.notes, ())
