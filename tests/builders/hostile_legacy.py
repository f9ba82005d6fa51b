"""Streams and tars of old torch that lie, and other formats' indexes that do."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.builders import rawzip, torch_tar, torchscript_old
from tests.builders.opcodes import BINPERSID, MARK, SETITEMS, TUPLE, Assembler, floats
from tests.builders.registry import add_hostile
from tests.builders.torch_legacy import MAGIC, SYSTEM, legacy_stream, legacy_tensor
from tests.builders.torch_tar import STORAGES, TENSORS, Storage, Tensor, object_member, storages_member, tensors_member

DATA = floats(1, 2, 3, 4)


def _body(numel: object = 4, size: tuple[int, ...] = (4,), stride: tuple[int, ...] = (1,), **options: Any) -> bytes:
    code = Assembler().raw(b"}", MARK).text("w")
    legacy_tensor(code, "7", numel, size, stride, **options)
    return code.raw(SETITEMS).stop()


def _legacy(name: str, expected: str, make: Callable[[], bytes], doc: str) -> None:
    def build(folder: Path) -> Path:
        path = folder / "lies.pth"
        path.write_bytes(make())
        return path

    build.__doc__ = doc
    add_hostile(f"legacy/{name}", build, expected)


def _stream(name: str, expected: str, doc: str, *, header: int = 4, data: bytes = DATA, **fields: Any) -> None:
    keys = fields.pop("keys", None)
    _legacy(name, expected, lambda: legacy_stream(_body(**fields), [("7", header, data)], keys=keys), doc)


ALLOC = "torch allocates what the number says before it looks at the file; here it must fit the file."
_stream("numel_2_32", "noted", ALLOC, numel=2**32, size=(2**32,))
_stream("numel_2_62", "noted", ALLOC, numel=2**62)
_stream("numel_negative", "noted", ALLOC, numel=-4)
_stream("numel_text", "noted", ALLOC, numel="4")
_stream("numel_both_2_40", "noted", ALLOC, numel=2**40, header=2**40)
_stream("header_differs", "noted", "The length in the stream and in the pickle differ.", header=3)
_stream("header_negative", "noted", "A negative length in the stream.", header=-1)
_stream("header_2_63", "noted", "A length of 2^63-1.", header=2**63 - 1)
_stream("truncated_data", "noted", "Ends within a storage: the tensors of that storage have a problem.", data=DATA[:9])
_stream("no_data", "noted", "Ends right after the keys.", data=b"")
_stream("trailing_bytes", "noted", "Tells how many bytes follow.", data=DATA + b"hidden" * 9)
_stream("keys_missing", "noted", "The list of keys lacks the storage.", keys=[])
_stream("keys_unknown", "noted", "The list of keys names another storage.", keys=["8"])
_stream("keys_twice", "noted", "The list of keys names it twice.", keys=["7", "7"])
_stream("keys_not_list", "either", "The keys are a number.", keys=5)
_stream("keys_not_text", "either", "The keys are ints.", keys=[7])
_stream("keys_flood", "noted", "A million keys.", keys=["7"] * 1_000_000)
_stream("view_out_of_range", "noted", "View metadata beyond the root.", view=("8", 3, 4))
_stream("view_negative", "noted", "View metadata before the root.", view=("8", -1, 4))
_stream("view_odd", "either", "View metadata of the wrong kind.", view=("8",))
_stream("stride_overruns", "noted", "A stride beyond the storage.", size=(2,), stride=(2**40,))

PARTS = [pickle.dumps(v, 2) for v in (MAGIC, 1001, SYSTEM)]
_legacy("only_magic", "refused", lambda: PARTS[0], "Cut after the magic number.")
_legacy("no_object", "refused", lambda: b"".join(PARTS), "Cut before the object.")
_legacy("cut_in_object", "noted", lambda: b"".join(PARTS) + _body()[:-40], "Cut within the object: a partial tree.")
_legacy("no_keys", "noted", lambda: b"".join(PARTS) + _body(), "Cut before the list of keys.")
_legacy("version_1002", "either", lambda: PARTS[0] + pickle.dumps(1002, 2) + PARTS[2] + _body(), "Unknown version.")
_legacy("system_is_none", "either", lambda: PARTS[0] + PARTS[1] + pickle.dumps(None, 2) + _body(), "No system facts.")


def _big_endian() -> bytes:
    return legacy_stream(_body(), [("7", 4, DATA)]).replace(b"little_endian", b"xittle_endian", 1)


_legacy("system_renamed", "tree", _big_endian, "torch ignores the facts about the system.")


def _module_source() -> bytes:
    code = Assembler().raw(b"}", MARK).text("m").raw(MARK).text("module").name("vanished", "Net")
    code.text("net.py").text("class Net: pass\n" * 60_000).raw(TUPLE, BINPERSID, SETITEMS)
    return legacy_stream(code.stop(), [])


_legacy("module_source_1_mb", "tree", _module_source, "A megabyte of source text: shown cut, never compiled.")


def _tar(name: str, expected: str, doc: str, change: Callable[[dict[str, bytes]], object]) -> None:
    def build(folder: Path) -> Path:
        members = torch_tar.members()
        change(members)
        return torch_tar.write_tar(folder / "lies.pth", members)

    build.__doc__ = doc
    add_hostile(f"tar/{name}", build, expected)


def _set(name: str, data: bytes) -> Callable[[dict[str, bytes]], object]:
    return lambda members: members.update({name: data})


def _storages(*, numel: int = 6, count: int | None = None, views: list[torch_tar.View] | None = None) -> bytes:
    first = Storage(101, "cpu", ("torch", "FloatStorage"), numel, floats(1, 2, 3, 4, 5, 6))
    return storages_member([first, STORAGES[1]], [(103, 101, 2, 2)] if views is None else views, count)


_tar("no_tensors_member", "either", "One of the four members is missing.", lambda m: m.pop("tensors"))
_tar("no_storages_member", "either", "One of the four members is missing.", lambda m: m.pop("storages"))
_tar("no_pickle_member", "refused", "The object is missing.", lambda m: m.pop("pickle"))
_tar("storages_numel_2_40", "noted", "A storage longer than its member.", _set("storages", _storages(numel=2**40)))
_tar("storages_numel_negative", "noted", "A negative length.", _set("storages", _storages(numel=-1)))
_tar("storages_count_huge", "noted", "More storages told than there are.", _set("storages", _storages(count=10**9)))
_tar("storages_count_negative", "noted", "Fewer than none.", _set("storages", _storages(count=-1)))
_tar("view_out_of_range", "noted", "A view beyond its root.", _set("storages", _storages(views=[(103, 101, 5, 9)])))
_tar("view_of_unknown", "noted", "A view of nothing.", _set("storages", _storages(views=[(103, 999, 0, 2)])))
_tar("view_of_itself", "noted", "A view of itself.", _set("storages", _storages(views=[(103, 103, 0, 2)])))
_tar("tensors_rank_huge", "noted", "Two thousand million dimensions.", _set("tensors", tensors_member(
    [Tensor(1, 101, (2, 3), (3, 1), rank=2**31 - 1)])))  # fmt: skip
_tar("tensors_rank_negative", "noted", "Less than no dimensions.", _set("tensors", tensors_member(
    [Tensor(1, 101, (2, 3), (3, 1), rank=-1)])))  # fmt: skip
_tar(
    "tensors_count_huge", "noted", "More tensors told than are there.", _set("tensors", tensors_member(TENSORS, 10**9))
)
_tar("tensor_out_of_range", "noted", "A tensor beyond its storage.", _set("tensors", tensors_member(
    [Tensor(1, 101, (2, 3), (30, 1)), *TENSORS[1:]])))  # fmt: skip
_tar(
    "tensor_unknown_id",
    "noted",
    "The object names an unknown tensor.",
    _set("pickle", object_member({"x": 99})),
)
_tar("sys_info_broken", "tree", "Nobody needs the system's facts.", _set("sys_info", b"\xff"))


def _tar_of(name: str, expected: str, doc: str, change: Callable[[tarfile.TarInfo], object], **options: Any) -> None:
    """One more member, or a changed one, made with the ``tarfile`` of the standard library."""

    def build(folder: Path) -> Path:
        path = folder / "lies.pth"
        with tarfile.open(path, "w", **options) as tar:
            for member, data in torch_tar.members().items():
                entry = tarfile.TarInfo(member)
                entry.size = len(data)
                if member == "storages":
                    change(entry)
                tar.addfile(entry, io.BytesIO(data))
        return path

    build.__doc__ = doc
    add_hostile(f"tar/{name}", build, expected)


def _link(kind: bytes, target: str) -> Callable[[tarfile.TarInfo], object]:
    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname, entry.size = kind, target, 0

    return change


_tar_of("symlink", "either", "A link is not followed.", _link(tarfile.SYMTYPE, "/etc/passwd"))
_tar_of("hardlink", "either", "A link is not followed.", _link(tarfile.LNKTYPE, "pickle"))
_tar_of("fifo", "either", "Only regular members count.", _link(tarfile.FIFOTYPE, ""))
_tar_of("name_leaves_folder", "either", "Nothing is extracted.", lambda e: setattr(e, "name", "../storages"))
_tar_of("pax_bomb", "either", "A pax header of 1 MB.", lambda e: setattr(e, "pax_headers", {"comment": "x" * 2**20}),
        format=tarfile.PAX_FORMAT)  # fmt: skip
_tar_of("pax_size", "either", "A pax header lies.", lambda e: setattr(e, "pax_headers", {"size": "99999999999"}),
        format=tarfile.PAX_FORMAT)  # fmt: skip


def _build_tar_size(folder: Path) -> Path:
    """A member's size is larger than the file."""
    path = torch_tar.write_tar(folder / "lies.pth", torch_tar.members())
    data = bytearray(path.read_bytes())
    at = data.index(b"storages")
    data[at + 124 : at + 135] = b"77777777777"
    header = bytearray(data[at : at + 512])
    header[148:156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(header)
    path.write_bytes(data)
    return path


add_hostile("tar/size_beyond_file", _build_tar_size, "either")


def _build_tar_truncated(folder: Path) -> Path:
    """Cut in the middle."""
    path = torch_tar.write_tar(folder / "lies.pth", torch_tar.members())
    path.write_bytes(path.read_bytes()[:2600])
    return path


add_hostile("tar/truncated", _build_tar_truncated, "either")


def _script(name: str, doc: str, **fields: Any) -> None:
    """A ``model.json`` archive of torch 1.0 whose first tensor lies."""

    def build(folder: Path) -> Path:
        tensors = [torchscript_old.TENSORS[0] | fields, *torchscript_old.TENSORS[1:]]
        model = json.loads(torchscript_old.model_json(1, torchscript_old.main_module("code/x.py"), "1.0"))
        model["tensors"] = tensors
        records = {
            "version": b"1\n",
            "code/x.py": b"",
            **torchscript_old.RECORDS,
            "model.json": json.dumps(model).encode(),
        }
        return torchscript_old.write(folder / "x.pt", records)

    build.__doc__ = doc
    add_hostile(f"torchscript/{name}", build, "either")


_script("json_dims_2_62", "Sizes beyond the record.", dims=["4611686018427387904", "4611686018427387904"])
_script("json_dims_negative", "Negative sizes.", dims=["-2", "-3"])
_script("json_dims_text", "Sizes that are no numbers.", dims=["x", None])
_script("json_offset", "An offset beyond the record.", offset="99999999999999999999")
_script("json_key_leaves", "A record that does not exist.", data={"key": "../../etc/passwd"})
_script("json_dtype", "An unknown element type.", dataType="UNDEFINED")


def _pt2(name: str, doc: str, config: object, weight: bytes = DATA) -> None:
    def build(folder: Path) -> Path:
        text = config if isinstance(config, str) else json.dumps({"config": config})
        records = {
            "archive_format": b"pt2", "archive_version": b"0", "byteorder": b"little", ".data/version": b"6\n",
            "data/weights/weight_0": weight, "data/weights/model_weights_config.json": text.encode(),
        }  # fmt: skip
        path = folder / "lies.pt2"
        path.write_bytes(rawzip.pack([rawzip.Member(f"lies/{key}", data) for key, data in records.items()]))
        return path

    build.__doc__ = doc
    add_hostile(f"pt2/{name}", build, "either")


def _weight(path_name: object = "weight_0", use_pickle: object = False, **meta: object) -> dict[str, object]:
    told: dict[str, object] = {
        "dtype": 7, "sizes": [{"as_int": 4}], "requires_grad": False, "device": {"type": "cpu", "index": None},
        "strides": [{"as_int": 1}], "storage_offset": {"as_int": 0}, "layout": 7,
    }  # fmt: skip
    return {"w": {"path_name": path_name, "is_param": True, "use_pickle": use_pickle, "tensor_meta": told | meta}}


_pt2("sizes_2_62", "Sizes beyond the record.", _weight(sizes=[{"as_int": 2**62}]))
_pt2("sizes_text", "Sizes that are no numbers.", _weight(sizes=[{"as_expr": "s0*2"}]))
_pt2("sizes_not_list", "Sizes that are no list.", _weight(sizes=4))
_pt2("offset_negative", "A negative offset.", _weight(storage_offset={"as_int": -1}))
_pt2("dtype_unknown", "An unknown number for the element type.", _weight(dtype=99))
_pt2("path_leaves", "A record outside of the archive.", _weight("../../../etc/passwd"))
_pt2("path_not_text", "A path that is no text.", _weight(5))
_pt2("pickled_code", "A pickled weight whose stream calls things: read by our own machine.", _weight(use_pickle=True),
     Assembler().name("vanished_payload_module", "run").value(()).raw(b"R").stop())  # fmt: skip
_pt2("config_list", "A config that is no object.", [1, 2])
_pt2("config_deep", "A config 100,000 levels deep.", '{"config":' + "[" * 100_000)
_pt2("entry_null", "An entry that is null.", {"w": None})
