"""Bare pickles: what lies in ``.pkl``, ``.bin`` and ``.metadata`` without any container around it."""

from __future__ import annotations

import collections
import io
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.builders.common import numbers, quiet
from tests.builders.modules import absent_class
from tests.builders.opcodes import Assembler
from tests.builders.registry import CASES, add, case


def _dump(value: object, path: Path, protocol: int = 4) -> Path:
    with quiet():
        path.write_bytes(pickle.dumps(value, protocol))
    return path


VALUES: dict[object, Any] = {
    "none": None, "yes": True, "no": False, "int": 5, "big": 2**90, "negative": -3, "float": -1.5e300,
    "text": "zwei\nü", "bytes": b"\0\xff", "list": [1, 2, 3], "tuple": (1, "a"), "nested": {"a": {"b": []}},
    "set": {1, 2}, 7: "int key", "ordered": collections.OrderedDict(x=1), "array": np.arange(4, dtype=np.int16),
    "long_text": "x" * 300,
}  # fmt: skip


def _build_protocol(protocol: int) -> None:
    add(CASES, f"pickle/protocol_{protocol}", lambda folder: _dump(VALUES, folder / "values.pkl", protocol))


for _protocol in range(6):
    _build_protocol(_protocol)


@case("pickle")
def build_estimator(folder: Path) -> Path:
    """An object like scikit-learn's, of a class that is not installed."""
    with absent_class("Estimator", "sklearnish.linear_model") as estimator:
        return _dump(estimator(), folder / "model.pkl")


@case("pickle")
def build_estimator_protocol_0(folder: Path) -> Path:
    """The same in text opcodes: ``copy_reg._reconstructor``."""
    with absent_class("Estimator", "sklearnish.linear_model") as estimator:
        return _dump([estimator(), estimator()], folder / "model.pkl", 0)


@case("pickle")
def build_random_states(folder: Path) -> Path:
    """``random_states_0.pkl`` of accelerate: RNG states, one of them a tensor pickled by value."""
    states = {
        "random_state": random.Random(0).getstate(),
        "numpy_random_seed": np.random.RandomState(0).get_state(),
        "torch_manual_seed": torch.Generator().manual_seed(0).get_state(),
        "step": 7,
    }
    return _dump(states, folder / "random_states_0.pkl")


@case("pickle")
def build_tensors_by_value(folder: Path) -> Path:
    """Tensors pickled without torch.save: each storage is a nested checkpoint in bytes."""
    return _dump({"w": numbers(3, 2), "b": numbers(2)}, folder / "tensors.pkl", 2)


@case("pickle")
def build_numpy_state_dict(folder: Path) -> Path:
    """A state_dict of NumPy arrays."""
    state = {"w": np.ones((3, 2), np.float32), "v": np.asfortranarray(np.arange(6.0).reshape(2, 3))}
    return _dump(state, folder / "numpy.pkl")


@case("pickle")
def build_several(folder: Path) -> Path:
    """Three pickles in a row in one file."""
    out = io.BytesIO()
    for value in ({"first": 1}, [2], "three"):
        pickle.dump(value, out)
    path = folder / "several.pkl"
    path.write_bytes(out.getvalue())
    return path


@case("pickle")
def build_scalar(folder: Path) -> Path:
    """A single number."""
    return _dump(42, folder / "scalar.pkl")


@case("pickle")
def build_text_opcodes(folder: Path) -> Path:
    """Opcodes only old picklers wrote: INST, OBJ, PUT and GET in decimal, DICT, LIST, FLOAT, UNICODE, STRING."""
    code = Assembler(None).raw(
        b"(dp0\n", b"S'byte string'\n", b"p1\n", b"F1.5\n", b"s", b"Vunic\\u00f6de\n", b"g1\n", b"s"
    )
    code.raw(b"I5\n", b"(lp2\n", b"I01\n", b"a", b"L12L\n", b"a", b"s", b'S"quoted\\n"\n')
    code.raw(b"(I1\n", b"I2\n", b"iold.shapes\nPoint\n", b"(dS'x'\n", b"I1\n", b"sb", b"s")
    path = folder / "text.pkl"
    path.write_bytes(code.stop())
    return path
