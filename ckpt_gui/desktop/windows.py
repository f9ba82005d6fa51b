"""What stands in Windows' registry, for one user: ProgIDs, "Open with", Default apps. Pure: lists of values.

Sources: Microsoft's "File Types and File Associations": programmatic identifiers, OpenWithProgids, Applications,
RegisteredApplications. All keys are below HKEY_CURRENT_USER.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import PureWindowsPath
from typing import NamedTuple

from ckpt_gui.desktop.kinds import OFFERED_SUFFIXES, OWN, Kind

CLASSES = r"Software\Classes"
CAPABILITIES = r"Software\ckpt_gui\Capabilities"
REGISTERED = r"Software\RegisteredApplications"


class Value(NamedTuple):
    """A text value of a key; ``name`` "" is the key's default value."""

    key: str
    name: str
    content: str


class Gone(NamedTuple):
    """What is to go: a key with all below it, or with ``name`` one value of it."""

    key: str
    name: str | None = None


def prog_id(kind: Kind) -> str:
    """The kind's programmatic identifier."""
    return f"ckpt_gui.{kind.name}"


def values(command: Sequence[str], icon: str, present: Mapping[str, str]) -> list[Value]:
    """What to write for a program that is started so; ``present``: suffix → the ProgID it has now, if any.

    A suffix of ours becomes ours only where it is nobody's; other suffixes are only offered.
    """
    start = subprocess.list2cmdline([*command, "open"]) + ' "%1"'
    written = []
    for kind in OWN:
        written += _of_kind(kind, start, icon)
        for suffix in kind.suffixes:
            written.append(Value(rf"{CLASSES}\{suffix}\OpenWithProgids", prog_id(kind), ""))
            if present.get(suffix, "") in ("", prog_id(kind)):
                written.append(Value(rf"{CLASSES}\{suffix}", "", prog_id(kind)))
    return [*written, *_application(command, start, icon), *_capabilities()]


def removal(command: Sequence[str], present: Mapping[str, str]) -> list[Gone]:
    """What to take away again."""
    gone = []
    for kind in OWN:
        gone.append(Gone(rf"{CLASSES}\{prog_id(kind)}"))
        for suffix in kind.suffixes:
            gone.append(Gone(rf"{CLASSES}\{suffix}\OpenWithProgids", prog_id(kind)))
            if present.get(suffix) == prog_id(kind):
                gone.append(Gone(rf"{CLASSES}\{suffix}", ""))
    if (key := _application_key(command)) is not None:
        gone.append(Gone(key))
    return [*gone, Gone(REGISTERED, "ckpt_gui"), Gone(r"Software\ckpt_gui")]


def _of_kind(kind: Kind, start: str, icon: str) -> list[Value]:
    key = rf"{CLASSES}\{prog_id(kind)}"
    return [
        Value(key, "", kind.words),
        Value(key, "FriendlyTypeName", kind.words),
        Value(rf"{key}\DefaultIcon", "", icon),
        Value(rf"{key}\shell\open\command", "", start),
    ]


def _application_key(command: Sequence[str]) -> str | None:
    """Its key below Applications; None where it is Python that is started, which is not ours to describe."""
    name = PureWindowsPath(command[0]).name
    return rf"{CLASSES}\Applications\{name}" if len(command) == 1 else None


def _application(command: Sequence[str], start: str, icon: str) -> list[Value]:
    if (key := _application_key(command)) is None:
        return []
    suffixes = (*(suffix for kind in OWN for suffix in kind.suffixes), *OFFERED_SUFFIXES)
    return [
        Value(key, "FriendlyAppName", "ckpt_gui"),
        Value(rf"{key}\DefaultIcon", "", icon),
        Value(rf"{key}\shell\open\command", "", start),
        *(Value(rf"{key}\SupportedTypes", suffix, "") for suffix in suffixes),
    ]


def _capabilities() -> list[Value]:
    return [
        Value(CAPABILITIES, "ApplicationName", "ckpt_gui"),
        Value(CAPABILITIES, "ApplicationDescription", "See what is in a PyTorch checkpoint"),
        *(
            Value(rf"{CAPABILITIES}\FileAssociations", suffix, prog_id(kind))
            for kind in OWN
            for suffix in kind.suffixes
        ),
        Value(REGISTERED, "ckpt_gui", CAPABILITIES),
    ]
