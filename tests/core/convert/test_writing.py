"""A whole conversion up to its proof, and every way it can be stopped: no debris, and the old state untouched."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from ckpt_gui.core.convert.nouns import Plan
from ckpt_gui.core.convert.writing import write
from ckpt_gui.core.errors import Cancelled, ConvertError, ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report
from tests.builders.common import numbers, save
from tests.core.convert.plans import each, sharded
from tests.core.tensors.truth import opened


class StopAt(Report):
    """Stops at the k-th report; remembers them all."""

    def __init__(self, k: int = -1) -> None:
        self.k = k
        self.told: list[tuple[int, int, str]] = []

    def at(self, done: int, total: int, unit: str) -> None:
        self.told.append((done, total, unit))
        if len(self.told) - 1 == self.k:
            raise Cancelled


@pytest.fixture
def source(tmp_path: Path) -> Checkpoint:
    state = {f"w{n}": numbers(n, 40, seed=n) for n in range(12)} | {"t": numbers(30, 50).t()}
    (tmp_path / "in").mkdir()
    return opened(save(state, tmp_path / "in" / "m.pt"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_progress_counts_the_bytes_of_data(source: Checkpoint, out: Path) -> None:
    report, plan = StopAt(), each(source)
    with write(source, plan, out / "m.safetensors", report=report) as result:
        total = sum(record.nbytes for record in plan.records)
        assert report.told[0] == (0, total, "bytes")
        assert report.told[-1] == (total, total, "bytes")
        assert sorted(report.told) == report.told
        assert result.nbytes > total


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("parts", [1, 3])
def test_cancelled_at_every_report_nothing_is_left(
    source: Checkpoint, out: Path, old: bytes | None, parts: int
) -> None:
    plan = sharded(each(source), parts)
    report = StopAt()
    write(source, plan, out / "m.safetensors", report=report).__exit__(None, None, None)
    if old is not None:
        (out / "m.safetensors").write_bytes(old)
    before = {path: path.read_bytes() for path in out.iterdir()}
    with ThreadPoolExecutor(1) as executor:
        for k in range(len(report.told)):
            with pytest.raises(Cancelled):
                write(source, plan, out / "m.safetensors", overwrite=True, executor=executor, report=StopAt(k))
            assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_left_without_commit_nothing_is_left(source: Checkpoint, out: Path) -> None:
    with write(source, each(source), out / "m.safetensors") as result:
        assert all(now.exists() and not final.exists() for now, final in result.parts)
    assert not list(out.iterdir())


def test_with_an_executor_that_is_busy_with_us(source: Checkpoint, out: Path) -> None:
    """One thread that waits for itself would wait for ever."""
    big = opened(save({"w": numbers(1 << 21)}, out.parent / "in" / "big.pt"))
    with ThreadPoolExecutor(1) as executor:

        def convert() -> None:
            with write(big, each(big), out / "m.safetensors", executor=executor) as result:
                result.commit()

        executor.submit(convert).result(60)
    assert torch.equal(load_file(out / "m.safetensors")["w"], numbers(1 << 21))


class ChangeAt(StopAt):
    """Touches the source meanwhile."""

    def __init__(self, k: int, path: str, *, gone: bool) -> None:
        super().__init__()
        self.path, self.gone, self.at_report = Path(path), gone, k

    def at(self, done: int, total: int, unit: str) -> None:
        super().at(done, total, unit)
        if len(self.told) == self.at_report:
            if self.gone:
                self.path.unlink()
            else:
                with self.path.open("r+b") as file:
                    file.write(b"PK")


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("k", [1, 5, 12])
def test_a_source_that_changes_meanwhile_is_an_error(source: Checkpoint, out: Path, k: int, gone: bool) -> None:
    with pytest.raises(ReadError, match="does not exist" if gone else "has changed since it was opened"):
        write(source, each(source), out / "m.safetensors", report=ChangeAt(k, source.path, gone=gone))
    assert not list(out.iterdir())


def test_a_source_is_not_its_own_target(source: Checkpoint, out: Path) -> None:
    for name in ("link", "hard"):
        (out / "link").symlink_to(source.path) if name == "link" else (out / "hard").hardlink_to(source.path)
        with pytest.raises(ConvertError, match="is the checkpoint itself"):
            write(source, each(source), out / name, overwrite=True)
    assert opened(Path(source.path)).notes == ()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode()[:100]}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_too_small_is_told_before_and_one_that_fills_up_meanwhile(source: Checkpoint, tiny_disk: Path) -> None:
    plan = each(source)
    (tiny_disk / "m.safetensors").write_bytes(b"old")
    (tiny_disk / "ballast").write_bytes(b"x" * 50_000)
    with pytest.raises(ConvertError, match=r"this takes 16\.\d KiB, and .* has 8\.00 KiB free"):
        write(source, plan, tiny_disk / "m.safetensors", overwrite=True)

    class Filling(Report):
        def at(self, done: int, total: int, unit: str) -> None:
            if not done:
                (tiny_disk / "more").write_bytes(b"x" * 52_000)

    (tiny_disk / "ballast").unlink()
    with pytest.raises(ConvertError, match=r"is full: after .* there was no more room"):
        write(source, plan, tiny_disk / "m.safetensors", overwrite=True, report=Filling())
    assert (tiny_disk / "m.safetensors").read_bytes() == b"old"
    assert sorted(path.name for path in tiny_disk.iterdir()) == ["m.safetensors", "more"]


def test_a_file_system_without_room_for_names_of_its_own(source: Checkpoint, out: Path) -> None:
    name = "ü" * 127  # 254 bytes: the longest there can be
    with write(source, each(source), out / name) as result:
        result.commit()
    assert [path.name for path in out.iterdir()] == [name]


_CHILD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ckpt_gui.core.convert.writing import write
from tests.core.convert.plans import each
from ckpt_gui.core.reader import read
checkpoint = read(sys.argv[1]).checkpoint
with ThreadPoolExecutor(1) as executor:
    print(flush=True)
    for _ in range(1000):
        with write(checkpoint, each(checkpoint), Path(sys.argv[2]), overwrite=True, executor=executor) as result:
            result.commit()
"""


def test_killed_at_any_moment(tmp_path: Path, out: Path) -> None:
    """Source intact, target absent or whole, one temp file at most, which the next conversion takes away."""
    state = {"w": numbers(3_000_000), "v": numbers(300, 400).t()}
    path = save(state, tmp_path / "m.pt")
    before, chance = path.read_bytes(), random.Random(5)
    checkpoint = opened(path)
    plan = each(checkpoint)
    target = out / "m.safetensors"
    caught = 0
    for _ in range(50 if os.environ.get("CKPT_GUI_ALL_TESTS") else 3):
        child = subprocess.Popen([sys.executable, "-c", _CHILD, str(path), str(target)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        left = [one for one in out.iterdir() if one != target]
        caught += len(left)
        assert len(left) <= 1
        assert all(str(child.pid) in one.name and "m.safetensors" in one.name for one in left)
        if target.exists():
            _check(target, state)
            target.unlink()
        with write(checkpoint, plan, out / "other.safetensors") as result:
            assert list(out.iterdir()) == [result.parts[0][0]]
    assert path.read_bytes() == before
    assert caught or not os.environ.get("CKPT_GUI_ALL_TESTS")


def _check(target: Path, state: dict[str, torch.Tensor]) -> None:
    loaded = load_file(target)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())


def test_two_conversions_to_one_target(source: Checkpoint, out: Path) -> None:
    plan = each(source)
    with write(source, plan, out / "m.safetensors") as result:
        with pytest.raises(ConvertError, match="being written right now"):
            write(source, plan, out / "m.safetensors")
        with write(source, plan, out / "n.safetensors") as other:
            other.commit()
        result.commit()
    assert sorted(path.name for path in out.iterdir()) == ["m.safetensors", "n.safetensors"]


@pytest.mark.skipif(not os.environ.get("CKPT_GUI_ALL_TESTS"), reason="goes through 4 GiB; CKPT_GUI_ALL_TESTS=1 does")
def test_a_source_beyond_4_gib(tmp_path: Path, out: Path) -> None:
    """Made of holes, with one tensor before and one behind."""
    path = tmp_path / "huge.pt"
    with torch.serialization.skip_data():
        torch.save({"a": torch.empty(5), "big": torch.empty(1 << 30), "z": torch.empty(6)}, path)
    checkpoint = opened(path)
    plan = each(checkpoint)
    last = checkpoint.storage(plan.records[-1].tensor)
    assert last.offset > 1 << 32
    with path.open("r+b") as file:
        file.seek(last.offset)
        file.write(torch.arange(6.0).numpy().tobytes())
    checkpoint = opened(path)
    with ThreadPoolExecutor(1) as executor:
        with write(checkpoint, plan_only(plan, "z"), out / "z.safetensors", executor=executor) as result:
            result.commit()
        with write(checkpoint, plan, out / "all.safetensors", executor=executor) as result:
            result.commit()
    assert torch.equal(load_file(out / "z.safetensors")["z"], torch.arange(6.0))
    with safe_open(out / "all.safetensors", "pt") as held:
        assert torch.equal(held.get_tensor("z"), torch.arange(6.0))
        assert held.get_slice("big").get_shape() == [1 << 30]


def plan_only(plan: Plan, key: str) -> Plan:
    """The same with a single tensor."""
    (place,) = (place for place, record in enumerate(plan.records) if record.key == key)
    items = tuple(replace(item, record=0) for item in plan.items if item.record == place)
    return replace(plan, records=(plan.records[place],), items=items)


def _names() -> Iterator[str]:
    yield from ("with space", "ümläut", "new\nline", "-o", "a.safetensors.index.json")


@pytest.mark.parametrize("name", list(_names()))
def test_odd_names(name: str, source: Checkpoint, out: Path) -> None:
    plan: Plan = each(source)
    with write(source, plan, out / name) as result:
        result.commit()
    assert [path.name for path in out.iterdir()] == [name]
    assert len(load_file(out / name)) == len(plan.records)
