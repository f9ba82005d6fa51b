"""Any options on any of some files: a plan that holds together, or a sentence."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.convert.nouns import TARGETS, DeviceRule, Options, Plan
from ckpt_gui.core.convert.plan import ema_choice, plan
from ckpt_gui.core.convert.recipes import options_from_json, options_to_json
from ckpt_gui.core.convert.words import arguments, preview
from ckpt_gui.core.errors import CheckpointError, OpenError
from ckpt_gui.core.reader import read
from ckpt_gui.core.wire import Opened
from tests.builders import CASES
from tests.builders.registry import some
from tests.core.convert.plan.sound import assert_sound

FILES = (
    "torch-zip/training_ema", "framework/lightning", "framework/diffusers_ema", "module/absent_under_key",
    "torch-view/views", "torch-view/tied", "torch-object/keys", "torch-object/objects", "torch-layout/sparse",
    "torch-zip/list_of_tensors", "torchscript/scripted", "safetensors/metadata", "sharded/bin", "torch-legacy/views",
    "torch-package/resources", "torch-class/wrapper_subclass", "torch-dtype/quantized", "torch-zip/big_endian",
)  # fmt: skip
GLOBS = st.sampled_from(["*", "*.weight", "*bias", "model*", "optimizer*", "0", "epoch", "state_dict", "none of them"])
FILTERS = st.sampled_from(
    ["", "dtype:float32", "!dtype:float32", "rank:>=2", "role:weights", "size:>100", "nan:>0", "x:"]
)
PATHS = st.sampled_from([None, (), ("model",), ("state_dict",), ("model_state_dict",), (0,), ("a",), ("model", "0")])
RULES = st.sampled_from([r"^0\. => first.", r"weight => w", r"(.) => \1\1", r"\d+ => 7", "( =>", r"^model\. =>"])


@cache
def opened(name: str) -> Opened:
    """The file, read once."""
    with TemporaryDirectory() as folder:
        return read(CASES[name](Path(folder)))


def few(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=2).map(tuple)


RULE = st.builds(
    DeviceRule, st.sampled_from([None, "cpu", "cuda:0", "cuda"]), st.sampled_from(["cpu", "cuda:0", "mps"])
)
OPTIONS = st.builds(
    Options,
    state_dict=st.booleans(),
    strip_optimizer=st.booleans(),
    spare=few(GLOBS),
    devices=few(RULE),
    dtype=st.sampled_from([None, None, "bfloat16", "float8_e4m3fn", "int64", "qint8"]),
    cast=FILTERS,
    cast_buffers=st.booleans(),
    cast_integers=st.booleans(),
    to=st.sampled_from([None, None, None, *TARGETS]),
    select=PATHS,
    keep=few(GLOBS),
    drop=few(GLOBS),
    only=FILTERS,
    rename=few(RULES),
    use_ema=st.sampled_from([None, None, True, False]),
    compact=st.booleans(),
    ties=st.sampled_from(["keep", "keep", "untie", "tie"]),
    shared=st.sampled_from(["alias", "clone"]),
    max_shard=st.sampled_from([None, None, 1, 300]),
    metadata=few(st.tuples(st.sampled_from(["format", "author", "x"]), st.sampled_from([None, "", "me"]))),
    skip_damaged=st.booleans(),
)


def planned(source: Opened, options: Options, target: str = "") -> Plan | str:
    """The plan, or why there is none."""
    try:
        return plan(source, options, target)
    except CheckpointError as exc:
        return str(exc)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(FILES), OPTIONS, st.sampled_from(["", "out.safetensors", "out.pt"]))
def test_a_plan_holds_together_or_says_why_there_is_none(name: str, options: Options, target: str) -> None:
    source = opened(name)
    made = planned(source, options, target)
    if isinstance(made, str):
        assert made
        assert "\n" not in made
        return
    assert_sound(made, source)
    told = preview(made, source)
    assert sum(one.why != "" for one in told.rows) >= len(made.dropped)
    assert arguments(options) is not None


@settings(max_examples=15, deadline=None)
@given(OPTIONS)
def test_a_recipe_gives_its_options_back(options: Options) -> None:
    if options.dtype == "qint8":
        with pytest.raises(CheckpointError):
            options_from_json(options_to_json(options))
    else:
        again = options_from_json(options_to_json(options))
        assert again == (options if len(dict(options.metadata)) == len(options.metadata) else again)


SETS = (
    Options(devices=(DeviceRule(None, "cuda:1"),)), Options(strip_optimizer=True), Options(state_dict=True),
    Options(state_dict=True, to="safetensors"), Options(to="safetensors", shared="clone"), Options(dtype="bfloat16"),
    Options(ties="untie"), Options(compact=True), Options(to="legacy"), Options(select=(), state_dict=True),
)  # fmt: skip


@pytest.mark.parametrize("name", some([name for name in CASES if not name.startswith("not-")], every=12))
def test_every_builder(name: str, tmp_path: Path) -> None:
    try:
        source = read(CASES[name](tmp_path))
    except OpenError:
        pytest.skip("no checkpoint")
    ema_choice(source)
    made = [planned(source, options) for options in SETS]
    plans = [one for one in made if not isinstance(one, str)]
    for one in plans:
        assert_sound(one, source)
    assert plans or source.checkpoint.format == "pickle"  # tensors by value lie in a pickle within the pickle
