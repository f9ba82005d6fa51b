"""TorchScript archives of torch 1.0 to 1.3: ``model.json`` and one record a storage.

Layout: the messages ModelDef, ModuleDef, ParameterDef, AttributeDef and TensorDef of caffe2/proto/torch.proto in
protobuf's JSON (camelCase names, 64-bit integers as text), read by torch/csrc/jit/serialization/import_legacy.cpp.
A module's parameters and buffers name tensors of one table; from 1.1 on its attributes lie in
``attributes.pkl``, where ``build_tensor_from_id`` names a tensor of the table. Offsets count elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ckpt_gui.core.dtypes import named
from ckpt_gui.core.errors import DamagedFile, OpenError
from ckpt_gui.core.formats.base import Candidate, StorageTable, list_names, pickle_findings
from ckpt_gui.core.formats.json_records import field, read_json
from ckpt_gui.core.formats.records import TextRecords, place_record, read_record_pickle
from ckpt_gui.core.formats.zipdir import ZipDirectory
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.substitute import substitute
from ckpt_gui.core.pickles.values import Mapping, Module, Object, Storage, Tensor, Value
from ckpt_gui.core.text import escape, plural

NAME = "torchscript"
MAX_MODULES = 200_000
MAX_NAMES = 64 << 20
"""Characters of dotted names; each begins with its module's name, so that one long name could grow without bound."""
MAX_NAME = 4096
_FROM_ID = "torch.jit._pickle.build_tensor_from_id"

_DTYPES = {
    "FLOAT": "float32", "INT32": "int32", "BOOL": "bool", "UINT8": "uint8", "INT8": "int8", "INT16": "int16",
    "INT64": "int64", "FLOAT16": "float16", "DOUBLE": "float64", "BYTE": "uint8", "UINT16": "uint16",
}  # fmt: skip
"""caffe2.TensorProto.DataType as protobuf writes enums in JSON."""
_NUMBERS = {
    1: "FLOAT", 2: "INT32", 3: "BYTE", 5: "BOOL", 6: "UINT8", 7: "INT8", 8: "UINT16", 9: "INT16", 10: "INT64",
    12: "FLOAT16", 13: "DOUBLE",
}  # fmt: skip
_QUANTIZED = {"uint8": "quint8", "int8": "qint8", "int32": "qint32"}


def sniff(candidate: Candidate) -> bool:
    """A zip with a ``model.json`` and torch's ``version`` record (other tools write a ``model.json`` too)."""
    directory = candidate.zip
    return directory is not None and directory.find("model.json") is not None and directory.find("version") is not None


def read(candidate: Candidate) -> Found:
    """The index: the main module by its state_dict names, its attributes, unused tensors, its code as text."""
    directory = candidate.zip
    entry = directory.find("model.json") if directory is not None else None
    if directory is None or entry is None:
        raise DamagedFile(candidate.zip_trouble or "no zip")
    candidate.report.allow(entry.packed)
    model = read_json(directory, entry)
    found = Found(NAME, None, [candidate.file.source])
    main = field(model, "mainModule", dict)
    if main is None:
        raise DamagedFile("model.json has no mainModule: not a TorchScript archive, or a damaged one")
    reader = _Reader(candidate, directory, found, field(model, "tensors", list, []))
    found.root = reader.module(main)
    _tell_producer(model, found)
    found.notes = directory.notes + found.notes
    return found


def _tell_producer(model: dict[str, Any], found: Found) -> None:
    version = escape(field(model, "producerVersion", str, "") or "1.0 to 1.3")[:40]
    found.facts["written_by"] = f"torch {version}"
    found.facts["mobile"] = False
    found.facts["version"] = str(_int(model.get("protoVersion")) or "not written")
    found.facts["refused_by_torch"] = "TorchScript of torch 1.0 to 1.3 needs a torch of its time"


class _Reader:
    def __init__(self, candidate: Candidate, directory: ZipDirectory, found: Found, table: list[Any]) -> None:
        self.candidate = candidate
        self.directory = directory
        self.found = found
        self.storages: dict[str, Storage] = {}
        self.tensors = [self._tensor(definition) for definition in table]
        self.used: set[int] = set()
        self.attributes = self._attributes()

    def module(self, main: dict[str, Any]) -> Module:
        """The main module, and beside it what no module names."""
        module = Module(escape(field(main, "name", str, "") or "ScriptModule")[:200])
        count = spent = 0
        pending: list[tuple[str, dict[str, Any]]] = [("", main)]
        while pending:
            prefix, definition = pending.pop()
            count += 1
            spent += len(prefix) * (1 + len(field(definition, "parameters", list, [])))
            if count > MAX_MODULES or spent > MAX_NAMES or len(prefix) > MAX_NAME:
                self.found.notes.append(
                    f"more than {MAX_MODULES:,} modules, or names without end; the others are left out"
                )
                break
            self._own(module, prefix, definition)
            for child in reversed(field(definition, "submodules", list, [])):
                if type(child) is dict:
                    name = f"{prefix}{field(child, 'name', str, '')}"
                    module.classes[name] = "ScriptModule"
                    pending.append((f"{name}.", child))
        module.add_beside(self._beside())
        return module

    def _own(self, module: Module, prefix: str, definition: dict[str, Any]) -> None:
        """Parameters, buffers, attributes: the order of ``ScriptModule.state_dict()``, then the rest."""
        rows = [(field(one, "isBuffer", bool) is True, one) for one in field(definition, "parameters", list, [])]
        for is_buffer, one in sorted(rows, key=lambda row: row[0]):
            tensor = self._by_id(_id(one, "tensorId"))
            if tensor is not None:
                tensor.parameter = not is_buffer
            shown = Value("Tensor", "not in the table of tensors") if tensor is None else tensor
            module.entries.append((prefix + field(one, "name", str, ""), shown, tensor is not None))
        taken = {field(one, "name", str, "") for _, one in rows}
        for one in field(definition, "attributes", list, []):
            name = field(one, "name", str, "")
            if name not in taken:
                taken.add(name)
                module.entries.append((prefix + name, self._attribute(_id(one, "id")), False))

    def _by_id(self, number: int) -> Tensor | None:
        if not 0 <= number < len(self.tensors):
            return None
        self.used.add(number)
        return self.tensors[number]

    def _attribute(self, number: int) -> Any:
        if 0 <= number < len(self.attributes):
            return self.attributes[number]
        return Value("attribute", "not in attributes.pkl")

    def _tensor(self, definition: Any) -> Tensor:
        """A TensorDef; whatever does not fit is the tensor's problem."""
        kind = definition.get("dataType") if type(definition) is dict else None
        kind = _NUMBERS.get(kind) if type(kind) is int else kind
        dtype = _DTYPES.get(kind, "unknown") if type(kind) is str else "unknown"
        shape, stride = _ints(field(definition, "dims", list, [])), _ints(field(definition, "strides", list, []))
        offset = _int(definition.get("offset", 0)) if type(definition) is dict else None
        tensor = Tensor(self._storage(definition), offset or 0, shape or (), stride or (), dtype)
        tensor.requires_grad = field(definition, "requiresGrad", bool) is True
        if field(definition, "isQuantized", bool) is True:
            tensor.dtype = _QUANTIZED.get(dtype, dtype)
            scale, zero = definition.get("scale"), _int(definition.get("zeroPoint", 0))
            tensor.quantizer = {"scheme": "per_tensor_affine", "scale": scale, "zero_point": zero}
            if type(scale) not in (int, float):
                tensor.quantizer["scale"] = None
        if shape is None or stride is None or offset is None:
            tensor.problem = "its sizes, strides or offset are not plain numbers"
        elif not named(tensor.dtype).stored_bits:
            tensor.problem = "its element type is not known"
        return tensor

    def _storage(self, definition: Any) -> Storage:
        key = field(field(definition, "data", dict), "key", str, "")
        known = self.storages.get(key)
        if known is None:
            entry = self.directory.find(key)
            device = field(definition, "device", str, "")
            known = self.storages[key] = Storage("uint8", key, device or None, entry.nbytes if entry else 0)
            place_record(self.directory, known, key, False)
        return known

    def _attributes(self) -> list[Any]:
        """The values of ``attributes.pkl``, tensors of the table in their places."""
        entry = self.directory.find("attributes.pkl")
        if entry is None:
            return []
        try:
            pickled = read_record_pickle(self.directory, entry, StorageTable(), self.candidate.report)
        except OpenError as exc:
            self.found.notes.append(str(exc))
            return []
        pickle_findings(self.found, pickled, "attributes.pkl")
        values = substitute(pickled.value, self._from_id)
        return list(values) if type(values) in (list, tuple) else []

    def _from_id(self, value: Any) -> Any:
        if type(value) is not Object or value.full != _FROM_ID or type(value.args) is not tuple or len(value.args) != 1:
            return value
        number = value.args[0]
        tensor = self._by_id(number) if type(number) is int else None
        return Value("Tensor", "not in the table of tensors") if tensor is None else tensor

    def _beside(self) -> Iterator[tuple[str, Any]]:
        """Tensors that only the code uses (``CONSTANTS.c0`` is the table's first), and the texts."""
        spare = Mapping("constants")
        spare.items = [(place, one) for place, one in enumerate(self.tensors) if place not in self.used]
        if spare.items:
            yield "constants", spare
        texts = TextRecords(self.directory)
        for folder in ("code", "libs", "extra"):
            if self.directory.inside(folder):
                kind = "text" if folder == "extra" else "TorchScript code"
                yield folder, texts.folder(folder, kind, (".debug_pkl", "/"))
        unread = [name for name, _ in self.directory.inside("tensors") if f"tensors/{name}" not in self.storages]
        if unread:
            shown = list_names(unread, 3)
            self.found.notes.append(f"{plural(len(unread), 'record')} in tensors that nothing refers to: {shown}")


def _int(value: Any) -> int | None:
    """A 64-bit integer, which protobuf's JSON writes as text."""
    if type(value) is int:
        return value
    if (
        type(value) is str
        and len(value) <= 20
        and value.removeprefix("-").isascii()
        and value.removeprefix("-").isdigit()
    ):
        return int(value)
    return None


def _id(holder: Any, name: str) -> int:
    """An index into a table: 0 where protobuf left out the default, -1 where it is no number."""
    found = _int(holder.get(name, 0)) if type(holder) is dict else None
    return -1 if found is None else found


def _ints(values: list[Any]) -> tuple[int, ...] | None:
    found = [_int(value) for value in values]
    return None if None in found else tuple(value for value in found if value is not None)
