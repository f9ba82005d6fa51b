"""Small phrases that several facts use."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core import text
from ckpt_gui.core.model import Checkpoint


def path(checkpoint: Checkpoint, node: int) -> str:
    """The node's path text, fit to be shown."""
    return text.escape(text.path_text(checkpoint.path_of(node))) or "the root"


def exact(number: int) -> str:
    """A count, exact, and rounded where it is long."""
    return f"{number:,}" if number < 10_000 else f"{number:,}   ({text.count(number)})"


def nbytes(number: int) -> str:
    """A size, rounded and exact."""
    return text.size(number) if number < 1024 else f"{text.size(number)}   ({number:,} bytes)"


def percent(part: int, whole: int) -> str:
    """A share of a whole."""
    if whole <= 0:
        return "–"
    # A damaged file may claim more than a float holds.
    return f"{100 * part / whole:.1f} %" if part < whole << 64 else "far more than 100 %"


def numbers(listed: Sequence[int]) -> str:
    """Numbers in a row."""
    return ", ".join(map(str, listed))


def lines(words: str) -> str:
    """A long text, fit to be shown: line ends stay, what could mislead the eye is escaped."""
    return "\n".join(text.escape(line) for line in words.replace("\t", "    ").splitlines())
