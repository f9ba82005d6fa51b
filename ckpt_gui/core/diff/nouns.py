"""The nouns of a comparison. A is the left side, B the right one, Δ = B − A."""

from __future__ import annotations

from dataclasses import dataclass

CHANGES = ("same", "close", "changed", "dtype", "shape", "added", "removed", "problem")
"""Bit for bit the same · within tolerance · further apart · other element types, compared all the same · other sizes ·
only in B · only in A · cannot be read."""
UNKNOWN = ""
"""The change of a row whose values were not compared yet."""


@dataclass(frozen=True, slots=True)
class Measures:
    """How far two tensors, or two groups of them, are apart. Sums are over elements that are finite on both sides."""

    numel: int
    """Elements compared."""
    max_abs: float | None
    """Largest |Δ|; None where nothing is finite on both sides, or the figure is beyond float64."""
    where: tuple[int, ...] | None
    """Index of the largest |Δ|; None where nothing differs, and of groups."""
    mean_abs: float | None
    l2: float | None
    """‖Δ‖."""
    left_l2: float | None
    right_l2: float | None
    dot: float | None
    """Sum of A · B."""
    both: int
    """Elements finite on both sides."""
    changed: int
    """Elements whose values differ; NaN on both sides is no difference."""
    sign_flips: int
    nan_left: int
    """NaN in A only."""
    nan_right: int
    inf_left: int
    """Inf in A, and another value in B."""
    inf_right: int
    beyond: int
    """Elements outside the tolerance."""
    identical: bool
    """Bit for bit, but for the payloads of NaN."""

    @property
    def rel_l2(self) -> float | None:
        """‖Δ‖ / ‖A‖; None if ‖A‖ is 0."""
        return self.l2 / self.left_l2 if self.l2 is not None and self.left_l2 else None

    @property
    def cosine(self) -> float | None:
        """A · B / (‖A‖ ‖B‖); None if one of them is 0."""
        if self.dot is None or not self.left_l2 or not self.right_l2:
            return None
        return max(-1.0, min(1.0, self.dot / self.left_l2 / self.right_l2))

    @property
    def share(self) -> float:
        """Part of the elements that differ, 0 … 1."""
        return self.changed / self.numel if self.numel else 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One pair of tensors, or a tensor that stands alone."""

    key: str
    left: int
    """Tensor id; -1 for none."""
    right: int
    change: str
    """One of CHANGES; UNKNOWN until the values were compared."""
    measures: Measures | None = None
    problem: str = ""
    """Why there are no measures, where there might be some."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far apart is close: |Δ| ≤ atol + rtol · |A|. None: torch.testing's value for the element types."""

    rtol: float | None = None
    atol: float | None = None
