"""All hostile and damaged files: ``HOSTILE`` by ``group/name``, and what a careful reader does (``EXPECTED``).

Nothing here is ever loaded by torch or pickle in these tests. The groups: ``zip`` (containers),
``tensor`` (claims about tensors), ``pickle`` (streams and values), ``safetensors``, ``legacy``, ``tar``,
``torchscript``, ``pt2``, ``sharded``, ``file`` (paths that are no files).
"""

from __future__ import annotations

from tests.builders import (  # noqa: F401  (importing signs up)
    hostile_files,
    hostile_graphs,
    hostile_legacy,
    hostile_safetensors,
    hostile_streams,
    hostile_tensors,
    hostile_zip,
    hostile_zip_fields,
)
from tests.builders.registry import EXPECTED, HOSTILE

__all__ = ["EXPECTED", "HOSTILE"]
