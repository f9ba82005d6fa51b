"""The ways of writing a number that a person can choose. No NumPy: the choice is there before a value is."""

from __future__ import annotations

from typing import NamedTuple

KINDS = ("shortest", "fixed", "scientific", "integer", "hexadecimal", "bits")
WORDS = {
    "shortest": "Shortest", "fixed": "Fixed digits", "scientific": "Scientific", "integer": "Whole numbers",
    "hexadecimal": "Hexadecimal float", "bits": "Bits",
}  # fmt: skip
"""What each kind is called."""
WITH_DIGITS = ("fixed", "scientific")
MAX_DIGITS = 17


class Style(NamedTuple):
    """How numbers are written."""

    kind: str = "shortest"
    """One of ``KINDS``."""
    digits: int = 6
    """Behind the point, of ``WITH_DIGITS``."""
