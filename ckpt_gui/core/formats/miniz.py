"""Which of several records of one name torch reads: miniz's own order, rebuilt.

miniz (the zip library inside torch) sorts the directory by names without regard to case, by heap sort,
and looks a name up by bisection. Heap sort is not stable, so among equal names neither the first nor the
last wins: it depends on every other record (third_party/miniz, mz_zip_reader_sort_central_dir_offsets_by_filename
and mz_zip_locate_file_binary_search). Only asked where names repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def picked(names: Sequence[bytes], wanted: bytes) -> int | None:
    """Index, in the central directory's order, of the record that torch reads under that name."""
    return next(iter(picks(names, [wanted])), None)


def picks(names: Sequence[bytes], wanted: Iterable[bytes]) -> list[int]:
    """The same for several names; those that are not found are left out."""
    lowered = [name.lower() for name in names]
    order = _heap_sorted(lowered)
    found = (_bisected(lowered, order, key.lower()) for key in wanted)
    return [index for index in found if index is not None]


def _bisected(lowered: Sequence[bytes], order: Sequence[int], key: bytes) -> int | None:
    low, high = 0, len(order) - 1
    while low <= high:
        middle = (low + high) // 2
        found = lowered[order[middle]]
        if found == key:
            return order[middle]
        if found < key:
            low = middle + 1
        else:
            high = middle - 1
    return None


def _heap_sorted(names: Sequence[bytes]) -> list[int]:
    """Indices in the order of their names, as miniz's heap sort leaves them."""
    order = list(range(len(names)))
    for start in range((len(order) - 2) // 2, -1, -1):
        _sift(order, names, start, len(order))
    for end in range(len(order) - 1, 0, -1):
        order[0], order[end] = order[end], order[0]
        _sift(order, names, 0, end)
    return order


def _sift(order: list[int], names: Sequence[bytes], root: int, end: int) -> None:
    while (child := 2 * root + 1) < end:
        if child + 1 < end and names[order[child]] < names[order[child + 1]]:
            child += 1
        if not names[order[root]] < names[order[child]]:
            return
        order[root], order[child] = order[child], order[root]
        root = child
