"""A model in several files with an index: ``*.safetensors.index.json`` or ``*.bin.index.json``.

Written by Hugging Face's ``save_pretrained``; formats.md §5, §6. Opened from the index, from any shard
it names, or from the folder. A bad or missing shard is named, and the rest is shown.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ckpt_gui.core.errors import DamagedFile, OpenError
from ckpt_gui.core.formats import safetensors, torch_legacy, torch_zip
from ckpt_gui.core.formats.base import Candidate, File, list_names
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.values import Mapping, Storage, Tensor
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.text import escape, plural

NAME = "sharded"
MAX_INDEX = 256 << 20
MAX_SHARDS = 10_000
MAX_FOLDER = 20_000
"""Files of a folder that are looked at for an index."""


def sniff(candidate: Candidate) -> bool:
    """A JSON object with a ``weight_map``."""
    if candidate.head.lstrip()[:1] != b"{" or candidate.file.nbytes > MAX_INDEX:
        return False
    return _index(candidate.file) is not None


def _index(file: File) -> dict[str, Any] | None:
    try:
        index = json.loads(file.read(0, MAX_INDEX))
    except (ValueError, RecursionError):
        return None
    return index if isinstance(index, dict) and isinstance(index.get("weight_map"), dict) else None


def index_beside(path: Path) -> Path | None:
    """The index in the same folder that names this file as a shard, if there is one."""
    return next((index for index in _indexes(path.parent) if path.name in _shards_of(index)), None)


def index_in(folder: Path) -> Path | None:
    """The index of a folder, if it holds one."""
    return next((index for index in _indexes(folder) if _shards_of(index)), None)


def _indexes(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry, _ in zip(entries, range(MAX_FOLDER), strict=False)]
    except OSError:
        return []
    found = sorted(name for name in names if name.endswith(".index.json"))
    return [folder / name for name in found[:20]]


def _shards_of(index: Path) -> set[str]:
    try:
        with LocalFile(index) as file:
            content = _index(file) if file.nbytes <= MAX_INDEX else None
    except OpenError:
        return set()
    return {name for name in content["weight_map"].values() if isinstance(name, str)} if content else set()


def read(candidate: Candidate) -> Found:
    """All shards as one flat mapping. Raises DamagedFile where not one of them can be read."""
    index = _index(candidate.file)
    if index is None:
        raise DamagedFile("the shard index is no JSON object with a weight_map")
    found = Found(NAME, Mapping(), [candidate.file.source])
    wanted: dict[str, list[str]] = {}
    for name, shard in index["weight_map"].items():
        if isinstance(shard, str):
            wanted.setdefault(shard, []).append(name)
        else:
            found.notes.append(f"the index gives {escape(name)[:80]} no file name")
    if len(wanted) > MAX_SHARDS:
        raise DamagedFile(f"the index names {len(wanted):,} files, more than {MAX_SHARDS:,}")
    folder = Path(candidate.file.path).parent
    good = sum(_add_shard(folder, shard, names, found, candidate.report) for shard, names in wanted.items())
    if not good and wanted:
        raise DamagedFile(f"not one of {plural(len(wanted), 'shard')} can be read: {found.notes[0]}")
    _in_order(index["weight_map"], found.root)
    _add_metadata(index, found)
    found.facts["shards"] = len(wanted)
    return found


def _in_order(weight_map: dict[str, Any], root: Mapping) -> None:
    """The tensors as the index lists them; those it does not name after them."""
    rank = {name: place for place, name in enumerate(weight_map)}
    root.items.sort(key=lambda item: rank.get(item[0], len(rank)))


def _add_shard(folder: Path, shard: str, names: list[str], found: Found, report: Report) -> bool:
    """Add one shard's tensors; returns whether it could be read."""
    try:
        items = _read_shard(_inside(folder, shard), found, report)
    except OpenError as exc:
        found.notes.append(f"shard {escape(shard)[:200]} cannot be read: {exc}")
        found.root.items += [(name, _lost(f"its shard {escape(shard)[:200]} cannot be read")) for name in names]
        return False
    there = {name for name, _ in items}
    lost = [name for name in names if name not in there]
    listed = set(names)
    spare = [name for name, value in items if type(value) is Tensor and name not in listed]
    if lost:
        found.notes.append(f"shard {escape(shard)[:200]} lacks {plural(len(lost), 'tensor')}: {list_names(lost, 3)}")
    if spare:
        found.notes.append(f"shard {escape(shard)[:200]} has tensors the index does not name: {list_names(spare, 3)}")
    found.root.items += [(name, value) for name, value in items if name != safetensors.METADATA]
    found.root.items += [(name, _lost(f"shard {escape(shard)[:200]} does not hold it")) for name in lost]
    return True


def _inside(folder: Path, shard: str) -> Path:
    """The shard's path. Raises OpenError unless it lies in the index's own folder."""
    outside = Path(shard).is_absolute() or ".." in Path(shard).parts or "\\" in shard or "\0" in shard or ":" in shard
    if outside or not shard or len(shard) > 1000:
        raise OpenError("it points outside the folder of its index, which is not followed")
    path, home = folder / shard, folder.resolve()
    try:
        within = _within(path.resolve(), home)
    except (OSError, RuntimeError) as exc:
        raise OpenError(f"its path cannot be followed: {exc}") from exc
    if not within:
        raise OpenError("it is a link out of the folder of its index, which is not followed")
    return path


def _within(target: Path, home: Path) -> bool:
    """Whether a file lies in the folder, or in the ``blobs`` beside it (the Hugging Face cache's layout)."""
    blobs = home.parent.parent / "blobs"
    return target.is_relative_to(home) or (home.parent.name == "snapshots" and target.parent == blobs)


def _read_shard(path: Path, found: Found, report: Report) -> list[tuple[str, Any]]:
    with LocalFile(path) as file:
        number = len(found.sources)
        part = Candidate(file, report)
        inner = Found(NAME, None, [file.source])
        if safetensors.sniff(part):
            items = safetensors.read_items(file, 0, inner)
        else:
            reader = next((one for one in (torch_zip, torch_legacy) if one.sniff(part)), None)
            if reader is None:
                raise OpenError(f"{path.name} is neither safetensors nor a torch checkpoint")
            inner = reader.read(part)
            items = _named_tensors(inner.root)
    found.sources.append(file.source)
    _adopt(items, number)
    _merge(found, inner, path.name)
    return items


def _named_tensors(root: Any) -> list[tuple[str, Any]]:
    pairs = root.items if type(root) is Mapping else []
    return [(key, value) for key, value in pairs if type(key) is str]


def _adopt(items: list[tuple[str, Any]], number: int) -> None:
    """Say of every storage that it lies in source ``number``."""
    seen: set[int] = set()
    for _, value in items:
        storage = value.storage if type(value) is Tensor else None
        for one in (storage, storage.root if type(storage) is Storage else None):
            if one is not None and id(one) not in seen:
                seen.add(id(one))
                one.source = number


def _merge(found: Found, inner: Found, name: str) -> None:
    found.notes += [f"{escape(name)[:100]}: {note}" for note in inner.notes]
    known = {code.name for code in found.code}
    found.code += [code for code in inner.code if code.name not in known]
    for key, value in inner.facts.items():
        if key in ("refused", "oddities"):
            found.facts[key] = sorted({*found.facts.get(key, ()), *value})
        elif key == "protocol":
            found.facts[key] = max(found.facts.get(key, 0), value)
        else:
            found.facts.setdefault(key, value)


def _lost(problem: str) -> Tensor:
    tensor = Tensor(None, 0, (0,), (1,), "unknown")
    tensor.problem = problem
    return tensor


def _add_metadata(index: dict[str, Any], found: Found) -> None:
    metadata = index.get("metadata")
    if isinstance(metadata, dict):
        made = Mapping()
        made.items = [(str(key), value if type(value) in (str, int, float, bool) else str(value)[:1000])
                      for key, value in metadata.items()]  # fmt: skip
        found.root.items.append(("metadata", made))
