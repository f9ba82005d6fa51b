"""NumPy's basic indexing, typed: ``[0, :, 3:10]``. Nothing typed raises but ``BadIndex``, which says where and why.

The brackets may be left out; what is missing at the end means all. Grammar and meaning after NumPy's
"Basic indexing" (https://numpy.org/doc/stable/user/basics.indexing.html), without new axes and lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ckpt_gui.core.text import plural

_INT = re.compile(r"[+-]?[0-9][0-9_]*\Z")
_LONGEST = 20
"""Digits of a number; no tensor has a size that is longer."""
MAX_TEXT = 2_000

Place = tuple[int, ...]


class BadIndex(Exception):
    """A typed index that cannot be read: from ``start`` to ``end`` (characters of the text), and the reason."""

    def __init__(self, start: int, end: int, reason: str) -> None:
        super().__init__(reason)
        self.start, self.end, self.reason = start, end, reason


@dataclass(frozen=True, slots=True)
class Index:
    """Some entries of a tensor: for each dimension the indices picked, in the order they are shown."""

    ranges: tuple[range, ...]
    fixed: tuple[bool, ...]
    """Dimensions of which a single index was named; they are gone from the result, as in NumPy."""

    @property
    def free(self) -> tuple[int, ...]:
        """The dimensions that are left."""
        return tuple(dim for dim, fixed in enumerate(self.fixed) if not fixed)

    def slices(self) -> tuple[slice, ...]:
        """The same as slices; fixed dimensions keep their one index."""
        return tuple(map(slice_of, self.ranges))

    def text(self, shape: Sequence[int]) -> str:
        """As one would type it: ``[0, :, 3:10]``."""
        pairs = zip(self.ranges, self.fixed, shape, strict=True)
        return f"[{', '.join(str(one.start) if fixed else _slice_text(one, size) for one, fixed, size in pairs)}]"


def whole(shape: Sequence[int]) -> Index:
    """Every entry of a tensor."""
    return Index(tuple(map(range, shape)), (False,) * len(shape))


def slice_of(picked: range) -> slice:
    """The slice that picks just these; falling ones to index 0 need None for their end."""
    if not picked:
        return slice(0, 0)
    if picked.step < 0:
        return slice(picked.start, picked.stop if picked.stop >= 0 else None, picked.step)
    return slice(picked.start, picked.stop, picked.step)


def _slice_text(picked: range, size: int) -> str:
    if picked == range(size):
        return ":"
    if not picked:
        return "0:0"
    start, step = str(picked.start), picked.step
    if step > 0:
        end = "" if picked[-1] + step >= size else str(picked[-1] + 1)
        begin = "" if picked.start == 0 else start
    else:
        end = "" if picked[-1] + step < 0 else str(picked[-1] - 1)
        begin = "" if picked.start == size - 1 else start
    return f"{begin}:{end}" + (f":{step}" if step != 1 else "")


def parse(text: str, shape: Sequence[int]) -> Index:
    """The entries that a typed index picks of a tensor of that shape. Raises BadIndex."""
    items = list(_items(text))
    items = _spread(items, len(shape))
    ranges, fixed = [], []
    for dim, size in enumerate(shape):
        picked, single = _item(*items[dim], dim, size) if dim < len(items) else (range(size), False)
        ranges.append(picked)
        fixed.append(single)
    return Index(tuple(ranges), tuple(fixed))


def parse_place(text: str, shape: Sequence[int]) -> Place:
    """The one entry that is typed: an index a dimension, or one number counted through row by row. Raises BadIndex."""
    items = list(_items(text))
    start, end = _extent(text)
    if len(items) == 1 and len(shape) > 1 and _INT.match(items[0][0]):
        return _unravel(_number(*items[0]), shape, items[0])
    if len(items) != len(shape):
        wanted = f"{plural(len(shape), 'index')}".replace("indexs", "indices")
        raise BadIndex(start, end, f"an entry of this tensor has {wanted}, or one number counted row by row")
    for item in items:
        if not _INT.match(item[0]):
            raise BadIndex(item[1], item[2], "a whole number is expected here")
    return tuple(_at(*item, dim, size) for dim, (item, size) in enumerate(zip(items, shape, strict=True)))


Item = tuple[str, int, int]
"""What stands between two commas, and from where to where."""


def _extent(text: str) -> tuple[int, int]:
    """From the first to the last character that says something."""
    stripped = text.strip()
    start = text.find(stripped) if stripped else 0
    return start, max(start + len(stripped), start + 1)


def _items(text: str) -> Iterator[Item]:
    start, end = _extent(text)
    if len(text) > MAX_TEXT:
        raise BadIndex(MAX_TEXT, len(text), f"an index has at most {MAX_TEXT:,} characters")
    inner = text.strip()
    if inner.startswith("["):
        if not inner.endswith("]") or len(inner) < 2:
            raise BadIndex(start, start + 1, "this bracket is not closed")
        inner, start = inner[1:-1], start + 1
    elif inner.endswith("]"):
        raise BadIndex(end - 1, end, "this bracket was not opened")
    if not inner.strip():
        return
    parts = inner.split(",")
    at = start
    for number, part in enumerate(parts):
        begin, stop = _extent(part)
        if part.strip():
            yield part.strip(), at + begin, at + stop
        elif number < len(parts) - 1:  # one comma at the end is NumPy's, too
            raise BadIndex(max(0, at - 1), at + max(len(part), 1), "something is missing between the commas")
        at += len(part) + 1


def _spread(items: list[Item], rank: int) -> list[Item]:
    """The items with ``...`` replaced by as many ``:`` as there are dimensions without an item."""
    dots = [place for place, item in enumerate(items) if item[0] in ("...", "…")]
    if len(dots) > 1:
        raise BadIndex(items[dots[1]][1], items[dots[1]][2], "… can stand only once")
    if len(items) - len(dots) > rank:
        first = [item for item in items if item[0] not in ("...", "…")][rank]
        raise BadIndex(first[1], items[-1][2], f"too many: the tensor has {plural(rank, 'dimension')}")
    if dots:
        place = dots[0]
        _dots, start, end = items[place]
        items[place : place + 1] = [(":", start, end)] * (rank - len(items) + 1)
    return items


def _item(item: str, start: int, end: int, dim: int, size: int) -> tuple[range, bool]:
    if _INT.match(item):
        at = _at(item, start, end, dim, size)
        return range(at, at + 1), True
    if item in ("None", "newaxis", "np.newaxis"):
        raise BadIndex(start, end, "new axes cannot be made here")
    if ":" not in item:
        raise BadIndex(start, end, "neither a number nor a slice such as 3:10")
    return _slice(item, start, end, size), False


def _slice(item: str, start: int, end: int, size: int) -> range:
    parts, at, numbers = item.split(":"), start, []
    if len(parts) > 3:
        raise BadIndex(start, end, "a slice has at most three numbers, start:stop:step")
    for part in parts:
        begin, stop = _extent(part)
        if part.strip() and not _INT.match(part.strip()):
            raise BadIndex(at + begin, at + stop, "a whole number is expected here")
        numbers.append(_number(part.strip(), at + begin, at + stop) if part.strip() else None)
        at += len(part) + 1
    if len(numbers) == 3 and numbers[2] == 0:
        raise BadIndex(start, end, "a step of 0 leads nowhere")
    return range(*slice(*numbers).indices(size)) if len(numbers) > 1 else range(size)


def _number(item: str, start: int, end: int) -> int:
    if len(item) > _LONGEST:
        raise BadIndex(start, end, "this number is too long")
    try:
        return int(item)
    except ValueError:
        raise BadIndex(start, end, "a whole number is expected here") from None


def _at(item: str, start: int, end: int, dim: int, size: int) -> int:
    """One index of a dimension; negative ones count from the end."""
    number = _number(item, start, end)
    if not -size <= number < size:
        held = "has no entries" if not size else f"goes from 0 to {size - 1}" + (f", or -{size} to -1" if size else "")
        raise BadIndex(start, end, f"dimension {dim} {held}")
    return number % size


def _unravel(number: int, shape: Sequence[int], item: Item) -> Place:
    total = 1
    for size in shape:
        total *= size
    if not -total <= number < total:
        raise BadIndex(item[1], item[2], f"the tensor has {plural(total, 'entry')}, counted from 0")
    number %= total
    place: list[int] = []
    for size in reversed(shape):
        number, at = divmod(number, size)
        place.insert(0, at)
    return tuple(place)
