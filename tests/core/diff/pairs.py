"""Two files written by torch, paired, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ckpt_gui.core.diff.compare import compare, structure
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.diff.picked import Picked, picked
from ckpt_gui.core.pairing import Pairing, pair
from ckpt_gui.core.reader import read
from ckpt_gui.core.tensors import Reading


class Two:
    """Both files, what is paired in them, and what their comparison found."""

    def __init__(self, folder: Path, left: Mapping[str, Any], right: Mapping[str, Any]) -> None:
        for name, content in (("a.pt", left), ("b.pt", right)):
            torch.save(dict(content), folder / name)
        one, other = read(folder / "a.pt"), read(folder / "b.pt")
        self.pairing: Pairing = pair(one, other)
        self.left, self.right = Reading(one.checkpoint), Reading(other.checkpoint)

    def rows(self, *, values: bool = True) -> list[Row]:
        """All rows; with ``values`` compared."""
        rows = list(structure(self.pairing))
        if values:
            for place, row in compare(self.pairing, self.left, self.right):
                rows[place] = row
        return rows

    def picked(self, *keys: str) -> Picked:
        """These pairs; without keys all."""
        rows = [row for row in self.rows(values=False) if not keys or row.key in keys]
        assert len(rows) == len(keys) or not keys
        return picked(self.left, self.right, rows)

    def place(self, key: str) -> int:
        """Where a key stands among the pairs."""
        return next(place for place, one in enumerate(self.pairing.pairs) if one.key == key)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    """Reproducible."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
