"""TorchScript archives since torch 1.4, those for mobile included; nothing of their code is run.

Layout: torch/csrc/jit/serialization/export_module.cpp (``ScriptModuleSerializer``) and import.cpp:
``data.pkl`` holds the module with its tensors in ``data/``, ``constants.pkl`` a tuple of unnamed tensors in
``constants/`` (all the weights of a frozen or traced module), ``code/`` the classes as text,
``bytecode.pkl`` the program for mobile, ``extra/`` files of the user. Members may be compressed.
"""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, StorageTable, list_names, pickle_findings
from ckpt_gui.core.formats.records import TextRecords, place_records, read_record_pickle, read_settings
from ckpt_gui.core.formats.script_code import ScriptCode
from ckpt_gui.core.formats.script_tree import lay_out
from ckpt_gui.core.formats.zipdir import ZipDirectory
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.values import Mapping, Module
from ckpt_gui.core.text import plural

NAME = "torchscript"
_PICKLES = (("data", "data"), ("constants", "constants"), ("traced_inputs", "traced_inputs"))
"""Pickle (without ``.pkl``) and the folder of its storages."""


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
    parts = {name: _pickle(candidate, directory, found, name, folder, big) for name, folder in _PICKLES}
    if all(value is None for value in parts.values()):
        raise DamagedFile("a TorchScript archive of which neither data.pkl nor constants.pkl can be read")
    texts = TextRecords(directory)
    found.root = _root(parts, lay_out(parts["data"], ScriptCode(directory, texts)), directory, texts)
    _facts(directory, found)
    found.notes = directory.notes + found.notes
    return found


def _pickle(candidate: Candidate, directory: ZipDirectory, found: Found, name: str, folder: str, big: bool) -> Any:
    """The value of one pickle with its storages placed; None where it is not there or cannot be read."""
    entry = directory.find(f"{name}.pkl")
    if entry is None:
        if name == "data":
            found.notes.append("data.pkl is missing; torch refuses such a file")
        return None
    table = StorageTable()
    try:
        pickled = read_record_pickle(directory, entry, table, candidate.report)
    except DamagedFile as exc:
        found.notes.append(str(exc))
        return None
    place_records(directory, table.by_key, folder + "/{}", big)
    records = directory.inside(folder)
    spare = [record for record, _ in records if record not in table.by_key]
    if spare:
        found.notes.append(f"{plural(len(spare), 'record')} in {folder} that nothing refers to: {list_names(spare, 3)}")
    for key, storage in table.by_key.items():
        # Each pickle counts its storages from 0: the folder keeps them apart.
        storage.key = key if folder == "data" else f"{folder}/{key}"
        if storage.numel == 0 and storage.nbytes < 0:
            storage.problem = None  # torch reads no record for it (unpickler.cpp, BINPERSID)
    found.notes += table.notes
    pickle_findings(found, pickled, f"{name}.pkl")
    return pickled.value


def _root(parts: dict[str, Any], module: Any, directory: ZipDirectory, texts: TextRecords) -> Any:
    """The module, and beside its own entries the archive's."""
    extra = directory.inside("extra")
    beside = [
        ("constants", parts["constants"] if parts["constants"] != () else None),
        ("traced_inputs", parts["traced_inputs"]),
        ("code", texts.folder("code", "TorchScript code", (".debug_pkl", "/"))),
        ("extra", texts.folder("extra", "text") if extra else None),
    ]
    listed = [(name, value) for name, value in beside if value is not None]
    if type(module) is Module:
        taken = {name for name, _, _ in module.entries}
        module.entries += [(_free(name, taken), value, False) for name, value in listed]
        return module
    root = Mapping("TorchScript archive")
    root.items = ([] if module is None else [("data", module)]) + listed
    return root


def _free(name: str, taken: set[str]) -> str:
    """The name, or one like it where the module has an attribute of that name."""
    while name in taken:
        name += " of the archive"
    return name


def _facts(directory: ZipDirectory, found: Found) -> None:
    """Who wrote it, as far as its records tell; versions.h lists what each file version brought."""
    found.facts["mobile"] = directory.find("bytecode.pkl") is not None
    newer = directory.find("byteorder") is not None or directory.find(".data/serialization_id") is not None
    found.facts["written_by"] = "torch 2.1 or later" if newer else "torch 1.4 to 2.0"
