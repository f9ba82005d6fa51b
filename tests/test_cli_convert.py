"""``ckpt-gui convert`` as a shell sees it: options, exit codes, words, JSON; nothing written that was not asked for."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ckpt_gui import proving
from ckpt_gui.cli import main
from ckpt_gui.cli.convert_names import name_for
from ckpt_gui.core.convert.nouns import Options, Plan
from ckpt_gui.core.convert.recipes import options_from_json
from ckpt_gui.core.reader import read
from ckpt_gui.proving import Prover
from tests.builders import CASES

Captured = pytest.CaptureFixture[str]

TOLD: dict[str, Any] = {
    "source": str, "target": str, "kept": list, "dropped": list, "nbytes_before": int, "nbytes_after": int,
    "warnings": list, "verified": (bool, type(None)),
}  # fmt: skip


def convert(capsys: Captured, *words: object) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON."""
    code = main(["convert", "--json", *map(str, words)])
    return code, json.loads(capsys.readouterr().out, parse_constant=_no_such_number)


def refused(capsys: Captured, *words: object) -> str:
    """The sentence on standard error; all else is silent and exit code 2."""
    code = main(["convert", *map(str, words)])
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith("ckpt-gui: ")
    assert said.err.count("\n") == 1
    return said.err.removeprefix("ckpt-gui: ")


def _no_such_number(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


def load(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time."""
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


@pytest.fixture(autouse=True, scope="module")
def one_prover() -> Iterator[None]:
    """One process that asks torch, for all tests in this one: each of its own would take seconds to import torch."""
    with Prover() as prover, pytest.MonkeyPatch.context() as patch:
        patch.setattr(proving, "Prover", lambda: nullcontext(prover))
        yield


@pytest.fixture
def training(tmp_path: Path) -> Path:
    """Weights and their average, two of them tied, the optimizer's state, a buffer, an int and some values."""
    state = {
        "module.embed.weight": torch.arange(12.0).reshape(4, 3),
        "module.norm.running_mean": torch.ones(3),
        "module.norm.num_batches_tracked": torch.tensor(7),
        "module.head.bias": torch.tensor([1.0, -2.0, 70000.0]),
    }
    state["module.head.weight"] = state["module.embed.weight"]
    optimizer = {"state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(4, 3)}}, "param_groups": [{"lr": 0.1}]}
    torch.save({"epoch": 3, "model": state, "optimizer": optimizer, "config": {"device": "cpu"}}, tmp_path / "train.pt")
    return tmp_path / "train.pt"


@pytest.fixture
def averaged(tmp_path: Path) -> Path:
    """Raw weights and their averages."""
    return CASES["torch-zip/training_ema"](tmp_path)


class TestContract:
    def test_the_object(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.pt")
        code, told = convert(capsys, training, "-o", target, "--strip-optimizer")
        assert code == 0
        assert [name for name, kind in TOLD.items() if not isinstance(told[name], kind)] == []
        assert (told["source"], told["target"], told["verified"]) == (str(training), str(target), True)
        assert (told["nbytes_before"], told["nbytes_after"]) == (training.stat().st_size, target.stat().st_size)
        assert ["model", "module.embed.weight"] in told["kept"]
        assert ["optimizer", "state", 0, "exp_avg"] in told["dropped"]
        assert ["optimizer", "param_groups", 0, "lr"] in told["dropped"]
        assert not any(path[0] == "optimizer" for path in told["kept"])
        assert [one for one in numbers(told) if not math.isfinite(one)] == []
        assert (told["error"], told["dry_run"]) == (None, False)

    def test_the_object_of_a_dry_run(self, capsys: Captured, training: Path) -> None:
        before = listing(training.parent)
        code, told = convert(capsys, training, "-o", training.with_name("out.pt"), "--state-dict", "--dry-run")
        assert code == 0
        assert [name for name, kind in TOLD.items() if not isinstance(told[name], kind)] == []
        assert (told["verified"], told["dry_run"]) == (None, True)
        assert told["command_line"].startswith("ckpt-gui convert ")
        assert "--state-dict" in told["command_line"]
        assert "torch" in told["python"]
        assert listing(training.parent) == before

    def test_what_is_foretold_comes_true(self, capsys: Captured, training: Path) -> None:
        words = (training, "-o", training.with_name("out.pt"), "--state-dict", "--drop", "*.running_mean")
        _, foretold = convert(capsys, *words, "--dry-run")
        _, told = convert(capsys, *words)
        assert (foretold["kept"], foretold["dropped"]) == (told["kept"], told["dropped"])
        assert foretold["nbytes_after"] == pytest.approx(told["nbytes_after"], rel=0.25)
        _, again = convert(capsys, *words, "--dry-run")
        assert [warning for warning in again["warnings"] if "--overwrite" in warning] != []


def numbers(told: Any) -> list[float]:
    """Every number in an object."""
    if isinstance(told, dict | list):
        return [one for part in (told.values() if isinstance(told, dict) else told) for one in numbers(part)]
    return [told] if isinstance(told, int | float) else []


class TestOptions:
    def test_device(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.pt")
        _, told = convert(capsys, training, "-o", target, "--device", "cuda:1")
        assert tags(target) == {"cuda:1"}
        assert load(target)["config"] == {"device": "cpu"}
        assert any("CPU" in warning for warning in told["warnings"])
        _, told = convert(capsys, target, "-o", training.with_name("b.pt"), "--device", "cuda:1=mps")
        assert tags(training.with_name("b.pt")) == {"mps"}
        code, told = convert(capsys, target, "-o", training.with_name("c.pt"), "--device", "cuda:7=mps")
        assert (code, tags(training.with_name("c.pt"))) == (0, {"cuda:1"})
        assert told["warnings"] != []

    def test_strip_optimizer_and_spare(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.pt")
        convert(capsys, training, "-o", target, "--strip-optimizer")
        assert set(load(target)) >= {"epoch", "model"}
        assert "optimizer" not in load(target)
        convert(capsys, training, "-o", target, "--strip-optimizer", "--spare", "optimizer*", "--overwrite")
        assert load(target)["optimizer"]["param_groups"] == [{"lr": 0.1}]

    def test_state_dict(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.pt")
        convert(capsys, training, "-o", target, "--state-dict")
        wanted, found = load(training)["model"], load(target)
        assert list(found) == list(wanted)
        assert all(torch.equal(found[name], wanted[name]) for name in wanted)
        assert found["module.head.weight"].data_ptr() == found["module.embed.weight"].data_ptr()

    def test_rename_and_drop_and_keep_and_only(self, capsys: Captured, training: Path) -> None:
        def names(*words: str) -> list[str]:
            target = training.with_name("out.pt")
            convert(capsys, training, "-o", target, "--state-dict", "--overwrite", *words)
            return [name.removeprefix("module.") for name in load(target)]

        assert "norm.num_batches_tracked" not in names("--drop", "*.num_batches_tracked")
        assert names("--keep", "*.running_mean", "--keep", "*bias") == ["norm.running_mean", "head.bias"]
        assert names("--only", "dtype:int64") == ["norm.num_batches_tracked"]
        assert names("--rename", "^module\\. => net.", "--keep", "*bias") == ["net.head.bias"]

    def test_select(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.pt")
        convert(capsys, training, "-o", target, "--select", "optimizer/state/0")
        assert set(load(target)) == {"step", "exp_avg"}

    def test_dtype_leaves_integers_and_buffers(self, capsys: Captured, training: Path) -> None:
        def types(*words: str) -> dict[str, str]:
            target = training.with_name("out.pt")
            convert(capsys, training, "-o", target, "--state-dict", "--overwrite", "--dtype", "bf16", *words)
            return {name.rpartition(".")[2]: str(value.dtype)[6:] for name, value in load(target).items()}

        assert types() == {
            "weight": "bfloat16", "running_mean": "float32", "num_batches_tracked": "int64", "bias": "bfloat16",
        }  # fmt: skip
        assert types("--cast-buffers")["running_mean"] == "bfloat16"
        assert types("--cast", "name:glob:*.weight")["bias"] == "float32"
        assert types("--cast-integers", "--cast", "dtype:int64")["num_batches_tracked"] == "bfloat16"

    def test_audit_tells_of_overflow_before_writing(self, capsys: Captured, training: Path) -> None:
        words = (training, "-o", training.with_name("out.pt"), "--state-dict", "--dtype", "float16", "--audit")
        code, told = convert(capsys, *words, "--dry-run")
        assert code == 0
        assert not training.with_name("out.pt").exists()
        overflown = {tuple(one["path"]): one["overflow"] for one in told["audit"]}
        assert overflown["model", "module.head.bias"] == 1
        assert overflown["model", "module.embed.weight"] == 0

    def test_safetensors(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.safetensors")
        _, told = convert(capsys, training, "-o", target, "--metadata", "title=a=b")
        assert "module.embed.weight" in "".join(load_file(target))
        with safe_open(target, "pt") as file:
            assert file.metadata()["format"] == "pt"
            assert file.metadata()["title"] == "a=b"
        assert told["aliases"] != []
        convert(capsys, training, "-o", target, "--shared", "clone", "--state-dict", "--overwrite")
        assert set(load_file(target)) == set(load(training)["model"])

    def test_shards(self, capsys: Captured, tmp_path: Path) -> None:
        torch.save({f"w{number}": torch.full((100,), float(number)) for number in range(4)}, tmp_path / "a.pt")
        (tmp_path / "out").mkdir()
        code, told = convert(
            capsys, tmp_path / "a.pt", "-o", tmp_path / "out" / "model.safetensors", "--max-shard-size", "1kB"
        )
        assert code == 0
        assert len(list((tmp_path / "out").glob("*.safetensors"))) == 2
        assert len(list((tmp_path / "out").glob("*.index.json"))) == 1
        code, told = convert(capsys, tmp_path / "out", "-o", tmp_path / "whole.pt", "--to", "torch")
        assert (code, told["verified"]) == (0, True)
        assert torch.equal(load(tmp_path / "whole.pt")["w3"], torch.full((100,), 3.0))

    def test_to_legacy(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.pt")
        convert(capsys, training, "-o", target, "--to", "legacy")
        assert read(target).checkpoint.format == "torch-legacy"
        assert torch.equal(load(target)["model"]["module.head.bias"], load(training)["model"]["module.head.bias"])

    def test_compact_and_untie_and_tie(self, capsys: Captured, tmp_path: Path) -> None:
        wide = torch.arange(1000.0)
        torch.save({"view": wide[:4], "a": torch.ones(2000), "b": torch.ones(2000)}, tmp_path / "a.pt")
        target = tmp_path / "out.pt"
        convert(capsys, tmp_path / "a.pt", "-o", target, "--compact")
        assert load(target)["view"].untyped_storage().nbytes() == 16
        convert(capsys, tmp_path / "a.pt", "-o", target, "--tie", "--overwrite")
        tied = load(target)
        assert tied["a"].data_ptr() == tied["b"].data_ptr()
        convert(capsys, target, "-o", tmp_path / "apart.pt", "--untie")
        apart = load(tmp_path / "apart.pt")
        assert apart["a"].data_ptr() != apart["b"].data_ptr()

    def test_ema_or_raw(self, capsys: Captured, averaged: Path) -> None:
        target = averaged.with_name("out.pt")
        found = {}
        for words in ((), ("--raw",), ("--use-ema",)):
            code, told = convert(capsys, averaged, "-o", target, "--state-dict", "--overwrite", *words)
            assert (code, told["verified"]) == (0, True)
            found[words] = load(target)
            assert any("--use-ema" in warning for warning in told["warnings"]) == (words == ())
        raw, ema = found["--raw",], found["--use-ema",]
        assert all(torch.equal(found[()][name], raw[name]) for name in raw)
        assert [name for name in raw if not torch.equal(raw[name], ema[name])] != []

    def test_skip_damaged(self, capsys: Captured, tmp_path: Path) -> None:
        path = tmp_path / "model.safetensors"
        save_file({"a": torch.ones(4), "b": torch.ones(4000)}, path)
        path.write_bytes(path.read_bytes()[:-8])
        words = (path, "-o", tmp_path / "out.safetensors")
        assert "b" in refused(capsys, *words)
        code, told = convert(capsys, *words, "--skip-damaged")
        assert (code, told["kept"], told["dropped"]) == (0, [["a"]], [["b"]])


def tags(path: Path) -> set[str | None]:
    storages = read(path).checkpoint
    return {storages.storage(number).device for number in range(len(storages.storages.key))}


class TestReceipt:
    def test_beside_the_file_with_digests(self, capsys: Captured, training: Path) -> None:
        import hashlib

        target = training.with_name("out.pt")
        _, told = convert(capsys, training, "-o", target, "--device", "cuda:0", "--receipt")
        written = json.loads(target.with_name("out.pt.receipt.json").read_text())
        assert written["sha256"] == told["sha256"]
        for path in (training, target):
            assert written["sha256"][str(path)] == hashlib.sha256(path.read_bytes()).hexdigest()

    def test_none_without_being_asked(self, capsys: Captured, training: Path) -> None:
        convert(capsys, training, "-o", training.with_name("out.pt"))
        assert set(listing(training.parent)) == {"train.pt", "out.pt"}


class TestRecipes:
    def test_saved_and_applied(self, capsys: Captured, training: Path) -> None:
        recipe, target = training.with_name("to bf16.json"), training.with_name("out.pt")
        words = ("--state-dict", "--dtype", "bf16", "--rename", "^module\\. => ", "--drop", "*.running_mean")
        convert(capsys, training, "-o", target, *words, "--save-recipe", recipe)
        assert options_from_json(json.loads(recipe.read_text())) == Options(
            state_dict=True, dtype="bfloat16", rename=("^module\\. => ",), drop=("*.running_mean",)
        )
        _, told = convert(capsys, training, "-o", training.with_name("b.pt"), "--recipe", recipe)
        assert load(training.with_name("b.pt")).keys() == load(target).keys()
        assert told["options"] == json.loads(recipe.read_text())

    def test_what_is_said_goes_before_it(self, capsys: Captured, training: Path) -> None:
        recipe, target = training.with_name("r.json"), training.with_name("out.pt")
        convert(capsys, training, "-o", target, "--dtype", "bf16", "--state-dict", "--save-recipe", recipe, "--dry-run")
        convert(capsys, training, "-o", target, "--recipe", recipe, "--dtype", "float16", "--drop", "*.bias")
        assert load(target)["module.embed.weight"].dtype == torch.float16
        assert "module.head.bias" not in load(target)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [("{", "JSON"), ("[]", "recipe"), ("{}", "recipe"), (None, "No such file"), ('{"x": NaN}', "recipe")],
    )
    def test_no_recipe(self, capsys: Captured, training: Path, text: str | None, sentence: str) -> None:
        recipe = training.with_name("r.json")
        if text is not None:
            recipe.write_text(text)
        assert sentence in refused(capsys, training, "-o", training.with_name("o.pt"), "--recipe", recipe)

    def test_one_is_not_overwritten_unasked(self, capsys: Captured, training: Path) -> None:
        recipe, target = training.with_name("r.json"), training.with_name("out.pt")
        recipe.write_text("mine")
        words = (training, "-o", target, "--device", "cpu", "--save-recipe", recipe)
        assert "exists" in refused(capsys, *words)
        assert (recipe.read_text(), target.exists()) == ("mine", False)


class TestTrouble:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("{a}",), "-o"),
            (("{a}", "-o", "{a}"), "itself"),
            (("{a}", "-o", "{link}", "--overwrite"), "itself"),
            (("{a}", "-o", "{there}"), "exists"),
            (("{a}", "-o", "{folder}/none/x.pt"), "none"),
            (("{folder}/absent.pt", "-o", "{out}"), "does not exist"),
            (("{there}", "-o", "{out}"), "there.pt"),
            (("{a}", "-o", "{out}", "--device", "meta"), "meta"),
            (("{a}", "-o", "{out}", "--device", "=cpu"), "=cpu"),
            (("{a}", "-o", "{out}", "--dtype", "floaty"), "floaty"),
            (("{a}", "-o", "{out}", "--dtype", "float8"), "float8_e4m3fn"),
            (("{a}", "-o", "{out}", "--max-shard-size", "much"), "much"),
            (("{a}", "-o", "{out}", "--metadata", "=x"), "key"),
            (("{a}", "-o", "{out}", "--rename", "nothing"), "=>"),
            (("{a}", "-o", "{out}", "--rename", "(oh => x"), "oh"),
            (("{a}", "-o", "{out}", "--state-dict", "--rename", ".* => same"), "same"),
            (("{a}", "-o", "{out}", "--only", "size:huge"), "huge"),
            (("{a}", "-o", "{out}", "--select", "nowhere"), "nowhere"),
            (("{a}", "-o", "{out}", "--to", "onnx"), "onnx"),
            (("{a}", "-o", "{out}", "--audit"), "--dtype"),
            (("{a}", "-o", "{out}", "--use-ema", "--raw"), "--raw"),
            (("{a}", "-o", "{out}", "--state-dict", "--use-ema"), "averaged"),
            (("{a}", "{b}", "-o", "{out}"), "folder"),
            (("{a}", "{folder}/other/train.pt", "-o", "{folder}"), "train.pt"),
        ],
    )
    def test_is_one_line_and_leaves_all_as_it_was(
        self, capsys: Captured, training: Path, words: tuple[str, ...], sentence: str
    ) -> None:
        folder = training.parent
        (folder / "there.pt").write_text("something")
        (folder / "link.pt").symlink_to(training)
        before = listing(folder)
        places = {
            "a": training, "b": CASES["torch-zip/plain"], "folder": folder, "out": folder / "out.pt",
            "there": folder / "there.pt", "link": folder / "link.pt",
        }  # fmt: skip
        assert sentence in refused(capsys, *(word.format(**places) for word in words))
        assert listing(folder) == before

    def test_a_format_without_tags(self, capsys: Captured, tmp_path: Path) -> None:
        save_file({"a": torch.ones(4)}, tmp_path / "a.safetensors")
        words = (tmp_path / "a.safetensors", "-o", tmp_path / "b.safetensors", "--device", "cpu")
        assert "tag" in refused(capsys, *words)

    def test_candidates_are_named(self, capsys: Captured, tmp_path: Path) -> None:
        path = CASES["framework/gan"](tmp_path)
        sentence = refused(capsys, path, "-o", tmp_path / "o.pt", "--state-dict")
        assert "--select" in sentence

    def test_nothing_to_do_is_done_all_the_same(self, capsys: Captured, tmp_path: Path) -> None:
        torch.save({"w": torch.ones(3)}, tmp_path / "a.pt")
        code, told = convert(capsys, tmp_path / "a.pt", "-o", tmp_path / "b.pt", "--strip-optimizer", "--device", "cpu")
        assert (code, told["verified"]) == (0, True)
        assert told["warnings"] != []


class TestNames:
    @pytest.mark.parametrize("name", ["with space.pt", "größer.pt", "line\nbreak.pt", "-dash.pt", "权重.pt", "a::b.pt"])
    def test_any_name_will_do_on_either_side(
        self, capsys: Captured, training: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(training.parent)
        code, told = convert(capsys, f"-o=out of {name}", "--", "train.pt")
        assert (code, told["target"]) == (0, f"out of {name}")
        Path(f"out of {name}").rename(name)
        code = main(["convert", "-o", "again.pt", "--json", "--", name])
        assert (code, json.loads(capsys.readouterr().out)["source"]) == (0, name)

    def test_of_tensors(self, capsys: Captured, tmp_path: Path) -> None:
        odd = {"with space": 1.0, "größe": 2.0, "line\nbreak": 3.0, "a/b": 4.0, "7": 5.0, "": 6.0, "\u202egnp": 7.0}
        torch.save({"model": {name: torch.tensor([value]) for name, value in odd.items()}}, tmp_path / "a.pt")
        for target in ("b.pt", "b.safetensors"):
            code, _ = convert(capsys, tmp_path / "a.pt", "-o", tmp_path / target, "--state-dict")
            found = load(tmp_path / target) if target == "b.pt" else load_file(tmp_path / target)
            assert code == 0
            assert {name: value.item() for name, value in found.items()} == odd


class TestBatch:
    @pytest.fixture
    def several(self, tmp_path: Path) -> tuple[Path, list[Path]]:
        """A folder for the results, and files of several kinds: one is none."""
        (tmp_path / "out").mkdir()
        torch.save({"w": torch.ones(3), "v": torch.zeros(2)}, tmp_path / "one.pt")
        torch.save({"w": torch.ones(4)}, tmp_path / "two.ckpt", _use_new_zipfile_serialization=False)
        save_file({"w": torch.ones(5)}, tmp_path / "three.safetensors")
        (tmp_path / "four.pt").write_text("not a checkpoint")
        return tmp_path / "out", [tmp_path / name for name in ("one.pt", "four.pt", "two.ckpt", "three.safetensors")]

    def test_one_failure_does_not_stop_the_others(self, capsys: Captured, several: tuple[Path, list[Path]]) -> None:
        folder, files = several
        code = main(["convert", *map(str, files), "-o", str(folder), "--state-dict"])
        said = capsys.readouterr()
        assert code == 2
        assert sorted(path.name for path in folder.iterdir()) == ["one.pt", "three.pt", "two.ckpt"]
        assert [line.split()[-1] for line in said.out.splitlines() if line.strip().startswith(str(files[0]))] == [
            "verified"
        ]
        assert "four.pt" in said.out
        assert said.err == "ckpt-gui: 1 of 4 files could not be converted\n"

    def test_as_json(self, capsys: Captured, several: tuple[Path, list[Path]]) -> None:
        folder, files = several
        code, told = convert(capsys, *files, "-o", folder, "--to", "safetensors")
        assert code == 2
        assert [row["verified"] for row in told["results"]] == [True, False, True, True]
        assert [bool(row["error"]) for row in told["results"]] == [False, True, False, False]
        assert {name for row in told["results"] for name in TOLD if name not in row} == set()
        names = [Path(row["target"]).name for row in told["results"] if row["target"]]
        assert names == ["one.safetensors", "two.safetensors", "three.safetensors"]

    def test_all_well(self, capsys: Captured, several: tuple[Path, list[Path]]) -> None:
        folder, files = several
        code, told = convert(capsys, files[0], files[2], "-o", folder, "--device", "cuda:0")
        assert (code, len(told["results"])) == (0, 2)
        assert read(folder / "two.ckpt").checkpoint.format == "torch-legacy"

    def test_a_dry_run_writes_nothing(self, capsys: Captured, several: tuple[Path, list[Path]]) -> None:
        folder, files = several
        code, told = convert(capsys, files[0], files[2], "-o", folder, "--state-dict", "--dry-run")
        assert (code, [row["verified"] for row in told["results"]]) == (0, [None, None])
        assert list(folder.iterdir()) == []

    def test_a_collision_is_refused(self, capsys: Captured, several: tuple[Path, list[Path]]) -> None:
        folder, files = several
        twin = folder.parent / "other" / "one.pt"
        twin.parent.mkdir()
        twin.write_bytes(files[0].read_bytes())
        assert "one.pt" in refused(capsys, files[0], twin, "-o", folder)
        other = files[0].with_name("one.pth")
        other.write_bytes(files[0].read_bytes())
        code, told = convert(capsys, files[0], other, "-o", folder, "--to", "safetensors", "--overwrite")
        assert (code, [row["verified"] for row in told["results"]]) == (2, [True, False])
        assert "one.safetensors" in told["results"][1]["error"]

    def test_a_source_is_no_target(self, capsys: Captured, several: tuple[Path, list[Path]]) -> None:
        _, files = several
        save_file({"w": torch.ones(5)}, files[2].with_suffix(".safetensors"))
        torch.save({"w": torch.ones(4)}, files[2].with_suffix(".pt"))
        before = listing(files[0].parent)
        sources = (files[0], files[2].with_suffix(".safetensors"), files[2].with_suffix(".pt"))
        code, told = convert(capsys, *sources, "-o", files[0].parent, "--overwrite", "--state-dict")
        assert (code, [row["verified"] for row in told["results"]]) == (2, [False, False, False])
        assert listing(files[0].parent) == before

    @pytest.mark.parametrize(
        ("name", "target", "nested", "wanted"),
        [
            ("a.pt", "torch", True, "a.pt"), ("a.pth.tar", "torch", False, "a.pth.tar"),
            ("a.pth.tar", "safetensors", False, "a.safetensors"), ("a.ptl", "torch", True, "a.ptl"),
            ("a.ptl", "torch", False, "a.pt"), ("step.0100", "torch", True, "step.0100.pt"),
            ("model.safetensors.index.json", "safetensors", False, "model.safetensors"),
            ("pytorch_model.bin.index.json", "torch", False, "pytorch_model.bin"),
            ("a.SAFETENSORS", "safetensors", False, "a.SAFETENSORS"), ("a.pkl", "torch", False, "a.pt"),
        ],
    )  # fmt: skip
    def test_names_are_kept_with_a_suffix_that_fits(self, name: str, target: str, nested: bool, wanted: str) -> None:
        made = Plan("", "", target, nested, Options(), (), (), (), (), (), 0, 0)
        assert name_for(name, made) == wanted

    def test_a_folder_for_one_file(self, capsys: Captured, several: tuple[Path, list[Path]]) -> None:
        folder, files = several
        _, told = convert(capsys, files[0], "-o", folder)
        assert told["target"] == str(folder / "one.pt")


class TestWords:
    def test_of_success(self, capsys: Captured, training: Path) -> None:
        target = training.with_name("out.pt")
        assert main(["convert", str(training), "-o", str(target), "--strip-optimizer"]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        assert str(target) in said.out
        assert "Verified" in said.out
        assert "weights_only=True (" not in said.out
        line = next(line for line in said.out.splitlines() if "torch.load(" in line)
        assert torch.equal(
            eval(line.partition(": ")[2], {"torch": torch})["model"]["module.head.bias"],
            load(training)["model"]["module.head.bias"],
        )

    def test_of_a_dry_run(self, capsys: Captured, training: Path) -> None:
        words = ["--state-dict", "--rename", "^module\\. => ", "--dtype", "bf16", "--audit", "--drop", "*.bias"]
        assert main(["convert", str(training), "-o", "out.safetensors", *words, "--dry-run"]) == 0
        said = capsys.readouterr().out
        for word in ("module.embed.weight", "→", "bfloat16", "running_mean", "ckpt-gui convert", "head.bias"):
            assert word in said, word

    def test_names_that_would_mislead_are_escaped(self, capsys: Captured, tmp_path: Path) -> None:
        torch.save({"model": {"a\u202eb\x1b[31m": torch.ones(1)}}, tmp_path / "a.pt")
        words = ["convert", str(tmp_path / "a.pt"), "-o", str(tmp_path / "b.pt"), "--drop", "*", "--dry-run", "--all"]
        main(words)
        said = capsys.readouterr()
        assert not {"\u202e", "\x1b"} & set(said.out + said.err)

    def test_help_suffices(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "ckpt_gui", "convert", "--help"], capture_output=True, text=True, check=True
        )
        for name in ("--state-dict", "--device", "OLD=NEW", "--audit", "--recipe", "exit code", "GLOB", "bfloat16"):
            assert name in done.stdout, name


COMMAND = [sys.executable, "-m", "ckpt_gui", "convert"]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "big.pt"
    with torch.serialization.skip_data():  # holes: a file that is large only by its length
        torch.save({f"w{number}": torch.empty(1 << 26) for number in range(8)}, source)
    (tmp_path / "out").mkdir()
    command = [*COMMAND, str(source), "-o", str(tmp_path / "out" / "o.pt"), "--device", "cuda:0", "--receipt"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        until(lambda: bool(listing(tmp_path / "out")) or running.poll() is not None)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)
    assert (running.returncode, said) == (2, ("", "ckpt-gui: stopped\n"))
    assert listing(tmp_path / "out") == {}


def until(holds: Callable[[], bool]) -> None:
    """Wait for it, a minute at most."""
    for _ in range(6000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no terminals to pretend here")
def test_a_terminal_is_asked_once_which_weights(capsys: Captured, averaged: Path) -> None:
    import pty

    keyboard, terminal = pty.openpty()
    target = averaged.with_name("asked.pt")
    command = [*COMMAND, str(averaged), "-o", str(target), "--state-dict"]
    with subprocess.Popen(command, stdin=terminal, stderr=terminal, stdout=subprocess.DEVNULL) as running:
        os.close(terminal)
        os.write(keyboard, b"ema\n")
        seen = everything(keyboard)
    os.close(keyboard)
    assert running.returncode == 0
    assert seen.count("raw or EMA? [") == 1
    convert(capsys, averaged, "-o", averaged.with_name("wanted.pt"), "--state-dict", "--use-ema")
    wanted, found = load(averaged.with_name("wanted.pt")), load(target)
    assert list(wanted) == list(found)
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def everything(terminal: int) -> str:
    """What is written to a terminal until nobody holds it any more."""
    seen = b""
    with suppress(OSError):
        while part := os.read(terminal, 4096):
            seen += part
    return seen.decode(errors="replace")


@pytest.mark.parametrize("length", [252, 300, 5000])
def test_a_name_that_no_file_can_have(training: Path, capsys: Captured, length: int) -> None:
    before = listing(training.parent)
    target = training.parent / ("x" * length + ".pt5")

    assert "File name too long" in refused(capsys, training, "-o", target, "--device", "cuda:0")
    assert "convert" in refused(capsys, training, training, "-o", target, "--device", "cuda:0")
    assert listing(training.parent) == before
