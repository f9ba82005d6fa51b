"""What is not as planned, as sentences that begin with where."""

from __future__ import annotations

from ckpt_gui.core.text import Path, clip, escape, path_text, plural

MAX_LISTED = 100
_MAX_SENTENCE = 400


class Differences:
    """Collects sentences; beyond MAX_LISTED they are only counted."""

    def __init__(self) -> None:
        self._listed: list[str] = []
        self._more = 0

    def add(self, path: Path | None, text: str) -> None:
        """``path`` is one of the result; None for the file as a whole."""
        if len(self._listed) >= MAX_LISTED:
            self._more += 1
            return
        where = f"{path_text(path) or 'the root'}: " if path is not None else ""
        self._listed.append(clip(escape(where + text), _MAX_SENTENCE))

    def __len__(self) -> int:
        return len(self._listed) + self._more

    @property
    def full(self) -> bool:
        """Whether further ones would only be counted."""
        return len(self._listed) >= MAX_LISTED

    def all(self) -> tuple[str, ...]:
        """The sentences, and one for those that were only counted."""
        more = (f"and {plural(self._more, 'further difference')}",) if self._more else ()
        return (*self._listed, *more)
