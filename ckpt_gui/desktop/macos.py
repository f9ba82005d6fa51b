"""What macOS is told: an application bundle that declares its document types. Pure.

Sources: Apple's "Information Property List": CFBundleDocumentTypes, UTExportedTypeDeclarations, LSHandlerRank.
"""

from __future__ import annotations

import plistlib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ckpt_gui import __version__
from ckpt_gui.desktop.kinds import OFFERED_SUFFIXES, OWN, Kind
from ckpt_gui.desktop.written import Tool, Written

IDENTIFIER = "io.github.ckpt-gui"
_REGISTER = "/System/Library/Frameworks/CoreServices.framework/Frameworks/LaunchServices.framework/Support/lsregister"


def info_plist(executable: str, icon: str) -> dict[str, Any]:
    """Info.plist of a bundle whose program and icon are called so; packagers merge it into theirs."""
    return {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleExecutable": executable,
        "CFBundleIconFile": icon,
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": "ckpt_gui",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": __version__,
        "CFBundleVersion": __version__,
        "CFBundleDocumentTypes": [*(_document(kind, icon) for kind in OWN), _offered(), _folders()],
        "UTExportedTypeDeclarations": [_exported(kind, icon) for kind in OWN],
        "NSHighResolutionCapable": True,
    }


def bundle(home: Path, command: Sequence[str], resource: Callable[[str], bytes]) -> list[Written]:
    """A bundle for an installation by pip: its program is a line that starts the installed one."""
    contents = _place(home) / "Contents"
    start = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
    return [
        Written(contents / "Info.plist", plistlib.dumps(info_plist("ckpt_gui", "ckpt_gui.icns"))),
        Written(contents / "MacOS" / "ckpt_gui", start.encode("utf-8", "surrogateescape"), 0o755),
        Written(contents / "Resources" / "ckpt_gui.icns", resource("icons/ckpt_gui.icns")),
    ]


def tools(home: Path) -> list[Tool]:
    """Who has to hear of it."""
    return [Tool((_REGISTER, "-f", str(_place(home))), "macOS", "files are known as checkpoints a while later")]


def _place(home: Path) -> Path:
    return home / "Applications" / "ckpt_gui.app"


def _uti(kind: Kind) -> str:
    return f"{IDENTIFIER}.{kind.name}"


def _document(kind: Kind, icon: str) -> dict[str, Any]:
    return {
        "CFBundleTypeName": kind.words,
        "CFBundleTypeRole": "Viewer",
        "CFBundleTypeIconFile": icon,
        "LSHandlerRank": "Owner",
        "LSItemContentTypes": [_uti(kind)],
    }


def _offered() -> dict[str, Any]:
    """Under "Open With", never the default."""
    return {
        "CFBundleTypeName": "File that may hold a checkpoint",
        "CFBundleTypeRole": "Viewer",
        "CFBundleTypeExtensions": [suffix.removeprefix(".") for suffix in OFFERED_SUFFIXES],
        "LSHandlerRank": "Alternate",
    }


def _folders() -> dict[str, Any]:
    """Sharded checkpoints and runs are folders: dropped on the icon they open."""
    return {
        "CFBundleTypeName": "Folder of checkpoints",
        "CFBundleTypeRole": "Viewer",
        "LSItemContentTypes": ["public.folder"],
        "LSHandlerRank": "None",
    }


def _exported(kind: Kind, icon: str) -> dict[str, Any]:
    return {
        "UTTypeIdentifier": _uti(kind),
        "UTTypeDescription": kind.words,
        "UTTypeIconFile": icon,
        "UTTypeConformsTo": ["public.data"],
        "UTTypeTagSpecification": {
            "public.filename-extension": [suffix.removeprefix(".") for suffix in kind.suffixes],
            "public.mime-type": [kind.mime],
        },
    }
