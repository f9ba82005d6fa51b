"""One file in both readers' words: our ``info --json`` and torch's own rows; and where torch cannot be the judge."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ckpt_gui.core.info import info_json
from ckpt_gui.core.reader import read
from tests.builders import CASES, TORCH_REFUSES
from tests.oracle import STORAGE_VIEWS, torch_rows

Row = dict[str, Any]

NO_JUDGE = {
    "pt2/pickled_weight": "torch 2.13 writes it and cannot read it back",
    "torch-legacy/dtypes_untyped": "torch's oldest loader stumbles over untyped storages",
    "torchscript-old/1_0": "torch dropped the format",
    "torchscript-old/1_1_on_gpu": "torch dropped the format",
    "torchscript-old/1_2": "torch dropped the format",
}

KEYED_BY_OBJECTS = {"module/optimizer_object"}
"""A tensor is a key there; torch's text of it is its values, ours its kind and shape."""

EXTRA: dict[str, str | tuple[str, ...]] = {
    "torch-class/wrapper_subclass": '["own_rule"',  # a __reduce__ of its own: only running it would tell it is a tensor
    "torch-object/nested_save": '["blob", "inner"]',
    "torchscript/scripted": '["table"]',
    "torchscript/mobile": '["table"]',
    "torchscript/frozen": '["constants", ',
    "torchscript/mobile_frozen": '["constants", ',
    "torchscript/quantized": '["0", "_packed_params", ',
    "pt2/block": '["sample_inputs", ',
    "pt2/constants": '["sample_inputs", ',
    "pt2/tied": '["sample_inputs", ',
    "vit4mnist.ptl": '["constants", ',
    "silero_vad.jit": ('["_context"]', '["_state"]', '["constants", '),
}
"""Tensors that torch keeps to itself (constants, attributes, sample inputs, a save within a save): paths begin so."""

NOTED = {
    "torch-legacy/trailing": "bytes follow that torch never reads",
    "pickle/several": "only the first of several pickles is the file's value",
    "torch-object/shared_containers": "a list in it contains itself",
    "pesto_mir-1k_g7.ckpt": "its module tree contains itself",
}
"""Good files with a note all the same."""

NOT_REAL = {"README.md", "broken.pt"}
REAL = Path(__file__).parents[3] / "shared" / "real"


def good_names() -> list[str]:
    """Builders of files that torch reads, and we should."""
    return [
        name for name in CASES if name not in TORCH_REFUSES | NO_JUDGE.keys() and not name.startswith("not-checkpoint/")
    ]


def real_names() -> list[str]:
    """Files of the folder of real checkpoints; one that stands for all where the folder is not here."""
    files = [path for path in sorted(REAL.rglob("*")) if path.is_file() and path.name not in NOT_REAL]
    return [str(path.relative_to(REAL)) for path in files] or ["absent"]


@dataclass
class Case:
    """One file, as both see it."""

    name: str
    path: Path

    @cached_property
    def told(self) -> dict[str, Any]:
        """The whole JSON object."""
        found: dict[str, Any] = json.loads("".join(info_json(read(self.path))), parse_constant=_no_such_number)
        return found

    @cached_property
    def judged(self) -> dict[str, Row]:
        """Torch's rows by path text, but for what it cannot judge."""
        rows = {_key(row): row for row in torch_rows(self.path)}
        return {key: row for key, row in rows.items() if not self._exempt(key)}

    @cached_property
    def ours(self) -> dict[str, Row]:
        """Our rows by path text, but for what torch keeps to itself."""
        rows = {_key(row): row for row in self.told["tensors"]}
        return {key: row for key, row in rows.items() if not self._exempt(key)}

    def _exempt(self, key: str) -> bool:
        return self.name in EXTRA and key.startswith(EXTRA[self.name])

    def of_torch(self, field: str) -> dict[str, Any]:
        """One field of every row that torch can judge."""
        rows = self.judged.items()
        return {key: _plain(field, row[field]) for key, row in rows if self._judges(row, field)}

    def agreed(self, fields: Iterable[str]) -> tuple[dict[str, Row], dict[str, Row]]:
        """Several fields of every row that both have: ours, and torch's."""
        ours: dict[str, Row] = {}
        judged: dict[str, Row] = {}
        for field in fields:
            for key, value in self.of_torch(field).items():
                if key in self.ours:
                    judged.setdefault(key, {})[field] = value
                    ours.setdefault(key, {})[field] = self.ours[key][field]
        return ours, judged

    def of_ours(self, field: str, keys: Iterable[str]) -> dict[str, Any]:
        """The same field of our rows under ``keys``."""
        return {key: self.ours[key][field] for key in keys if key in self.ours}

    def _judges(self, row: Row, field: str) -> bool:
        if self.name in STORAGE_VIEWS and field in ("offset", "byte_offset", "storage"):
            return False  # torch makes a window of a storage into a storage of its own
        if field == "storage" and self.told["format"] == "torch-package":
            return False  # torch loads each pickle of a package by itself, and shares nothing between them
        if field in ("numel", "shape") and row.get("layout") in ("nested", "jagged"):
            return row[field] is not None  # torch has no number for these
        if field == "device" and row.get("device") is None and self.told["format"] == "pickle":
            return False  # the oracle does not look into the storages of a plain pickle
        return field in row


def _key(row: Row) -> str:
    return json.dumps(list(row["path"]))


def _plain(field: str, value: Any) -> Any:
    return list(value) if field in ("shape", "stride") and value is not None else value


def _no_such_number(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


def sharing(rows: dict[str, Any]) -> set[frozenset[str]]:
    """Paths grouped by the storage they share; a path alone on its storage is a group too."""
    groups: dict[Any, set[str]] = {}
    for key, storage in rows.items():
        groups.setdefault(storage, set()).add(key)
    return set(map(frozenset, groups.values()))
