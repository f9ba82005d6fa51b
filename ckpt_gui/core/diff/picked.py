"""What a page about pairs is given: the files and the tensors of both sides, those that repeat others left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from ckpt_gui.core.diff.compare import Plan, plan
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.tensors import Reading

NO_A = "It was added: only B has it."
NO_B = "It was removed: only A has it."


@dataclass(frozen=True, slots=True)
class Picked:
    """Some pairs of a comparison."""

    left: Reading
    right: Reading
    pairs: tuple[tuple[int, int], ...]
    """Tensor ids in A and in B; -1 where a side has none."""

    @property
    def lefts(self) -> tuple[int, ...]:
        """A's tensors, each once."""
        return tuple(dict.fromkeys(left for left, _right in self.pairs if left >= 0))

    @property
    def rights(self) -> tuple[int, ...]:
        """B's tensors, each once."""
        return tuple(dict.fromkeys(right for _left, right in self.pairs if right >= 0))

    @property
    def both(self) -> tuple[tuple[int, int], ...]:
        """The pairs that stand on both sides."""
        return tuple(pair for pair in self.pairs if min(pair) >= 0)

    def nbytes(self) -> tuple[int, int]:
        """Bytes of A's and of B's tensors, as the files keep them."""
        sizes = [side.checkpoint.tensors.nbytes for side in (self.left, self.right)]
        return sum(sizes[0][one] for one in self.lefts), sum(sizes[1][one] for one in self.rights)

    def alone(self) -> tuple[Reading, int] | None:
        """The one side of a tensor without a counterpart; None of anything else."""
        if len(self.pairs) != 1 or min(self.pairs[0]) >= 0:
            return None
        left, right = self.pairs[0]
        return (self.left, left) if left >= 0 else (self.right, right)

    def why_alone(self) -> str:
        """The sentence that goes with it; "" for a pair or several."""
        return "" if self.alone() is None else NO_A if self.pairs[0][0] < 0 else NO_B

    def plans(self, report: Report = SILENT) -> Iterator[Plan | ReadError]:
        """How each pair that stands on both sides is compared, or why it cannot be. May read indices of sparse ones.

        Raises what ``report`` raises.
        """
        both = self.both
        for number, (left, right) in enumerate(both):
            report.at(number, len(both), "pairs")
            try:
                yield plan(self.left, left, self.right, right)
            except ReadError as exc:
                yield exc


def picked(left: Reading, right: Reading, rows: Iterable[Row]) -> Picked:
    """These rows, of which tied ones (the same windows of the same storages on both sides) count once."""
    kept: dict[Hashable, tuple[int, int]] = {}
    for row in rows:
        key = (
            left.checkpoint.window(row.left) if row.left >= 0 else None,
            right.checkpoint.window(row.right) if row.right >= 0 else None,
        )
        kept.setdefault(key, (row.left, row.right))
    return Picked(left, right, tuple(kept.values()))
