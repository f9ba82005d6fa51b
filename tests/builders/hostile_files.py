"""Paths that are no ordinary files, and shard indexes that point where they should not."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import save_file

from tests.builders.common import numbers, save
from tests.builders.registry import hostile
from tests.builders.sharded import write_index, write_sharded


def _outside(folder: Path) -> Path:
    """A good shard in the folder above the one with the index; it must not be read."""
    save_file({"secret": numbers(2)}, folder / "secret.safetensors")
    inside = folder / "model"
    inside.mkdir()
    return inside


def _damaged(folder: Path, kind: str, damage: Callable[[Path], object]) -> Path:
    index = write_sharded(folder, kind)
    damage(max(folder.glob("*-00002-of-00002.*")))
    return index


def _to_folder(shard: Path) -> None:
    shard.unlink()
    shard.mkdir()


def _to_fifo(shard: Path) -> None:
    shard.unlink()
    os.mkfifo(shard)


@hostile("sharded", "noted")
def build_missing_shard(folder: Path) -> Path:
    """The rows of the missing shard tell so; the others stand."""
    return _damaged(folder, "safetensors", Path.unlink)


@hostile("sharded", "noted")
def build_missing_shard_bin(folder: Path) -> Path:
    """The same with torch shards."""
    return _damaged(folder, "bin", Path.unlink)


@hostile("sharded", "noted")
def build_corrupt_shard(folder: Path) -> Path:
    """The rows of the corrupt shard tell so."""
    return _damaged(folder, "safetensors", lambda shard: shard.write_bytes(b"\xff" * 64))


@hostile("sharded", "noted")
def build_truncated_shard_bin(folder: Path) -> Path:
    """A torch shard cut in half."""
    return _damaged(folder, "bin", lambda shard: shard.write_bytes(shard.read_bytes()[:700]))


@hostile("sharded", "noted")
def build_lfs_shard(folder: Path) -> Path:
    """A shard that was never downloaded: a Git LFS pointer, named as such."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 5\n"
    return _damaged(folder, "safetensors", lambda shard: shard.write_text(pointer))


@hostile("sharded", "noted")
def build_shard_is_folder(folder: Path) -> Path:
    """A folder in place of a shard."""
    return _damaged(folder, "safetensors", _to_folder)


@hostile("sharded", "noted")
def build_shard_is_fifo(folder: Path) -> Path:
    """A FIFO in place of a shard: never opened in a way that waits."""
    return _damaged(folder, "safetensors", _to_fifo)


@hostile("sharded", "either")
def build_parent_path(folder: Path) -> Path:
    """``..`` leaves the folder: refused, whatever lies there."""
    return write_index(_outside(folder), "safetensors", {"secret": "../secret.safetensors"})


@hostile("sharded", "either")
def build_hidden_parent_path(folder: Path) -> Path:
    """``..`` in the middle, and with backslashes."""
    inside = _outside(folder)
    (inside / "a").mkdir()
    return write_index(inside, "safetensors", {"secret": "a/../../secret.safetensors", "b": "..\\secret.safetensors"})


@hostile("sharded", "either")
def build_absolute_path(folder: Path) -> Path:
    """An absolute path is refused."""
    inside = _outside(folder)
    return write_index(
        inside, "safetensors", {"secret": str(folder / "secret.safetensors"), "drive": "C:\\x.safetensors"}
    )


@hostile("sharded", "either")
def build_symlink_out(folder: Path) -> Path:
    """A link that leaves the folder is refused."""
    inside = _outside(folder)
    (inside / "shard.safetensors").symlink_to("../secret.safetensors")
    return write_index(inside, "safetensors", {"secret": "shard.safetensors"})


@hostile("sharded", "either")
def build_symlinked_folder_out(folder: Path) -> Path:
    """A link to the folder above, within the path."""
    inside = _outside(folder)
    (inside / "up").symlink_to("..")
    return write_index(inside, "safetensors", {"secret": "up/secret.safetensors"})


@hostile("sharded", "tree")
def build_symlink_inside(folder: Path) -> Path:
    """A link that stays within the folder, as Hugging Face's cache has them, is legal."""
    write_sharded(folder, "safetensors")
    shard = folder / "model-00002-of-00002.safetensors"
    shard.rename(folder / "blob")
    shard.symlink_to("blob")
    return folder / "model.safetensors.index.json"


@hostile("sharded", "noted")
def build_wrong_shard(folder: Path) -> Path:
    """The index says another shard than the one that has the tensor, and names one that is nowhere."""
    index = write_sharded(folder, "safetensors")
    told = json.loads(index.read_text())
    told["weight_map"]["model.embed.weight"] = "model-00002-of-00002.safetensors"
    told["weight_map"]["nowhere"] = "model-00001-of-00002.safetensors"
    index.write_text(json.dumps(told))
    return index


@hostile("sharded", "noted")
def build_unlisted_tensor(folder: Path) -> Path:
    """A shard has a tensor that the index does not list."""
    index = write_sharded(folder, "safetensors")
    told = json.loads(index.read_text())
    del told["weight_map"]["model.embed.weight"]
    index.write_text(json.dumps(told))
    return index


@hostile("sharded", "either")
def build_shard_is_index(folder: Path) -> Path:
    """The index names itself as a shard."""
    return write_index(folder, "safetensors", {"w": "model.safetensors.index.json"})


def _index_text(text: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        path = folder / "model.safetensors.index.json"
        path.write_text(text)
        return path

    build.__doc__ = "An index that is not one: a sentence, or rows that tell."
    return build


TEXTS = {
    "index_map_list": '{"metadata": {}, "weight_map": []}',
    "index_map_missing": '{"metadata": {}}',
    "index_names_numbers": '{"weight_map": {"a": 5, "b": null, "c": ["x"]}}',
    "index_name_empty": '{"weight_map": {"a": "", "b": ".", "c": "/"}}',
    "index_name_nul": '{"weight_map": {"a": "x\\u0000.safetensors"}}',
    "index_name_long": '{"weight_map": {"a": "' + "x" * 5000 + '"}}',
    "index_name_device": '{"weight_map": {"a": "/dev/zero", "b": "CON", "c": "\\\\\\\\host\\\\share"}}',
    "index_not_json": "{ weight_map",
    "index_deep": '{"weight_map": ' + "[" * 200_000,
    "index_nan": '{"metadata": {"total_size": NaN}, "weight_map": {"a": "x.safetensors"}}',
    "index_duplicates": '{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}',
    "index_flood": json.dumps({"weight_map": {f"w{i}": f"{i}.safetensors" for i in range(50_000)}}),
}
for _name, _text in TEXTS.items():
    _build = _index_text(_text)
    _build.__name__ = f"build_{_name}"
    hostile("sharded", "either")(_build)


@hostile("file", "refused")
def build_fifo(folder: Path) -> Path:
    """A FIFO: no reader waits for a writer that never comes."""
    os.mkfifo(folder / "pipe.pt")
    return folder / "pipe.pt"


@hostile("file", "refused")
def build_socket(folder: Path) -> Path:
    """A socket."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("socket.pt")
    finally:
        os.chdir(here)
    return folder / "socket.pt"


@hostile("file", "refused")
def build_device(folder: Path) -> Path:
    """A device without end."""
    return Path("/dev/zero")


@hostile("file", "refused")
def build_link_to_device(folder: Path) -> Path:
    """A link to a device."""
    (folder / "model.pt").symlink_to("/dev/zero")
    return folder / "model.pt"


@hostile("file", "refused")
def build_dangling_link(folder: Path) -> Path:
    """A link to nothing."""
    (folder / "model.pt").symlink_to("gone.pt")
    return folder / "model.pt"


@hostile("file", "refused")
def build_link_loop(folder: Path) -> Path:
    """Two links to each other."""
    (folder / "a.pt").symlink_to("b.pt")
    (folder / "b.pt").symlink_to("a.pt")
    return folder / "a.pt"


@hostile("file", "tree")
def build_link_to_good(folder: Path) -> Path:
    """A link to a good file is followed."""
    save({"w": numbers(3)}, folder / "real.pt")
    (folder / "link.pt").symlink_to("real.pt")
    return folder / "link.pt"


@hostile("file", "refused")
def build_folder_named_pt(folder: Path) -> Path:
    """A folder whose name ends in .pt."""
    (folder / "model.pt").mkdir()
    return folder / "model.pt"


@hostile("file", "either")
def build_unreadable(folder: Path) -> Path:
    """No permission to read; root reads it all the same."""
    path = save({"w": numbers(3)}, folder / "locked.pt")
    path.chmod(0)
    return path


@hostile("file", "refused")
def build_sparse_terabyte(folder: Path) -> Path:
    """A terabyte of nothing that begins like a zip: the end is looked for in bounded time."""
    path = folder / "sparse.pt"
    with path.open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(2**40)
    return path


@hostile("file", "either")
def build_sparse_pickle(folder: Path) -> Path:
    """Sixty-four gigabytes of zeros behind the beginning of a pickle."""
    path = folder / "sparse.pkl"
    with path.open("wb") as file:
        file.write(b"\x80\x04\x95" + struct.pack("<Q", 2**36) + b"\x8e" + struct.pack("<Q", 2**35))
        file.truncate(2**36)
    return path


@hostile("file", "tree")
def build_odd_name(folder: Path) -> Path:
    """A file name with a new line, a bidirectional mark and bytes that are no UTF-8."""
    name = "a\nb\u202e " + os.fsdecode(b"\xff") + ".pt"
    path = save({"w": numbers(3)}, folder / "plain.pt")
    return path.rename(folder / name)
