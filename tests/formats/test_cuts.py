"""Downloads that stopped: every cut of small files, and of larger ones the cuts at and around their borders."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import Path as KeyPath
from tests.builders import CASES
from tests.formats.contract import REAL, real_names
from tests.formats.rows import opens_or_says_why

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

SMALL = 4096
RANDOM_CUTS = 200
ZIP_END = b"PK\x05\x06"
BUILT = (
    "torch-zip/protocol_2", "torch-zip/bare_tensor", "torch-legacy/views", "torch-legacy/python2_strings",
    "torch-tar/plain", "safetensors/plain", "safetensors/metadata", "pickle/protocol_0", "pickle/protocol_5",
    "pickle/tensors_by_value", "torchscript/half", "torchscript-old/1_0", "torch-package/resources",
)  # fmt: skip


def every(size: int) -> list[int]:
    return list(range(size))


def around(borders: Iterable[int], size: int) -> list[int]:
    """One byte before, at and after each border."""
    return sorted({place for border in borders for place in (border - 1, border, border + 1) if 0 <= place < size})


def borders_of(data: bytes) -> list[int]:
    """Where the structure changes: headers and ends of zip records, headers of the other formats."""
    if data[:2] != b"PK":
        length = struct.unpack_from("<Q", data)[0]
        return [8, 16, 8 + length, len(data)] if data[8:9] == b"{" else [len(data)]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        starts = [one.header_offset for one in entries]
        names = [struct.unpack_from("<HH", data, start + 26) for start in starts]
        bodies = [start + 30 + name + extra for start, (name, extra) in zip(starts, names, strict=True)]
        ends = [body + one.compress_size for body, one in zip(bodies, entries, strict=True)]
        return sorted({*starts, *bodies, *ends, archive.start_dir, data.rindex(ZIP_END)})


def chosen(data: bytes) -> list[int]:
    """Every place of a small file; borders and seeded random places of a large one."""
    if len(data) <= SMALL:
        return every(len(data))
    dice = random.Random(len(data))
    borders = borders_of(data)
    kept = borders if len(borders) < 100 else dice.sample(borders, 100)
    return around(kept, len(data)) + sorted(dice.randrange(len(data)) for _ in range(RANDOM_CUTS))


def opened_at(path: Path, data: bytes, places: list[int]) -> dict[int, Checkpoint | None]:
    """What each cut shows. The file is cut from the longest to the shortest: nothing is written again."""
    path.write_bytes(data)
    found: dict[int, Checkpoint | None] = {}
    with path.open("r+b") as file:
        for place in sorted(set(places), reverse=True):
            file.truncate(place)
            file.flush()
            try:
                found[place] = open_checkpoint(path)
            except OpenError:
                found[place] = None
    return found


@pytest.mark.parametrize("name", BUILT)
def test_no_cut_of_a_built_file_escapes(name: str, tmp_path: Path) -> None:
    data = CASES[name](tmp_path).read_bytes()
    places = every(len(data)) if len(data) <= SMALL else random.Random(0).sample(range(len(data)), SMALL // 2)
    assert len(opened_at(tmp_path / "cut", data, places)) == len(places)


@pytest.mark.parametrize("name", real_names())
def test_no_cut_of_a_real_file_escapes(name: str, real: Path, tmp_path: Path) -> None:
    data = (real / name).read_bytes()
    places = chosen(data)
    assert len(opened_at(tmp_path / "cut", data, places)) == len(set(places))


def paths(checkpoint: Checkpoint) -> list[KeyPath]:
    return [checkpoint.path_of(checkpoint.tensors.node[row]) for row in range(checkpoint.rows)]


def lost(checkpoint: Checkpoint) -> list[bool]:
    """Row by row, whether it says that its bytes are not there."""
    return [checkpoint.tensor(row).problem is not None for row in range(checkpoint.rows)]


def sample(legacy: bool) -> bytes:
    """Four tensors, each of a storage of its own."""
    buffer = io.BytesIO()
    state = {f"layer.{number}": torch.full((50,), float(number)) for number in range(4)}
    torch.save(state, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def zip_storage_ends(data: bytes) -> list[int]:
    """Where each storage of a zip ends."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [one for one in archive.infolist() if "/data/" in one.filename]
        heads = [struct.unpack_from("<HH", data, one.header_offset + 26) for one in entries]
        return [
            one.header_offset + 30 + name + extra + one.file_size
            for one, (name, extra) in zip(entries, heads, strict=True)
        ]


def legacy_storage_ends(data: bytes) -> list[int]:
    """Where each storage of the stream ends: they fill its end, each behind its length."""
    return [len(data) - 208 * later for later in (3, 2, 1, 0)]


ENDS: dict[bool, Callable[[bytes], list[int]]] = {False: zip_storage_ends, True: legacy_storage_ends}


@pytest.fixture(params=[False, True], ids=["zip", "legacy"])
def legacy(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("whole", range(4))
def test_a_cut_among_the_storages_keeps_every_key(legacy: bool, whole: int, tmp_path: Path) -> None:
    data = sample(legacy)
    found = opens_or_says_why(tmp_path / "cut.pt", data[: ENDS[legacy](data)[whole] - 1])
    assert found is not None
    assert paths(found) == [(f"layer.{number}",) for number in range(4)]


@pytest.mark.parametrize("whole", range(4))
def test_a_cut_among_the_storages_marks_what_is_lost(legacy: bool, whole: int, tmp_path: Path) -> None:
    data = sample(legacy)
    found = opens_or_says_why(tmp_path / "cut.pt", data[: ENDS[legacy](data)[whole] - 1])
    assert found is not None
    # A stream has them in the order of their keys, which are addresses: which ones are lost is up to chance.
    wanted = [number >= whole for number in range(4)]
    assert (sorted(lost(found)) if legacy else lost(found)) == wanted


def test_a_cut_among_the_storages_is_noted(legacy: bool, tmp_path: Path) -> None:
    data = sample(legacy)
    found = opens_or_says_why(tmp_path / "cut.pt", data[: ENDS[legacy](data)[1]])
    assert found is not None
    assert found.notes != ()


def test_a_lost_directory_loses_no_tensor(tmp_path: Path) -> None:
    data = sample(legacy=False)
    found = opens_or_says_why(tmp_path / "cut.pt", data[: zip_storage_ends(data)[-1]])
    assert found is not None
    assert (lost(found), bool(found.notes)) == ([False] * 4, True)


def test_a_cut_within_the_pickle_shows_what_came_before(legacy: bool, tmp_path: Path) -> None:
    data = sample(legacy)
    found = opens_or_says_why(tmp_path / "cut.pt", data[: data.index(b"layer.2")])
    assert found is not None
    assert paths(found)[:2] == [("layer.0",), ("layer.1",)]


def test_a_cut_safetensors_keeps_every_key(tmp_path: Path) -> None:
    path = CASES["safetensors/plain"](tmp_path)
    whole = open_checkpoint(path)
    found = opens_or_says_why(tmp_path / "cut", path.read_bytes()[:-1])
    assert found is not None
    assert paths(found) == paths(whole)


def test_a_cut_safetensors_marks_what_is_lost(tmp_path: Path) -> None:
    path = CASES["safetensors/plain"](tmp_path)
    found = opens_or_says_why(tmp_path / "cut", path.read_bytes()[:-1])
    assert found is not None
    assert lost(found).count(True) == 1


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real checkpoints is not here")
@pytest.mark.parametrize("name", ["lpips_v00_alex.pth", "attacut_sc.pth", "m6anet_hct116.pt", "pesto_mir-1k.ckpt"])
def test_half_of_a_real_file_keeps_every_key(name: str, tmp_path: Path) -> None:
    data = (REAL / name).read_bytes()
    found = opens_or_says_why(tmp_path / "half", data[: len(data) // 2])
    assert found is not None
    assert paths(found) == paths(open_checkpoint(REAL / name))
