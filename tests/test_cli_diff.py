"""``ckpt-gui diff`` as a shell and as git see it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.cli import main
from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.reader import read
from ckpt_gui.resources_path import resource
from tests.builders import HOSTILE


def diff(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON."""
    code = main(["diff", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out, parse_constant=_no_such_number)


def _no_such_number(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A training checkpoint and its next epoch: one layer frozen, one moved, one reshaped, one new, one gone."""
    state = {"embed.weight": torch.ones(4, 2), "fc.weight": torch.ones(3, 3), "head.weight": torch.ones(2)}
    other = {"embed.weight": torch.ones(4, 2), "fc.weight": torch.ones(3, 3), "head.weight": torch.ones(5)}
    other["fc.weight"][1, 2] = 3.0
    state["old.bias"], other["new.bias"] = torch.zeros(1), torch.zeros(1)
    for name, weights, epoch in (("a.pt", state, 1), ("b.pt", other, 2)):
        torch.save({"epoch": epoch, "model_state_dict": weights, "lr": 0.1}, tmp_path / name)
    return tmp_path / "a.pt", tmp_path / "b.pt"


def test_the_contract(capsys: pytest.CaptureFixture[str], pair: tuple[Path, Path]) -> None:
    code, told = diff(capsys, *pair)
    assert code == 1
    assert told["summary"] == {
        "same": 1, "close": 0, "changed": 1, "dtype": 0, "shape": 1, "added": 1, "removed": 1, "problem": 0,
    }  # fmt: skip
    rows = {row["key"]: row for row in told["rows"]}
    assert {key: row["change"] for key, row in rows.items()} == {
        "embed.weight": "same", "fc.weight": "changed", "head.weight": "shape", "old.bias": "removed",
        "new.bias": "added",
    }  # fmt: skip
    changed = rows["fc.weight"]
    assert changed["left"] == changed["right"] == ["model_state_dict", "fc.weight"]
    assert (changed["left_shape"], changed["right_dtype"]) == ([3, 3], "float32")
    assert (changed["max_abs"], changed["where"], changed["changed"]) == (2, [1, 2], 1)
    assert changed["mean_abs"] == pytest.approx(2 / 9)
    assert changed["rel_l2"] == pytest.approx(2 / 3)
    assert changed["cosine"] == pytest.approx(11 / (3 * 17**0.5))
    assert (rows["new.bias"]["left"], rows["new.bias"]["left_shape"], rows["old.bias"]["right"]) == (None, None, None)
    assert rows["head.weight"]["max_abs"] is None
    assert told["values"] == [{"path": ["epoch"], "left": "1", "right": "2"}]
    assert told["load"]["missing"] == ["new.bias"]
    assert told["load"]["unexpected"] == ["old.bias"]
    assert told["load"]["mismatched"] == [{"key": "head.weight", "left_shape": [2], "right_shape": [5]}]


@pytest.mark.parametrize(
    ("change", "tolerance", "code"),
    [
        (0.0, (), 0),
        (1e-7, (), 1),
        (1e-7, ("--atol", "1e-6"), 0),
        (1e-7, ("--rtol", "1e-3"), 0),
        (0.1, ("--rtol", "1e-3"), 1),
    ],
)
def test_exit_codes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, change: float, tolerance: tuple[str, ...], code: int
) -> None:
    for name, values in (("a.pt", torch.ones(4)), ("b.pt", torch.ones(4) + change)):
        torch.save({"w": values}, tmp_path / name)
    assert diff(capsys, tmp_path / "a.pt", tmp_path / "b.pt", *tolerance)[0] == code


def test_values_alone_make_a_difference(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, epoch in (("a.pt", 1), ("b.pt", 2)):
        torch.save({"model": {"w": torch.ones(2)}, "epoch": epoch}, tmp_path / name)
    assert diff(capsys, tmp_path / "a.pt", tmp_path / "b.pt")[0] == 1


@pytest.fixture
def wrapped(tmp_path: Path) -> tuple[Path, Path]:
    """The same weights bare, and with a prefix on every name."""
    state = {f"layers.{number}.weight": torch.randn(4, 4) for number in range(6)}
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "a.pt")
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "b.pt")
    return tmp_path / "a.pt", tmp_path / "b.pt"


def test_renames_are_proposed_and_applied_when_asked(
    capsys: pytest.CaptureFixture[str], wrapped: tuple[Path, Path]
) -> None:
    code, told = diff(capsys, *wrapped)
    assert code == 1
    assert told["summary"]["removed"] == told["summary"]["added"] == 6
    assert told["proposed"][0]["matched"] == 6
    assert told["renames"] == []
    for rule in (told["proposed"][0]["rule"], r"^module\. => ", "auto"):
        code, told = diff(capsys, *wrapped, "--map", rule)
        assert (code, told["summary"]["same"]) == (0, 6)
        assert told["renames"][0]["matched"] == 6
        assert {row["key"] for row in told["rows"]} == {f"layers.{number}.weight" for number in range(6)}


def test_parts_of_one_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    state = {"w": torch.ones(3)}
    torch.save({"model": state, "ema": {"w": torch.ones(3) * 2}}, tmp_path / "a.pt")
    path = tmp_path / "a.pt"
    code, told = diff(capsys, path, path, "--left", "model", "--right", "ema")
    assert code == 1
    assert [(row["key"], row["max_abs"]) for row in told["rows"]] == [("w", 1)]
    assert (told["rows"][0]["left"], told["rows"][0]["right"]) == (["model", "w"], ["ema", "w"])


def test_only_and_sort(capsys: pytest.CaptureFixture[str]) -> None:
    files = [resource(f"demo/epoch_{number:03}.ckpt") for number in (3, 4)]
    _, told = diff(capsys, *files, "--only", "changed", "--sort", "rel_l2")
    sizes = [row["rel_l2"] for row in told["rows"] if row["rel_l2"] is not None]
    assert sizes == sorted(sizes, reverse=True)
    assert {row["change"] for row in told["rows"]} == {"changed"}
    assert told["summary"]["same"] > 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("a",), "two files"), (("a", "b", "c"), "two files"), (("{a}", "{folder}/none"), "does not exist"),
        (("{a}", "{b}", "--only", "odd"), "none of them"), (("{a}", "{b}", "--map", "x"), "=>"),
        (("{a}", "{b}", "--map", "auto", "--map", "a => b"), "alone"), (("{a}", "{b}", "--rtol", "-1"), "from 0 up"),
        (("{a}", "{b}", "--left", "nowhere"), "nowhere"),
        (("{a}", "{b}", "--html", "{folder}/no/x.html"), "cannot be written"),
    ],
)  # fmt: skip
def test_trouble_is_one_line(
    capsys: pytest.CaptureFixture[str], pair: tuple[Path, Path], words: tuple[str, ...], sentence: str
) -> None:
    places = {"a": pair[0], "b": pair[1], "folder": pair[0].parent}
    assert main(["diff", *(word.format(**places) for word in words)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("ckpt-gui: ")
    assert said.err.count("\n") == 1
    assert sentence in said.err


def test_words_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *(str(resource(f"demo/epoch_{number:03}.ckpt")) for number in (3, 4))]) == 1
    said = capsys.readouterr().out
    assert "19 same, 104 changed" in said
    assert "Bit-identical: " in said
    assert re.search(r"≠ changed +blocks\.2\.mlp\.down\.weight", said)
    assert "epoch: 3 → 4" in said


def test_a_page_with_charts_and_nothing_from_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.html"
    files = [str(resource(f"demo/epoch_{number:03}.ckpt")) for number in (3, 4)]
    assert main(["diff", *files, "--html", str(page)]) == 1
    text = page.read_text("utf-8")
    assert text.count("<svg") > 10
    assert "blocks.2.mlp.down.weight" in text
    assert not re.search(r"(src|href)=|url\(|<script", text)
    assert "missing" not in capsys.readouterr().err


def test_names_that_would_be_markup_are_text_on_the_page(tmp_path: Path) -> None:
    for name, value in (("a.pt", 1.0), ("b.pt", 2.0)):
        torch.save({"<script>alert(1)</script>": torch.full((9,), value), "epoch": "<b>"}, tmp_path / name)
    main(["diff", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--html", str(tmp_path / "x.html")])
    assert "<script" not in (tmp_path / "x.html").read_text("utf-8")


HURTFUL = sorted(HOSTILE)[::9]


@pytest.mark.parametrize("name", HURTFUL)
def test_hostile_files_on_either_side(
    name: str, tmp_path: Path, pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = HOSTILE[name](tmp_path)
    for files in ((path, pair[0]), (pair[0], path)):
        code = main(["diff", *map(str, files), "--json"])
        said = capsys.readouterr()
        try:
            read(path)
        except OpenError:
            assert (code, said.out) == (2, "")
        else:
            assert code in (0, 1)
            json.loads(said.out)


def run_git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_PAGER": "cat",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
    }  # fmt: skip
    return subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_git_shows_it(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    """The two lines of configuration that the README shows."""
    ours = f'"{sys.executable}" -m ckpt_gui'
    folder = tmp_path / "repository"
    folder.mkdir()
    if run_git(folder, "init", "-q").returncode:
        pytest.skip("git is not here")
    run_git(folder, "config", "diff.ckpt.command", f"{ours} diff")
    run_git(folder, "config", "difftool.ckpt.cmd", f'{ours} diff "$LOCAL" "$REMOTE"')
    (folder / ".gitattributes").write_text("*.pt diff=ckpt\n")
    (folder / "model.pt").write_bytes(pair[0].read_bytes())
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-qm", "one")
    (folder / "model.pt").write_bytes(pair[1].read_bytes())
    (folder / "new.pt").write_bytes(pair[1].read_bytes())
    run_git(folder, "add", "-A")
    shown = run_git(folder, "diff", "--cached")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"≠ changed +fc\.weight", shown.stdout)
    assert "new.pt: added" in shown.stdout
    tool = run_git(folder, "difftool", "--cached", "-y", "-t", "ckpt", "--", "model.pt")
    assert re.search(r"≠ changed +fc\.weight", tool.stdout), tool.stderr
