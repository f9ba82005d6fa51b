"""From a plan to a proven file: what is there afterwards, and that nothing is where it went wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ckpt_gui.core.convert.nouns import DeviceRule, Options, Receipt
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.convert.receipt import beside, digests, in_words, to_json
from ckpt_gui.core.convert.run import convert, dry_run
from ckpt_gui.core.errors import Cancelled, ConvertError, NotProven, ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.reader import read
from ckpt_gui.proving import Prover


@pytest.fixture(scope="module")
def prover() -> Iterator[Prover]:
    with Prover() as asked:
        yield asked


@pytest.fixture(scope="module")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def source(tmp_path: Path) -> Path:
    random = torch.Generator().manual_seed(0)
    base = torch.randn(6, 8, generator=random)
    held = {
        "state_dict": {"w": base, "tied": base, "t": base.t()[2:], "c": torch.ones(3, dtype=torch.complex64).conj()},
        "optimizer": {"state": {0: {"step": torch.tensor(7.0), "exp_avg": torch.zeros(6, 8)}}, "param_groups": []},
        "epoch": 3,
    }
    torch.save(held, tmp_path / "source.pt")
    return tmp_path / "source.pt"


def run(source: Path, target: Path, options: Options | None = None, **how: Any) -> Receipt:
    opened = read(source)
    return convert(opened, plan(opened, options or Options(), str(target)), target, **how)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def same(one: Any, two: Any) -> bool:
    """The same structure and the same bits."""
    if isinstance(one, torch.Tensor):
        pair = [torch.view_as_real(t.resolve_conj()) if t.is_complex() else t for t in (one, two)]
        return one.dtype == two.dtype and torch.equal(pair[0].contiguous(), pair[1].contiguous())
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[key], two[key]) for key in one)
    return bool(one == two)


class Far(Report):
    """Remembers how far it was, and cancels at the n-th look."""

    def __init__(self, stop: int = 1 << 60) -> None:
        self.told: list[tuple[int, int]] = []
        self.stop = stop

    def at(self, done: int, total: int, unit: str) -> None:
        assert unit == "bytes"
        self.told.append((done, total))
        if len(self.told) > self.stop:
            raise Cancelled


TARGETS = ["out.pt", "out.safetensors"]


@pytest.mark.parametrize("name", TARGETS)
def test_a_result_is_written_proven_and_named(
    source: Path, tmp_path: Path, prover: Prover, executor: ThreadPoolExecutor, name: str
) -> None:
    far, options = Far(), Options(state_dict=True)
    made = run(source, tmp_path / name, options, prover=prover, executor=executor, report=far)
    assert made.proof is not None
    assert made.proof.differences == ()
    assert made.proof.verified
    assert made.proof.loader.startswith("safetensors " if name.endswith("s") else "torch ")
    assert files(tmp_path) == {"source.pt", name}
    assert far.told == sorted(far.told)
    assert far.told[-1][0] == far.told[-1][1]
    wanted = torch.load(source, weights_only=True)["state_dict"]
    got = load_file(tmp_path / name) if name.endswith("s") else torch.load(tmp_path / name, weights_only=True)
    for key in got:
        assert same(wanted[key], got[key]), key


def test_a_retagged_file_is_the_same_but_for_the_tags(
    source: Path, tmp_path: Path, prover: Prover, executor: ThreadPoolExecutor
) -> None:
    options = Options(devices=(DeviceRule(None, "cuda:3"),))
    made = run(source, tmp_path / "out.pt", options, prover=prover, executor=executor)
    assert made.proof is not None
    assert made.proof.verified, made.proof
    opened = read(tmp_path / "out.pt")
    assert {opened.checkpoint.device(tensor) for tensor in range(opened.checkpoint.rows)} == {"cuda:3"}
    loaded = torch.load(tmp_path / "out.pt", map_location="cpu", weights_only=True)
    assert same(torch.load(source, weights_only=True), loaded)
    assert made.values_kept == 2


def test_stripped(source: Path, tmp_path: Path, prover: Prover, executor: ThreadPoolExecutor) -> None:
    made = run(source, tmp_path / "out.pt", Options(strip_optimizer=True), prover=prover, executor=executor)
    assert made.proof is not None
    assert made.proof.verified, made.proof
    assert made.tensors_dropped == 2
    told = to_json(made)
    assert [one for one in told["dropped"] if "exp_avg" in one] == [["optimizer", "state", 0, "exp_avg"]]
    loaded = torch.load(tmp_path / "out.pt", weights_only=True)
    assert "optimizer" not in loaded
    assert same(torch.load(source, weights_only=True)["state_dict"], loaded["state_dict"])
    torch.load(tmp_path / "out.pt", map_location="meta", weights_only=True)


def test_the_receipt_says_all_of_it(source: Path, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    target = tmp_path / "out.safetensors"
    made = run(source, target, Options(dtype="bfloat16", state_dict=True), receipt=True, executor=executor)
    written = json.loads(beside(target).read_text())
    assert written == json.loads(json.dumps(to_json(made)))
    assert files(tmp_path) == {"source.pt", "out.safetensors", "out.safetensors.receipt.json"}
    digests = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (source, target)}
    assert written["sha256"] == digests
    contract = {"source", "target", "kept", "dropped", "nbytes_before", "nbytes_after", "warnings", "verified"}
    assert contract <= written.keys()
    assert written["kept"][0] == ["state_dict", "w"]
    assert ["optimizer", "state", 0, "step"] in written["dropped"]
    assert ["epoch"] in written["dropped"]
    assert written["verified"] is True
    assert written["nbytes_after"] == target.stat().st_size
    assert written["cast"][0] == {"path": ["state_dict", "w"], "from": "float32", "to": "bfloat16"}
    assert written["proof"]["loader"] == "our reader"
    assert written["options"]["dtype"] == "bfloat16"
    lines = in_words(made)
    assert lines[0].startswith(f"Wrote {target}: ")
    assert "Cast: " in "\n".join(lines)
    assert lines[-1].startswith("Verified: read again and compared byte for byte")


def test_a_dry_run_writes_nothing(source: Path, tmp_path: Path) -> None:
    opened = read(source)
    target = tmp_path / "out.safetensors"
    made = dry_run(opened, plan(opened, Options(), str(target)), target)
    assert to_json(made)["verified"] is None
    assert in_words(made)[0].startswith("Would write")
    assert files(tmp_path) == {"source.pt"}


def test_a_failed_proof_leaves_nothing_but_the_old_state(source: Path, tmp_path: Path) -> None:
    """The plan says another tag than the one that is written: whatever the writer got wrong would look like this."""
    opened, target = read(source), tmp_path / "out.safetensors"
    made = plan(opened, Options(), str(target))
    target.write_bytes(b"old")
    wrong = replace(made, items=(replace(made.items[0], target=("another",)), *made.items[1:]))
    with pytest.raises(NotProven, match="nothing has changed: ") as caught:
        convert(opened, wrong, target, overwrite=True)
    assert any("another: is missing" in one for one in caught.value.differences)
    assert target.read_bytes() == b"old"
    assert files(tmp_path) == {"source.pt", "out.safetensors"}


def test_cancel_at_any_look_leaves_the_old_state(source: Path, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    target = tmp_path / "out.safetensors"
    for stop in range(1000):
        target.write_bytes(b"old")
        far = Far(stop)
        try:
            run(source, target, overwrite=True, report=far, executor=executor, receipt=True)
        except Cancelled:
            assert target.read_bytes() == b"old"
            assert files(tmp_path) == {"source.pt", "out.safetensors"}
            continue
        assert stop > 5
        return
    pytest.fail("it never came to an end")


def test_a_source_that_changes_is_an_error(source: Path, tmp_path: Path) -> None:
    opened, target = read(source), tmp_path / "out.safetensors"
    made = plan(opened, Options(), str(target))
    source.write_bytes(source.read_bytes() + b"\0")
    with pytest.raises(ReadError, match="has changed"):
        convert(opened, made, target)
    assert files(tmp_path) == {"source.pt"}


def test_an_old_receipt_is_not_overwritten_unasked(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.safetensors"
    beside(target).write_text("old")
    with pytest.raises(ConvertError, match="exists already"):
        run(source, target, receipt=True)
    assert beside(target).read_text() == "old"
    assert not target.exists()
    run(source, target, receipt=True, overwrite=True)
    assert json.loads(beside(target).read_text())["verified"] is True


def test_shards_are_proven_with_their_index(
    source: Path, tmp_path: Path, prover: Prover, executor: ThreadPoolExecutor
) -> None:
    target = tmp_path / "model.safetensors"
    made = run(source, target, Options(max_shard=200, shared="clone"), prover=prover, executor=executor, receipt=True)
    assert made.proof is not None
    assert made.proof.verified, made.proof
    assert len(made.files) > 2
    assert {Path(one).name for one in made.files} < files(tmp_path)
    assert len(made.sha256) == 1 + len(made.files)
    assert sorted(read(tmp_path).checkpoint.texts) is not None


@pytest.mark.parametrize("threaded", [True, False])
def test_digests_are_those_of_the_files(tmp_path: Path, executor: ThreadPoolExecutor, threaded: bool) -> None:
    paths = [tmp_path / name for name in "ab"]
    for path, nbytes in zip(paths, (0, 9 << 20), strict=True):
        path.write_bytes(b"x" * nbytes)
    far = Far()
    found = digests(paths, far, executor if threaded else None)
    assert found == tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    assert far.told[-1] == (9 << 20, 9 << 20)
    with pytest.raises(Cancelled):
        digests(paths, Far(0), executor if threaded else None)
    assert digests([], SILENT, None) == ()


def test_what_torch_would_not_read_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(2), "bytes": torch.ones(3).untyped_storage()}, tmp_path / "source.pt")
    with pytest.raises(ConvertError, match="cannot hold a storage without an element type"):
        run(tmp_path / "source.pt", tmp_path / "out.pt", Options(to="legacy"))
    assert files(tmp_path) == {"source.pt"}


@pytest.mark.parametrize("options", [Options(ties="untie"), Options(drop=("state_dict/w", "state_dict/tied"))])
def test_a_result_loads_without_memory_as_its_source_does(
    source: Path, tmp_path: Path, prover: Prover, options: Options
) -> None:
    """Its first storage has another key: with ``.format_version`` torch would refuse it (serialization.py, _load)."""
    made = run(source, tmp_path / "out.pt", options, prover=prover)
    assert made.proof is not None
    assert made.proof.loader.startswith("torch ")
    loaded = torch.load(tmp_path / "out.pt", map_location="meta", weights_only=True)
    opened = read(tmp_path / "out.pt").checkpoint
    node = opened.find(("optimizer", "state", 0, "exp_avg"))
    assert node is not None
    place = loaded["optimizer"]["state"][0]["exp_avg"].untyped_storage()._checkpoint_offset
    assert place == opened.byte_offset(opened.nodes.tensor[node])
