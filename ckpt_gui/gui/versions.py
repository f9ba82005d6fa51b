"""What runs here, for a bug report. Nothing is imported to find out, and nothing of a person's is told."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from ckpt_gui import __version__

PACKAGES = ("PySide6-Essentials", "numpy", "numba", "pyqtgraph", "ml_dtypes", "safetensors", "torch")


def versions() -> list[tuple[str, str]]:
    """Names and versions, in the order in which a reader wants them."""
    scales = [f"{screen.devicePixelRatio():g}" for screen in QGuiApplication.screens()]
    frozen = " (standalone)" if getattr(sys, "frozen", False) else ""
    return [
        ("ckpt_gui", f"{__version__}{frozen}"),
        ("Python", f"{platform.python_version()} {platform.python_implementation()}"),
        ("System", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Qt", f"{qVersion()} on {QGuiApplication.platformName()}, scale {' and '.join(scales) or 'unknown'}"),
        *((name, _version(name)) for name in PACKAGES),
    ]


def as_text() -> str:
    """The same in lines, to paste."""
    return "\n".join(f"{name}: {version}" for name, version in versions())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
