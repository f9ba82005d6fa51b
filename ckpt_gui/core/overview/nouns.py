"""The parts of the Overview page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ckpt_gui.core.text import plural
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
    """Bytes of those elements."""
    share_of_file: float
    """0 … 1: of the file's bytes, those that hold them (less where the file is cut off or compressed)."""


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
class Place:
    """A row, by the text of its path."""

    name: str
    node: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that does not hold together, once for all rows it is true of."""

    text: str
    """Why."""
    count: int = 0
    """Rows of which it is true; 0: the file as a whole."""
    places: tuple[Place, ...] = ()
    """The first few of them."""

    @property
    def node(self) -> int | None:
        """The first row; None: the file as a whole."""
        return self.places[0].node if self.places else None

    def words(self, names: Iterable[str] | None = None) -> str:
        """One line: where, and why; ``names`` are the places' as they shall be shown."""
        listed = ", ".join(names if names is not None else (place.name for place in self.places))
        if self.count < 2:
            return f"{listed}: {self.text}" if self.places else self.text
        more = f" and {self.count - len(self.places):,} more" if self.count > len(self.places) else ""
        return f"{plural(self.count, 'tensor')}: {self.text} ({listed}{more})"


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
