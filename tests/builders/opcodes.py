"""An assembler for pickle streams: what no pickler would write, one opcode at a time.

Names are those of ``pickletools``. Every method returns the assembler, so that a stream reads in the
order it is executed. Nothing here is ever unpickled by these tests.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Self

MARK, STOP, POP, POP_MARK, DUP = b"(", b".", b"0", b"1", b"2"
REDUCE, BUILD, NEWOBJ, OBJ, BINPERSID = b"R", b"b", b"\x81", b"o", b"Q"
APPEND, APPENDS, SETITEM, SETITEMS, ADDITEMS = b"a", b"e", b"s", b"u", b"\x90"
EMPTY_DICT, EMPTY_LIST, EMPTY_SET, EMPTY_TUPLE = b"}", b"]", b"\x8f", b")"
TUPLE, TUPLE1, TUPLE2, TUPLE3, FROZENSET = b"t", b"\x85", b"\x86", b"\x87", b"\x91"
STACK_GLOBAL, MEMOIZE, NONE, NEWTRUE, NEWFALSE = b"\x93", b"\x94", b"N", b"\x88", b"\x89"

FLOAT_STORAGE = ("torch", "FloatStorage")


class Assembler:
    """Opcodes in the making; ``bytes(assembler)`` is the stream, without a STOP unless one was added."""

    def __init__(self, protocol: int | None = 2) -> None:
        self.code = bytearray()
        if protocol is not None:
            self.code += b"\x80" + bytes([protocol])

    def __bytes__(self) -> bytes:
        return bytes(self.code)

    def raw(self, *codes: bytes) -> Self:
        """Opcodes (or anything else) as they are."""
        for code in codes:
            self.code += code
        return self

    def stop(self) -> bytes:
        """The finished stream."""
        return bytes(self.raw(STOP))

    def text(self, value: str) -> Self:
        """BINUNICODE."""
        data = value.encode("utf-8", "surrogatepass")
        return self.raw(b"X", struct.pack("<I", len(data)), data)

    def binary(self, value: bytes) -> Self:
        """BINBYTES (protocol 3)."""
        return self.raw(b"B", struct.pack("<I", len(value)), value)

    def byte_string(self, value: bytes) -> Self:
        """BINSTRING: how Python 2 wrote its ``str``."""
        return self.raw(b"T", struct.pack("<I", len(value)), value)

    def integer(self, value: int) -> Self:
        """BININT, or LONG1 and LONG4 beyond 32 bits."""
        if -(2**31) <= value < 2**31:
            return self.raw(b"J", struct.pack("<i", value))
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        if len(data) < 256:
            return self.raw(b"\x8a", bytes([len(data)]), data)
        return self.raw(b"\x8b", struct.pack("<i", len(data)), data)

    def name(self, module: str, attribute: str) -> Self:
        """GLOBAL."""
        return self.raw(b"c", f"{module}\n{attribute}\n".encode("utf-8", "surrogatepass"))

    def put(self, index: int) -> Self:
        """LONG_BINPUT."""
        return self.raw(b"r", struct.pack("<I", index))

    def get(self, index: int) -> Self:
        """LONG_BINGET."""
        return self.raw(b"j", struct.pack("<I", index))

    def value(self, value: object) -> Self:
        """A plain value: None, bool, int, float, text, bytes, tuple, list or dict (bytes need protocol 3)."""
        if value is None or isinstance(value, bool):
            return self.raw(NONE if value is None else NEWTRUE if value else NEWFALSE)
        if isinstance(value, int):
            return self.integer(value)
        if isinstance(value, float):
            return self.raw(b"G", struct.pack(">d", value))
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.binary(value)
        return self._container(value)

    def _container(self, value: object) -> Self:
        if isinstance(value, tuple):
            self.raw(MARK)
            for item in value:
                self.value(item)
            return self.raw(TUPLE)
        if isinstance(value, list):
            self.raw(EMPTY_LIST, MARK)
            for item in value:
                self.value(item)
            return self.raw(APPENDS)
        assert isinstance(value, dict), type(value)
        self.raw(EMPTY_DICT, MARK)
        for key, item in value.items():
            self.value(key).value(item)
        return self.raw(SETITEMS)

    def storage(
        self, key: object = "0", numel: object = 4, *, tag: object = "cpu", of: tuple[str, str] = FLOAT_STORAGE
    ) -> Self:
        """A persistent id as ``torch.save`` writes it to a zip."""
        self.raw(MARK).text("storage").name(*of).value(key).value(tag).value(numel)
        return self.raw(TUPLE, BINPERSID)

    def tensor(
        self,
        size: Sequence[object] = (4,),
        stride: Sequence[object] = (1,),
        offset: object = 0,
        *,
        key: object = "0",
        numel: object = 4,
        of: tuple[str, str] = FLOAT_STORAGE,
    ) -> Self:
        """``_rebuild_tensor_v2`` of one storage."""
        self.name("torch._utils", "_rebuild_tensor_v2").raw(MARK).storage(key, numel, of=of)
        self.value(offset).value(tuple(size)).value(tuple(stride)).value(False)
        return self.ordered_dict().raw(TUPLE, REDUCE)

    def ordered_dict(self) -> Self:
        """An empty ``OrderedDict()``."""
        return self.name("collections", "OrderedDict").raw(EMPTY_TUPLE, REDUCE)


def floats(*values: float) -> bytes:
    """float32, little-endian."""
    return struct.pack(f"<{len(values)}f", *values)
