"""How a checkpoint's bytes are spent: by role, element type and device, and which of them for nothing.

Every stored element counts once. Bytes that several roles use count for the first of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress, repeat
from operator import eq
from typing import NamedTuple, TypeVar

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.nodes.rollups import bytes_in_file
from ckpt_gui.core.overview.nouns import Share, Waste
from ckpt_gui.core.roles import Anatomy, Role
from ckpt_gui.core.text import clip, escape, join_words, path_text, plural, size

Mark = TypeVar("Mark", int, str | None)

MIN_DUPLICATE = 4096
"""Smaller storages of one checksum are mostly zeros and ones, bytes."""
MAX_SHARERS = 20_000
_UNUSUAL = frozenset(["parts", "pieces", "shape", "stride", "offset"])
"""Extras that say a tensor is not one window given by its columns."""


class _Region(NamedTuple):
    """What one tensor uses of one storage."""

    storage: int
    low: int
    high: int
    """First byte, and byte after the last."""
    nbytes: int
    """Bytes of distinct elements between."""

    @property
    def sparse(self) -> bool:
        """Whether there are gaps between its elements."""
        return self.nbytes < self.high - self.low


class _Taken:
    """The bytes of one storage that regions have taken, as runs in order."""

    def __init__(self) -> None:
        self.total = 0
        self._runs: list[tuple[int, int]] = []
        self._seen: set[_Region] = set()

    def add(self, region: _Region) -> int:
        """How many of the region's bytes nobody had taken (an estimate for views with gaps)."""
        if region in self._seen:
            return 0
        self._seen.add(region)
        own = min(region.nbytes, self._free(region))
        if not region.sparse:
            self._take(region.low, region.high)
        self.total += own
        return own

    def _free(self, region: _Region) -> int:
        """Bytes between the region's ends that no run covers."""
        free = region.high - region.low
        place = max(bisect_left(self._runs, (region.low, 0)) - 1, 0)
        while place < len(self._runs) and self._runs[place][0] < region.high:
            low, high = self._runs[place]
            free -= max(0, min(high, region.high) - max(low, region.low))
            place += 1
        return free

    def _take(self, low: int, high: int) -> None:
        begin = bisect_left(self._runs, (low, 0))
        if begin and self._runs[begin - 1][1] >= low:
            begin -= 1
        end = begin
        while end < len(self._runs) and self._runs[end][0] <= high:
            low, high = min(low, self._runs[end][0]), max(high, self._runs[end][1])
            end += 1
        self._runs[begin:end] = [(low, high)]


def _region(storage: int, bits: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> _Region | None:
    """What a window uses; None if it has no element or no storage. An expanded dimension counts once."""
    last, distinct = offset, 1
    for dim, step in zip(shape, stride, strict=True):
        last += max(dim - 1, 0) * step
        distinct *= dim if step or not dim else 1
    if storage < 0 or distinct <= 0:
        return None
    low, high = offset * bits // 8, -(-(last + 1) * bits // 8)
    return _Region(storage, low, high, min(-(-distinct * bits // 8), high - low))


class Usage:
    """Per tensor row: its role, and the elements and bytes that are its own."""

    def __init__(self, checkpoint: Checkpoint, anatomy: Anatomy) -> None:
        self.checkpoint = checkpoint
        tensors, nodes = checkpoint.tensors, checkpoint.nodes
        rows = checkpoint.rows
        self.roles = bytes(map(anatomy.roles.__getitem__, tensors.node[:rows]))
        self.params = [nodes.params[node] for node in tensors.node[:rows]]
        self.nbytes = [0] * rows
        self.used: dict[int, int] = {}
        """Storage → bytes that some tensor uses; storages of one plain tensor included."""
        self.sharers: dict[int, list[int]] = {}
        """Storage → rows, for storages of several rows."""
        self.disk = self.nbytes
        """Bytes that its own elements take in the file."""
        self._density = self._densities()
        self._absent: dict[int, int] = {}
        """Row → bytes of its elements that the file does not hold."""
        self._widths = {number: dtypes.named(checkpoint.texts[number]).bits for number in set(tensors.dtype)}
        self._known: dict[tuple[int, ...], _Region | None] = {}
        self._fill()

    def _densities(self) -> dict[int, float]:
        """Storage → how many bytes one of its bytes takes in the file, where that is not one: cut off, compressed."""
        storages = self.checkpoint.storages
        held = bytes_in_file(storages, [source.nbytes for source in self.checkpoint.sources])
        pairs = enumerate(zip(held, storages.nbytes, strict=True))
        return {storage: kept / whole for storage, (kept, whole) in pairs if kept != whole and whole > 0}

    def _fill(self) -> None:
        tensors = self.checkpoint.tensors
        users = Counter(tensors.storage)
        shared: dict[int, dict[_Region, int]] = {}
        plain, extras = tensors.storage, self.checkpoint.extras
        for tensor in range(self.checkpoint.rows):
            storage = plain[tensor]
            simple = tensor not in extras or _UNUSUAL.isdisjoint(extras[tensor])
            if storage >= 0 and users[storage] == 1 and simple:
                bits = self._widths[tensors.dtype[tensor]]
                self.nbytes[tensor] = self.used[storage] = own = -(-self.params[tensor] * bits // 8)
                if storage in self._density:
                    self._absent[tensor] = own - int(own * self._density[storage])
            elif tensors.problem[tensor] < 0:
                for region in [self._plain(tensor)] if simple else self._regions(tensor):
                    if region is not None:
                        self._claim(shared.setdefault(region.storage, {}), region, tensor)
        for storage, regions in shared.items():
            self._share(storage, regions)
        if self._absent:
            self.disk = [stored - self._absent.get(tensor, 0) for tensor, stored in enumerate(self.nbytes)]
        self._known.clear()

    def _claim(self, owners: dict[_Region, int], region: _Region, tensor: int) -> None:
        """Note a use of a region; of equal uses only the first of the earliest role counts."""
        rows = self.sharers.setdefault(region.storage, [])
        if not rows or rows[-1] != tensor:
            rows.append(tensor)
        owner = owners.setdefault(region, tensor)
        if owner != tensor:
            loser = tensor
            if self.roles[tensor] < self.roles[owner]:
                owners[region], loser = tensor, owner
            self.params[loser] = 0

    def _plain(self, tensor: int) -> _Region | None:
        """The region of a tensor that is one window given by its columns; None if it has no element or storage."""
        t = self.checkpoint.tensors
        at, rank = t.sizes_at[tensor], t.rank[tensor]
        mark = (t.storage[tensor], t.dtype[tensor], t.offset[tensor], *t.sizes[at : at + 2 * rank])
        if mark not in self._known:
            shape, stride = mark[3 : 3 + rank], mark[3 + rank :]
            bits = self._widths[t.dtype[tensor]]
            self._known[mark] = _region(t.storage[tensor], bits, t.offset[tensor], shape, stride)
        return self._known[mark]

    def _regions(self, tensor: int) -> Iterator[_Region]:
        for _, part in self.checkpoint.tensor(tensor).parts[:64]:
            yield from self._regions_of(part)
        yield from self._regions_of(tensor)

    def _regions_of(self, tensor: int) -> Iterator[_Region]:
        info = self.checkpoint.tensor(tensor)
        bits = dtypes.named(info.dtype).bits
        for piece in info.pieces:
            if piece.storage >= 0 and len(piece.shape) == len(piece.stride):
                region = _region(piece.storage, bits, piece.offset, piece.shape, piece.stride)
                if region is not None:
                    yield region

    def _share(self, storage: int, owners: dict[_Region, int]) -> None:
        """Give each row of a shared storage what rows of earlier roles have not taken."""
        if len(self.sharers[storage]) < 2:
            del self.sharers[storage]
        regions = [(tensor, region) for region, tensor in owners.items()]
        taken = _Taken()
        # Earlier roles first; whole runs before views with gaps, which can only be estimated against them.
        regions.sort(key=lambda item: (self.roles[item[0]], item[1].sparse, item[1].low, item[0]))
        for tensor, region in regions:
            own = taken.add(region)
            if own < region.nbytes:
                self.params[tensor] = self.params[tensor] * own // region.nbytes
            self.nbytes[tensor] += own
            if storage in self._density:
                self._absent[tensor] = self._absent.get(tensor, 0) + own - int(own * self._density[storage])
        self.used[storage] = taken.total

    def by_role(self) -> tuple[Share, ...]:
        """Roles that hold tensors, in their order."""
        found = self._sum(self.roles)
        return tuple(self._share_of(Role(role).name, *found[role]) for role in sorted(found))

    def by_dtype(self) -> tuple[Share, ...]:
        """Element types, the largest first."""
        found = self._sum(self.checkpoint.tensors.dtype)
        shares = [self._share_of(self.checkpoint.texts[number], *sums) for number, sums in found.items()]
        return tuple(sorted(shares, key=lambda share: -share.nbytes))

    def by_device(self) -> tuple[Share, ...]:
        """Device tags, the largest first; empty where the format has none."""
        found = self._sum(self._devices())
        shares = [self._share_of(tag, *sums) for tag, sums in found.items() if tag is not None]
        return tuple(sorted(shares, key=lambda share: -share.nbytes))

    def _devices(self) -> list[str | None]:
        """The tag of each row."""
        checkpoint = self.checkpoint
        tags = [checkpoint.texts[number] if number >= 0 else None for number in checkpoint.storages.device]
        tags.append(None)  # storage -1
        found = [tags[storage] for storage in checkpoint.tensors.storage[: checkpoint.rows]]
        for tensor, extra in checkpoint.extras.items():
            if "device" in extra and tensor < checkpoint.rows:
                found[tensor] = checkpoint.device(tensor)
        return found

    def _sum(self, marks: Sequence[Mark]) -> dict[Mark, tuple[int, int, int, int]]:
        """Mark → rows, elements, bytes, and bytes in the file."""
        rows = self.checkpoint.rows
        distinct = dict.fromkeys(marks[:rows])
        if len(distinct) > 30:
            return self._sum_many(marks[:rows])
        found = {}
        for mark in distinct:
            # Chosen and added by C loops: there may be half a million rows.
            chosen = list(map(eq, marks[:rows], repeat(mark)))
            columns = (self.params, self.nbytes, self.disk)
            params, nbytes, disk = (sum(compress(column, chosen)) for column in columns)
            found[mark] = (sum(chosen), params, nbytes, disk)
        return found

    def _sum_many(self, marks: Sequence[Mark]) -> dict[Mark, tuple[int, int, int, int]]:
        found: dict[Mark, tuple[int, int, int, int]] = {}
        for mark, elements, own, held in zip(marks, self.params, self.nbytes, self.disk, strict=True):
            rows, params, nbytes, disk = found.get(mark, (0, 0, 0, 0))
            found[mark] = rows + 1, params + elements, nbytes + own, disk + held
        return found

    def _share_of(self, name: str, tensors: int, params: int, nbytes: int, disk: int) -> Share:
        whole = self.checkpoint.nbytes
        return Share(escape(name), tensors, params, nbytes, min(disk / whole, 1.0) if whole > 0 else 0.0)

    def storages(self) -> Iterator[Waste]:
        """Storages with bytes no tensor uses, those written twice, and those that several tensors share."""
        yield from self._over_wide()
        yield from self._duplicates()
        for storage, rows in self.sharers.items():
            if storage in self.used:
                yield self._shared(storage, rows)

    def _over_wide(self) -> Iterator[Waste]:
        total, some = self.checkpoint.storages.nbytes, self._some_row()
        for storage, used in self.used.items():
            wasted = total[storage] - used
            if wasted > 0 and storage in some and self._density.get(storage, 1):
                name = self._name(some[storage])
                text = f"{name} uses {size(used)} of a storage of {size(total[storage])}"
                if storage in self.sharers:
                    text = f"{name} and others use {size(used)} of a storage of {size(total[storage])}"
                yield Waste("over-wide", text, self.checkpoint.tensors.node[some[storage]], wasted)

    def _some_row(self) -> dict[int, int]:
        """Storage → the first row that uses it."""
        rows = self.checkpoint.rows
        storage = self.checkpoint.tensors.storage
        found = {storage[tensor]: tensor for tensor in range(rows - 1, -1, -1)}
        for tensor, extra in self.checkpoint.extras.items():
            for _, part in extra.get("parts", ()):
                if tensor < rows:
                    found.setdefault(storage[part], tensor)
        return found

    def _duplicates(self) -> Iterator[Waste]:
        """Storages of equal size and checksum, where the file's checksums mean something."""
        columns = self.checkpoint.storages
        groups: dict[tuple[int, int], list[int]] = {}
        for storage, mark in enumerate(zip(columns.crc, columns.nbytes, strict=True)):
            if mark[0] > 0 and mark[1] >= MIN_DUPLICATE:
                groups.setdefault(mark, []).append(storage)
        if len({crc for crc, _ in groups}) < len(groups):
            return  # One checksum for different sizes: they were not computed from the data.
        some = self._some_row()
        for (_, nbytes), storages in groups.items():
            rows = [some[storage] for storage in storages if storage in some]
            if len(rows) > 1:
                names = self.names(rows, 2)
                text = f"{names}: {size(nbytes)} each, with the same checksum"
                yield Waste("duplicate", text, self.checkpoint.tensors.node[rows[1]], nbytes * (len(rows) - 1))

    def _shared(self, storage: int, rows: list[int]) -> Waste:
        tensors = self.checkpoint.tensors
        logical = sum(tensors.nbytes[row] for row in rows[:MAX_SHARERS])
        names = self.names(rows, 2)
        text = f"{names} share a storage of {size(self.checkpoint.storages.nbytes[storage])}"
        return Waste("shared", text, tensors.node[rows[0]], max(logical - self.used[storage], 0))

    def _name(self, tensor: int) -> str:
        return clip(escape(path_text(self.checkpoint.path_of(self.checkpoint.tensors.node[tensor]))), 120)

    def tied(self) -> list[list[int]]:
        """Groups of rows that are the same bytes in the same shape."""
        tensors, found = self.checkpoint.tensors, []
        for rows in self.sharers.values():
            alike: dict[tuple[object, ...], list[int]] = {}
            for row in rows[:MAX_SHARERS]:
                alike.setdefault((tensors.offset[row], tensors.numel[row], self.checkpoint.shape(row)), []).append(row)
            found += [group for group in alike.values() if len(group) > 1]
        return found

    def names(self, rows: list[int], limit: int = 3) -> str:
        """The first few paths of these rows, and how many more; only those few are put together."""
        listed = list(map(self._name, rows[:limit]))
        if len(rows) > limit:
            return ", ".join(listed) + f" and {len(rows) - limit:,} more"
        return join_words(listed)

    def unlisted(self) -> int:
        """Rows that a module's state_dict would not name."""
        attribute = int(Flag.NOT_IN_STATE_DICT)
        return sum(1 for one in self.checkpoint.tensors.flags[: self.checkpoint.rows] if one & attribute)

    def params_of(self, role: Role) -> int:
        """Elements of that role."""
        return sum(params for one, params in zip(self.roles, self.params, strict=True) if one == role)

    def count(self, role: Role) -> str:
        """``148 tensors`` of that role."""
        return plural(self.roles.count(role), "tensor")
