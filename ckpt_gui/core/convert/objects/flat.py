"""One mapping from names to tensors, made from the index: what ``torch.load(weights_only=True)`` always takes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.convert.nouns import Item, Plan, Record
from ckpt_gui.core.convert.objects.calls import CLASSES, UTILS, Calls
from ckpt_gui.core.convert.objects.storages import source_nbytes
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.model import Checkpoint, TensorInfo
from ckpt_gui.core.pickles.graph import Dict, Made
from ckpt_gui.core.text import escape, path_text

_LAYOUTS = {
    "sparse_coo": ("indices", "values"),
    "sparse_csr": ("crow_indices", "col_indices", "values"), "sparse_bsr": ("crow_indices", "col_indices", "values"),
    "sparse_csc": ("ccol_indices", "row_indices", "values"), "sparse_bsc": ("ccol_indices", "row_indices", "values"),
}  # fmt: skip
_NESTED = ("buffer", "sizes", "strides", "offsets")


def flat(checkpoint: Checkpoint, plan: Plan, metadata: Made | None, calls: Calls) -> Made:
    """The OrderedDict of ``plan.items``; ``metadata`` are a state_dict's ``_metadata``.

    Raises ConvertError for a tensor that weights_only has no words for.
    """
    builder = _Builder(checkpoint, plan, calls)
    root = calls.ordered([(str(item.target[0]), builder.item(item)) for item in plan.items])
    if metadata is not None:
        state = Dict()
        state.items = [("_metadata", metadata)]
        root.step("state", state)
    return root


class _Builder:
    def __init__(self, checkpoint: Checkpoint, plan: Plan, calls: Calls) -> None:
        self.checkpoint = checkpoint
        self.plan = plan
        self.calls = calls
        self.ranges: dict[int, list[int]] = defaultdict(list)
        """Storage of the source → records of it."""
        for place, record in enumerate(plan.records):
            self.ranges[record.storage].append(place)
        self.types: dict[int, set[str]] = defaultdict(set)
        """Record → element types of the items in it."""
        for item in plan.items:
            if item.record >= 0 and item.stride is not None:
                self.types[item.record].add(item.dtype)
        self._plain: dict[int, bool] = {}

    def item(self, item: Item) -> Made:
        """One tensor."""
        tensors, number = self.checkpoint.tensors, item.tensor
        flags = Flag(tensors.flags[number])
        grad = bool(flags & Flag.REQUIRES_GRAD) and self._keeps_grad(tensors.node[number])
        grad = grad and dtypes.named(item.dtype).kind in ("float", "complex")
        made = self._tensor(item, flags, grad)
        if flags & Flag.PARAMETER and self._keeps_grad(tensors.node[number]):
            made = self.calls.call(UTILS, "_rebuild_parameter", made, grad, self.calls.hooks())
        return made

    def _keeps_grad(self, node: int) -> bool:
        """Whether it lies in a plain mapping or sequence: a module's ``state_dict()`` gives tensors without."""
        nodes, node = self.checkpoint.nodes, self.checkpoint.nodes.parent[node]
        while node > 0 and nodes.kind[node] == Kind.GROUP:
            node = nodes.parent[node]
        return node < 0 or nodes.kind[node] in (Kind.MAPPING, Kind.SEQUENCE)

    def _tensor(self, item: Item, flags: Flag, grad: bool) -> Made:
        made = item.record >= 0 and self.plan.records[item.record].tensor >= 0
        if item.tensor not in self.checkpoint.extras or made:
            if item.record < 0 or item.stride is None:
                raise self._refused(item)
            conj, neg = (not made and bool(flags & flag) for flag in (Flag.CONJ, Flag.NEG))
            return self._strided(item.record, item.offset, item.shape, item.stride, item.dtype, grad, conj, neg)
        info = self.checkpoint.tensor(item.tensor)
        if info.quantizer is not None:
            return self._quantized(item, info, grad)
        if info.layout in _LAYOUTS:
            return self._sparse(item, info)
        if info.layout == "nested" and not self.calls.legacy and {name for name, _ in info.parts} >= set(_NESTED):
            parts = dict(info.parts)
            return self.calls.call(
                UTILS, "_rebuild_nested_tensor", *(self._part(item, parts[name]) for name in _NESTED)
            )
        if item.record < 0 and not info.parts and item.device == "meta":
            dtype = self.calls.name("torch", item.dtype)
            stride = info.stride if item.stride is None else item.stride
            return self.calls.call(UTILS, "_rebuild_meta_tensor_no_storage", dtype, item.shape, stride or (), grad)
        if item.record < 0 or item.stride is None:
            raise self._refused(item)
        conj, neg = bool(flags & Flag.CONJ), bool(flags & Flag.NEG)
        return self._strided(item.record, item.offset, item.shape, item.stride, item.dtype, grad, conj, neg)

    def _strided(
        self,
        record: int,
        offset: int,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        dtype: str,
        grad: bool = False,
        conj: bool = False,
        neg: bool = False,
    ) -> Made:
        typed = dtype in CLASSES and dtype == self.plan.records[record].dtype and len(self.types[record] | {dtype}) == 1
        storage = self.calls.storage(self.plan.records[record], typed)
        untyped = None if typed else dtype
        return self.calls.tensor(
            storage, offset, shape, stride, untyped=untyped, requires_grad=grad and typed, conj=conj, neg=neg
        )

    def _quantized(self, item: Item, info: TensorInfo, grad: bool) -> Made:
        quantizer, parts, calls = info.quantizer or {}, dict(info.parts), self.calls
        scheme = calls.name("torch", str(quantizer.get("scheme")))
        params: tuple[Any, ...]
        if {"scales", "zero_points"} <= parts.keys():
            scales, zeros = (self._part(item, parts[name]) for name in ("scales", "zero_points"))
            params = (scheme, scales, zeros, quantizer.get("axis", 0))
        else:
            params = (scheme, quantizer.get("scale"), quantizer.get("zero_point"))
        if item.record < 0 or item.stride is None or None in params[1:3]:
            raise self._refused(item)
        storage = calls.storage(self.plan.records[item.record], True)
        return calls.call(
            UTILS, "_rebuild_qtensor", storage, item.offset, item.shape, item.stride, params, grad, calls.hooks()
        )

    def _sparse(self, item: Item, info: TensorInfo) -> Made:
        parts, names, calls = dict(info.parts), _LAYOUTS[info.layout], self.calls
        if not parts.keys() >= set(names):
            raise self._refused(item)
        layout = calls.call("torch.serialization", "_get_layout", calls.text(f"torch.{info.layout}"))
        size = calls.call("torch", "Size", info.shape)
        # Of sparse_coo a fourth item may say that it is coalesced; without it torch takes it that it is not.
        data = (*(self._part(item, parts[name]) for name in names), size)
        return calls.call(UTILS, "_rebuild_sparse_tensor", layout, data)

    def _part(self, item: Item, number: int) -> Made:
        """A tensor that another is made of."""
        info = self.checkpoint.tensor(number)
        place = self._record_of(info)
        if place < 0 or info.stride is None or info.offset is None or info.layout != "strided" or info.quantizer:
            raise self._refused(item)
        record = self.plan.records[place]
        dtype = record.dtype if record.dtype != record.source_dtype else info.dtype
        offset = info.offset - record.start * 8 // max(1, dtypes.named(info.dtype).stored_bits)
        conj, neg = bool(info.flags & Flag.CONJ), bool(info.flags & Flag.NEG)
        return self._strided(place, max(0, offset), info.shape, info.stride, dtype, False, conj, neg)

    def _record_of(self, part: TensorInfo) -> int:
        """The record that holds a part; -1 where there is none."""
        begin = (part.offset or 0) * dtypes.named(part.dtype).stored_bits // 8
        for place in self.ranges.get(part.storage, ()) if part.storage >= 0 else ():
            record: Record = self.plan.records[place]
            if record.start <= begin <= record.start + source_nbytes(record):
                return place
        return -1

    def _refused(self, item: Item) -> ConvertError:
        shown = escape(path_text(item.path))[:200]
        return ConvertError(f"{shown} is of a kind that torch.load(weights_only=True) does not take here")
