"""The bytes that go into a result, beside torch's own of the same tensor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.convert.contents import GATHERED, NBYTES, chunks
from ckpt_gui.core.convert.nouns import Plan, Record
from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import numbers, quiet, save
from tests.builders.registry import some
from tests.core.convert.plans import each, untouched
from tests.core.tensors.truth import bits, deflated, opened, saved

SMALL = 96
"""Bytes at a time, so that a few elements make many chunks."""


def bytes_of(reading: Reading, record: Record, nbytes: int = SMALL) -> bytes:
    """All chunks, each looked at when the next is there already."""
    made, before = [], None
    for chunk in chunks(reading, record, nbytes):
        if before is not None:
            made.append(before.tobytes())
        before = chunk
    made += [before.tobytes()] if before is not None else []
    assert sum(map(len, made)) == record.nbytes
    return b"".join(made)


def raw(tensor: torch.Tensor) -> bytes:
    """torch's own bytes of a tensor in C order, views resolved."""
    patterns = bits(tensor)
    if tensor.dtype == torch.float4_e2m1fn_x2:
        patterns = patterns[..., 0::2] | patterns[..., 1::2] << 4
    return bytes(patterns.tobytes())


def record_of(plan: Plan, key: str) -> Record:
    return next(record for record in plan.records if record.key == key)


@pytest.mark.parametrize("group", ["torch-dtype/", "torch-view/", "torch-class/"])
def test_each_tensor_in_c_order_is_what_torch_has(group: str, tmp_path: Path) -> None:
    for name in some([name for name in CASES if name.startswith(group)], 5):
        folder = tmp_path / name.replace("/", "-")
        folder.mkdir()
        path = CASES[name](folder)
        checkpoint = opened(path)
        plan = each(checkpoint)
        loaded = _loaded(path)
        with Reading(checkpoint) as reading:
            for record in plan.records:
                tensor = loaded.get(record.key)
                if isinstance(tensor, torch.Tensor) and _plain(tensor) and not _troubled(reading, record):
                    assert bytes_of(reading, record) == raw(tensor), (name, record.key)


def _loaded(path: Path) -> dict[str, Any]:
    with quiet():
        held = torch.load(path, weights_only=False)
    return {str(key): value for key, value in held.items()} if isinstance(held, dict) else {"": held}


def _troubled(reading: Reading, record: Record) -> bool:
    return bool(reading.why_not(record.tensor) or reading.form(record.tensor).of)


def _plain(tensor: torch.Tensor) -> bool:
    return tensor.layout == torch.strided and not tensor.is_nested and tensor.device.type != "meta"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_view_is_made_contiguous(data: st.DataObject, tmp_path: Path) -> None:
    base = torch.arange(4000, dtype=torch.int16)
    shape = data.draw(st.lists(st.integers(1, 7), min_size=0, max_size=4))
    stride = [data.draw(st.integers(0, 90)) for _ in shape]
    view = base.as_strided(shape, stride, data.draw(st.integers(0, 200)))
    checkpoint = saved(tmp_path / "v.pt", {"v": view})
    with Reading(checkpoint) as reading:
        record = record_of(each(checkpoint), "v")
        assert bytes_of(reading, record, data.draw(st.sampled_from([1, 48, 96, 480, NBYTES]))) == raw(view)


def test_a_large_transposed_matrix_in_little_pieces(tmp_path: Path) -> None:
    view = numbers(700, 900).t()
    checkpoint = saved(tmp_path / "v.pt", {"v": view, "w": view[::2, 3:]})
    with Reading(checkpoint) as reading:
        for key, tensor in (("v", view), ("w", view[::2, 3:])):
            assert bytes_of(reading, record_of(each(checkpoint), key), 48_000) == raw(tensor)


@pytest.mark.parametrize("packed", [False, True])
def test_a_range_of_a_storage(packed: bool, tmp_path: Path) -> None:
    tensor = torch.arange(5000)
    path = save({"w": tensor}, tmp_path / "w.pt")
    checkpoint = opened(deflated(path) if packed else path)
    whole = untouched(checkpoint).records[0]
    with Reading(checkpoint) as reading:
        assert bytes_of(reading, whole, 999) == raw(tensor)
        part = replace(whole, start=800, numel=4000, nbytes=4000)
        assert bytes_of(reading, part, 999) == raw(tensor)[800:4800]


@pytest.mark.parametrize("packed", [False, True])
def test_big_endian_bytes_are_swapped_unless_they_stay_so(packed: bool, tmp_path: Path) -> None:
    path = CASES["torch-zip/big_endian"](tmp_path)
    checkpoint = opened(deflated(path) if packed else path)
    loaded = torch.load(path)
    plan = each(checkpoint)
    with Reading(checkpoint) as reading:
        for record in plan.records:
            tensor = loaded[record.key]
            little = raw(tensor)
            width = tensor.dtype.itemsize // (2 if tensor.is_complex() else 1)
            swapped = np.frombuffer(little, f"u{width}").byteswap().tobytes() if little else b""
            assert bytes_of(reading, record, 48) == little
            assert bytes_of(reading, replace(record, big_endian=True), 48) == swapped


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    path = save({"w": numbers(3000), "m": torch.empty(3, device="meta")}, tmp_path / "w.pt")
    checkpoint = opened(path)
    (whole,) = untouched(checkpoint).records
    with Reading(checkpoint) as reading:
        with pytest.raises(ReadError, match="ends too early, after 12,000 of 16,000 bytes"):
            bytes_of(reading, replace(whole, nbytes=16_000, numel=16_000))
        with pytest.raises(NoValues, match="meta device"):
            bytes_of(reading, replace(whole, tensor=1))
        running = chunks(reading, whole, SMALL)
        next(running)
        path.write_bytes(path.read_bytes() + b"more")
        with pytest.raises(ReadError, match="has changed"):
            list(running)


def test_memory_stays_bounded(tmp_path: Path) -> None:
    checkpoint = _huge(tmp_path)
    with Reading(checkpoint) as reading:
        (record,) = each(checkpoint).records
        lengths = {len(chunk) for chunk, _ in zip(chunks(reading, record), range(3), strict=False)}
    assert max(lengths) <= GATHERED * NBYTES


def _huge(folder: Path) -> Checkpoint:
    with torch.serialization.skip_data():
        torch.save({"w": torch.empty(4_000, 25_000).t()}, folder / "w.pt")
    return opened(folder / "w.pt")
