"""What a Linux desktop is told, as files: a desktop entry, MIME types, icons. Sources: the freedesktop.org
specifications of desktop entries, shared MIME information, icon themes and the base directories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ckpt_gui.desktop.kinds import OWN
from ckpt_gui.desktop.written import Tool, Written

ENTRY = "ckpt_gui.desktop"
"""The desktop entry's id."""
ICON_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
Resource = Callable[[str], bytes]
"""The content of a file that comes with the program."""


class Places(NamedTuple):
    """Where a user's data and configuration lie, and everybody's."""

    data: Path
    config: Path
    all_data: tuple[Path, ...]
    all_config: tuple[Path, ...]

    @property
    def mimeapps(self) -> Path:
        """The user's own choice of default programs."""
        return self.config / "mimeapps.list"


def places(environ: Mapping[str, str], home: Path) -> Places:
    """The base directories; a relative path in the environment counts as none, as the specification says."""

    def folder(name: str, default: Path) -> Path:
        told = Path(environ.get(name, ""))
        return told if told.is_absolute() else default

    def folders(name: str, default: str) -> tuple[Path, ...]:
        return tuple(Path(each) for each in (environ.get(name) or default).split(":") if Path(each).is_absolute())

    return Places(
        folder("XDG_DATA_HOME", home / ".local" / "share"),
        folder("XDG_CONFIG_HOME", home / ".config"),
        folders("XDG_DATA_DIRS", "/usr/local/share:/usr/share"),
        folders("XDG_CONFIG_DIRS", "/etc/xdg"),
    )


def files(data: Path, command: Sequence[str], offered: Sequence[str], resource: Resource) -> list[Written]:
    """Everything but the choice of defaults; ``offered``: types of others to stand under "Open with" for."""
    entry = desktop_entry(resource("ckpt_gui.desktop").decode(), command, offered)
    icons = data / "icons" / "hicolor"
    return [
        Written(data / "mime" / "packages" / "ckpt_gui.xml", resource("ckpt_gui-mime.xml")),
        Written(data / "applications" / ENTRY, entry.encode()),
        Written(icons / "scalable" / "apps" / "ckpt_gui.svg", resource("ckpt_gui.svg")),
        *(
            Written(icons / f"{size}x{size}" / "apps" / "ckpt_gui.png", resource(f"icons/ckpt_gui-{size}.png"))
            for size in ICON_SIZES
        ),
    ]


def tools(data: Path) -> list[Tool]:
    """Who has to hear of it."""
    return [
        Tool(("update-mime-database", str(data / "mime")), "shared-mime-info",
             "files are not known as checkpoints"),
        Tool(("update-desktop-database", str(data / "applications")), "desktop-file-utils",
             'ckpt_gui may be missing under "Open with"'),
    ]  # fmt: skip


def desktop_entry(template: str, command: Sequence[str], offered: Sequence[str]) -> str:
    """The entry for a program that is started so; ``template`` is the one that packages install."""
    start = " ".join(map(_quoted, command))
    told = {
        "TryExec=": _escaped(command[0]),
        "Exec=ckpt-gui-w": _escaped(start) + "{rest}",
        "MimeType=": "".join(f"{mime};" for mime in (*(kind.mime for kind in OWN), *offered)),
    }
    lines = []
    for line in template.splitlines():
        key = next((key for key in told if line.startswith(key)), None)
        if key is not None:
            line = key.split("=")[0] + "=" + told[key].replace("{rest}", line[len(key) :])
        lines.append(line)
    return "\n".join(lines) + "\n"


def _quoted(argument: str) -> str:
    """An argument of Exec: in quotation marks where it holds what is reserved; % stands for fields otherwise."""
    argument = argument.replace("%", "%%")
    if not any(char in " \t\n\"'\\><~|&;$*?#()`" for char in argument):
        return argument
    return '"' + "".join(f"\\{char}" if char in '"`$\\' else char for char in argument) + '"'


def _escaped(value: str) -> str:
    """A string value of a desktop entry."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
