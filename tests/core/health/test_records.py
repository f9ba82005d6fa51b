"""Checksums: torch's own files, every one with one byte changed somewhere."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch
from torch.serialization import set_crc32_options

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.errors import Cancelled
from ckpt_gui.core.health import Kind
from ckpt_gui.core.progress import Report
from ckpt_gui.core.reader import read
from tests.builders import CASES, HOSTILE
from tests.core.health.checking import health, of_kind

ZIPS = ["torch-zip/training_adam", "torchscript/scripted", "pt2/plain", "framework/lightning"]


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_flipped_byte_in_any_storage_is_found(tmp_path: Path, workers: int) -> None:
    path = CASES["torch-zip/training_adam"](tmp_path)
    checkpoint = read(path).checkpoint
    whole = path.read_bytes()
    places = [
        (storage, checkpoint.storages.offset[storage] + checkpoint.storages.nbytes[storage] // 2)
        for storage in range(len(checkpoint.storages))
        if checkpoint.storages.nbytes[storage]
    ]
    assert len(places) > 20
    for storage, at in places:
        path.write_bytes(whole)
        flip(path, at)

        found = of_kind(health(path, workers=workers), Kind.CRC)

        assert len(found) == 1
        assert checkpoint.tensors.storage[checkpoint.nodes.tensor[found[0].node]] == storage


def test_a_flipped_byte_in_any_record_is_found(tmp_path: Path) -> None:
    path = CASES["torch-zip/plain"](tmp_path)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [entry.filename for entry in archive.infolist() if entry.file_size]
    for name in names:
        place = whole.index(zipfile.ZipFile(path).read(name), whole.index(name.encode()) + len(name))
        if name.endswith(("data.pkl", "version", "byteorder")):
            continue  # what these say decides how the rest is read; the next test has data.pkl
        flip(path, place)
        found = health(path)
        path.write_bytes(whole)

        assert [entry.text.split()[2].rstrip(":") for entry in of_kind(found, Kind.CRC)] == [name]


def test_a_flipped_byte_in_a_name_within_data_pkl_is_found(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"weight_of_a_layer": torch.ones(3)}, path)
    flip(path, path.read_bytes().index(b"weight_of_a_layer"))

    found = of_kind(health(path), Kind.CRC)

    assert len(found) == 1
    assert "data.pkl" in found[0].text


def test_zipfile_agrees_that_every_good_file_is_good(tmp_path: Path) -> None:
    for number, name in enumerate(name for name in CASES if name.startswith(("torch-zip/", "torchscript/", "pt2/"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = CASES[name](folder)
        if not zipfile.is_zipfile(path) or name == "torch-zip/skip_data":
            continue
        with zipfile.ZipFile(path) as archive:
            bad, records = archive.testzip(), len(archive.infolist())
        found = health(path)

        assert (bad, of_kind(found, Kind.CRC), of_kind(found, Kind.UNREADABLE)) == (None, [], []), name
        assert found.records == records, name


def test_no_checksums_at_all_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    set_crc32_options(False)
    try:
        torch.save({"w": torch.randn(10), "empty": torch.zeros(0)}, path)
    finally:
        set_crc32_options(True)

    found = health(path)

    assert found.ok
    assert [entry.kind for entry in found.findings] == [Kind.CRC_MISSING]


def test_one_checksum_of_zero_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"a": torch.randn(10), "b": torch.randn(10)}, path)
    with zipfile.ZipFile(path) as archive:
        crc = archive.getinfo("model/data/1").CRC
    data = path.read_bytes()
    path.write_bytes(data.replace(crc.to_bytes(4, "little"), bytes(4)))

    assert [entry.path for entry in of_kind(health(path), Kind.CRC)] == [("b",)]


def test_deflated_records_are_unpacked(tmp_path: Path) -> None:
    source, path = tmp_path / "source.pt", tmp_path / "archive.pt"
    torch.save({"w": torch.arange(100_000.0), "v": torch.zeros(7)}, source)
    with zipfile.ZipFile(source) as plain, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry))
    checkpoint = read(path).checkpoint
    assert set(checkpoint.storages.compression) == {Compression.DEFLATE}
    assert health(path).ok

    flip(path, checkpoint.storages.offset[0] + checkpoint.storages.packed[0] // 2)

    bad = health(path).problems
    assert ("w",) in {entry.path for entry in bad}
    assert {entry.kind for entry in bad} <= {Kind.CRC, Kind.UNREADABLE}


def test_tensors_that_share_a_record_are_all_named(tmp_path: Path) -> None:
    path, w = tmp_path / "model.pt", torch.randn(10)
    torch.save({"a": w, "b": w, "c": w[2:]}, path)
    flip(path, read(path).checkpoint.storages.offset[0])

    found = of_kind(health(path), Kind.CRC)[0]

    assert found.path == ("a",)
    assert found.text.endswith("(also: b and c)")


@pytest.mark.parametrize("name", ["torch-legacy/plain", "torch-tar/plain", "safetensors/plain"])
def test_a_format_without_checksums_says_so_in_a_note(name: str, tmp_path: Path) -> None:
    found = health(CASES[name](tmp_path))

    assert (found.problems, found.findings, found.records) == ((), (), 0)
    assert any("no checksums" in note for note in found.notes)


@pytest.mark.parametrize("name", ["zip/overlap_bomb", "zip/ratio_bomb_storage", "zip/directory_bomb"])
def test_bombs_are_read_within_bounds(name: str, tmp_path: Path) -> None:
    counted = Counting()
    path = HOSTILE[name](tmp_path)

    found = health(path, report=counted)

    assert not found.ok
    assert counted.done < 100 * path.stat().st_size + (64 << 20)


class Counting(Report):
    """Remembers how far work has come, and stops it at a certain point."""

    def __init__(self, until: int | None = None) -> None:
        self.until = until
        self.done = self.total = 0

    def at(self, done: int, total: int, unit: str) -> None:
        assert unit == "bytes"
        assert self.done <= done <= total
        self.done, self.total = done, total
        if self.until is not None and done >= self.until:
            raise Cancelled


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("until", [0, 3 << 20, 30 << 20])
def test_it_can_be_stopped_at_any_point(tmp_path: Path, workers: int, until: int) -> None:
    path = tmp_path / "model.pt"
    torch.save({str(number): torch.randn(1 << 20) for number in range(6)}, path)

    with pytest.raises(Cancelled):
        health(path, report=Counting(until), workers=workers)


def test_progress_is_in_bytes_of_records_and_values(tmp_path: Path) -> None:
    path, counted = tmp_path / "model.pt", Counting()
    torch.save({"a": torch.randn(1 << 20), "b": torch.randn(1 << 18)}, path)

    found = health(path, report=counted)

    held = (4 << 20) + (1 << 20)
    assert 2 * held <= counted.done <= counted.total < 2 * held + 10_000
    assert held < found.checked_nbytes < held + 10_000
