"""The command line, as a shell sees it: words, exit codes, one line of trouble."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import CASES

HEAVY = ("torch", "numpy", "numba", "PySide6", "pyqtgraph", "rich", "safetensors", "pickle")


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ckpt-gui without a display."""
    quiet = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    command = [sys.executable, "-m", "ckpt_gui", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**quiet, **environment}, timeout=120
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CASES["torch-zip/training_adam"](tmp_path_factory.mktemp("cli"))


def test_info_as_json_is_one_object(checkpoint: Path) -> None:
    done = run("info", "--json", checkpoint)

    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["format"] == "torch-zip"
    assert {"path", "nbytes", "tensors", "values", "code", "weights_only", "problems", "notes"} <= set(told)


def test_info_in_words_names_what_is_inside(checkpoint: Path) -> None:
    done = run("info", checkpoint)

    assert done.returncode == 0
    assert "model_state_dict" in done.stdout
    assert "optimizer" in done.stdout


@pytest.mark.parametrize("words", [("--json",), ()], ids=["json", "words"])
def test_info_imports_nothing_heavy(checkpoint: Path, words: tuple[str, ...]) -> None:
    code = (
        "import sys; from ckpt_gui.cli import main; main(sys.argv[1:]); "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "info", *words, str(checkpoint)], capture_output=True, text=True, check=True
    )

    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("info", "no-such-file.pt"), "does not exist"),
        (("info", "/dev/zero"), "a device"),
        (("info", "{folder}"), "folder"),
        (("info",), "FILE"),
        (("info", ""), "empty"),
        (("--nonsense",), "nonsense"),
        (("open",), "no display"),
        (("demo",), "no display"),
        (("compare",), "FILE"),
        (("compare", "a", "b"), "no display"),
        (("compare", "a", "b", "--map", "(oh", "--screenshot", "x.png"), "no rule"),
        (("compare", "a", "b", "--map", "auto", "--map", "a => b", "--screenshot", "x.png"), "stands alone"),
        (("compare", "a", "b", "--rtol", "-1", "--screenshot", "x.png"), "0 or more"),
    ],
)
def test_trouble_is_one_line_and_exit_code_2(words: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    done = run(*(word.format(folder=tmp_path) for word in words))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ckpt-gui: ")
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr


def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe.pt"
    os.mkfifo(path)

    done = run("info", path)

    assert done.returncode == 2
    assert "FIFO" in done.stderr


@pytest.mark.parametrize(
    "name", ["with space.pt", "Gewichte größer.pt", "line\nbreak.pt", "a::b.pt", "-dash.pt", "权重.pt"]
)
def test_any_file_name_will_do(name: str, checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(checkpoint.read_bytes())

    assert json.loads(run("info", "--json", path).stdout)["path"] == str(path)


def test_a_partial_tree_is_no_failure(checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.pt"
    path.write_bytes(checkpoint.read_bytes()[:-2000])

    done = run("info", "--json", path)

    assert done.returncode == 0
    assert json.loads(done.stdout)["notes"] != []


def test_a_reader_that_goes_away_is_no_failure(checkpoint: Path) -> None:
    command = f"{sys.executable} -m ckpt_gui info --json '{checkpoint}' | head -c 10"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ('{"path": "', "")


def test_version() -> None:
    assert run("--version").stdout.startswith("ckpt-gui ")


def test_a_picture_of_trouble_is_exit_code_2(tmp_path: Path) -> None:
    picture = tmp_path / "out.png"
    done = run("open", tmp_path / "absent.pt", "--screenshot", picture, XDG_CONFIG_HOME=str(tmp_path))

    assert done.returncode == 2
    assert done.stderr == f"ckpt-gui: {tmp_path / 'absent.pt'} does not exist\n"
    assert picture.stat().st_size > 0


def test_a_picture_of_a_comparison(checkpoint: Path, tmp_path: Path) -> None:
    picture = tmp_path / "out.png"
    words = ("compare", checkpoint, checkpoint, "--left", "model_state_dict", "--tab", "summary", "--atol", "1")
    done = run(*words, "--screenshot", picture, XDG_CONFIG_HOME=str(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert picture.stat().st_size > 0


def test_a_part_that_is_not_there_is_trouble(checkpoint: Path, tmp_path: Path) -> None:
    done = run(
        "compare", checkpoint, checkpoint, "--left", "no/where", "--screenshot", tmp_path / "out.png",
        XDG_CONFIG_HOME=str(tmp_path),
    )  # fmt: skip

    assert done.returncode == 2
    assert "nothing at no/where" in done.stderr
    assert done.stderr.count("\n") == 1
