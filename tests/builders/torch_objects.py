"""Zip checkpoints that hold more than tensors: Python's and NumPy's values, classes, enums, dates."""

from __future__ import annotations

import argparse
import collections
import datetime
import enum
import functools
import io
import pathlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from tests.builders.common import numbers, save
from tests.builders.registry import case


class Mode(enum.Enum):
    """An enum a training script would save."""

    TRAIN = "train"
    EVAL = "eval"


@dataclass
class Settings:
    """A configuration class."""

    width: int = 4
    names: list[str] = field(default_factory=lambda: ["a", "b"])
    mode: Mode = Mode.TRAIN


class Slotted:
    """State in slots: pickled as a pair of dictionaries."""

    __slots__ = ("x", "y")

    def __init__(self) -> None:
        self.x, self.y = 1, numbers(2)


Point = collections.namedtuple("Point", ["x", "y"])


class Recorder(dict[str, object]):
    """A dict subclass with attributes."""


class Log(list[float]):
    """A list subclass."""


@case("torch-object")
def build_values(folder: Path) -> Path:
    """Plain Python values of every kind."""
    state: dict[str, object] = {
        "none": None, "true": True, "int": 5, "big": 2**100, "negative": -(2**70), "float": 0.1, "nan": float("nan"),
        "inf": float("-inf"), "complex": 1 + 2j, "text": "käse\n", "empty": "", "bytes": b"\x00\xff",
        "range": range(3), "bytearray": bytearray(b"ab"), "tuple": (1, (2, 3), ()), "list": [1, [2], []], "dict": {},
        "slice": slice(1, 5, 2), "set": {"b", "a"}, "frozenset": frozenset({1}), "ellipsis": ..., "type": dict,
        "function": len, "w": numbers(2),
    }  # fmt: skip
    return save(state, folder / "values.pt")


@case("torch-object")
def build_keys(folder: Path) -> Path:
    """Keys that are not text; 0, "0", False, 0.5 and None are all different keys."""
    state: dict[object, object] = {
        0: numbers(1),
        "0": numbers(2),
        0.5: numbers(3),
        None: numbers(4),
        (1, "a"): numbers(5),
        b"raw": numbers(6),
    }
    return save({"mixed": state, "bools": {True: numbers(7), False: 1}, "enum": {Mode.EVAL: 2}}, folder / "keys.pt")


@case("torch-object")
def build_collections(folder: Path) -> Path:
    """What the standard library's containers become."""
    state = {
        "ordered": collections.OrderedDict(b=numbers(2), a=1),
        "default": collections.defaultdict(list, {"x": [1, 2]}),
        "counter": collections.Counter("abca"),
        "deque": collections.deque([1, 2], maxlen=5),
        "namedtuple": Point(1, numbers(3)),
        "chain": collections.ChainMap({"a": 1}, {"b": 2}),
        "dict_subclass": Recorder(w=numbers(2)),
        "list_subclass": Log([1.5, 2.5]),
    }
    state["dict_subclass"].note = "x"  # type: ignore[attr-defined]
    return save(state, folder / "collections.pt")


@case("torch-object")
def build_objects(folder: Path) -> Path:
    """Objects of the standard library and of the script."""
    state = {
        "args": argparse.Namespace(lr=0.1, layers=[1, 2], device="cuda:0", nested=argparse.Namespace(w=numbers(2))),
        "enum": Mode.TRAIN,
        "dataclass": Settings(),
        "slots": Slotted(),
        "path": pathlib.PurePosixPath("/data/run 1"),
        "date": datetime.datetime(2024, 5, 17, 12, 30, tzinfo=datetime.UTC),
        "duration": datetime.timedelta(seconds=90),
        "partial": functools.partial(int, base=2),
        "device": torch.device("cuda", 1),
        "dtype": torch.bfloat16,
        "size": torch.Size([2, 3]),
        "layout": torch.sparse_coo,
    }
    return save(state, folder / "objects.pt")


@case("torch-object")
def build_numpy(folder: Path) -> Path:
    """NumPy scalars and arrays, C and Fortran order, object and structured ones, a generator."""
    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    state = {
        "float64": np.float64(1.5), "int32": np.int32(-3), "bool": np.bool_(True), "str": np.str_("x"),
        "datetime": np.datetime64("2024-05-17"), "array": grid, "fortran": np.asfortranarray(grid), "empty": grid[:0],
        "big_endian": grid.astype(">f4"), "strings": np.array(["ab", "c"]),
        "objects": np.array([1, "x", None], dtype=object),
        "records": np.zeros(2, dtype=[("a", "i4"), ("b", "f8", (2,))]), "zero_dim": np.array(4),
        "dtype": np.dtype("<f2"), "masked": np.ma.masked_array([1, 2], [False, True]),
        "generator": np.random.default_rng(0), "half": np.zeros(3, np.float16),
    }  # fmt: skip
    return save(state, folder / "numpy.pt")


@case("torch-object")
def build_shared_containers(folder: Path) -> Path:
    """One dictionary under two names, a list that holds itself, a dictionary that holds its parent."""
    shared: dict[str, object] = {"w": numbers(3)}
    loop: list[object] = [1]
    loop.append(loop)
    child: dict[str, object] = {"v": numbers(2)}
    root = {"a": shared, "b": shared, "loop": loop, "child": child}
    child["parent"] = root
    return save(root, folder / "shared.pt")


@case("torch-object")
def build_nested_save(folder: Path) -> Path:
    """Bytes that are themselves a checkpoint."""
    inner = io.BytesIO()
    torch.save({"inner": numbers(3)}, inner)
    return save({"blob": inner.getvalue(), "w": numbers(2)}, folder / "nested_save.pt")


@case("torch-object")
def build_deep_but_legal(folder: Path) -> Path:
    """Two hundred levels: unusual, and nothing is wrong with it."""
    value: object = numbers(2)
    for _ in range(200):
        value = {"d": value}
    return save(value, folder / "deep.pt")
