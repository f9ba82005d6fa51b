"""What is not a checkpoint of any kind read here, named for what it is."""

from __future__ import annotations

from ckpt_gui.core.formats.base import Candidate
from ckpt_gui.core.text import escape, plural

_MAGIC = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself; run “git lfs pull” to fetch it"),
    (b"GGUF", "a GGUF model (llama.cpp), which is not a PyTorch checkpoint"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras and others), which is not a PyTorch checkpoint"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
    (b"BZh", "a bzip2 file; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz file; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file; unpack it first"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"PYTORCH1", "a PyTorch 1.0 preview archive, which no released torch reads"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\x7fELF", "a program or native library (ELF)"),
    (b"MZ", "a program or native library (Windows)"),
    (b"TFL3", "a TensorFlow Lite model"),
)


def name_of(candidate: Candidate) -> str:
    """A sentence's end: what the file is, as far as its first bytes tell."""
    head, size = candidate.head, candidate.file.nbytes
    if size == 0:
        return "an empty file"
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return what
    if head[4:8] in (b"TFL3", b"PTMF"):
        return (
            "a TensorFlow Lite model"
            if head[4:8] == b"TFL3"
            else "a flatbuffer model for PyTorch mobile, not read here"
        )
    lower = head[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if lower.startswith(b"<?xml") and b"<html" not in lower:
        return "an XML text, not a checkpoint"
    if lower.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return "a web page, not a checkpoint; the download gave an error page or asks you to log in"
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _archive(candidate)
    if _looks_like_onnx(head):
        return "an ONNX model, which is not a PyTorch checkpoint"
    if lower[:1] in (b"{", b"[") and _is_text(head):
        return "a JSON text, not a checkpoint"
    if _is_text(head):
        return f"a text, not a checkpoint; it begins “{escape(head[:40].decode('utf-8', 'replace'))}”"
    if size < 16:
        return f"only {plural(size, 'byte')} long, too short for any checkpoint"
    return "not a checkpoint of any kind known here"


def _archive(candidate: Candidate) -> str:
    directory = candidate.zip
    if directory is None:
        return f"a damaged zip archive ({candidate.zip_trouble or 'it lists nothing'})"
    names = [entry.name for entry in directory.entries]
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive (.npz)"
    inner = [name for name in names if name.endswith((".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".pkl"))]
    hint = f"; it holds {escape(inner[0])[:80]}, unpack that first" if inner else ""
    return f"a zip archive of {plural(len(names), 'file')}, but no checkpoint{hint}"


def _looks_like_onnx(head: bytes) -> bool:
    """Protobuf of ModelProto: field 1 (ir_version) small, then field 2 (producer) or 7/8 (onnx.proto)."""
    if len(head) < 8 or head[0] != 0x08 or not 1 <= head[1] <= 20:
        return False
    return head[2] in (0x12, 0x3A, 0x42, 0x1A)


def _is_text(head: bytes) -> bool:
    sample = head[:512]
    return bool(sample) and all(byte >= 32 or byte in (9, 10, 13) for byte in sample) and _decodes(sample)


def _decodes(sample: bytes) -> bool:
    try:
        sample[: len(sample) - 3].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
