"""Files that are cut off, replaced, taken away or shared by many, between the index and the values."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from ckpt_gui.core.errors import CheckpointError, ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.tensors import NoValues, Reading, files
from tests.builders import CASES, HOSTILE
from tests.builders.common import numbers
from tests.builders.registry import some
from tests.core.tensors.truth import bits, check_all_ways, deflated, opened, saved
from tests.core.test_audit import SLOW

BIG = 5000


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    """One float32 tensor of 20 kB."""
    return saved(tmp_path / "x.pt", numbers(BIG))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


class TestChanges:
    def test_taken_away_before_the_first_read(self, checkpoint: Checkpoint) -> None:
        Path(checkpoint.path).unlink()
        with Reading(checkpoint) as reading, pytest.raises(ReadError, match=r"x\.pt does not exist"):
            reading.values(0)

    def test_taken_away_while_open(self, checkpoint: Checkpoint) -> None:
        with Reading(checkpoint) as reading:
            boxes = reading.boxes(0, 1000)
            next(boxes)
            Path(checkpoint.path).unlink()
            assert sum(box.array.size for box in boxes) > 0  # the file is still there for who has it open

    def test_replaced_by_another(self, checkpoint: Checkpoint) -> None:
        path = Path(checkpoint.path)
        other = path.with_name("other")
        other.write_bytes(path.read_bytes())
        keep = path.open("rb")
        other.replace(path)
        with keep, Reading(checkpoint) as reading, pytest.raises(ReadError, match=r"x\.pt has changed"):
            list(reading.boxes(0))

    def test_cut_off_before(self, checkpoint: Checkpoint) -> None:
        os.truncate(checkpoint.path, 100)
        with Reading(checkpoint) as reading, pytest.raises(ReadError, match="has changed"):
            reading.values(0)

    def test_cut_off_between_two_boxes(self, checkpoint: Checkpoint) -> None:
        with Reading(checkpoint) as reading:
            boxes = reading.boxes(0, 4000)
            next(boxes)
            os.truncate(checkpoint.path, 6000)
            with pytest.raises(ReadError, match=r"too early.*x\.pt"):
                list(boxes)

    def test_written_to_while_it_is_read(self, checkpoint: Checkpoint) -> None:
        with Reading(checkpoint) as reading:
            boxes = reading.boxes(0, 4000)
            next(boxes)
            os.utime(checkpoint.path, ns=(0, 0))
            with pytest.raises(ReadError, match="has changed"):
                list(boxes)

    def test_damaged_compression(self, tmp_path: Path) -> None:
        saved(tmp_path / "x.pt", torch.arange(BIG))
        path = deflated(tmp_path / "x.pt")
        storage = opened(path).storage(0)
        with path.open("r+b") as file:
            file.seek(storage.offset + storage.packed // 2)
            file.write(b"\xff" * 40)
        with Reading(opened(path)) as reading:
            with pytest.raises(ReadError, match="too early"):
                list(reading.boxes(0))
            with pytest.raises(ReadError, match="too early"):
                reading.values(0)


class TestFiles:
    def test_after_closing_there_is_a_sentence(self, checkpoint: Checkpoint) -> None:
        reading = Reading(checkpoint)
        reading.close()
        with pytest.raises(ReadError, match="closed"):
            reading.values(0)

    def test_closing_lets_boxes_finish(self, checkpoint: Checkpoint) -> None:
        reading = Reading(checkpoint)
        boxes = reading.boxes(0, 1000)
        first = next(boxes).array.size
        reading.close()
        assert first + sum(box.array.size for box in boxes) == BIG

    @pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux counts open files")
    def test_no_file_stays_open(self, checkpoint: Checkpoint) -> None:
        before = open_files()
        with Reading(checkpoint) as reading:
            boxes = reading.boxes(0, 1000)
            next(boxes)
            assert open_files() == before + 1
        boxes.close()  # type: ignore[attr-defined]
        assert open_files() == before

    @pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux counts open files")
    def test_few_of_many_shards_stay_open(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "MAX_OPEN", 1)
        checkpoint = opened(next(build(tmp_path) for name, build in CASES.items() if name.startswith("sharded/")))
        before = open_files()
        with Reading(checkpoint) as reading:
            for number in range(checkpoint.rows):
                if not reading.why_not(number):
                    reading.values(number)
                assert open_files() <= before + 1


@pytest.mark.parametrize("name", some([name for name in HOSTILE if not any(word in name for word in SLOW)], 12))
def test_a_hostile_file_gives_values_or_a_sentence(name: str, tmp_path: Path) -> None:
    try:
        checkpoint = opened(HOSTILE[name](tmp_path))
    except CheckpointError:
        return
    with Reading(checkpoint) as reading:
        for number in range(min(len(checkpoint.tensors), 50)):
            if reading.why_not(number):
                with pytest.raises(NoValues):
                    reading.boxes(number)
                continue
            shape = reading.form(number).shape
            page = reading.values(number, tuple(slice(3) for _ in shape))
            assert page.shape == tuple(min(n, 3) for n in shape)
            assert (next(reading.boxes(number), None) is None) == (0 in shape)


def test_many_threads_read_one_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_OPEN", 0)
    monkeypatch.setattr(files, "MAX_WHOLE", 50_000)
    tensors = [numbers(300, 50, seed=0), numbers(300, 50, seed=1).t(), numbers(90, seed=2)]
    saved(tmp_path / "x.pt", tensors)
    wanted = [bits(tensor) for tensor in tensors]
    with Reading(opened(deflated(tmp_path / "x.pt"))) as packed, Reading(opened(tmp_path / "x.pt")) as plain:

        def look(turn: int) -> None:
            number = turn % 3
            if turn % 4 == 0:
                check_all_ways(plain, number, wanted[number])
            else:
                rows = slice(turn, None, 7)
                for reading in (plain, packed):
                    np.testing.assert_array_equal(reading.patterns(number, (rows,)), wanted[number][rows])

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(look, range(48)))


def test_shares_can_be_read_side_by_side(tmp_path: Path) -> None:
    tensor = numbers(70_000)
    with Reading(saved(tmp_path / "x.pt", tensor)) as reading, ThreadPoolExecutor(4) as pool:
        sums = pool.map(
            lambda k: sum(int(box.array.sum(dtype=np.uint64)) for box in reading.boxes(0, 4096, (k, 4))), range(4)
        )
        assert sum(sums) == int(bits(tensor).sum(dtype=np.uint64))
