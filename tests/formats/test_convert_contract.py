"""Every button on every good builder and every real file: refused with a sentence, or proven and right.

Torch is the judge: it loads source and result, and what was kept must be equal to the bit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.core.convert import applies, run
from ckpt_gui.core.convert.nouns import DeviceRule, Options, Plan, Receipt
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.info import info_json, value_nodes
from ckpt_gui.core.reader import Opened, read
from ckpt_gui.proving import Prover
from tests.builders import CASES
from tests.builders.common import quiet
from tests.builders.registry import some
from tests.formats.contract import KEYED_BY_OBJECTS, REAL, good_names, real_names
from tests.formats.converted import Key, Row, contents, facts_of, is_script, key_of, opens_as_script, rows_of, sharing
from tests.oracle import STORAGE_VIEWS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")

BUTTONS = {
    "cpu": (Options(devices=(DeviceRule(None, "cpu"),)), "out.pt", "device"),
    "cuda": (Options(devices=(DeviceRule(None, "cuda:0"),)), "out.pt", "device"),
    "strip": (Options(strip_optimizer=True), "out.pt", "strip"),
    "state-dict": (Options(state_dict=True), "out.pt", "state-dict"),
    "safetensors": (Options(state_dict=True), "out.safetensors", "state-dict"),
}
"""What is asked for, the name of the result, and what ``applies`` calls it."""
FILES = [*some(good_names(), 40), *some([f"real:{name}" for name in real_names()], 16)]


@dataclass
class Source:
    """One file, as both see it."""

    name: str
    path: Path
    opened: Opened

    @cached_property
    def rows(self) -> dict[Key, Row]:
        """Torch's rows."""
        return rows_of(self.path)

    @cached_property
    def loadable(self) -> bool:
        """Whether torch's restricted loader takes it."""
        return loads(self.path)


def loads(path: Path) -> bool:
    """Whether ``torch.load(weights_only=True)`` reads it onto the CPU. (On ``meta`` torch cannot swap bytes.)"""
    try:
        with quiet():
            torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001  (torch refuses with whatever its innards raise)
        return False
    return True


@dataclass
class Made:
    """What one button made of it."""

    source: Source
    button: str
    folder: Path
    plan: Plan | None = None
    receipt: Receipt | None = None
    refused: str = ""
    kept: dict[Key, Key] = field(default_factory=dict)
    """Path in the source → path in the result."""

    @property
    def path(self) -> Path:
        """The result."""
        return self.folder / BUTTONS[self.button][1]

    def done(self) -> Plan:
        """The plan; where the file was refused there is nothing to see."""
        if self.plan is None or self.receipt is None:
            pytest.skip(f"refused: {self.refused}")
        return self.plan

    @cached_property
    def before(self) -> dict[Key, Row]:
        """Torch's rows of what should be in the result, by their path there; also of what only torch sees."""
        rows = self.source.rows
        if not self.done().nested:
            return {target: rows[path] for path, target in self.kept.items() if path in rows}
        dropped = {key_of(one.path) for one in self.done().dropped}
        return {self.kept.get(path, path): row for path, row in rows.items() if path not in dropped}

    @cached_property
    def after(self) -> dict[Key, Row]:
        """Torch's rows of the result."""
        return rows_of(self.path)


@pytest.fixture(scope="module")
def prover() -> Iterator[Prover]:
    with Prover() as one:
        yield one


@pytest.fixture(scope="module", params=FILES)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    name: str = request.param
    if name == "real:absent":
        pytest.skip(f"the folder of real checkpoints is not on this machine ({REAL})")
    path = REAL / name[5:] if name.startswith("real:") else CASES[name](tmp_path_factory.mktemp("source"))
    return Source(name, path, read(path))


@pytest.fixture(scope="module", params=BUTTONS)
def made(
    request: pytest.FixtureRequest, source: Source, prover: Prover, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    button: str = request.param
    one = Made(source, button, tmp_path_factory.mktemp("result"))
    try:
        found = plan(source.opened, BUTTONS[button][0], one.path.name)
        one.receipt = run.convert(source.opened, found, one.path, prover=prover)
    except ConvertError as exc:
        one.refused = str(exc)
        return one
    one.plan = found
    one.kept = {key_of(item.path): key_of(item.target) for item in found.items}
    return one


def test_what_is_refused_is_told_in_advance(made: Made) -> None:
    told = applies.why_not(made.source.opened, BUTTONS[made.button][2])
    if made.refused:
        assert "\n" not in made.refused
        assert list(made.folder.iterdir()) == []
    if made.button != "safetensors":  # it holds less than torch, and more: the button is for torch
        assert bool(told) == bool(made.refused), (told, made.refused)


def test_the_result_is_verified(made: Made) -> None:
    made.done()
    assert made.receipt is not None
    assert made.receipt.proof is not None
    assert made.receipt.proof.differences == ()
    assert made.receipt.proof.verified
    assert [path.name for path in made.folder.iterdir()] == [made.path.name]


def test_no_tensor_and_no_value_is_lost_in_silence(made: Made) -> None:
    found = made.done()
    checkpoint = made.source.opened.checkpoint
    listed = {item.tensor for item in found.items} | {checkpoint.nodes.tensor[one.node] for one in found.dropped}
    assert set(range(checkpoint.rows)) - listed == set(found.aliased)
    if not found.nested:
        values = {node for node in value_nodes(checkpoint) if checkpoint.path_of(node)[:1] != ("__metadata__",)}
        assert values - {one.node for one in found.dropped} == set()


def test_values_that_stay_are_as_they_were(made: Made) -> None:
    found = made.done()
    if not found.nested:
        pytest.skip("a flat mapping has none")
    dropped = {key_of(one.path) for one in found.dropped}
    before = [row for row in values_of(made.source.opened) if key_of(row["path"]) not in dropped]
    assert values_of(read(made.path)) == before


def values_of(opened: Opened) -> list[dict[str, Any]]:
    """Of a bare storage without its tag."""
    values: list[dict[str, Any]] = json.loads("".join(info_json(opened)))["values"]
    return [row | {"text": re.sub(r", [^,]+$", "", row["text"])} if row["type"] == "storage" else row for row in values]


def test_torch_finds_just_what_was_kept(made: Made) -> None:
    nested = made.done().nested
    if made.source.name in KEYED_BY_OBJECTS:
        pytest.skip("torch's paths are not ours")
    unseen = set() if nested else {to for path, to in made.kept.items() if path not in made.source.rows}
    assert set(made.after) - unseen == set(made.before)


def test_every_kept_tensor_is_equal_to_the_bit(made: Made) -> None:
    nested = made.done().nested
    pairs = [(key, row, made.after[key]) for key, row in made.before.items() if key in made.after]
    wrong = {key: found for key, before, after in pairs if (found := differences(before, after, nested=nested))}
    if made.source.name in STORAGE_VIEWS:  # torch makes a window of a storage into a storage of its own there
        wrong = {key: found for key, found in wrong.items() if found.keys() != {"offset"}}
    assert wrong == {}


def differences(before: Row, after: Row, *, nested: bool) -> dict[str, Any]:
    """Fields that differ; of bytes only that they do."""
    if before.get("tensor") is None or after.get("tensor") is None:
        return {}
    one, other = facts_of(before, nested=nested), facts_of(after, nested=nested)
    return {
        name: "differ" if name == "bytes" else (one[name], other.get(name))
        for name in one
        if one[name] != other.get(name)
    }


def test_aliases_name_tensors_of_equal_bytes(made: Made) -> None:
    found = made.done()
    checkpoint = made.source.opened.checkpoint
    for row, (_, kept) in zip(found.aliased, found.aliases, strict=True):
        alias = made.source.rows[key_of(checkpoint.path_of(checkpoint.tensors.node[row]))]["tensor"]
        assert list(contents(alias)) == list(contents(made.after[key_of([kept])]["tensor"]))


def test_what_shared_memory_shares_it_still(made: Made) -> None:
    found = made.done()
    if found.target_format == "safetensors":
        pytest.skip("it holds no shared memory")
    if made.source.opened.checkpoint.format == "torch-package" or made.source.name in STORAGE_VIEWS:
        pytest.skip("torch makes storages of their own there")
    held = [key for key in made.before if key in made.after]
    both = [key for key in held if None not in (made.before[key]["storage"], made.after[key]["storage"])]
    wanted = sharing({key: made.before[key] for key in both})
    assert sharing({key: made.after[key] for key in both}) == wanted


def test_the_tags_are_those_asked_for(made: Made) -> None:
    found = made.done()
    if found.target_format == "safetensors":
        pytest.skip("it has no tags")
    wanted = {"cpu": {"cpu"}, "cuda": {"cuda:0"}}.get(made.button)
    result = read(made.path).checkpoint
    storages = map(result.storage, range(len(result.storages.key)))
    tags = {one.device for one in storages if one.offset >= 0} - {None, "meta"}  # none: within a pickle's bytes
    assert wanted is None or tags <= wanted
    if is_script(made.path) or result.format == "torch-package":
        return  # torch tells no tags there
    for key, row in made.before.items():
        if key in made.after:
            known = wanted if wanted is not None else {row.get("device") or "cpu"}
            assert made.after[key].get("device") in (*known, None, "meta"), key


def test_torch_loads_it_as_it_loaded_the_source(made: Made) -> None:
    found = made.done()
    if found.target_format == "safetensors":
        pytest.skip("torch.load does not read it")
    if is_script(made.path):
        before, after = opens_as_script(made.source.path), opens_as_script(made.path)
        assert after.state_dict().keys() == before.state_dict().keys()
        assert getattr(after, "code", None) == getattr(before, "code", None)
        return
    assert loads(made.path) or (found.nested and not made.source.loadable)
