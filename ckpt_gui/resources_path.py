"""Where the files that come with the program lie: in the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_FOLDERS = (_HERE / "resources", _HERE.parent / "resources")
"""An installed wheel carries them inside the package; a checkout keeps them at its top."""


def resource(name: str) -> Path:
    """The file of that name, such as ``demo/epoch_003.ckpt``; FileNotFoundError where it did not come along."""
    for folder in _FOLDERS:
        if (found := folder / name).exists():
            return found
    raise FileNotFoundError(f"{name} is missing from this installation (looked in {_FOLDERS[0]} and {_FOLDERS[1]})")
