"""TorchScript archives of torch 1.0 to 1.2, by hand: ``model.json``, ``tensors/N`` and, later, ``attributes.pkl``.

The JSON is protobuf's mapping of the messages in caffe2/proto/torch.proto, where 64-bit ints are text.
torch read them until the reader was left out of its wheels ("not supported on mobile"); netron still does.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.builders import rawzip
from tests.builders.opcodes import MARK, REDUCE, TUPLE, TUPLE1, Assembler, floats
from tests.builders.registry import case

FORWARD = """op_version_set = 0
def forward(self,
    x: Tensor) -> Tensor:
  _0 = torch.add(x, self.weight, alpha=1)
  return _0
"""


def tensor(key: str, dims: Sequence[int], strides: Sequence[int], **fields: Any) -> dict[str, Any]:
    """A TensorDef; ``fields`` replace its own."""
    made: dict[str, Any] = {
        "dims": [str(d) for d in dims],
        "offset": "0",
        "strides": [str(s) for s in strides],
        "requiresGrad": False,
        "dataType": "FLOAT",
        "data": {"key": key},
        "device": "cpu",
    }
    return made | fields


def parameter(name: str, number: int, is_buffer: bool = False) -> dict[str, Any]:
    """A ParameterDef: which tensor of the table stands under which name."""
    return {"isBuffer": is_buffer, "tensorId": str(number), "name": name}


TENSORS = [
    tensor("tensors/0", (2, 3), (3, 1), requiresGrad=True),
    tensor("tensors/0", (3,), (1,), offset="3"),
    tensor("tensors/2", (2,), (1,), dataType="INT64"),
    tensor("tensors/3", (2, 2), (1, 2), dataType="DOUBLE"),
]
RECORDS = {
    "tensors/0": floats(1, 2, 3, 4, 5, 6),
    "tensors/2": struct.pack("<2q", 7, -8),
    "tensors/3": struct.pack("<4d", 1, 2, 3, 4),
}


def model_json(version: int, main: dict[str, Any], producer: str) -> bytes:
    """A ModelDef."""
    model = {
        "protoVersion": str(version),
        "mainModule": main,
        "producerName": "pytorch",
        "producerVersion": producer,
        "tensors": TENSORS,
    }
    return json.dumps(model).encode()


def main_module(code: str, **fields: Any) -> dict[str, Any]:
    """A ModuleDef with a submodule of its own."""
    child = {
        "name": "0",
        "optimize": True,
        "parameters": [parameter("running", 1, True), parameter("count", 2, True)],
        "submodules": [{"name": "inner", "optimize": True, "parameters": [parameter("weight", 3)]}],
    }
    main: dict[str, Any] = {
        "name": "",
        "optimize": True,
        "torchscriptArena": {"key": code},
        "parameters": [parameter("weight", 0)],
        "submodules": [child],
    }
    return main | fields


def write(path: Path, records: dict[str, bytes]) -> Path:
    """The archive under the root of the file's stem; code is deflated, the rest stored."""
    members = [
        rawzip.Member(f"{path.stem}/{name}", data, method=rawzip.DEFLATED if name.endswith(".py") else rawzip.STORED)
        for name, data in records.items()
    ]
    path.write_bytes(rawzip.pack(members))
    return path


@case("torchscript-old", torch_reads=False)
def build_1_0(folder: Path) -> Path:
    """torch 1.0: no attributes."""
    model = model_json(1, main_module("code/v10.py"), "1.0")
    code = {"code/v10.py": FORWARD.encode()}
    return write(folder / "v10.pt", {"version": b"1\n", **code, **RECORDS, "model.json": model})


@case("torchscript-old", torch_reads=False)
def build_1_2(folder: Path) -> Path:
    """torch 1.2: attributes in a pickle, one of them a tensor of the table."""
    attributes = [
        {"type": "int", "name": "steps", "id": "0"},
        {"type": "Tensor", "name": "extra", "id": "1"},
        {"type": "str", "name": "label", "id": "2"},
    ]
    model = model_json(4, main_module("code/v12.py", attributes=attributes), "1.2")
    pickled = Assembler().raw(MARK).integer(7)
    pickled.name("torch.jit._pickle", "build_tensor_from_id").integer(1).raw(TUPLE1, REDUCE)
    pickled.text("café").raw(TUPLE)
    records = {"code/v12.py": FORWARD.replace("= 0", "= 1").encode(), **RECORDS, "attributes.pkl": pickled.stop()}
    return write(folder / "v12.pt", {"version": b"1\n", **records, "model.json": model})


@case("torchscript-old", torch_reads=False)
def build_1_1_on_gpu(folder: Path) -> Path:
    """torch 1.1, a list of attributes; the tensors lie on cuda:0."""
    model = model_json(2, main_module("code/v11.py", attributes=[{"type": "float", "name": "eps", "id": "0"}]), "1.1")
    model = model.replace(b'"cpu"', b'"cuda:0"')
    pickled = Assembler().raw(b"]", MARK).value(1e-5).raw(b"e").stop()
    records = {"code/v11.py": FORWARD.encode(), **RECORDS, "attributes.pkl": pickled}
    return write(folder / "v11.pt", {"version": b"1\n", **records, "model.json": model})
