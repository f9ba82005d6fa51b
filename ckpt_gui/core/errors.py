"""Every error raised on purpose.

CheckpointError
├── OpenError            no tree can be shown
│   ├── UnknownFormat    the bytes are not a checkpoint; says what they are
│   ├── DamagedFile      a checkpoint, but too broken for even a partial tree
│   └── TooLarge         a limit was met (size, time, number of parts)
├── ReadError            the tree stands, but bytes could not be read later
│   └── NoValues         a tensor has no values to show; says why
├── ConvertError         a conversion was refused or failed
│   └── NotProven        the result was written, but is not what was planned; it was taken away again
├── ExportError          values cannot be written to the file asked for
├── RenameError          a rule that gives tensors other names cannot be used
└── PairingError         two checkpoints cannot be laid beside each other as asked

``Cancelled`` is not an error: the person asked for it.
"""

from __future__ import annotations


class CheckpointError(Exception):
    """Something is wrong with a file; ``str()`` is a sentence for a person."""


class OpenError(CheckpointError):
    """No tree can be shown for this file."""


class UnknownFormat(OpenError):
    """The bytes are not a checkpoint; the sentence names what they are, if known."""


class DamagedFile(OpenError):
    """A checkpoint whose structure is too broken for a tree."""


class TooLarge(OpenError):
    """A limit was met; the sentence names the limit and the actual figure."""


class ReadError(CheckpointError):
    """Bytes of an opened file could not be read (again)."""


class NoValues(ReadError):
    """A tensor of which no values can be shown, whatever is tried; the sentence says why."""


class ConvertError(CheckpointError):
    """A conversion was refused or could not be finished."""


class NotProven(ConvertError):
    """A result is not what was planned; the sentence names the first differences."""

    def __init__(self, text: str, differences: tuple[str, ...]) -> None:
        super().__init__(text)
        self.differences = differences
        """All of them, or as many as are listed."""


class ExportError(CheckpointError):
    """Values cannot be written as asked; the sentence says why."""


class RenameError(CheckpointError):
    """A rule ``RE => TEXT`` that cannot be used, or rules that give several tensors one name; says why."""


class PairingError(CheckpointError):
    """Two checkpoints cannot be paired as asked: a path that is not there."""


class Cancelled(Exception):
    """The person (or a newer request) asked to stop."""
