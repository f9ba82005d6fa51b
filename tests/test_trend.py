"""``ckpt-gui trend``: the table, JSON, CSV, and what goes wrong."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ckpt_gui.cli import main
from tests.core.trend.runs import training


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CKPT_GUI_CACHE", str(tmp_path / "cache"))
    training(tmp_path / "run", nan_from=4)
    return tmp_path / "run"


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trend", str(folder), "--key", "*.weight", "--stat", "std", "--change", "--first-nan", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert told["stat"] == "std"
    assert told["ordered_by"] == "step"
    assert [(one["step"], one["epoch"], one["problem"]) for one in told["files"]] == [
        (10 * number, number - 1, None) for number in range(1, 7)
    ]
    assert [one["path"] for one in told["series"]] == [["state_dict", f"{number}.weight"] for number in (0, 2, 4)]
    assert [len(one["values"]) for one in told["series"]] == [6, 6, 6]
    assert told["series"][1]["change"][0] is None
    assert told["series"][1]["change"][1] > 0
    assert told["first_nan"]["tensors"] == [{"path": ["state_dict", "2.weight"], "nan": 1, "where": [3, 5]}]


def test_histograms_have_common_edges(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trend", str(folder), "--key", "0.weight", "--histograms", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["series"][0]["histograms"]

    assert found["edges"] == sorted(found["edges"])
    assert [sum(counts) for counts in found["counts"]] == [128] * 4 + [0] * 2


def test_csv_is_a_line_for_each_tensor_and_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trend", str(folder), "--key", "0.*", "--csv", "--change"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    assert len(rows) == 12
    assert [row["step"] for row in rows[:6]] == ["10", "20", "30", "40", "50", "60"]
    assert rows[0]["change"] == ""
    assert float(rows[1]["change"]) > 0
    assert (rows[5]["value"], rows[5]["nonfinite"]) == ("", "128")


def test_the_table_has_sparklines_and_the_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trend", str(folder), "--key", "2.weight", "--first-nan"]) == 0
    told = capsys.readouterr().out

    assert "6 files in order by the step written in the files, step 10 to 60." in told
    line = next(line for line in told.splitlines() if "2.weight" in line and "×" in line)
    assert "3 files" in line
    assert "NaN first at step 40" in told


def test_files_that_cannot_be_opened_are_told_and_passed_by(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.pt").write_bytes(b"nothing")
    assert main(["trend", str(folder), "--key", "2.bias", "--together", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"][6]["problem"]
    assert told["series"][0]["values"][6] is None

    assert main(["trend", str(folder), "--key", "2.bias"]) == 0
    assert "broken.pt: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--stat", "nonsense"], "nonsense is none of them"),
        (["--json", "--csv"], "choose one"),
        (["--histograms"], "goes with --json"),
        (["--key", "absent*"], "no tensor of these files"),
    ],
)
def test_trouble_is_a_sentence(
    folder: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trend", str(folder), *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("ckpt-gui: ")
    assert sentence in told.err
    assert told.err.count("\n") == 1


def test_a_picture_of_a_run(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "run.png"
    done = shell("compare", folder, "--screenshot", picture)
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.stat().st_size > 20_000


def test_one_file_is_nothing_to_compare(folder: Path) -> None:
    done = shell("compare", next(folder.iterdir()))
    assert done.returncode == 2
    assert "takes two checkpoints, three or more of one run, or the folder of a run" in done.stderr


def test_a_picture_of_a_run_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = shell("compare", tmp_path / "empty", "--screenshot", tmp_path / "run.png")
    assert done.returncode == 2
    assert "holds no checkpoint" in done.stderr


def shell(*words: object) -> subprocess.CompletedProcess[str]:
    """As a person runs it."""
    command = [sys.executable, "-m", "ckpt_gui", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_one_readable_file_is_no_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *_rest = sorted(folder.iterdir())
    second.write_bytes(b"nothing")
    assert main(["trend", str(first), str(second)]) == 2
    assert "two checkpoints at least, and 1 can be opened" in capsys.readouterr().err
