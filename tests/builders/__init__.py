"""Builders of test files: good checkpoints of every format (``CASES``) and hostile ones (``HOSTILE``).

Importing this package signs up every builder. A builder takes an empty folder and gives back the path
to open. ``groups(CASES)["torch-zip"]["plain"]`` is one; ``TORCH_REFUSES`` names good files that torch
2.13 cannot read itself; ``EXPECTED`` says for each hostile file what a careful reader does with it.
"""

from __future__ import annotations

from tests.builders import (  # noqa: F401  (importing signs up)
    exports,
    frameworks,
    hostile,
    modules,
    not_checkpoints,
    pickles,
    safetensors_files,
    sharded,
    torch_classes,
    torch_legacy,
    torch_objects,
    torch_tar,
    torch_tensors,
    torch_zip,
    torchscript,
    torchscript_old,
)
from tests.builders.registry import CASES, EXPECTED, HOSTILE, OUTCOMES, TORCH_REFUSES, Builder, groups

__all__ = ["CASES", "EXPECTED", "HOSTILE", "OUTCOMES", "TORCH_REFUSES", "Builder", "groups"]
