"""TorchScript archives since torch 1.4, those for mobile included; nothing of their code is run.

Layout: torch/csrc/jit/serialization/export_module.cpp (``ScriptModuleSerializer``) and import.cpp:
``data.pkl`` holds the module with its tensors in ``data/``, ``constants.pkl`` a tuple of unnamed tensors in
``constants/`` (all the weights of a frozen or traced module), ``code/`` the classes as text,
``bytecode.pkl`` the program for mobile, ``extra/`` files of the user. Members may be compressed.
"""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.dtypes import nbytes
from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, StorageTable, list_names, pickle_findings
from ckpt_gui.core.formats.records import TextRecords, place_records, read_record_pickle, read_settings
from ckpt_gui.core.formats.script_code import ScriptCode
from ckpt_gui.core.formats.script_tree import lay_out
from ckpt_gui.core.formats.zipdir import ZipDirectory
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.substitute import substitute
from ckpt_gui.core.pickles.values import Mapping, Module, Tensor, Value
from ckpt_gui.core.text import plural, shape, size

NAME = "torchscript"


def sniff(candidate: Candidate) -> bool:
    """A zip with a ``constants.pkl``, which is how torch.load tells it (serialization.py, _is_torchscript_zip)."""
    directory = candidate.zip
    if directory is None or directory.find("model.json") is not None:
        return False
    return directory.find("constants.pkl") is not None or directory.find("bytecode.pkl") is not None


def read(candidate: Candidate) -> Found:
    """The index: the module by its state_dict names, what else it holds, its constants, its code as text."""
    directory = candidate.zip
    if directory is None:
        raise DamagedFile(candidate.zip_trouble or "no zip")
    found = Found(NAME, None, [candidate.file.source])
    big = read_settings(directory, found)
    parts = _Parts(candidate, directory, found)
    data, data_table = parts.pickle("data")
    constants, constant_table = parts.pickle("constants")
    program, program_table = parts.pickle("bytecode")
    if data is None and constants is None:
        raise DamagedFile("a TorchScript archive of which neither data.pkl nor constants.pkl can be read")
    parts.place("data", data_table, big)
    parts.place("constants", constant_table, big, also_used=program_table)
    found.storages += [*data_table.by_key.values(), *constant_table.by_key.values()]
    inputs, _ = parts.pickle("traced_inputs")
    texts = TextRecords(directory)
    beside = [
        ("constants", constants if constants != () else None),
        ("traced_inputs", None if inputs is None else substitute(inputs, _without_data)),
        ("bytecode", _program(program, program_table, constant_table)),
        ("code", texts.folder("code", "TorchScript code", (".debug_pkl", "/"))),
        ("extra", texts.folder("extra", "text") if directory.inside("extra") else None),
    ]
    found.root = _root(lay_out(data, ScriptCode(directory, texts)), beside)
    _facts(directory, found)
    found.notes = directory.notes + found.notes
    return found


class _Parts:
    """The pickles of one archive."""

    def __init__(self, candidate: Candidate, directory: ZipDirectory, found: Found) -> None:
        self.candidate = candidate
        self.directory = directory
        self.found = found

    def pickle(self, name: str) -> tuple[Any, StorageTable]:
        """The value of ``name.pkl`` and its storages; None where it is not there or cannot be read."""
        table = StorageTable()
        entry = self.directory.find(f"{name}.pkl")
        if entry is None:
            if name == "data":
                self.found.notes.append("data.pkl is missing; torch refuses such a file")
            return None, table
        try:
            pickled = read_record_pickle(self.directory, entry, table, self.candidate.report)
        except DamagedFile as exc:
            self.found.notes.append(str(exc))
            return None, table
        self.found.notes += table.notes
        pickle_findings(self.found, pickled, f"{name}.pkl")
        return pickled.value, table

    def place(self, folder: str, table: StorageTable, big: bool, also_used: StorageTable | None = None) -> None:
        """Find the records of a pickle's storages; tell of records that nothing uses."""
        place_records(self.directory, table.by_key, folder + "/{}", big)
        used = table.by_key.keys() | (also_used.by_key.keys() if also_used else set())
        spare = [record for record, _ in self.directory.inside(folder) if record not in used]
        if spare:
            shown = list_names(spare, 3)
            self.found.notes.append(f"{plural(len(spare), 'record')} in {folder} that nothing refers to: {shown}")
        for key, storage in table.by_key.items():
            # Each pickle counts its storages from 0: the folder keeps them apart.
            storage.key = key if folder == "data" else f"{folder}/{key}"
            if storage.numel == 0 and storage.nbytes < 0:
                storage.problem = None  # torch reads no record for it (unpickler.cpp, BINPERSID)


def _without_data(value: Any) -> Any:
    """Example inputs are written without their data (``skip_tensor_data``): a tensor becomes words."""
    if type(value) is not Tensor:
        return value
    return Value("Tensor", f"{value.dtype} {shape(value.shape)}, saved without its data")


def _program(program: Any, table: StorageTable, constants: StorageTable) -> Value | None:
    """The program for mobile in a few words: its methods, and copies of constants that only it uses."""
    if type(program) is not tuple:
        return None
    own = [storage for key, storage in table.by_key.items() if key not in constants.by_key]
    needed = sum(nbytes(storage.dtype, max(storage.numel, 0)) for storage in own)
    more = f", with {plural(len(own), 'storage')} of its own ({size(needed)})" if own else ""
    methods = sum(1 for part in program if type(part) is tuple)
    return Value("program for mobile", f"{plural(methods, 'method')}{more}; not shown")


def _root(module: Any, beside: list[tuple[str, Any]]) -> Any:
    """The module, and beside its own entries the archive's."""
    listed = [(name, value) for name, value in beside if value is not None]
    if type(module) is Module:
        module.add_beside(listed)
        return module
    root = Mapping("TorchScript archive")
    root.items = ([] if module is None else [("data", module)]) + listed
    return root


def _facts(directory: ZipDirectory, found: Found) -> None:
    """Who wrote it, as far as its records tell; versions.h lists what each file version brought."""
    found.facts["mobile"] = directory.find("bytecode.pkl") is not None
    newer = directory.find("byteorder") is not None or directory.find(".data/serialization_id") is not None
    found.facts["written_by"] = "torch 2.1 or later" if newer else "torch 1.4 to 2.0"
