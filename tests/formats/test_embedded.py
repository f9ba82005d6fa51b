"""Containers in containers: tensors that a plain pickle wrote, archives kept as byte strings."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.formats.embedded import MAX_DEPTH
from tests.formats import rows

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def saved(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def tensors() -> dict[str, Any]:
    shared = torch.arange(6.0).view(2, 3)
    return {"a": shared, "row": shared[1], "half": torch.ones(3, dtype=torch.float16).t(), "n": 5}


@pytest.mark.parametrize("protocol", range(6))
def test_tensors_of_a_plain_pickle(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "plain.pkl"
    path.write_bytes(pickle.dumps(tensors(), protocol=protocol))
    checkpoint = open_checkpoint(path)
    found = rows.ours(checkpoint)
    wanted = {(name,): value for name, value in tensors().items() if name != "n"}
    assert {path: rows.row_of(info) for path, info in found.items()} == rows.torch_rows(wanted)
    assert [info.problem for info in found.values()] == [None] * 3
    assert all(checkpoint.byte_offset(info.id) is None for info in found.values())


def test_large_tensors_of_a_plain_pickle_stay_in_the_file(tmp_path: Path) -> None:
    big = torch.zeros(600_000)
    for protocol in (2, 4):
        path = tmp_path / f"big{protocol}.pkl"
        path.write_bytes(pickle.dumps({"w": big}, protocol=protocol))
        (info,) = rows.ours(open_checkpoint(path)).values()
        assert (info.dtype, info.shape, info.problem) == ("float32", (600_000,), None)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_save_kept_as_bytes(tmp_path: Path, legacy: bool) -> None:
    inner = saved({"w": torch.ones(2, 3)}, _use_new_zipfile_serialization=not legacy)
    path = tmp_path / "outer.pt"
    torch.save({"state": {"blob": inner}, "other": b"PK\x03\x04 but no zip", "v": torch.zeros(1)}, path)
    checkpoint = open_checkpoint(path)
    assert list(rows.ours(checkpoint)) == [("state", "blob", "w"), ("v",)]
    assert checkpoint.facts["embedded"] == 2


def test_torchscript_kept_as_bytes(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.Linear(2, 3)), buffer)
    path = tmp_path / "outer.pt"
    torch.save({"code": {"left": buffer.getvalue()}}, path)
    found = rows.ours(open_checkpoint(path))
    assert list(found) == [("code", "left", "weight"), ("code", "left", "bias")]


def test_a_save_of_a_save_ends_at_the_depth_limit(tmp_path: Path) -> None:
    data = saved(torch.ones(2))
    for _ in range(MAX_DEPTH + 2):
        data = saved({"in": data})
    path = tmp_path / "deep.pt"
    path.write_bytes(data)
    checkpoint = open_checkpoint(path)
    assert checkpoint.rows == 0
    assert any("deeper than" in note for note in checkpoint.notes)


def test_one_byte_string_in_many_places_is_opened_once(tmp_path: Path) -> None:
    blob = saved(torch.ones(2))
    path = tmp_path / "many.pt"
    torch.save([blob] * 1000, path)
    checkpoint = open_checkpoint(path)
    assert checkpoint.rows == 1000
    assert checkpoint.facts["embedded"] == 1


def test_broken_bytes_leave_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "broken.pt"
    torch.save({"blob": saved({"w": torch.ones(2)})[:300], "w": torch.ones(3)}, path)
    checkpoint = open_checkpoint(path)
    assert ("w",) in rows.ours(checkpoint)


def test_nested_zips_cannot_multiply(tmp_path: Path) -> None:
    """Each level unpacks to a hundred times its size; all levels together share one allowance."""
    data = b"\x80\x02]."
    for _ in range(4):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/data.pkl", b"\x80\x04(" + (b"B" + len(data).to_bytes(4, "little") + data) * 200 + b"l.")
            archive.writestr("a/version", "3\n")
        data = buffer.getvalue()
    path = tmp_path / "bomb.pt"
    path.write_bytes(data)
    open_checkpoint(path)


@pytest.fixture(scope="module")
def sample() -> bytes:
    with warnings.catch_warnings(action="ignore"):
        return pickle.dumps(tensors(), protocol=2) + b""


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_give_a_tree_or_a_sentence(tmp_path: Path, sample: bytes, flips: list[tuple[float, int]]) -> None:
    rows.opens_or_says_why(tmp_path / "flipped.pkl", rows.flipped(sample, flips))
