"""The statistics of one checkpoint's tensors, as far as they are known by now: briefs, and columns of numbers.

``Known`` fills from any thread; what shows it takes a ``Snapshot``, which never changes.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.stats.brief import Brief, has_ints, pack, unpack
from ckpt_gui.core.stats.rollup import Columns, combined_numbers, rolled_up

NAMES = ("min", "max", "mean", "std", "l2", "absmax", "count", "finite", "zeros", "nan", "inf")
"""Columns kept, in the values' own units; ``inf`` counts both infinities."""
_ROW = struct.Struct(f"<{len(NAMES)}d")
WHOLE = frozenset(("nan", "inf", "nonfinite"))
"""Columns of counts."""


class Column(Mapping[int, float]):
    """Tensor or node id → a number, where there is one. A frozen array that looks like a mapping."""

    __slots__ = ("_exact", "_values", "_whole")

    def __init__(self, values: NDArray[np.float64], exact: Mapping[int, int], *, whole: bool = False) -> None:
        self._values = array("d", values.tobytes())
        self._exact = exact
        """Numbers that are ints; a float64 might round them."""
        self._whole = whole

    def __getitem__(self, place: int) -> float:
        """The number. Raises KeyError where there is none."""
        value = self.get(place)
        if value is None:
            raise KeyError(place)
        return value

    def get(self, place: int, default: float | None = None) -> float | None:  # type: ignore[override]
        """The number, or the default where there is none."""
        value = self._values[place] if 0 <= place < len(self._values) else float("nan")
        if value != value:
            return default
        if self._whole:
            return int(value)
        return self._exact.get(place, value) if self._exact else value

    def __iter__(self) -> Iterator[int]:
        """Ids that have a number, ascending."""
        return (place for place, value in enumerate(self._values) if value == value)

    def __len__(self) -> int:
        """How many have one."""
        return sum(value == value for value in self._values)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What is known at one moment."""

    by_tensor: Mapping[str, Column]
    """``min max mean std l2 absmax zeros`` (in percent) ``nan inf nonfinite`` → by tensor id."""
    by_node: Mapping[str, Column]
    """The same of groups, by node id, once all beneath is known; each tensor beneath counts in full."""
    done: bytes
    """One byte a tensor: 1 once it was looked at, whether it has values or not."""

    @property
    def columns(self) -> Mapping[str, Column]:
        """By tensor id, named as the tree's columns are: ``nan`` counts all that is not finite."""
        return {**self.by_tensor, "nan": self.by_tensor["nonfinite"]}

    @property
    def groups(self) -> Mapping[str, Column]:
        """The same by node id."""
        return {**self.by_node, "nan": self.by_node["nonfinite"]}

    @property
    def for_search(self) -> Mapping[str, Column]:
        """By tensor id, named as the filter's fields are."""
        return self.by_tensor

    def complete(self, tensors: Iterable[int]) -> bool:
        """Were all of these looked at?"""
        return all(map(self.done.__getitem__, tensors))


class Known:
    """Grows as statistics come in."""

    def __init__(self, rows: int) -> None:
        self._lock = Lock()
        self._briefs: list[bytes | Brief | None] = [None] * rows
        self._why: dict[int, str] = {}
        self._done = bytearray(rows)
        self._columns: Columns = {name: np.full(rows, np.nan) for name in NAMES}
        self._exact: dict[str, dict[int, int]] = {"min": {}, "max": {}, "absmax": {}}

    def take(self, tensor: int, found: Brief | str) -> bytes | None:
        """Statistics came in, or the reason why there are none. Returns a form to keep; None if there is none."""
        if isinstance(found, str):
            with self._lock:
                self._done[tensor] = 1
                self._why[tensor] = found
            return None
        try:
            packed = pack(found)
        except OverflowError:
            packed = None
        row = _row(found)
        with self._lock:
            self._briefs[tensor] = packed or found
            self._why.pop(tensor, None)
            for column, number in zip(self._columns.values(), row, strict=True):
                column[tensor] = number
            self._note_exact(tensor, found)
            self._done[tensor] = 1
        return _ROW.pack(*row) + packed if packed is not None else None

    def recall(self, kept: Sequence[tuple[int, bytes]]) -> None:
        """Take what ``take`` gave to keep. Raises ValueError for bytes that are none of ours."""
        if any(len(data) <= _ROW.size for _tensor, data in kept):
            raise ValueError("not kept statistics: too short")
        tensors = np.array([tensor for tensor, _data in kept], np.int64)
        rows = np.frombuffer(b"".join(data[: _ROW.size] for _tensor, data in kept), "<f8").reshape(-1, len(NAMES))
        with self._lock:
            for number, column in enumerate(self._columns.values()):
                column[tensors] = rows[:, number]
            for tensor, data in kept:
                self._briefs[tensor] = packed = data[_ROW.size :]
                self._done[tensor] = 1
                if has_ints(packed):
                    self._note_exact(tensor, unpack(packed))

    def _note_exact(self, tensor: int, found: Brief) -> None:
        for name, exact in self._exact.items():
            if isinstance(value := getattr(found, name), int):
                exact[tensor] = value

    def brief(self, tensor: int) -> Brief | None:
        """What is known of a tensor."""
        held = self._briefs[tensor]
        return unpack(held) if isinstance(held, bytes) else held

    def together(self, tensors: Sequence[int]) -> dict[str, float | None]:
        """The numbers of ``NAMES`` over several tensors, each counted in full; those not looked at are left out."""
        with self._lock:
            held = {name: column[np.asarray(tensors, np.int64)] for name, column in self._columns.items()}
        return combined_numbers(held)

    def why_not(self, tensor: int) -> str:
        """Why a tensor that was looked at has no statistics; "" if it has, or was not."""
        return self._why.get(tensor, "")

    def missing(self, tensors: Iterable[int]) -> list[int]:
        """Those that were not looked at yet."""
        return [tensor for tensor in tensors if not self._done[tensor]]

    def snapshot(self, checkpoint: Checkpoint) -> Snapshot:
        """All that is known now, with what follows for groups."""
        with self._lock:
            columns = {name: column.copy() for name, column in self._columns.items()}
            done = bytes(self._done)
            exact = {name: dict(held) for name, held in self._exact.items()}
        groups = rolled_up(checkpoint, columns, done)
        return Snapshot(_shown(columns, exact), _shown(groups, {}), done)


def _row(found: Brief) -> list[float]:
    """The numbers of the columns, in the order of ``NAMES``."""
    numbers = (
        found.min, found.max, found.mean, found.std, found.l2, found.absmax,
        found.count, found.finite, found.zeros, found.nan, found.infinite,
    )  # fmt: skip
    return [np.nan if number is None else float(number) for number in numbers]


def _shown(columns: Columns, exact: Mapping[str, Mapping[int, int]]) -> dict[str, Column]:
    """The columns as the tree and the filter name them."""
    shown = {name: columns[name] for name in ("min", "max", "mean", "std", "l2", "absmax", "nan", "inf")}
    with np.errstate(invalid="ignore", divide="ignore"):
        shown["zeros"] = 100 * columns["zeros"] / columns["count"]
    shown["nonfinite"] = columns["nan"] + columns["inf"]
    return {name: Column(values, exact.get(name, {}), whole=name in WHOLE) for name, values in shown.items()}
