"""Which bytes become which storages: sharing, casts, tags, ranges, safetensors with its aliases and shards."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.reader import read
from ckpt_gui.core.text import path_text
from ckpt_gui.core.wire import Opened
from tests.builders import CASES
from tests.builders.common import numbers, quiet, save


def opened(name: str, folder: Path) -> Opened:
    return read(CASES[name](folder))


def test_devices_by_tag_and_for_all(tmp_path: Path) -> None:
    source = opened("torch-zip/training_on_gpus", tmp_path)
    rules = (DeviceRule("cuda:1", "cuda:3"), DeviceRule("cuda", "cuda:2"), DeviceRule(None, "mps"))
    made = plan(source, Options(devices=rules))
    wanted = {"cuda:1": "cuda:3", "cuda:0": "mps", "cpu": "mps"}  # a rule for cuda is none for cuda:0
    assert all(item.device == wanted[str(source.checkpoint.device(item.tensor))] for item in made.items)
    assert {record.device for record in made.records} == {item.device for item in made.items}
    only = plan(source, Options(devices=(DeviceRule("cuda:1", "cpu"),)))
    assert {item.device for item in only.items} == {"cpu", "cuda:0"}


def test_what_pytorch_expects_on_the_cpu_is_named(tmp_path: Path) -> None:
    source = opened("torch-zip/training_adam", tmp_path)
    told = " ".join(plan(source, Options(devices=(DeviceRule(None, "cuda:0"),))).warnings)
    assert "optimizer's step on the CPU" in told
    assert "optimizer_state_dict/state/0/step" in told
    assert "random number generator" in told
    told = " ".join(plan(source, Options(devices=(DeviceRule(None, "cpu"),))).warnings)
    assert "expects" not in told
    assert "Every storage is tagged so already" in told


def test_steps_of_a_capturable_optimizer_may_be_where_they_are(tmp_path: Path) -> None:
    model = nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    model(numbers(1, 2)).sum().backward()
    optimizer.step()
    source = read(save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "x.pt"))
    assert not any("step" in one for one in plan(source, Options(devices=(DeviceRule(None, "cuda:0"),))).warnings)


def test_formats_without_tags_refuse_devices(tmp_path: Path) -> None:
    cpu = Options(devices=(DeviceRule(None, "cpu"),))
    for name in ("safetensors/plain", "sharded/safetensors"):
        with pytest.raises(ConvertError, match="safetensors has no device tags"):
            plan(opened(name, tmp_path), cpu)
    with pytest.raises(ConvertError, match="safetensors has no device tags"):
        plan(opened("torch-zip/plain", tmp_path), cpu, "out.safetensors")
    with pytest.raises(ConvertError, match="tagged meta"):
        plan(opened("torch-zip/plain", tmp_path), Options(devices=(DeviceRule(None, "meta"),)))


def test_formats_follow_the_name_then_the_source(tmp_path: Path) -> None:
    legacy = opened("torch-legacy/training", tmp_path)
    assert plan(legacy, Options(devices=(DeviceRule(None, "cpu"),))).target_format == "legacy"
    assert plan(legacy, Options(strip_optimizer=True)).target_format == "torch"
    assert plan(legacy, Options(), "x.SafeTensors").target_format == "safetensors"
    tensors = opened("safetensors/plain", tmp_path)
    made = plan(tensors, Options(), "x.pt")
    assert made.target_format == "safetensors"
    assert any("--to torch" in warning for warning in made.warnings)
    assert plan(tensors, Options(state_dict=True), "x.pt").target_format == "torch"
    assert plan(tensors, Options(to="torch")).records[0].device == "cpu"


def test_a_storage_is_copied_once_and_may_be_compacted(tmp_path: Path) -> None:
    source = opened("torch-view/views", tmp_path)
    whole = plan(source, Options(state_dict=True))
    assert len(whole.records) < len(whole.items)
    assert any("--compact" in warning for warning in whole.warnings)
    by_name = {str(item.target[0]): item for item in plan(source, Options(compact=True)).items}
    records = plan(source, Options(compact=True)).records
    slice_ = records[by_name["slice_of_large"].record]
    assert (slice_.start, slice_.numel, slice_.nbytes, by_name["slice_of_large"].offset) == (20_000, 3, 12, 0)
    assert records[by_name["base"].record].nbytes == 6 * 8 * 4
    assert by_name["rows"].offset == 16


def test_untied_tensors_have_records_of_their_own(tmp_path: Path) -> None:
    source = opened("torch-view/tied", tmp_path)
    made = plan(source, Options(ties="untie"))
    assert len(made.records) == len(made.items) == 8
    assert all(record.tensor >= 0 for record in made.records)
    assert not {record.key for record in made.records} & {"0"}
    half = next(item for item in made.items if item.target == ("model", "half"))
    assert (half.offset, half.stride) == (0, (4, 1))


def test_tensors_of_equal_bytes_are_tied(tmp_path: Path) -> None:
    weight = numbers(40, 40)
    state = {"a": weight, "b": weight.clone(), "c": weight + 1, "small": torch.zeros(2), "zeros": torch.zeros(2)}
    source = read(save(state, tmp_path / "x.pt"))
    made = plan(source, Options(ties="tie"))
    place = {str(item.target[0]): item.record for item in made.items}
    assert place["a"] == place["b"]
    assert len(set(place.values())) == 4
    assert any("Tied to tensors of equal bytes: b" in warning for warning in made.warnings)
    storages = [source.checkpoint.tensors.storage[row] for row in range(5)]
    told = plan(source, Options(ties="tie"), equal=[storages[3:]])
    assert len(told.records) == 4


def test_casts_leave_integers_and_buffers_alone(tmp_path: Path) -> None:
    source = opened("torch-zip/plain", tmp_path)
    made = plan(source, Options(dtype="bfloat16"))
    kept = {str(item.target[0]) for item in made.items if item.dtype == item.source_dtype}
    assert {name.rpartition(".")[2] for name in kept} == {"running_mean", "running_var", "num_batches_tracked"}
    assert {item.dtype for item in made.items if item.buffer} == {"float32"}
    assert any("--cast-buffers" in warning for warning in made.warnings)
    every = plan(source, Options(dtype="bfloat16", cast_buffers=True, cast_integers=True))
    assert {item.dtype for item in every.items} == {"bfloat16"}
    for item in every.items:
        assert every.records[item.record].nbytes == 2 * every.records[item.record].numel
    chosen = plan(source, Options(dtype="float16", cast="name:linear"))
    assert {str(item.target[0]).split(".")[1] for item in chosen.items if item.dtype == "float16"} == {"linear"}


def test_a_module_says_which_tensors_are_buffers(tmp_path: Path) -> None:
    for name in ("module/absent_class", "torchscript/scripted"):
        made = plan(opened(name, tmp_path), Options(dtype="float16"))
        buffers = {path_text(item.path) for item in made.items if item.buffer}
        assert ("head.grid" in buffers) if name == "module/absent_class" else ("scale" in buffers)


def test_the_optimizer_is_cast_only_if_it_is_chosen(tmp_path: Path) -> None:
    source = opened("torch-zip/training_adam", tmp_path)
    made = plan(source, Options(dtype="bfloat16"))
    assert {str(item.path[0]) for item in made.items if item.dtype == "bfloat16"} == {"model_state_dict"}
    made = plan(source, Options(dtype="bfloat16", cast="role:optimizer !name:step"))
    assert {str(item.path[0]) for item in made.items if item.dtype == "bfloat16"} == {"optimizer_state_dict"}


def test_what_shares_memory_is_cast_together_or_not_at_all(tmp_path: Path) -> None:
    source = opened("torch-view/tied", tmp_path)
    assert {item.dtype for item in plan(source, Options(dtype="float16")).items} == {"float16"}
    made = plan(source, Options(dtype="float16", cast="name:wte"))
    assert {item.dtype for item in made.items} == {"float32"}
    assert any(warning.startswith("Not cast, because they share memory") for warning in made.warnings)
    parted = plan(source, Options(dtype="float16", cast="name:wte", ties="untie"))
    assert {str(item.target[-1]) for item in parted.items if item.dtype == "float16"} == {"wte.weight"}


def test_types_that_cannot_be(tmp_path: Path) -> None:
    source = opened("torch-zip/plain", tmp_path)
    for dtype in ("qint8", "float4_e2m1fn_x2", "bits8", "int4"):
        with pytest.raises(ConvertError, match="cannot be cast to"):
            plan(source, Options(dtype=dtype))
    with pytest.raises(ConvertError, match=r"legacy format cannot hold .*no storage of float8_e4m3fn"):
        plan(source, Options(dtype="float8_e4m3fn", to="legacy"))
    told = plan(opened("torch-dtype/quantized", tmp_path), Options(dtype="float32")).warnings
    assert any("quint8" in warning for warning in told)


def test_safetensors_writes_each_name_and_records_ties(tmp_path: Path) -> None:
    source = opened("torch-view/tied", tmp_path)
    made = plan(source, Options(to="safetensors"))
    assert [str(item.target[0]) for item in made.items] == ["model.wte.weight", "model.half"]
    assert dict(made.aliases)["model.lm_head.weight"] == "model.wte.weight"
    assert dict(made.metadata) == {"format": "pt", **dict(made.aliases)}
    assert any("share memory in part" in warning for warning in made.warnings)
    clones = plan(source, Options(to="safetensors", shared="clone"))
    assert len(clones.items) == 8
    assert clones.aliases == ()


def test_safetensors_resolves_what_is_lazy_and_straightens_what_is_not_contiguous(tmp_path: Path) -> None:
    made = plan(opened("torch-view/conj_neg", tmp_path), Options(to="safetensors", drop=("both",)))
    by_name = {record.key: record for record in made.records}
    assert by_name["conj"].tensor >= 0 > by_name["conj"].storage
    assert by_name["z"].tensor < 0 <= by_name["z"].storage
    made = plan(opened("torch-view/views", tmp_path), Options(to="safetensors"))
    by_name = {record.key: record for record in made.records}
    assert by_name["rows"].start == 64
    assert by_name["transposed"].tensor >= 0
    assert any("written in C order" in warning for warning in made.warnings)


def test_safetensors_refuses_by_name_what_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match=r"cannot hold 7 tensors.*it has no complex128: complex128"):
        plan(opened("torch-dtype/all_plain", tmp_path), Options(to="safetensors"))
    with pytest.raises(ConvertError, match=r"cannot hold 8 tensors.*sparse_coo layout: coo"):
        plan(opened("torch-layout/sparse", tmp_path), Options(to="safetensors"))
    with pytest.raises(ConvertError, match=r"without data \(meta\)"):
        plan(opened("torch-view/meta", tmp_path), Options(to="safetensors"))
    source = read(save({"\ud800": numbers(2)}, tmp_path / "x.pt"))
    with pytest.raises(ConvertError, match="half a surrogate pair"):
        plan(source, Options(to="safetensors"))
    source = read(save({"__metadata__": numbers(2)}, tmp_path / "y.pt"))
    with pytest.raises(ConvertError, match="keeps the name __metadata__"):
        plan(source, Options(to="safetensors"))


def test_metadata_is_kept_and_may_be_edited(tmp_path: Path) -> None:
    source = opened("safetensors/metadata", tmp_path)
    before = dict(plan(source, Options()).metadata)
    first = next(key for key in before if key != "format")
    made = plan(source, Options(metadata=((first, None), ("author", "me"))))
    assert dict(made.metadata) == {key: text for key, text in before.items() if key != first} | {"author": "me"}
    assert [path_text(one.path) for one in made.dropped] == [path_text(("__metadata__", first))]
    assert not plan(source, Options()).dropped
    assert any(one.path[0] == "__metadata__" for one in plan(source, Options(to="torch")).dropped)


def test_shards_are_filled_in_order(tmp_path: Path) -> None:
    source = opened("sharded/safetensors", tmp_path)
    made = plan(source, Options(max_shard=150))
    sizes = [[made.records[place].nbytes for place in shard] for shard in made.shards]
    assert sizes == [[128], [64, 64], [128]]
    assert plan(source, Options(max_shard=1 << 30)).shards == ()
    with pytest.raises(ConvertError, match="Only safetensors can be split"):
        plan(opened("torch-zip/plain", tmp_path), Options(max_shard=100))


def test_archives_are_written_back_as_they_are(tmp_path: Path) -> None:
    source = opened("torchscript/scripted", tmp_path)
    assert plan(source, Options(devices=(DeviceRule(None, "cuda:0"),))).nested
    for options in (Options(drop=("*weight",)), Options(compact=True), Options(ties="untie")):
        with pytest.raises(ConvertError, match="its code refers to what is in it"):
            plan(source, options)
    with pytest.raises(ConvertError, match="repeats its tensors' types"):
        plan(opened("torchscript/mobile", tmp_path), Options(dtype="float16"))
    with pytest.raises(ConvertError, match="holds more than the legacy format can"):
        plan(source, Options(to="legacy"))
    with pytest.raises(ConvertError, match="--state-dict saves its tensors"):
        plan(opened("pt2/block", tmp_path), Options())


def test_subclasses_become_plain_with_a_warning_or_are_refused(tmp_path: Path) -> None:
    with quiet():
        source = opened("torch-class/subclass", tmp_path)
        several = opened("torch-class/wrapper_subclass", tmp_path)
    assert any("become plain" in warning for warning in plan(source, Options(state_dict=True)).warnings)
    with pytest.raises(ConvertError, match="TwoParts of several parts: torch_rule"):
        plan(several, Options(state_dict=True, select=()))


def test_big_endian_bytes_stay_where_nothing_is_made_anew(tmp_path: Path) -> None:
    source = opened("torch-zip/big_endian", tmp_path)
    assert all(record.big_endian for record in plan(source, Options()).records)
    for options in (Options(state_dict=True), Options(dtype="float16"), Options(to="legacy")):
        assert not any(record.big_endian for record in plan(source, options).records)
