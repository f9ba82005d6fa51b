"""torch.export's archives (``.pt2``) and AOTInductor packages: the JSON is read, native code is named, nothing runs.

Layout: torch/csrc/export/pt2_archive_constants.h and torch/export/pt2_archive/_package.py (2.13);
the fields of ``…_weights_config.json`` are ``PayloadConfig`` of torch/_export/serde/schema.py. Before 2.8,
torch.export.save wrote four records at the archive's root (torch/export/__init__.py, ``load``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ckpt_gui.core.dtypes import named
from ckpt_gui.core.errors import DamagedFile, OpenError
from ckpt_gui.core.formats.base import Candidate, list_names
from ckpt_gui.core.formats.embedded import open_inner
from ckpt_gui.core.formats.json_records import field, read_json
from ckpt_gui.core.formats.records import TextRecords, place_record, read_settings
from ckpt_gui.core.formats.zipdir import Entry, ZipDirectory
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.values import Document, Mapping, Module, Storage, Tensor, Value
from ckpt_gui.core.text import escape, plural, size

NAME = "pt2"
OLD = "serialized_exported_program.json"
WEIGHTS, CONSTANTS, INPUTS = "data/weights", "data/constants", "data/sample_inputs"
_NATIVE = (".so", ".o", ".a", ".dll", ".dylib", ".cubin", ".hsaco", ".spv", ".ptx", ".fatbin")

_DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64",
    9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16",
    29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz", 32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""torch/_export/serde/schema.py, ScalarType."""
_STRIDED = 7
_LAYOUTS = {1: "sparse_coo", 2: "sparse_csr", 3: "sparse_csc", 4: "sparse_bsr", 5: "sparse_bsc", 6: "_mkldnn"}
"""The same file, Layout."""


def sniff(candidate: Candidate) -> bool:
    """A zip whose ``archive_format`` is ``pt2``, or which has the records of an older export."""
    directory = candidate.zip
    if directory is None:
        return False
    return directory.read("archive_format", 16) == b"pt2" or directory.find(OLD) is not None


def read(candidate: Candidate) -> Found:
    """The index: every model's weights and constants by their names, sample inputs, the graph as text."""
    directory = candidate.zip
    if directory is None:
        raise DamagedFile(candidate.zip_trouble or "no zip")
    found = Found(NAME, None, [candidate.file.source])
    reader = _Reader(candidate, directory, found)
    if directory.find(OLD) is not None:
        found.root = reader.older()
        found.facts["written_by"] = "torch.export of torch 2.1 to 2.7"
    else:
        reader.big_endian = read_settings(directory, found)
        found.root = reader.models()
        found.facts["written_by"] = "torch 2.6 or later"
    found.notes = directory.notes + found.notes
    return found


class _Reader:
    """One archive: its directory, and where findings go."""

    def __init__(self, candidate: Candidate, directory: ZipDirectory, found: Found) -> None:
        self.candidate = candidate
        self.directory = directory
        self.found = found
        self.texts = TextRecords(directory)
        self.storages: dict[str, Storage] = {}
        self.opened: dict[int, Any] = {}
        """Nested saves by the place of their record: many names may lead to one."""
        self.big_endian = False
        self.names: list[str] = []
        """Of the models."""

    def models(self) -> Any:
        """The one model with what lies beside it; or a mapping of several."""
        names = self.names = list(dict.fromkeys(self._model_names()))
        self.found.facts["models"] = [escape(name) for name in names[:100]]
        modules = [(name, self._model(name)) for name in names]
        if len(modules) == 1:
            modules[0][1].add_beside(self._beside())
            return modules[0][1]
        whole = Mapping("export archive")
        whole.items = [*modules, *self._beside()]
        return whole

    def _model_names(self) -> Iterator[str]:
        for folder, ending in (("models", ".json"), (WEIGHTS, "_weights_config.json"), (WEIGHTS, ".pt")):
            for name, _ in self.directory.inside(folder):
                if name.endswith(ending) and "/" not in name:
                    yield name.removesuffix(ending)

    def _model(self, name: str) -> Module:
        module = Module("exported program")
        for path, value in self._payloads(WEIGHTS, name, "weights"):
            module.entries.append((path, value, type(value) is Tensor))
        inputs, graph = self._nested(f"{INPUTS}/{name}.pt"), self._graph(f"models/{name}.json")
        module.add_beside(self._payloads(CONSTANTS, name, "constants"))
        module.add_beside(_present(("sample_inputs", inputs), ("graph", graph)))
        return module

    def _payloads(self, folder: str, model: str, kind: str) -> Iterator[tuple[str, Any]]:
        """Names and values of one configuration; or of the nested save that earlier releases wrote instead."""
        legacy = self._nested(f"{folder}/{model}.pt")
        if type(legacy) is Mapping:
            yield from ((str(key), value) for key, value in legacy.items)
        entry = self.directory.find(f"{folder}/{model}_{kind}_config.json")
        if entry is None:
            return
        try:
            config = field(read_json(self.directory, entry), "config", dict, {})
        except OpenError as exc:
            self.found.notes.append(str(exc))
            return
        used = set()
        for place, (name, meta) in enumerate(config.items()):
            if not place & 0xFFF:
                self.candidate.report.at(place, len(config), kind)
            path = field(meta, "path_name", str, "")
            used.add(path)
            yield name, self._payload(f"{folder}/{path}", meta)
        records = [one for one, _ in self.directory.inside(folder) if not one.endswith((".json", ".pt"))]
        spare = [one for one in records if one not in used] if len(self.names) == 1 else []
        if spare:
            shown = list_names(spare, 3)
            self.found.notes.append(f"{plural(len(spare), 'record')} in {folder} that nothing refers to: {shown}")

    def _payload(self, record: str, meta: Any) -> Any:
        """One weight or constant: a tensor by its description, or what its nested pickle holds."""
        described = field(meta, "tensor_meta", dict)
        if described is not None and field(meta, "use_pickle", bool) is not True:
            tensor = _tensor(described, self._storage(record, described))
            tensor.parameter = field(meta, "is_param", bool) is True
            return tensor
        nested = self._nested(record)
        if nested is None:
            return Value("pickled object", f"{escape(record)[:200]} cannot be read")
        return nested

    def _storage(self, record: str, described: dict[str, Any]) -> Storage:
        """The raw bytes of a record; several tensors may be windows of one."""
        known = self.storages.get(record)
        if known is None:
            device = field(described, "device", dict, {})
            index = field(device, "index", int)
            tag = field(device, "type", str, "") + ("" if index is None else f":{index}")
            entry = self.directory.find(record)
            known = self.storages[record] = Storage("uint8", record, tag or None, entry.nbytes if entry else 0)
            place_record(self.directory, known, record, self.big_endian)
        return known

    def _nested(self, record: str) -> Any:
        entry = self.directory.find(record)
        if entry is None:
            return None
        if entry.header not in self.opened:
            self.opened[entry.header] = self._open(entry, escape(record)[:200])
        return self.opened[entry.header]

    def _open(self, entry: Entry, name: str) -> Any:
        try:
            content, trouble = self.directory.open(entry)
        except OpenError as exc:
            self.found.notes.append(str(exc))
            return None
        if trouble:
            self.found.notes.append(f"{name}: {trouble}")
        at = None if entry.method else self.directory.data_offset(entry)
        return open_inner(self.candidate, content, at, name, self.found)

    def _graph(self, record: str) -> Any:
        entry = self.directory.find(record)
        return None if entry is None else self._text(entry, "graph")

    def _text(self, entry: Entry, kind: str) -> Document | Value:
        text = self.texts.text(entry) if entry.nbytes <= 1 << 20 and not entry.name.endswith(_NATIVE) else None
        return Value(kind, f"{size(entry.nbytes)}, not shown") if text is None else Document(text, kind)

    def _beside(self) -> list[tuple[str, Mapping]]:
        """What is of no model: files of AOTInductor and ExecuTorch, files of the user."""
        listed = [(folder.rpartition("/")[2], self._folder(folder)) for folder in _FOLDERS]
        native = [entry.name for entry in self.directory.entries if entry.name.endswith(_NATIVE)]
        if native:
            self.found.facts["native_code"] = len(native)
            self.found.notes.append(f"native code, which loading would run: {list_names(native, 5)}; it is not touched")
        return [(name, folder) for name, folder in listed if folder.items]

    def _folder(self, name: str) -> Mapping:
        folder = Mapping("files")
        for path, entry in self.directory.inside(name):
            kind = "native code" if path.endswith(_NATIVE) else "text"
            folder.items.append((path, self._text(entry, kind)))
        return folder

    def older(self) -> Any:
        """An export of torch before 2.8."""
        module = Module("exported program")
        for name, value in self._older_pairs("serialized_state_dict"):
            module.entries.append((name, value, type(value) is Tensor))
        module.add_beside(self._older_pairs("serialized_constants"))
        inputs, extra = self._nested("serialized_example_inputs.pt"), self._folder("extra_files")
        module.add_beside(_present(("sample_inputs", inputs), ("graph", self._graph(OLD))))
        module.add_beside([("extra", extra)] if extra.items else [])
        return module

    def _older_pairs(self, record: str) -> list[tuple[str, Any]]:
        """A dict that torch.save wrote into the record; torch 2.1 gave it the ending of JSON."""
        held = self._nested(f"{record}.pt") or self._nested(f"{record}.json")
        return [(str(key), value) for key, value in held.items] if type(held) is Mapping else []


def _present(*pairs: tuple[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in pairs if value is not None]


_FOLDERS = ("data/aotinductor", "data/executorch", "data/mtia", "xl_model_weights", "extra")


def _tensor(described: dict[str, Any], storage: Storage) -> Tensor:
    """A TensorMeta with its storage; whatever does not fit is the tensor's problem."""
    shape, stride = _ints(described.get("sizes")), _ints(described.get("strides"))
    offset = _int(described.get("storage_offset"))
    dtype = _DTYPES.get(field(described, "dtype", int, 0), "unknown")
    tensor = Tensor(storage, offset or 0, shape or (), stride or (), dtype)
    layout = field(described, "layout", int, 0)
    tensor.requires_grad = field(described, "requires_grad", bool) is True
    if shape is None or stride is None or offset is None:
        tensor.problem = "its sizes, strides or offset are not plain numbers"
    elif layout != _STRIDED:
        tensor.layout = _LAYOUTS.get(layout, "unknown")
        tensor.problem = "its layout is not strided, which raw bytes cannot hold"
    elif not named(dtype).stored_bits:
        tensor.problem = f"element type {field(described, 'dtype', int)} of torch.export is not known"
    return tensor


def _int(value: Any) -> int | None:
    """A SymInt: ``{"as_int": 3}``; the first archives wrote plain numbers."""
    found = field(value, "as_int", int) if type(value) is dict else value
    return found if type(found) is int else None


def _ints(values: Any) -> tuple[int, ...] | None:
    if type(values) is not list:
        return None
    found = [_int(value) for value in values]
    return None if None in found else tuple(value for value in found if value is not None)
