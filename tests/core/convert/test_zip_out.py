"""The zip we write, byte for byte beside the one that torch writes of the same pickle and storages."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.core.convert import contents
from ckpt_gui.core.convert.archive import Archive, Body, SourceArchive, write_new
from ckpt_gui.core.convert.target import Target
from ckpt_gui.core.convert.zip_out import LIMIT, ZipOut, root_of
from ckpt_gui.core.errors import ConvertError, ReadError
from ckpt_gui.core.formats.zipdir import read_directory
from ckpt_gui.core.progress import SILENT
from ckpt_gui.core.reader import read
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import numbers, quiet, save
from tests.builders.registry import some
from tests.core.convert.plans import untouched
from tests.core.tensors.truth import deflated

OTHERWISE = ("no_byteorder", "torch_1_6", "alignment_4096", "skip_data", "storages", "trainer_folder", "mlflow")
AS_TORCH = [
    name
    for name in CASES
    if name.startswith(("torch-zip/", "torch-view/", "torch-package/", "torchscript/", "framework/"))
    and not name.endswith(OTHERWISE)
]


def rebuilt(path: Path, to: Path, needs: frozenset[str] = frozenset(), notes: list[str] | None = None) -> Path:
    """The archive at ``path`` once more: its own pickles and storages, through our hands."""
    checkpoint = read(path).checkpoint
    target = Target([to], [str(path)], overwrite=False, nbytes=0)
    with Reading(checkpoint) as reading, LocalFile(path) as file, ThreadPoolExecutor(1) as executor:
        bodies = list(bodies_of(path))
        archive = Archive(untouched(checkpoint), bodies, lambda record: contents.chunks(reading, record))
        draft = target.draft(0)
        source = SourceArchive(checkpoint, file, SILENT, lambda: None)
        out = ZipOut(draft, source.root, executor)
        if checkpoint.format == "torch-zip":
            write_new(archive, out, lambda written: source.copy_others(out, written, needs))
        else:
            source.rewrite(archive, out)
        draft.finish()
    target.commit()
    if notes is not None:
        notes += source.notes
    return to


def bodies_of(path: Path) -> Iterator[Body]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            inside = name.partition("/")[2]
            if inside in ("data.pkl", "constants.pkl"):
                yield Body(inside, [archive.read(name)])


def without_names(path: Path) -> bytes:
    """The file but for the 20 digits that stand for the records' names, and the CRC of the record they stand in."""
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = next((one for one in archive.infolist() if one.filename.endswith("/.data/serialization_id")), None)
        if info is not None:
            digits = archive.read(info)
            for found in (digits[:20], struct.pack("<I", info.CRC)):
                while (at := raw.find(found)) >= 0:
                    raw[at : at + len(found)] = bytes(len(found))
    return bytes(raw)


@pytest.mark.parametrize("name", some(AS_TORCH, 6))
def test_what_torch_saved_comes_out_byte_for_byte(name: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = CASES[name](tmp_path / "a")
    made = rebuilt(path, tmp_path / path.name)
    assert without_names(made) == without_names(path)


@pytest.mark.parametrize("name", ["torch-zip/torch_1_6", "torch-zip/alignment_4096", "torch-zip/skip_data"])
def test_what_torch_saved_otherwise_loads_the_same(name: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = CASES[name](tmp_path / "a")
    made = rebuilt(path, tmp_path / path.name)
    before, after = torch.load(path), torch.load(made, mmap=True)
    assert before.keys() == after.keys()
    assert all(torch.equal(tensor, after[key]) for key, tensor in before.items() if torch.is_tensor(tensor))


def test_records_that_torch_save_knows_nothing_of_are_kept_and_unused_data_is_told(tmp_path: Path) -> None:
    path = save({"w": numbers(3)}, tmp_path / "m.pt")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("m/extra/note.txt", "kept " * 100, zipfile.ZIP_DEFLATED)
        archive.writestr("m/data/7", b"bare")
        archive.writestr("m/data/8", b"unused")
        archive.writestr("elsewhere", b"unseen")
    notes: list[str] = []
    made = rebuilt(path, tmp_path / "made.pt", frozenset(["7"]), notes)
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert archive.read("m/extra/note.txt") == b"kept " * 100
        assert archive.getinfo("m/extra/note.txt").compress_type == zipfile.ZIP_DEFLATED
        assert archive.read("m/data/7") == b"bare"
        assert "m/data/8" not in archive.namelist()
    assert notes == [
        "1 record that torch does not see, left out: elsewhere", "1 record that nothing refers to, left out: data/8",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["script", "trace", "frozen", "extra"])
def test_torchscript_comes_out_byte_for_byte(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path, made = tmp_path / "a" / "module.pt", tmp_path / "module.pt"
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).eval()
    with quiet():
        traced = torch.jit.trace(model, numbers(2, 3))  # type: ignore[no-untyped-call]
        module = traced if kind == "trace" else torch.jit.script(model)
        if kind == "frozen":
            module = torch.jit.freeze(module)
        torch.jit.save(module, str(path), _extra_files={"note.txt": b"x" * 3000} if kind == "extra" else None)
        rebuilt(path, made)
        again = torch.jit.load(str(made))  # type: ignore[no-untyped-call]
        assert torch.equal(again(numbers(2, 3)), module(numbers(2, 3)))
    assert without_names(made) == without_names(path)


def test_torch_reads_it_mapped_and_finds_its_storages_by_reckoning(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    state = {f"w{n}": numbers(n, 3, seed=n) for n in range(40)} | {"none": torch.empty(0, 3)}
    made = rebuilt(save(state, tmp_path / "a" / "m.pt"), tmp_path / "m.pt")
    plain = torch.load(made, mmap=True, weights_only=True)
    config: Any = torch.utils.serialization.config
    with config.patch({"load.calculate_storage_offsets": True}):
        reckoned = torch.load(made, mmap=True, weights_only=True)
    for name, tensor in state.items():
        assert torch.equal(plain[name], tensor)
        assert torch.equal(reckoned[name], tensor)


def test_deflated_storages_are_written_plain(tmp_path: Path) -> None:
    path = deflated(save({"w": torch.arange(5000)}, tmp_path / "w.pt"))
    made = rebuilt(path, tmp_path / "made.pt")
    assert torch.equal(torch.load(made, mmap=True)["w"], torch.arange(5000))


@pytest.mark.parametrize("limit", [1, 300, 1200, 100_000])
def test_zip64_fields_stand_where_sizes_and_places_do_not_fit(limit: int, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    state = {"small": numbers(3), "none": torch.empty(0), "large": torch.arange(2000)}
    path = save(state, tmp_path / "a" / "m.pt")
    made = tmp_path / "m.pt"
    _add_all(path, made, limit)
    loaded = torch.load(made, weights_only=True)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    with LocalFile(made) as file:
        entries = read_directory(file, SILENT).entries
    assert [(one.nbytes, one.header) for one in entries] == [(one.file_size, one.header_offset) for one in infos]
    raw = made.read_bytes()
    for one in infos:
        name_size, extra_size = struct.unpack_from("<HH", raw, one.header_offset + 26)
        begin = one.header_offset + 30 + name_size
        extended = one.file_size >= limit or one.header_offset >= limit
        assert (begin + extra_size) % 64 == 0
        assert (raw[begin : begin + 2] == b"\1\0") is extended
        descriptor = raw[begin + extra_size + one.file_size :]
        if one.file_size:
            sizes = struct.unpack_from("<QQ" if extended else "<II", descriptor, 8)
            assert descriptor[:4] == b"PK\7\x08"
            assert sizes == (one.file_size, one.file_size)


def _add_all(path: Path, made: Path, limit: int) -> None:
    target = Target([made], [], overwrite=False, nbytes=0)
    draft = target.draft(0)
    out = ZipOut(draft, "m", limit=limit)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.partition("/")[2]
            if name != ".data/serialization_id":
                out.add(name, [archive.read(info)], info.file_size)
    out.close()
    draft.finish()
    target.commit()


def test_more_records_than_a_plain_zip_counts(tmp_path: Path) -> None:
    target = Target([tmp_path / "m.zip"], [], overwrite=False, nbytes=0)
    draft = target.draft(0)
    out = ZipOut(draft, "m")
    out.add("version", (b"3",), 1)
    for number in range(66_000):
        out.add(f"data/{number}", (b"x",), 1)
    out.close()
    draft.finish()
    target.commit()
    with LocalFile(tmp_path / "m.zip") as file:
        directory = read_directory(file, SILENT)
    assert len(directory.entries) == 66_002
    assert not directory.notes
    assert torch._C.PyTorchFileReader(str(tmp_path / "m.zip")).get_record("data/65999") == b"x"


@pytest.mark.parametrize(
    "name",
    ["plain.pt", "two.dots.pth", "none", ".hidden.pt", "a b.pt", "back\\slash.pt", "ümlaut.pt", "new\nline", "dot..pt"],
)  # fmt: skip
def test_the_folder_of_the_records_is_called_as_torch_would(name: str, tmp_path: Path) -> None:
    path = save({"a": 1}, tmp_path / name)
    with zipfile.ZipFile(path) as archive:
        assert root_of(path) == archive.namelist()[0].partition("/")[0]


@pytest.mark.parametrize("name", [".pt", "..pt", "...pt"])
def test_where_torch_has_no_name_for_the_folder_it_is_archive(name: str, tmp_path: Path) -> None:
    assert root_of(tmp_path / name) == "archive"


def test_a_record_of_another_length_is_refused(tmp_path: Path) -> None:
    target = Target([tmp_path / "m.zip"], [], overwrite=False, nbytes=0)
    out = ZipOut(target.draft(0), "m", limit=10)
    with pytest.raises(ReadError, match=r"3 B where 4 B were expected"):
        out.add("data/0", (b"abc",), 4)
    with pytest.raises(ConvertError, match="more than a record of its kind"):
        out.add("data.pkl", (b"x" * 10,))
    with pytest.raises(ConvertError, match="too long for a zip"):
        out.add("x" * 70_000, (b"",), 0)
    target.discard()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not os.environ.get("CKPT_GUI_ALL_TESTS"), reason="writes 4 GiB twice; CKPT_GUI_ALL_TESTS=1 does")
def test_beyond_4_gib_it_is_still_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    state = {"big": torch.zeros((1 << 32) + 10, dtype=torch.uint8), "none": torch.empty(0), "w": numbers(3)}
    path = save(state, tmp_path / "a" / "m.pt")
    del state
    made = rebuilt(path, tmp_path / "m.pt")
    assert path.stat().st_size == made.stat().st_size > LIMIT
    with path.open("rb") as one, made.open("rb") as other:
        while left := one.read(8 << 20):
            right = other.read(8 << 20)
            if len(left) == 8 << 20:
                assert left == right
            else:
                differ = sum(a != b for a, b in zip(left, right, strict=True))
                assert differ <= 20 + 8
