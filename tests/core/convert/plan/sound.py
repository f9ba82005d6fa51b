"""What must be true of any plan."""

from __future__ import annotations

from collections import Counter

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Item, Plan, Record
from ckpt_gui.core.info import value_nodes
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.wire import Opened


def assert_sound(plan: Plan, opened: Opened) -> None:
    """Everything of the source is in one place of the plan, names are unique, records hold their tensors."""
    checkpoint = opened.checkpoint
    _assert_complete(plan, checkpoint)
    targets = Counter(item.target for item in plan.items)
    assert not [target for target, times in targets.items() if times > 1]
    keys = Counter(record.key for record in plan.records)
    assert max(keys.values(), default=1) == 1
    for record in plan.records:
        _assert_record(record, plan, checkpoint)
    for item in plan.items:
        _assert_item(item, plan, checkpoint)
    assert sorted(place for shard in plan.shards for place in shard) == (
        list(range(len(plan.records))) if plan.shards else []
    )
    assert all(warning and "\n" not in warning for warning in plan.warnings)
    assert len(set(plan.warnings)) == len(plan.warnings)
    assert plan.nbytes_after >= sum(record.nbytes for record in plan.records)


def _assert_complete(plan: Plan, checkpoint: Checkpoint) -> None:
    tensor = checkpoint.nodes.tensor
    kept = [item.tensor for item in plan.items]
    dropped = [tensor[one.node] for one in plan.dropped if tensor[one.node] >= 0]
    assert sorted([*kept, *dropped, *plan.aliased]) == list(range(checkpoint.rows))
    assert len(plan.aliased) == len(plan.aliases)
    assert {kept for _, kept in plan.aliases} <= {name for item in plan.items for name in item.target}
    values = [one.node for one in plan.dropped if tensor[one.node] < 0]
    assert len(set(values)) == len(values)
    assert set(values) <= set(value_nodes(checkpoint))
    assert all(one.path == checkpoint.path_of(one.node) and one.why for one in plan.dropped)
    assert all(item.path == checkpoint.path_of(checkpoint.tensors.node[item.tensor]) for item in plan.items)


def _assert_record(record: Record, plan: Plan, checkpoint: Checkpoint) -> None:
    assert min(record.numel, record.start) >= 0
    if record.storage >= 0:
        assert record.tensor < 0
        width = dtypes.named(record.source_dtype).stored_bits
        assert record.start + record.numel * width // 8 <= checkpoint.storages.nbytes[record.storage]
    elif record.tensor >= 0:
        assert record.numel == checkpoint.tensors.numel[record.tensor]
    else:
        assert record.nbytes == 0
    if record.dtype != record.source_dtype:
        assert record.nbytes == dtypes.nbytes(record.dtype, record.numel)
    assert (record.device is None) == (plan.target_format == "safetensors")


def _assert_item(item: Item, plan: Plan, checkpoint: Checkpoint) -> None:
    assert item.shape == checkpoint.shape(item.tensor)
    if item.record < 0:
        return
    record = plan.records[item.record]
    if item.tensor not in checkpoint.extras:
        assert item.device == record.device
    width = dtypes.named(item.dtype)
    assert item.stride is not None
    assert item.offset >= 0
    last = item.offset + sum((size - 1) * step for size, step in zip(item.shape, item.stride, strict=True))
    if 0 not in item.shape and width.packed == 1:
        assert (last + 1) * width.bits <= record.nbytes * 8
