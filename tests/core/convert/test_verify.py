"""The proof: a result that is as planned passes, and each way in which it is not is found and told with its place."""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.core.convert.nouns import Plan, Proof
from ckpt_gui.core.convert.torch_check import ABSENT, ACCEPTED, REFUSED, SILENT, UNASKED, Answer
from ckpt_gui.core.convert.verify import prove
from ckpt_gui.core.errors import Cancelled, ReadError
from ckpt_gui.core.progress import Report
from ckpt_gui.core.wire import Opened
from tests.builders.common import quiet
from tests.core.convert.planned import as_it_is, opened_at

Change = Callable[[dict[str, Any]], None]


def sample() -> dict[str, Any]:
    """Tensors of several kinds, sharing, nesting, values."""
    random = torch.Generator().manual_seed(0)
    base = torch.randn(6, 8, generator=random)
    with quiet():
        quantized = torch.quantize_per_tensor(torch.ones(2, 3), 0.5, 1, torch.qint8)
    return {
        "w": base,
        "view": base[1:, 2:],
        "alone": torch.randn(6, 8, generator=random),
        "half": torch.randn(5, generator=random).half(),
        "nan": torch.tensor([0x7FC00001, 0x7F800001], dtype=torch.int32).view(torch.float32),
        "p": torch.nn.Parameter(torch.ones(3)),
        "conj": torch.ones(2, dtype=torch.complex64).conj(),
        "q": quantized,
        "sparse": torch.eye(3).to_sparse(),
        "empty": torch.empty(2, 0, 3),
        "optimizer": {"state": {0: {"step": torch.tensor(7.0)}}, "lr": 0.1, "betas": (0.9, 0.999)},
        "epoch": 3,
        "note": "é" * 2000,
        "nothing": {},
    }


@pytest.fixture
def source(tmp_path: Path) -> Opened:
    torch.save(sample(), tmp_path / "source.pt")
    return opened_at(tmp_path / "source.pt")


def proof_of(opened: Opened, result: Path, plan: Plan | None = None, **how: Any) -> Proof:
    return prove(opened, plan or as_it_is(opened), [(result, result)], **how)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_copy_passes(tmp_path: Path, zipped: bool) -> None:
    held = sample()
    for name in ("source.pt", "result.pt"):
        torch.save(held, tmp_path / name, _use_new_zipfile_serialization=zipped)
    opened = opened_at(tmp_path / "source.pt")
    plan = as_it_is(opened, "torch" if zipped else "legacy")
    with ThreadPoolExecutor(2) as executor:
        proof = proof_of(opened, tmp_path / "result.pt", plan, executor=executor)
    assert proof.differences == ()
    assert proof.verified
    assert proof.checked_nbytes == sum(opened.checkpoint.storages.nbytes)
    assert proof.loader == "our reader"
    assert proof.warnings == ("Proven by our reader alone; torch was not asked.",)


def _drop(held: dict[str, Any]) -> None:
    del held["optimizer"]["state"][0]["step"]


def _add(held: dict[str, Any]) -> None:
    held["more"] = torch.ones(2)


def _reorder(held: dict[str, Any]) -> None:
    held["w"] = held.pop("w")


def _int_key(held: dict[str, Any]) -> None:
    held["optimizer"]["state"]["0"] = held["optimizer"]["state"].pop(0)


def _set(key: str, value: Callable[[Any], Any]) -> Change:
    def change(held: dict[str, Any]) -> None:
        held[key] = value(held[key])

    return change


def _nested(key: str, value: Any) -> Change:
    def change(held: dict[str, Any]) -> None:
        held["optimizer"][key] = value

    return change


def _payload(bits: int) -> Callable[[Any], Any]:
    return lambda _: torch.tensor([bits, 0x7F800001], dtype=torch.int32).view(torch.float32)


def _requantized(_: Any) -> Any:
    with quiet():
        return torch.quantize_per_tensor(torch.ones(2, 3), 0.25, 1, torch.qint8)


CHANGES: dict[str, tuple[Change, str]] = {
    "dropped": (_drop, "optimizer/state/0/step: is missing"),
    "added": (_add, "more: is there, which was not planned"),
    "reordered": (_reorder, "the tensors stand in another order: number 1 is view, planned was w"),
    "key of another type": (_int_key, 'optimizer/state/"0"/step: is there, which was not planned'),
    "shape": (_set("alone", lambda t: t.reshape(8, 6)), "alone: is of shape 8 × 6, planned was 6 × 8"),
    "dtype": (_set("half", lambda t: t.bfloat16()), "half: is of type bfloat16, planned was float16"),
    "stride": (_set("alone", lambda t: t.as_strided((6, 8), (1, 6))), "alone: has strides (1, 6), planned was (8, 1)"),
    "offset": (_set("view", lambda t: t.as_strided(t.shape, t.stride(), 0)), "view: begins at element 0, planned was"),
    "no longer shared": (_set("view", lambda t: t.clone()), "view: no longer shares memory with w"),
    "value": (_set("alone", lambda t: t + 1), "alone: its 192 bytes are not those of the source, first at byte"),
    "NaN payload": (_set("nan", _payload(0x7FC00002)), "nan: its 8 bytes are not those of the source, first at byte 0"),
    "NaN sign": (_set("nan", _payload(0xFFC00001 - (1 << 32))), "nan: its 8 bytes are not those of the source, first"),
    "minus zero": (_set("p", lambda t: torch.nn.Parameter(t * 1.0000001)), "p: its 12 bytes are not those"),
    "requires_grad": (_set("p", lambda t: t.requires_grad_(False)), "p: is not marked requires_grad, against the plan"),
    "not conjugated": (_set("conj", lambda t: t.conj()), "conj: is not marked conjugated, against the plan"),
    "quantizer": (_set("q", _requantized), "q: is quantized by"),
    "part of a sparse one": (_set("sparse", lambda t: t * 2), "its 12 bytes are not those of the source"),
    "no longer sparse": (_set("sparse", lambda t: t.to_dense()), "sparse: has layout strided, planned was sparse_coo"),
    "number": (_nested("lr", 0.2), "optimizer/lr: is 0.2 (float), in the source 0.1 (float)"),
    "number of another type": (_nested("lr", "0.1"), "optimizer/lr: is"),
    "shorter tuple": (_nested("betas", (0.9,)), "optimizer/betas/1: the value 0.999 (float) is missing"),
    "long text": (_set("note", lambda text: text[:-1] + "e"), "note: is"),
    "value gone": (lambda held: held.pop("epoch"), "epoch: the value 3 (int) is missing"),
    "value added": (_nested("more", 1), "optimizer/more: the value 1 (int) is there, which was not planned"),
    "empty dict gone": (lambda held: held.pop("nothing"), "nothing: the value"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_found(source: Opened, tmp_path: Path, name: str) -> None:
    change, told = CHANGES[name]
    held = sample()
    with quiet():
        change(held)
        torch.save(held, tmp_path / "result.pt")
    proof = proof_of(source, tmp_path / "result.pt")
    assert not proof.verified
    assert any(told in one for one in proof.differences), proof.differences


def test_memory_that_should_not_be_shared_is_found(source: Opened, tmp_path: Path) -> None:
    held = sample()
    with torch.no_grad():
        held["w"].copy_(held["alone"])
    torch.save(held, tmp_path / "equal.pt")
    equal = opened_at(tmp_path / "equal.pt")
    held["alone"] = held["w"]
    torch.save(held, tmp_path / "result.pt")
    proof = proof_of(equal, tmp_path / "result.pt")
    assert "alone: shares memory with w, which was not planned" in proof.differences


@pytest.mark.parametrize("zipped", [True, False])
def test_a_flipped_bit_of_any_storage_is_found(tmp_path: Path, zipped: bool) -> None:
    torch.save(sample(), tmp_path / "source.pt", _use_new_zipfile_serialization=zipped)
    opened, data = opened_at(tmp_path / "source.pt"), (tmp_path / "source.pt").read_bytes()
    storages, result = opened.checkpoint.storages, tmp_path / "result.pt"
    plan = as_it_is(opened, "torch" if zipped else "legacy")
    for storage, (offset, nbytes) in enumerate(zip(storages.offset, storages.nbytes, strict=True)):
        for at in {0, nbytes // 2, nbytes - 1} if nbytes else ():
            spoilt = bytearray(data)
            spoilt[offset + at] ^= 1
            result.write_bytes(spoilt)
            differences = proof_of(opened, result, plan).differences
            assert len(differences) == 1, (storage, differences)
            assert f"bytes are not those of the source, first at byte {at}" in differences[0]


def test_large_storages_are_compared_to_their_last_byte(tmp_path: Path) -> None:
    """Two of several blocks, and thousands of small ones, on two threads."""
    held = {f"large{number}": torch.ones((9 << 20) + number, dtype=torch.uint8) for number in range(2)}
    held |= {f"small{number}": torch.full((number % 7,), number) for number in range(3000)}
    torch.save(held, tmp_path / "source.pt")
    opened = opened_at(tmp_path / "source.pt")
    plan, data = as_it_is(opened), bytearray((tmp_path / "source.pt").read_bytes())
    spoilt = {"large0": (9 << 20) - 1, "large1": 4 << 20, "small2999": 17}
    for name, at in spoilt.items():
        node = opened.checkpoint.find((name,))
        assert node is not None
        storage = opened.checkpoint.tensors.storage[opened.checkpoint.nodes.tensor[node]]
        data[opened.checkpoint.storages.offset[storage] + at] ^= 0x80
    (tmp_path / "result.pt").write_bytes(data)
    with ThreadPoolExecutor(2) as executor:
        proof = proof_of(opened, tmp_path / "result.pt", plan, executor=executor)
    assert proof.checked_nbytes == sum(opened.checkpoint.storages.nbytes)
    found = dict(one.split(": its ") for one in proof.differences)
    assert {name: int(text.split()[-1].replace(",", "")) for name, text in found.items()} == spoilt


def test_another_tag_is_found(source: Opened, tmp_path: Path) -> None:
    plan = as_it_is(source)
    items = [replace(item, device="cuda:0") if item.path == ("half",) else item for item in plan.items]
    at = next(item.record for item in items if item.path == ("half",))
    records = [replace(one, device="cuda:0") if number == at else one for number, one in enumerate(plan.records)]
    proof = proof_of(source, Path(source.checkpoint.path), replace(plan, items=tuple(items), records=tuple(records)))
    assert proof.differences[:2] == (
        "half: is tagged cpu, planned was cuda:0",
        "half: lies in a storage tagged cpu, planned was cuda:0",
    )
    assert "in data.pkl is not the one planned: at half/args/0/persistent id/3" in proof.differences[2]


def test_a_result_that_cannot_be_read_is_one_sentence(source: Opened, tmp_path: Path) -> None:
    result = tmp_path / ".half-made.tmp"
    result.write_bytes(b"PK\x03\x04")
    proof = prove(source, as_it_is(source), [(result, tmp_path / "result.pt")])
    (told,) = proof.differences
    assert told.startswith("result.pt cannot be read again: ")
    assert ".half-made" not in told
    assert not proof.verified


def test_a_cut_off_result_is_found(source: Opened, tmp_path: Path) -> None:
    data = Path(source.checkpoint.path).read_bytes()
    for nbytes in (len(data) - 30, len(data) // 2):
        (tmp_path / "result.pt").write_bytes(data[:nbytes])
        assert not proof_of(source, tmp_path / "result.pt").verified


def test_many_differences_are_counted(tmp_path: Path) -> None:
    held = {f"w{number}": torch.full((2,), number) for number in range(300)}
    torch.save(held, tmp_path / "source.pt")
    torch.save({name: one + 1 for name, one in held.items()}, tmp_path / "result.pt")
    proof = proof_of(opened_at(tmp_path / "source.pt"), tmp_path / "result.pt")
    assert len(proof.differences) == 101
    assert proof.differences[-1] == "and 200 further differences"


def test_a_source_that_changed_is_an_error(source: Opened, tmp_path: Path) -> None:
    torch.save(sample(), tmp_path / "result.pt")
    with Path(source.checkpoint.path).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ReadError, match="has changed since it was opened"):
        proof_of(source, tmp_path / "result.pt")


class Stop(Report):
    """Cancels at the n-th look."""

    def __init__(self, after: int) -> None:
        self.left = after

    def at(self, done: int, total: int, unit: str) -> None:
        assert unit == "bytes"
        assert 0 <= done <= total
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_cancel_stops_it_at_any_look(source: Opened, tmp_path: Path) -> None:
    torch.save(sample(), tmp_path / "result.pt")
    for after in range(100):
        try:
            with ThreadPoolExecutor(2) as executor:
                proof = proof_of(source, tmp_path / "result.pt", report=Stop(after), executor=executor, prover=Said())
        except Cancelled:
            continue
        assert proof.verified
        assert after > 1
        return
    pytest.fail("it never came to an end")


def _with_records(before: Path, after: Path, records: dict[str, bytes]) -> Path:
    """The same zip with further records."""
    reader = torch._C.PyTorchFileReader(str(before))
    writer = torch._C.PyTorchFileWriter(str(after))
    names = [name for name in reader.get_all_records() if name not in ("version", ".data/serialization_id")]
    for name in names:
        content = reader.get_record(name)
        writer.write_record(name, content, len(content))
    for name, content in records.items():
        writer.write_record(name, content, len(content))
    writer.write_end_of_file()
    return after


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ({}, "the record extra/notes is missing"),
        ({"extra/notes": b"Text"}, "the record extra/notes is not as in the source"),
        ({"extra/notes": b"texts"}, "the record extra/notes is not as in the source"),
        ({"extra/notes": b"text", "extra/more": b""}, "the record extra/more is there, which was not planned"),
    ],
)
def test_other_records_of_a_zip_are_compared(tmp_path: Path, records: dict[str, bytes], told: str) -> None:
    torch.save(sample(), tmp_path / "plain.pt")
    opened = opened_at(_with_records(tmp_path / "plain.pt", tmp_path / "source.pt", {"extra/notes": b"text"}))
    same = _with_records(tmp_path / "plain.pt", tmp_path / "same.pt", {"extra/notes": b"text"})
    assert proof_of(opened, same).verified
    other = _with_records(tmp_path / "plain.pt", tmp_path / "other.pt", records)
    assert proof_of(opened, other).differences == (told,)


def test_a_value_that_is_one_object_no_more_is_found(tmp_path: Path) -> None:
    shared = ["a list that lies in two places"]
    torch.save({"w": torch.ones(2), "one": shared, "two": shared}, tmp_path / "source.pt")
    torch.save({"w": torch.ones(2), "one": shared, "two": list(shared)}, tmp_path / "result.pt")
    (told,) = proof_of(opened_at(tmp_path / "source.pt"), tmp_path / "result.pt").differences
    assert "the pickled object in data.pkl is not the one planned: at two" in told


# ------------------------------------------------------------------------------------------------ the loader


class Said:
    """A loader that says what it was given: of the result, of the source."""

    def __init__(self, result: Answer | None = None, source: Answer | None = None) -> None:
        self.answers = {"result": result, "source": source}
        self.asked: list[str] = []

    def warm(self, form: str) -> None:
        pass

    def ask(self, path: str | Path, form: str, report: Report) -> Answer:
        report.at(1, 0, "s")
        which = Path(path).stem
        self.asked.append(which)
        return self.answers[which] or true_answer(Path(path))


def true_answer(path: Path) -> Answer:
    """What torch says, asked here."""
    from ckpt_gui.core.convert.torch_check import _torch

    with quiet():
        way, rows = _torch(str(path))
        return Answer(ACCEPTED, "", "torch 9.9 (weights_only=True)", way, tuple(rows))


@pytest.fixture
def result(source: Opened, tmp_path: Path) -> Path:
    (tmp_path / "result.pt").write_bytes(Path(source.checkpoint.path).read_bytes())
    return tmp_path / "result.pt"


def test_the_loader_sees_what_our_reader_sees(source: Opened, result: Path) -> None:
    proof = proof_of(source, result, prover=Said())
    assert proof.differences == ()
    assert (proof.loader, proof.warnings) == ("torch 9.9 (weights_only=True)", ())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (None, "is not found by the loader"),
        ([["w"], [6, 9], [8, 1], "float32", 0], "has shape (6, 9) for the loader, (6, 8) for our reader"),
        ([["w"], [6, 8], [9, 1], "float32", 0], "has strides (9, 1) for the loader, (8, 1) for our reader"),
        ([["w"], [6, 8], [8, 1], "float16", 0], "is float16 for the loader, float32 for our reader"),
        ([["w"], [6, 8], [8, 1], "float32", 77], "shares memory with other tensors for the loader"),
        ([["W"], [6, 8], [8, 1], "float32", 0], "is found by the loader, not by our reader"),
    ],
)
def test_a_loader_that_sees_something_else_is_a_difference(
    source: Opened, result: Path, row: list[Any] | None, told: str
) -> None:
    true = true_answer(result)
    rows = list(copy.deepcopy(true.rows))
    if row is not None and row[4] == 0:
        row = [*row[:4], rows[0][4]]
    rows[0:1] = [row] if row is not None else []
    proof = proof_of(source, result, prover=Said(replace(true, rows=tuple(rows))))
    assert any(told in one for one in proof.differences), proof.differences


def test_bytes_that_torch_would_look_for_elsewhere_are_a_difference(tmp_path: Path) -> None:
    """``.format_version`` has torch add up sizes in the order of the pickle: here the records lie in another order."""
    torch.save({"a": torch.ones(3), "b": torch.ones(400)}, tmp_path / "source.pt")
    source = opened_at(tmp_path / "source.pt")
    plan = as_it_is(source)
    _exchange(tmp_path / "source.pt", tmp_path / "result.pt")
    proof = proof_of(source, tmp_path / "result.pt", plan, prover=Said())
    assert any("would be looked for at byte" in one for one in proof.differences), proof.differences


def _exchange(before: Path, after: Path) -> None:
    """The same zip with its two storages in the other order."""
    reader = torch._C.PyTorchFileReader(str(before))
    writer = torch._C.PyTorchFileWriter(str(after))
    for name in ("data.pkl", ".format_version", ".storage_alignment", "byteorder", "data/1", "data/0"):
        content = reader.get_record(name)
        writer.write_record(name, content, len(content))
    writer.write_end_of_file()


def test_a_refusal_where_the_source_is_taken_is_a_difference(source: Opened, result: Path) -> None:
    refused = Answer(REFUSED, "UnpicklingError: Unsupported operand 48\nmore", "torch 9.9 (weights_only=True)")
    loader = Said(refused)
    proof = proof_of(source, result, prover=loader)
    assert loader.asked == ["result", "source"]
    assert proof.differences == (
        "torch 9.9 (weights_only=True) refuses result.pt: UnpicklingError: Unsupported operand 48",
    )


def test_a_refusal_of_both_is_a_warning_that_names_what_is_lacking(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 3), tmp_path / "source.pt")
    (tmp_path / "result.pt").write_bytes((tmp_path / "source.pt").read_bytes())
    refused = Answer(REFUSED, "UnpicklingError: Weights only load failed", "torch 9.9 (weights_only=True)")
    proof = proof_of(opened_at(tmp_path / "source.pt"), tmp_path / "result.pt", prover=Said(refused, refused))
    assert proof.verified
    assert proof.loader == "our reader"
    assert proof.warnings == (
        "torch refuses the result as it refuses the source, so our reader alone proves it: "
        "it lacks torch.nn.modules.linear.Linear.",
    )


def test_what_is_flat_is_taken_always(source: Opened, result: Path) -> None:
    refused = Answer(REFUSED, "RuntimeError: no", "torch 9.9 (weights_only=True)")
    loader = Said(refused, refused)
    proof = proof_of(source, result, replace(as_it_is(source), nested=False), prover=loader)
    assert loader.asked == ["result"]
    assert any("refuses result.pt: RuntimeError: no" in one for one in proof.differences)


def test_only_mapped_is_a_difference_where_the_source_loads_without_memory(source: Opened, result: Path) -> None:
    true = replace(true_answer(result), way="mapped", rows=tuple([*row[:4], None] for row in true_answer(result).rows))
    told = 'torch.load(map_location="meta") takes the source, but not the result'
    assert told in proof_of(source, result, prover=Said(true, replace(true, way="meta"))).differences
    assert proof_of(source, result, prover=Said(true, true)).verified


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            Answer(ABSENT, "ModuleNotFoundError: No module named 'torch'"),
            "torch is not installed here, or does not work",
        ),
        (Answer(SILENT, "it took too long"), "torch did not answer: it took too long"),
        (Answer(UNASKED, "too large"), "torch was not asked: too large"),
    ],
)
def test_without_an_answer_our_reader_alone_proves_and_says_so(
    source: Opened, result: Path, answer: Answer, told: str
) -> None:
    proof = proof_of(source, result, prover=Said(answer, answer))
    assert proof.verified
    assert proof.loader == "our reader"
    (warning,) = proof.warnings
    assert told in warning


def test_a_loader_that_dies_of_the_result_alone_is_a_difference(source: Opened, result: Path) -> None:
    proof = proof_of(source, result, prover=Said(Answer(SILENT, "its process ended before it answered")))
    assert proof.differences == (
        "torch did not get through result.pt, as it does through the source: its process ended before it answered",
    )


def test_without_an_answer_our_own_list_decides(tmp_path: Path) -> None:
    """A result that needs a class which the source did not."""
    torch.save({"w": torch.ones(2)}, tmp_path / "source.pt")
    torch.save({"w": torch.ones(2), "k": struct.Struct}, tmp_path / "result.pt")
    proof = proof_of(opened_at(tmp_path / "source.pt"), tmp_path / "result.pt")
    assert any("result.pt would be refused by torch.load(weights_only=True)" in one for one in proof.differences)
