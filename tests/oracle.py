"""What torch, safetensors and their relatives say about a readable file: the judge of our own reader.

``torch_rows(path)`` gives the rows described in ``oracle_walk``. It loads with ``weights_only=False``, so
it is ONLY for files of our own builders.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from safetensors import safe_open
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.package.package_importer import PackageImporter

from tests import tolerant_pickle
from tests.builders.common import quiet
from tests.oracle_walk import Row, StorageFacts, Walk, shape_of

STORAGE_VIEWS = {"torch-legacy/storage_views", "torch-tar/plain"}
"""Here torch makes a window of a storage into a storage of its own: ``storage`` and ``offset`` are relative to it."""
IN_FOLDERS = ("model.safetensors.index.json", "pytorch_model.bin.index.json", "data/model.pth")
"""What is opened where a folder was given."""


def torch_rows(path: Path) -> list[Row]:
    """Every tensor of the file, as torch would load it, under the paths of product.md."""
    if path.is_dir():
        path = next(path / name for name in IN_FOLDERS if (path / name).exists())
    kind = kind_of(path)
    with quiet():
        if kind == "sharded":
            return list(_sharded(path))
        if kind == "safetensors":
            return list(_safetensors(path))
        if kind == "torchscript":
            module: Any = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
            return list(_named(module.state_dict(keep_vars=True)))
        if kind == "pt2":
            program = torch.export.load(path)
            rows = _named({**program.state_dict, **program.constants})
            return [{**row, "in_state_dict": row["path"][0] in program.state_dict} for row in rows]
        if kind == "package":
            return list(_package(path))
        return list(_torch(path, kind))


def weights_only_accepts(path: Path) -> bool:
    """Whether ``torch.load(weights_only=True)`` reads the file."""
    try:
        with quiet():
            torch.load(path, map_location="meta", weights_only=True)
    except Exception:  # noqa: BLE001  (torch refuses with whatever its innards raise)
        return False
    return True


def kind_of(path: Path) -> str:
    """Which loader the file is for."""
    start = path.read_bytes()[:600]
    if start[:4] == b"PK\3\4":
        return _kind_of_zip(path)
    if start[:1] == b"{":
        return "sharded"
    if start[257:262] == b"ustar":
        return "tar"
    if b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19" in start[:32]:
        return "legacy"
    header = int.from_bytes(start[:8], "little")  # its last byte may well look like a pickle's first
    if start[8:9] in (b"{", b" ") and header < path.stat().st_size:
        return "safetensors"
    return "pickle"


def _kind_of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
    if "constants.pkl" in names or "model.json" in names:
        return "torchscript"
    if "archive_format" in names:
        return "pt2"
    return "zip" if "data.pkl" in names else "package"


def load(path: Path, kind: str = "zip") -> tuple[object, list[tolerant_pickle.Given]]:
    """The file's value, and every storage that was made for it with its persistent id."""
    given: list[tolerant_pickle.Given] = []
    tolerant_pickle.Unpickler.given = given
    with quiet(), patch("torch.serialization.default_restore_location", lambda storage, location: storage):
        if kind == "pickle":
            with path.open("rb") as file:
                return tolerant_pickle.Unpickler(file, encoding="latin1").load(), given
        value = torch.load(path, weights_only=False, pickle_module=tolerant_pickle, encoding="latin1")
    return value, given


def _torch(path: Path, kind: str) -> Iterator[Row]:
    value, given = load(path, kind)
    places = _places(path) if kind == "zip" else _legacy_places(path, given) if kind == "legacy" else {}
    facts = {
        made._untyped_storage._cdata: StorageFacts(str(saved[3]), places.get(str(saved[2])))
        for saved, made in reversed(given)
        if isinstance(saved, tuple) and saved[0] == "storage"
    }
    if kind == "tar":
        facts = _tar_facts(given)
    yield from Walk(facts).rows(value)


def _tar_facts(given: list[tolerant_pickle.Given]) -> dict[int, StorageFacts]:
    """The tags of a tar stand in a member of their own; only our builder's are known: Long is on cuda:0."""
    tensors = [made for _, made in given if isinstance(made, torch.Tensor)]
    tags = {torch.int64: "cuda:0"}
    return {t.untyped_storage()._cdata: StorageFacts(tags.get(t.dtype, "cpu")) for t in tensors}


def _places(path: Path) -> dict[str, int]:
    """Where the storages of a zip begin, by torch's own reader; compressed ones have no place."""
    reader: Any = torch._C.PyTorchFileReader(str(path))
    with zipfile.ZipFile(path) as archive:
        stored = {i.filename.partition("/")[2] for i in archive.infolist() if i.compress_type == 0}
    names = [name for name in stored if name.startswith("data/")]
    return {name.removeprefix("data/"): reader.get_record_offset(name) for name in names}


def _legacy_places(path: Path, given: list[tolerant_pickle.Given]) -> dict[str, int]:
    """Where the storages of a stream begin: they fill the file's end, each behind its length, sorted by key.

    Empty where the lengths do not stand where they should (bytes follow, or the order is another).
    """
    wanted = {
        str(saved[2]): (saved[4], made._untyped_storage.nbytes()) for saved, made in given if saved[0] == "storage"
    }
    data, places = path.read_bytes(), dict[str, int]()
    at = len(data) - sum(8 + nbytes for _, nbytes in wanted.values())
    for key, (numel, nbytes) in sorted(wanted.items()):
        if at < 0 or data[at : at + 8] != struct.pack("<q", numel):
            return {}
        places[key] = at + 8
        at += 8 + nbytes
    return places


def fake_byte_offsets(path: Path) -> dict[tuple[Any, ...], int | None]:
    """Path → place of the first element by FakeTensorMode, which reads no data; for weights_only zips."""
    with quiet(), FakeTensorMode():
        value = torch.load(path, weights_only=True)
        return {tuple(row["path"]): row["byte_offset"] for row in Walk().rows(value) if "byte_offset" in row}


def _named(state: Any) -> Iterator[Row]:
    walk = Walk()
    for name, tensor in state.items():
        if isinstance(tensor, torch.Tensor):
            row = walk.row(tensor, (name,), True)
            row["device"] = str(tensor.device)
            yield row


def _package(path: Path) -> Iterator[Row]:
    importer = PackageImporter(str(path))
    with zipfile.ZipFile(path) as archive:
        names = [name.partition("/")[2] for name in archive.namelist() if name.endswith(".pkl")]
        names = [name for name in names if not name.startswith(".data/")]
    walk = Walk()
    for name in names:
        folder, _, resource = name.rpartition("/")
        value = importer.load_pickle(folder.replace("/", "."), resource, map_location="cpu")
        for row in walk.rows(value, (name,)):
            yield {**row, "device": "cpu"}


def _safetensors(path: Path) -> Iterator[Row]:
    data = path.read_bytes()
    length: int = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    with safe_open(path, "pt") as file:
        for number, (name, entry) in enumerate(header.items()):
            row = _safetensors_row(file, name, entry)
            start = 8 + length + entry["data_offsets"][0]
            empty = entry["data_offsets"][0] == entry["data_offsets"][1]
            yield {**row, "storage": None if empty else number, "byte_offset": None if empty else start}


def _safetensors_row(file: Any, name: str, entry: dict[str, Any]) -> Row:
    try:
        tensor = file.get_tensor(name)
    except Exception:  # noqa: BLE001  (types torch lacks fail in several ways)
        return {"path": [name], "shape": entry["shape"], "dtype": entry["dtype"].lower(), "device": None, "offset": 0}
    row = Walk().row(tensor, (name,), True)
    return {**row, "device": None, "shape": shape_of(tensor)}


def _sharded(path: Path) -> Iterator[Row]:
    weight_map: dict[str, str] = json.loads(path.read_text())["weight_map"]
    shards: dict[str, dict[Any, Row]] = {}
    for name, shard in weight_map.items():
        if shard not in shards:
            shards[shard] = {row["path"][0]: row for row in torch_rows(path.parent / shard)}
        row = shards[shard][name]
        yield {**row, "storage": None if row["storage"] is None else (shard, row["storage"])}
