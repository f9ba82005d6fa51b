"""From paths to a run: folders, files that cannot be opened, names that differ between files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ckpt_gui.core.errors import CheckpointError, OpenError
from ckpt_gui.core.trend.gather import distinct, run_of
from ckpt_gui.core.trend.tracks import matching
from ckpt_gui.core.trend.words import heading
from tests.core.trend.runs import plain, training, written


def names(run: object) -> list[str]:
    return [Path(stop.path).name for stop in run.stops]  # type: ignore[attr-defined]


def test_a_folder_in_the_order_of_its_steps(tmp_path: Path) -> None:
    paths = training(tmp_path)
    run = run_of(tmp_path)

    assert names(run) == [path.name for path in paths]
    assert [stop.label for stop in run.stops] == ["10", "20", "30", "40", "50", "60"]
    assert [stop.epoch for stop in run.stops] == [0, 1, 2, 3, 4, 5]
    assert run.by == "step"
    assert heading(run) == "6 files in order by the step written in the files, step 10 to 60."


def test_files_given_twice_stand_once(tmp_path: Path) -> None:
    paths = training(tmp_path, 3)
    assert len(run_of([paths[2], paths[0], paths[1], paths[0]]).stops) == 3


def test_what_cannot_be_opened_is_kept_with_its_sentence(tmp_path: Path) -> None:
    paths = training(tmp_path, 4)
    paths[1].write_bytes(b"PK\x03\x04 not much of a file")
    paths[2].unlink()
    run = run_of(paths)

    assert len(run.readable) == 2
    assert [bool(stop.problem) for stop in run.stops] == [False, False, True, True]
    assert any("does not exist" in stop.problem for stop in run.stops)
    assert "2 files cannot be opened" in heading(run)
    assert all(track.tensors[2:] == (-1, -1) for track in run.tracks)


def test_other_files_of_a_folder_are_left_out_and_named(tmp_path: Path) -> None:
    training(tmp_path, 3)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "events.out").write_bytes(b"no checkpoint at all, just some text")
    (tmp_path / "broken.pt").write_bytes(b"no checkpoint either, but called one")
    written(tmp_path / "scaler.pt", {"mean": torch.zeros(3)})
    run = run_of(tmp_path)

    assert len(run.stops) == 4
    assert [Path(stop.path).name for stop in run.stops if stop.problem] == ["broken.pt"]
    assert any("events.out" in note for note in run.notes)
    assert any("scaler.pt" in note for note in run.notes)


def test_a_folder_for_each_step(tmp_path: Path) -> None:
    for step in (1000, 500, 1500):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        save_file({"w": torch.full((3,), float(step))}, folder / "model.safetensors")
        written(folder / "optimizer.pt", {"state": {}, "param_groups": []})
    run = run_of(tmp_path)

    assert [stop.label for stop in run.stops] == ["500", "1000", "1500"]
    assert run.by == "number"
    assert "the files say no step or epoch" in run.evidence


def test_a_sharded_model_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"w": "model-00001-of-00001.safetensors"}}')
    save_file({"w": torch.zeros(3)}, tmp_path / "model-00001-of-00001.safetensors")
    with pytest.raises(OpenError, match="one checkpoint in several files"):
        run_of(tmp_path)


def test_weights_are_followed_through_their_wrappers(tmp_path: Path) -> None:
    one = training(tmp_path / "a", 1, wrapper="model")[0]
    two = training(tmp_path / "b", 2, wrapper="state_dict")[1]
    bare = written(tmp_path / "bare.pt", torch.load(two, weights_only=True)["state_dict"])
    run = run_of([one, two, bare])

    weights = [track for track in run.tracks if track.path[0] in ("model", "state_dict")]
    assert len(weights) == 6
    assert all(min(track.tensors) >= 0 for track in weights)
    optimizer = [track for track in run.tracks if track.path[0] == "optimizer"]
    assert all(sum(tensor >= 0 for tensor in track.tensors) == 2 for track in optimizer)


def test_names_that_come_and_go(tmp_path: Path) -> None:
    states = [{"a": torch.ones(2)}, {"a": torch.ones(2), "b": torch.ones(3)}, {"b": torch.ones(3)}]
    run = run_of(plain(tmp_path, states))
    held = {track.name: [tensor >= 0 for tensor in track.tensors] for track in run.tracks}
    assert held == {"a": [True, True, False], "b": [False, True, True]}


def test_globs_fit_the_path_or_the_last_key(tmp_path: Path) -> None:
    run = run_of(training(tmp_path, 2))
    assert {track.name for track in matching(run, ["0.*"])} == {"state_dict/0.weight", "state_dict/0.bias"}
    assert len(matching(run, ["optimizer/*/exp_avg"])) == 6
    assert matching(run, []) == run.tracks
    with pytest.raises(CheckpointError, match=r"fits nothing\*"):
        matching(run, ["nothing*"])


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/r/a.pt", "/r/b.pt"], ["a.pt", "b.pt"]),
        (["/r/1/m.pt", "/r/2/m.pt"], ["1", "2"]),
        (["/r/1/m.pt", "/r/2/n.pt"], ["1/m.pt", "2/n.pt"]),
        (["/r/1/s/m.pt", "/r/2/s/m.pt"], ["1/s", "2/s"]),
        (["/r/m.pt"], ["m.pt"]),
        (["/m.pt", "/r/m.pt"], ["m.pt", "r/m.pt"]),
    ],
)  # fmt: skip
def test_the_part_of_paths_that_tells_them_apart(paths: list[str], expected: list[str]) -> None:
    assert distinct(paths) == expected


def test_a_folder_that_holds_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    assert (run.stops, run.tracks, run.readable) == ((), (), ())
