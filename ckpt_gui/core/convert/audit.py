"""What casting does to the values of each tensor, found before anything is written, by the cast that will write it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ckpt_gui.core import dtypes, text
from ckpt_gui.core.convert.cast import Caster, caster
from ckpt_gui.core.convert.nouns import Item, Plan
from ckpt_gui.core.kernels.casting import Loss
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.places import Places
from ckpt_gui.core.stats.summarize import in_any_order
from ckpt_gui.core.tensors import Reading

Index = tuple[int, ...]

BLOCK = 1 << 20
"""Bytes read at once."""
SHARE = 32 << 20
"""Bytes that one task takes."""
BATCH = 1 << 20
"""Bytes of small tensors that one task takes."""
MOST_IN_BATCH = 64


@dataclass(frozen=True, slots=True)
class CastAudit:
    """What one tensor loses. Of complex numbers real and imaginary parts are counted, each by itself.

    Errors are over values that are finite before and after the cast: what overflows is not among them.
    """

    tensor: int
    """Tensor id in the source."""
    path: text.Path
    """In the source."""
    source_dtype: str
    dtype: str
    numel: int
    """Elements."""
    overflow: int
    """Finite values beyond the range: they become ±Inf, NaN, the greatest number, or an integer wrapped around."""
    largest: float | None
    """Greatest magnitude among those."""
    underflow: int
    """Values other than 0 that become 0."""
    subnormal: int
    """Results below the least normal number: fewer digits are kept of them."""
    nan: int
    """NaN in the source."""
    infinite: int
    """±Inf in the source that do not stay what they are."""
    max_abs: float | None
    """Greatest |error|; None where no value stays finite."""
    mean_abs: float | None
    max_rel: float | None
    """Greatest |error| / |value| of those that do not become 0."""
    where: Index | None
    """Where the greatest error is (of several, the first that was met); None where nothing changes."""

    @property
    def exact(self) -> bool:
        """Does every value stay what it is?"""
        return not (self.overflow or self.infinite or self.underflow or self.max_abs or self._lost_nan)

    @property
    def harmful(self) -> bool:
        """Is something lost that rounding does not explain?"""
        return bool(self.overflow or self.infinite or self._lost_nan)

    @property
    def words(self) -> str:
        """In a sentence: ``3 values overflow to Inf (largest 70,144); greatest error 0.0019 at [0, 3], …``."""
        if dtypes.named(self.dtype).kind == "bool":
            return "every value other than 0 becomes True"
        return "; ".join(self._parts()) or ("every value stays what it is" if self.numel else "empty")

    @property
    def _lost_nan(self) -> int:
        return self.nan if dtypes.named(self.dtype).kind in ("int", "uint") else 0

    def _parts(self) -> Iterator[str]:
        what, whole = _beyond(self.dtype), dtypes.named(self.dtype).kind in ("int", "uint")
        if self.overflow:
            verb = ("does" if self.overflow == 1 else "do") + f" not fit in {self.dtype}"
            if not whole:
                verb = f"{'overflows' if self.overflow == 1 else 'overflow'} to {what}"
            yield f"{text.plural(self.overflow, 'value')} {verb} (largest {number(self.largest)})"
        if self.infinite:
            yield f"{self.infinite:,} ±Inf {'cannot be held' if whole else f'become {what}'}"
        if self._lost_nan:
            yield f"{self.nan:,} NaN cannot be held"
        if self.underflow:
            yield f"{text.plural(self.underflow, 'value')} {'underflows' if self.underflow == 1 else 'underflow'} to 0"
        if self.subnormal:
            yield f"{text.plural(self.subnormal, 'result')} {'is' if self.subnormal == 1 else 'are'} subnormal"
        if self.max_abs:
            at = f" at [{', '.join(map(str, self.where))}]" if self.where else ""
            relative = f", greatest relative error {100 * self.max_rel:.3g} %" if self.max_rel else ""
            yield f"greatest error {number(self.max_abs)}{at}, mean {number(self.mean_abs)}{relative}"


def _beyond(dtype: str) -> str:
    """What values out of range become."""
    if dtype == "float8_e4m3fn":
        return "±448"
    return "NaN" if dtype.endswith(("fnuz", "fnu")) else "Inf"


def number(value: float | None) -> str:
    """A magnitude as people write it, to three or four digits: ``70,144``, ``0.00195``, ``3.4e+38``."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if 1000 <= value < 1e9 else f"{value:.3g}"


def total(audits: Sequence[CastAudit]) -> str:
    """All of them in a sentence."""
    counted = sum(one.numel for one in audits)
    said = [f"{text.plural(len(audits), 'tensor')} of {text.plural(counted, 'value')} cast"]
    for name, verb in (("overflow", "out of range"), ("infinite", "±Inf lost"), ("underflow", "underflow to 0")):
        if found := [one for one in audits if getattr(one, name)]:
            count = sum(getattr(one, name) for one in found)
            said.append(f"{count:,} {verb} in {text.plural(len(found), 'tensor')}")
    if audits and all(one.exact for one in audits):
        return f"{said[0]}: every value stays what it is"
    if worst := max((one for one in audits if one.max_abs), key=lambda one: one.max_abs or 0.0, default=None):
        where = text.escape(text.path_text(worst.path))
        said.append(f"greatest error {number(worst.max_abs)} (in {where})")
        sums = [(one.mean_abs * one.numel, one.numel) for one in audits if one.mean_abs is not None]
        said.append(f"mean {number(math.fsum(one for one, _ in sums) / max(sum(n for _, n in sums), 1))}")
    return said[0] + (": " + ", ".join(said[1:]) if said[1:] else "")


def audit(
    checkpoint: Checkpoint, plan: Plan, report: Report = SILENT, executor: Executor | None = None, workers: int = 4
) -> tuple[CastAudit, ...]:
    """What the plan's casts do to each tensor whose type changes, in the plan's order.

    Reads each tensor once, in blocks; tensors that show the same values only once. Raises ReadError where one cannot
    be read, ConvertError for a cast without a meaning, and what ``report`` raises to stop it.
    """
    with Reading(checkpoint) as reading:
        wanted = [item for item in plan.items if _is_cast(reading, item)]
        first: dict[Hashable, Item] = {}
        for item in wanted:
            first.setdefault(_same(checkpoint, item), item)
        works = list(_works(reading, list(first.values())))
        found: dict[Hashable, _Found] = {}
        nbytes, done = sum(work.nbytes for work in works), 0
        calls = (partial(_measure, reading, work) for work in works)
        for at, shares in in_any_order(calls, executor if len(works) > 1 else None, workers):
            done += works[at].nbytes
            report.at(done, nbytes, "bytes")
            for item, share in zip(works[at].items, shares, strict=True):
                found.setdefault(_same(checkpoint, item), _Found()).shares[works[at].part[0]] = share
        return tuple(found[_same(checkpoint, item)].told(reading, item) for item in wanted)


def _is_cast(reading: Reading, item: Item) -> bool:
    return item.dtype != item.source_dtype and item.record >= 0 and not reading.why_not(item.tensor)


def _same(checkpoint: Checkpoint, item: Item) -> Hashable:
    """Equal for items of which the same is to be told."""
    return checkpoint.window(item.tensor), item.source_dtype, item.dtype


@dataclass(frozen=True, slots=True)
class _Work:
    """What one task does: several small tensors, or one share of a large one."""

    items: tuple[Item, ...]
    nbytes: int
    part: tuple[int, int] = (0, 1)


@dataclass(frozen=True, slots=True)
class _Share:
    loss: Loss
    where: Index | None


@dataclass(slots=True)
class _Found:
    """The shares of one tensor."""

    shares: dict[int, _Share] = field(default_factory=dict)

    def told(self, reading: Reading, item: Item) -> CastAudit:
        """All shares as one."""
        loss, where = Loss(), None
        for at in sorted(self.shares):
            share = self.shares[at]
            where = share.where if share.loss.max > loss.max else where
            loss.add(share.loss)
        form = reading.form(item.tensor)
        times = form.multiplicity
        return CastAudit(
            item.tensor, item.path, item.source_dtype, item.dtype, form.elements * times,
            overflow=loss.overflow * times, largest=loss.largest if loss.overflow else None,
            underflow=loss.underflow * times, subnormal=loss.subnormal * times, nan=loss.nan * times,
            infinite=loss.infinite * times, max_abs=loss.max if loss.finite else None,
            mean_abs=loss.sum / loss.finite if loss.finite else None,
            max_rel=loss.relative if loss.finite else None, where=where,
        )  # fmt: skip


def _works(reading: Reading, items: Sequence[Item]) -> Iterator[_Work]:
    """The work in the order given; neighbours that are small go together."""
    batch: list[Item] = []
    held = 0
    for item in items:
        form = reading.form(item.tensor)
        nbytes = form.elements * form.pattern.itemsize * form.parts
        if nbytes > BATCH:
            parts = -(-nbytes // SHARE)
            yield from (_Work((item,), nbytes // parts, (part, parts)) for part in range(parts))
            continue
        if batch and (held + nbytes > BATCH or len(batch) == MOST_IN_BATCH):
            yield _Work(tuple(batch), held)
            batch, held = [], 0
        batch.append(item)
        held += nbytes
    if batch:
        yield _Work(tuple(batch), held)


def _measure(reading: Reading, work: _Work) -> list[_Share]:
    plain = reading.plain_patterns([item.tensor for item in work.items]) if work.part == (0, 1) else {}
    shares = []
    for item in work.items:
        cast = caster(item.source_dtype, item.dtype)
        if item.tensor in plain:
            loss = Loss()
            cast.convert(plain[item.tensor].view(np.uint8), loss)
            where = _index(loss.at_max, reading.form(item.tensor).shape)
            shares.append(_Share(loss, where))
        else:
            shares.append(_by_boxes(reading, item, cast, work.part))
    return shares


def _by_boxes(reading: Reading, item: Item, cast: Caster, part: tuple[int, int]) -> _Share:
    form = reading.form(item.tensor)
    loss, places = Loss(), Places(len(form.shape))
    for box in reading.boxes(item.tensor, BLOCK, part):
        places.add(box)
        cast.convert(np.ascontiguousarray(box.array.transpose(box.order)).reshape(-1).view(np.uint8), loss)
    return _Share(loss, places.index(loss.at_max // form.parts if loss.at_max >= 0 else -1))


def _index(place: int, shape: tuple[int, ...]) -> Index | None:
    return tuple(int(at) for at in np.unravel_index(place, shape)) if place >= 0 else None
