"""The types of files that are ours, and those of others that are offered under "Open with" and never taken."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A type of file."""

    name: str
    """Part of its identifier on each platform."""
    words: str
    suffixes: tuple[str, ...]
    mime: str


OWN = (
    Kind("pytorch", "PyTorch checkpoint", (".pt", ".pth", ".ckpt", ".pt2", ".ptl"), "application/x-ckpt-pytorch"),
    Kind("safetensors", "safetensors weights", (".safetensors",), "application/x-ckpt-safetensors"),
)
"""What a double-click opens."""
OFFERED_SUFFIXES = (".bin", ".tar", ".zip", ".pkl", ".pickle")
"""Checkpoints may be called so, and so may anything else."""
OFFERED_TYPES = ("application/zip", "application/x-tar", "application/octet-stream")
"""The same as MIME types."""
