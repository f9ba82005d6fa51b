"""Asking torch and safetensors in a process of their own: what they answer, and whatever can be wrong with it."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from ckpt_gui.core.convert.torch_check import ABSENT, ACCEPTED, REFUSED, SILENT, UNASKED, Answer
from ckpt_gui.core.errors import Cancelled
from ckpt_gui.core.progress import Report
from ckpt_gui.proving import Prover, command
from tests.builders import CASES
from tests.builders.common import quiet

SLEEPER = [sys.executable, "-c", "import sys, time; sys.stdin.buffer.readline(); time.sleep(600)"]
MUTE = [sys.executable, "-c", "import sys; sys.stdin.buffer.readline()"]


@pytest.fixture(scope="module")
def prover() -> Iterator[Prover]:
    with Prover() as asked:
        asked.warm("torch")
        yield asked


def saying(*lines: str) -> list[str]:
    """A process that answers every question with these lines."""
    return [sys.executable, "-c", f"import sys\nfor _ in sys.stdin.buffer: print({chr(10).join(lines)!r}, flush=True)"]


def running(prover: Prover) -> int:
    assert prover._running is not None
    return prover._running._popen.pid


def gone(pid: int) -> bool:
    """Whether the process has ended and was waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Stop(Report):
    """Cancels at the n-th look."""

    def __init__(self, after: int) -> None:
        self.left = after

    def at(self, done: int, total: int, unit: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


@pytest.mark.parametrize("zipped", [True, False])
def test_the_structure_is_told_as_torch_sees_it(prover: Prover, tmp_path: Path, zipped: bool) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    held = {
        "a": base,
        "group": [base[1:], base.t(), {7: torch.empty(2, 0, 3, dtype=torch.int64), None: torch.ones(2)}],
        "p": torch.nn.Parameter(base),
        ("odd", "key"): torch.ones(1),
        "sparse": torch.eye(3).to_sparse(),
    }
    held["itself"] = held
    torch.save(held, tmp_path / "m.pt", _use_new_zipfile_serialization=zipped)

    answer = prover.ask(tmp_path / "m.pt", "torch")

    assert (answer.status, answer.error, answer.way) == (ACCEPTED, "", "meta" if zipped else "unfilled")
    assert answer.loader == f"torch {torch.__version__.partition('+')[0]} (weights_only=True)"
    assert _told(answer) == [
        (("a",), (3, 4), (4, 1), "float32", 0),
        (("group", 0), (2, 4), (4, 1), "float32", 0),
        (("group", 1), (4, 3), (1, 4), "float32", 0),
        (("group", 2, 7), (2, 0, 3), (3, 3, 1), "int64", None),
        (("group", 2, None), (2,), (1,), "float32", 1),
        (("p",), (3, 4), (4, 1), "float32", 0),
        (("sparse",), (3, 3), None, "float32", None),
    ]


def _told(answer: Answer) -> list[tuple[object, ...]]:
    """The rows, their storages numbered."""
    numbers: dict[int, int] = {}
    rows: list[tuple[object, ...]] = []
    for path, shape, stride, dtype, storage in answer.rows:
        number = None if storage is None else numbers.setdefault(storage, len(numbers))
        rows.append((tuple(path), tuple(shape), None if stride is None else tuple(stride), dtype, number))
    return rows


def test_what_torch_has_no_form_for_without_memory_is_mapped(prover: Prover, tmp_path: Path) -> None:
    with quiet():
        held = {
            "q": torch.quantize_per_tensor(torch.ones(2, 3), 0.5, 1, torch.qint8),
            "n": torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)]),
        }
    torch.save(held, tmp_path / "m.pt")
    answer = prover.ask(tmp_path / "m.pt", "torch")
    assert (answer.status, answer.way) == (ACCEPTED, "mapped")
    assert answer.rows == ([["q"], [2, 3], [3, 1], "qint8", 0], [["n"], None, None, "float32", None])


def test_big_endian_files_are_loaded_whole_or_not_at_all(prover: Prover, tmp_path: Path) -> None:
    """Without memory torch would swap bytes that are not there, and crash."""
    path = CASES["torch-zip/big_endian"](tmp_path)
    answer = prover.ask(path, "torch")
    assert (answer.status, answer.way) == (ACCEPTED, "whole")
    assert answer.rows

    with torch.serialization.skip_data():
        torch.save({"w": torch.empty(20 << 20)}, tmp_path / "large.pt")
    _make_big_endian(tmp_path / "large.pt")
    answer = prover.ask(tmp_path / "large.pt", "torch")
    assert (answer.status, answer.error) == (UNASKED, "its structure cannot be had without loading all its values")


def _make_big_endian(path: Path) -> None:
    """``byteorder`` of a zip, and its length in the directory, which comes last."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        head = file.read(4096)
        file.seek(head.index(b"little"))
        file.write(b"big")
        file.seek(size - 4096)
        entry = size - 4096 + file.read().index(b"/byteorder") - len(path.stem) - 46
        file.seek(entry + 20)
        file.write(struct.pack("<II", 3, 3))


def test_a_refusal_says_why(prover: Prover, tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    answer = prover.ask(tmp_path / "module.pt", "torch")
    assert answer.status == REFUSED
    assert answer.error.startswith("UnpicklingError: Weights only load failed")
    assert "torch.nn.modules.linear.Linear" in answer.error

    (tmp_path / "cut.pt").write_bytes((tmp_path / "module.pt").read_bytes()[:500])
    assert prover.ask(tmp_path / "cut.pt", "torch").status == REFUSED
    assert prover.ask(tmp_path / "absent.pt", "torch").status == REFUSED


def test_nothing_in_a_file_is_run(prover: Prover, tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1), "evil": Evil(tmp_path / "ran")}, tmp_path / "m.pt")
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    try:
        with Prover() as fresh:
            assert fresh.ask(tmp_path / "m.pt", "torch").status == REFUSED
    finally:
        del os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"]
    assert not (tmp_path / "ran").exists()


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_safetensors_are_asked_without_torch(tmp_path: Path) -> None:
    save_file({"b": np.ones((2, 3), np.float32), "a": np.ones(4, np.int8)}, tmp_path / "m.safetensors")
    with Prover() as fresh:
        answer = fresh.ask(tmp_path / "m.safetensors", "safetensors")
        assert answer.status == ACCEPTED
        assert answer.loader.startswith("safetensors ")
        rows = {row[0][0]: row[1:4] for row in answer.rows}
        assert rows == {"b": [[2, 3], None, "float32"], "a": [[4], None, "int8"]}
        maps = Path(f"/proc/{running(fresh)}/maps")
        if maps.exists():
            assert "libtorch" not in maps.read_text()

        data = (tmp_path / "m.safetensors").read_bytes()
        (tmp_path / "m.safetensors").write_bytes(data[:-1])
        assert fresh.ask(tmp_path / "m.safetensors", "safetensors").status == REFUSED


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of another process")
def test_a_large_file_takes_no_memory(tmp_path: Path) -> None:
    """400 MB of holes, in both formats of torch: the import is nearly all that is used."""
    held = {f"w{number}": torch.empty(25 << 20) for number in range(4)}
    with torch.serialization.skip_data():
        torch.save(held, tmp_path / "m.pt")
    _legacy_of_holes(tmp_path / "legacy.pt", 100 << 20)
    with Prover() as fresh:
        for name, numel in (("m.pt", 25 << 20), ("legacy.pt", 100 << 20)):
            answer = fresh.ask(tmp_path / name, "torch")
            assert (answer.status, answer.rows[0][1]) == (ACCEPTED, [numel])
        status = Path(f"/proc/{running(fresh)}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 250_000


def _legacy_of_holes(path: Path, numel: int) -> None:
    """A legacy file whose one storage is longer than what is written: a hole."""
    torch.save({"w": torch.ones(1)}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    # persistent id: BININT1 of the numel before the tag's None; the size of the tensor; numel before the data
    grown = data.replace(b"K\x01N", b"J" + numel.to_bytes(4, "little") + b"N", 1)
    grown = grown.replace(b"K\x01\x85", b"J" + numel.to_bytes(4, "little") + b"\x85", 1)
    with path.open("wb") as file:
        file.write(grown[:-12] + numel.to_bytes(8, "little"))
        file.truncate(file.tell() + 4 * numel)


def test_torch_missing_is_an_answer(tmp_path: Path) -> None:
    argv = command()[:6]  # our own code, no site-packages
    with Prover(argv) as fresh:
        fresh.warm("torch")
        answer = fresh.ask(tmp_path / "m.pt", "torch")
        assert (answer.status, answer.loader) == (ABSENT, "")
        assert answer.error.startswith("ModuleNotFoundError")


def test_torch_broken_is_an_answer(tmp_path: Path) -> None:
    broken = tmp_path / "site-packages"
    (broken / "torch").mkdir(parents=True)
    (broken / "torch" / "__init__.py").write_text("print('hello'); raise OSError('libc10.so: not found')")
    with Prover([*command()[:6], str(broken)]) as fresh:
        answer = fresh.ask(tmp_path / "m.pt", "torch")
        assert (answer.status, answer.error) == (ABSENT, "OSError: libc10.so: not found")


def test_a_frozen_program_has_none_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with Prover() as fresh:
        fresh.warm("torch")
        assert fresh.ask(tmp_path / "m.pt", "torch") == Answer(ABSENT, "this installation has no torch")
        assert fresh._running is None


def test_a_process_that_cannot_be_started_is_an_answer(tmp_path: Path) -> None:
    with Prover([str(tmp_path / "absent")]) as fresh:
        fresh.warm("torch")
        assert fresh.ask(tmp_path / "m.pt", "torch").status == ABSENT


GARBAGE = [
    "not JSON",
    "[1, 2]",
    "{}",
    json.dumps({"status": "fine"}),
    json.dumps({"status": SILENT}),
    json.dumps({"rows": [[["a"], [1], [1], "float32"]]}) + "\n" + json.dumps({"status": "accepted"}),
    json.dumps({"rows": [["a", [1], [1], "float32", 0]]}) + "\n" + json.dumps({"status": "accepted"}),
    json.dumps({"rows": 7}) + "\n" + json.dumps({"status": "accepted"}),
    "[" * 100_000,
]


@pytest.mark.parametrize("line", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_answer(tmp_path: Path, line: str) -> None:
    with Prover(saying(line)) as fresh:
        answer = fresh.ask(tmp_path / "m.pt", "torch")
        assert (answer.status, answer.error) == (SILENT, "what its process answered makes no sense")


def test_a_process_that_ends_is_no_answer_and_is_asked_once_more(tmp_path: Path) -> None:
    with Prover(MUTE) as fresh:
        answer = fresh.ask(tmp_path / "m.pt", "torch")
        assert (answer.status, answer.error) == (SILENT, "its process ended before it answered")

    marked = tmp_path / "second"
    once = (
        "import sys, pathlib; sys.stdin.buffer.readline(); mark = pathlib.Path(sys.argv[1])\n"
        "if not mark.exists(): mark.touch(); sys.exit(9)\n"
        'print(\'{"status": "accepted", "loader": "torch"}\', flush=True); sys.stdin.buffer.readline()'
    )
    with Prover([sys.executable, "-c", once, str(marked)]) as fresh:
        assert fresh.ask(tmp_path / "m.pt", "torch").status == ACCEPTED


def test_one_that_hangs_is_killed(tmp_path: Path) -> None:
    with Prover(SLEEPER, patience=0.2) as fresh:
        fresh.warm("torch")
        first = running(fresh)
        answer = fresh.ask(tmp_path / "m.pt", "torch")
        assert (answer.status, answer.error) == (SILENT, "it took too long")
        assert gone(first)


def test_cancel_and_close_kill_it(tmp_path: Path) -> None:
    with Prover(SLEEPER) as fresh:
        fresh.warm("torch")
        first = running(fresh)
        with pytest.raises(Cancelled):
            fresh.ask(tmp_path / "m.pt", "torch", Stop(3))
        assert gone(first)
        fresh.warm("torch")
        second = running(fresh)
    assert gone(second)


@pytest.mark.parametrize(("program", "times"), [("time.sleep(60)", 1), ("pass", 2)], ids=["too slow", "dies"])
def test_only_a_process_that_died_is_asked_again(tmp_path: Path, program: str, times: int) -> None:
    """What keeps torch busy for hours would do so again."""
    log = tmp_path / "log"
    code = f"import time; open({str(log)!r}, 'a').write('x'); {program}"
    with Prover([sys.executable, "-c", code], patience=2) as prover:
        assert prover.ask(tmp_path / "no.pt", "torch").status == SILENT
    assert log.read_text() == "x" * times
