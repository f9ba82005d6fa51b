"""What fuzzing starts from: small good files of each format, by the names of their builders."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

SEEDS = {
    "torch-zip": ("torch-zip/protocol_2", "torch-zip/odd_keys", "torch-layout/sparse", "torch-view/tied"),
    "torch-legacy": ("torch-legacy/views", "torch-legacy/python2", "torch-legacy/sparse_quantized_meta"),
    "torch-tar": ("torch-tar/plain",),
    "torchscript": ("torchscript/half", "torchscript/frozen", "torchscript-old/1_0"),
    "pt2": ("pt2/tied",),
    "torch-package": ("torch-package/resources",),
    "safetensors": ("safetensors/plain", "safetensors/metadata"),
    "pickle": ("pickle/protocol_0", "pickle/protocol_5", "pickle/tensors_by_value", "module/embedding"),
}
"""Format → builders."""


@dataclass
class Archive:
    """A zip and its main pickle."""

    members: dict[str, bytes]
    main: str

    @property
    def stream(self) -> bytes:
        """The pickle."""
        return self.members[self.main]

    def with_pickle(self, stream: bytes) -> bytes:
        """The same archive, whole and sound, with another pickle in it."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in self.members.items():
                archive.writestr(name, stream if name == self.main else data)
        return out.getvalue()


def pickle_of(data: bytes) -> Archive:
    """The archive in ``data``."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return Archive(members, next(name for name in members if name.endswith("/data.pkl")))
