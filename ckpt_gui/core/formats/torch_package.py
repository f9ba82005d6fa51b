"""torch.package: pickles, sources and resources of several packages in one archive. No source is run.

Layout: torch/package/package_exporter.py and package_importer.py: ``<package>/<resource>`` for each resource,
``.data/<number>.storage`` for each storage (the number stands in the persistent ids of all pickles),
``.data/extern_modules`` for what is imported from outside, ``.data/ts_code/<number>/`` for TorchScript modules.
"""

from __future__ import annotations

from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.errors import DamagedFile, OpenError
from ckpt_gui.core.formats.base import Candidate, StorageTable, pickle_findings
from ckpt_gui.core.formats.records import TextRecords, place_records, read_record_pickle, read_settings
from ckpt_gui.core.formats.script_code import ScriptCode
from ckpt_gui.core.formats.script_tree import lay_out
from ckpt_gui.core.formats.zipdir import Entry, ZipDirectory
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.substitute import substitute
from ckpt_gui.core.pickles.values import Document, Global, Mapping, Module, Object, Storage, Value
from ckpt_gui.core.text import escape, plural, size

NAME = "torch-package"
MAX_RECORDS = 100_000
_SCRIPT = "torch.jit._script.unpackage_script_module"
_SCRIPTS = ".data/ts_code"


def sniff(candidate: Candidate) -> bool:
    """A zip with ``.data/extern_modules``, which every package has and nothing else."""
    return candidate.zip is not None and candidate.zip.find(".data/extern_modules") is not None


def read(candidate: Candidate) -> Found:
    """The index: each pickle's tree under its record's name, other resources, and the sources as text."""
    directory = candidate.zip
    if directory is None:
        raise DamagedFile(candidate.zip_trouble or "no zip")
    found = Found(NAME, None, [candidate.file.source])
    big = read_settings(directory, found)
    for fact, record in (("python_version", ".data/python_version"), ("extern_modules", ".data/extern_modules")):
        text = (directory.read(record, 1 << 16) or b"").decode("utf-8", "replace").strip()
        found.facts[fact] = [escape(line)[:200] for line in text.splitlines()[:1000]]
    reader = _Reader(candidate, directory, found)
    found.root = reader.tree()
    place_records(directory, reader.table.by_key, ".data/{}.storage", big)
    found.storages += reader.table.by_key.values()
    found.notes = directory.notes + reader.table.notes + found.notes
    return found


class PackageStorages(StorageTable):
    """Storages of a package: numbers as keys, and each persistent id may see its storage as another type."""

    def __call__(self, pid: Any) -> Any:
        """The value of one persistent id."""
        if type(pid) is tuple and len(pid) == 5 and type(pid[2]) is str and pid[2].endswith(".storage"):
            # TorchScript's own pickles name the record, not the number.
            pid = (*pid[:2], pid[2].removesuffix(".storage"), *pid[3:])
        value = super().__call__(pid)
        if type(value) is Storage and type(pid[1]) is Global:
            dtype = dtypes.STORAGE_DTYPES.get(pid[1].name.rpartition(".")[2], value.dtype)
            if dtype != value.dtype:
                # package_importer.py wraps the bytes once and gives each id its own TypedStorage of them.
                view = Storage(dtype, value.key, value.device, _numel(pid[4], value))
                view.root = value
                return view
        return value


def _numel(written: Any, storage: Storage) -> int:
    return written if type(written) is int and dtypes.countable(written) else storage.numel


class _Reader:
    def __init__(self, candidate: Candidate, directory: ZipDirectory, found: Found) -> None:
        self.candidate = candidate
        self.directory = directory
        self.found = found
        self.table = PackageStorages()
        self.texts = TextRecords(directory)
        self.code = ScriptCode(directory, self.texts, f"{_SCRIPTS}/code")
        self.scripts: dict[str, Any] = {}
        # Records may lie on top of each other; an honest archive has each byte in one of them.
        self.left = 2 * candidate.file.nbytes + (1 << 20)
        self.told = False
        self.has_scripts = bool(directory.inside(_SCRIPTS))

    def tree(self) -> Mapping:
        """Pickles and resources in the archive's order, then the sources."""
        whole, code = Mapping("package"), Mapping("texts")
        for name, entry in self._resources():
            if name.endswith(".py"):
                code.items.append((name, self._text(entry, "Python source")))
            elif name.endswith(".pkl"):
                value = self._pickle(entry, name)
                whole.items.append((name, substitute(value, self._script) if self.has_scripts else value))
            else:
                whole.items.append((name, self._text(entry, "text")))
        scripts = self.texts.folder(f"{_SCRIPTS}/code", "TorchScript code", (".debug_pkl", "/"))
        code.items += [(f"{_SCRIPTS}/code/{name}", text) for name, text in scripts.items]
        if code.items:
            whole.items.append(("code", code))
        return whole

    def _resources(self) -> list[tuple[str, Entry]]:
        """Everything but ``.data`` and the records that torch adds to any archive."""
        cut = len(self.directory.root) + 1 if self.directory.root else 0
        named = [(entry.name[cut:], entry) for entry in self.directory.entries]
        listed = [
            (name, entry)
            for name, entry in named
            if name
            and not name.startswith(".data/")
            and not name.endswith("/")
            and name not in ("byteorder", "version")
        ]
        if len(listed) > MAX_RECORDS:
            self.found.notes.append(f"{plural(len(listed), 'resource')}; the first {MAX_RECORDS:,} are shown")
        return listed[:MAX_RECORDS]

    def _text(self, entry: Entry, kind: str) -> Document | Value:
        text = self.texts.text(entry)
        return Value("bytes", f"{size(entry.nbytes)}, not shown") if text is None else Document(text, kind)

    def _pickle(self, entry: Entry, name: str) -> Any:
        self.left -= entry.packed + 64
        shown = escape(name)[:200]
        if self.left < 0:
            if not self.told:
                self.told = True
                self.found.notes.append(
                    f"the pickles take more bytes than the file has; {shown} and others are not read"
                )
            return Value("pickle", "not read")
        try:
            pickled = read_record_pickle(self.directory, entry, self.table, self.candidate.report)
        except OpenError as exc:
            self.found.notes.append(str(exc))
            return Value("pickle", "cannot be read")
        pickle_findings(self.found, pickled, shown)
        return pickled.value

    def _script(self, value: Any) -> Any:
        """A TorchScript module in place of the call that would load it."""
        if type(value) is not Object or value.full != _SCRIPT or type(value.args) is not tuple or len(value.args) != 1:
            return value
        number = value.args[0]
        if type(number) is not str or (entry := self.directory.find(f"{_SCRIPTS}/{number}/data.pkl")) is None:
            return value
        if number not in self.scripts:
            self.scripts[number] = lay_out(self._pickle(entry, f"{_SCRIPTS}/{number}/data.pkl"), self.code)
            constants = self.directory.find(f"{_SCRIPTS}/{number}/constants.pkl")
            held = self._pickle(constants, f"{_SCRIPTS}/{number}/constants.pkl") if constants else ()
            if type(held) is tuple and held and type(self.scripts[number]) is Module:
                self.scripts[number].add_beside([("constants", held)])
        return self.scripts[number]
