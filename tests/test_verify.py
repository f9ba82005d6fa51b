"""``ckpt-gui verify``: the contract of its JSON, its exit codes, and what it says of every file there is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.cli import main
from ckpt_gui.core.reader import read
from tests.builders import CASES, EXPECTED, HOSTILE
from tests.builders.registry import some
from tests.test_cli import run

CODES = {"tree": {0, 1}, "noted": {0, 1}, "refused": {1, 2}, "either": {0, 1}}
"""What ``verify`` may answer where ``info`` gives a tree, or none."""
NOT_READ = {"fifo", "socket", "device", "link_to_device", "dangling_link", "link_loop", "folder_named_pt"}
WITH_NAN = {
    "torch-zip/special_values", "torch-dtype/complex32", "torch-dtype/all_plain", "torch-legacy/dtypes_untyped",
}  # fmt: skip
"""Good files that hold NaN on purpose, in values or in random bytes taken for values."""
STRUCTURAL = {"structure", "changed", "crc", "unreadable"}


def verified(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Exit code, and what was written as JSON, if anything."""
    code = main(["verify", "--json", str(path)])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    if code == 2:
        assert said.out == ""
        assert said.err.startswith("ckpt-gui: ")
        assert said.err.count("\n") == 1
        return code, {}
    told: dict[str, Any] = json.loads(said.out, parse_constant=_no_such_number)
    assert {"ok", "problems", "findings", "checked_nbytes", "path", "format", "notes"} <= told.keys()
    assert told["ok"] == (told["problems"] == []) == (code == 0)
    assert all({"path", "index", "kind", "text"} == entry.keys() for entry in told["problems"] + told["findings"])
    return code, told


def _no_such_number(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


@pytest.mark.parametrize("name", some(HOSTILE, 14))
def test_a_hostile_file_ends_in_a_code_never_in_a_traceback(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = verified(HOSTILE[name](tmp_path), capsys)

    if name.removeprefix("file/") in NOT_READ:
        assert code == 2
    elif name != "file/unreadable":
        assert code in CODES[EXPECTED[name]] - {2}


@pytest.mark.parametrize("name", some(set(CASES) - WITH_NAN, 10))
def test_a_good_file_is_good(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = verified(CASES[name](tmp_path), capsys)

    if name.startswith("not-checkpoint/"):
        nothing = name.endswith(("folder", "missing"))
        assert (code, told.get("format")) == (2 if nothing else 1, None)
    else:
        assert (code, told["problems"]) == (0, [])


@pytest.mark.parametrize("name", sorted(WITH_NAN))
def test_nan_is_the_only_problem(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = verified(CASES[name](tmp_path), capsys)

    assert code == 1
    assert {entry["kind"] for entry in told["problems"]} <= {"nan", "inf"}


@pytest.mark.parametrize("name", ["torch-zip/training_adam", "torch-legacy/training", "safetensors/plain"])
def test_a_file_cut_anywhere_is_found_out(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = CASES[name](tmp_path)
    whole = path.read_bytes()
    for part in range(1, 20):
        path.write_bytes(whole[: len(whole) * part // 20])

        code, told = verified(path, capsys)

        assert code == 1
        assert {entry["kind"] for entry in told["problems"]} & STRUCTURAL


def test_the_path_is_a_list_of_keys_as_in_info(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.pt"
    bad = torch.tensor([[0.0, 1.0], [float("nan"), 3.0]])
    torch.save({"optimizer": {"state": {0: {"a.b": bad.t()}}}}, path)

    _, told = verified(path, capsys)

    problem = told["problems"][0]
    assert (problem["path"], problem["index"], problem["kind"]) == (["optimizer", "state", 0, "a.b"], [0, 1], "nan")


def test_a_folder_of_shards_is_verified_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = CASES["sharded/bin"](tmp_path).parent
    assert verified(folder, capsys)[0] == 0
    checkpoint = read(folder).checkpoint
    storage = checkpoint.storage(len(checkpoint.storages) - 1)
    shard = Path(checkpoint.sources[storage.source].path)
    data = bytearray(shard.read_bytes())
    data[storage.offset] ^= 1
    shard.write_bytes(data)

    code, told = verified(folder, capsys)

    assert (code, [entry["kind"] for entry in told["problems"]]) == (1, ["crc"])


def test_words_name_the_problem_and_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"w": torch.tensor([1.0, float("nan")]), "zero": torch.zeros(2, 2)}, path)

    done = run("verify", path)

    assert (done.returncode, done.stderr) == (1, "")
    assert "w: 1 of 2 values is NaN, the first at [1]" in done.stdout
    assert "zero: all 4 values are 0" in done.stdout
    assert "\x1b" not in done.stdout


def test_ten_thousand_alike_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.pt"
    torch.save({f"w{number}": torch.tensor([[float("nan")]]) for number in range(300)}, path)

    assert main(["verify", str(path)]) == 1

    said = capsys.readouterr().out
    assert "300 tensors: its value is NaN (w0, w1, w2 and 297 more)" in said
    assert len(said.splitlines()) < 12


@pytest.mark.skipif(shutil.which("script") is None, reason="needs the script command for a terminal")
def test_a_terminal_gets_colours_and_no_bar_is_left_behind(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = tmp_path / "model.pt"
    torch.save({"w": torch.ones(3)}, path)
    command = f"{sys.executable} -m ckpt_gui verify {path}"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, text=True, check=True, timeout=60,
        stdin=subprocess.DEVNULL, env={"TERM": "xterm", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip

    assert "\x1b[1;32mIt holds together" in done.stdout
