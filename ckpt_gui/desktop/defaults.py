"""Which program opens which type now, as the desktop's files say, and what they are to say. Writes none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ckpt_gui.desktop import mimeapps
from ckpt_gui.desktop.kinds import OFFERED_TYPES, OWN
from ckpt_gui.desktop.linux import ENTRY, Places
from ckpt_gui.desktop.record import Record, base, content, digest


class Choice(NamedTuple):
    """What is to be entered."""

    offered: tuple[str, ...]
    """Types of others to be offered for: another program is and stays their default."""
    defaults: dict[str, str]
    """MIME type → first choice."""
    text: str
    """The user's ``mimeapps.list``."""


def choose(places: Places, record: Record, environ: Mapping[str, str]) -> Choice:
    """The choice for this user. Raises OSError.

    A user's own entry comes before everybody's, so that merely being offered for zip files would make us their
    default wherever none was chosen: there the program that opens them now is entered as chosen. Where no program
    opens them we would become the default, whatever we enter; there we are not offered.
    """
    own = without_us(places, record)
    choices = [own, *(_text(path) for path in _choices(places, environ) if path != places.mimeapps)]
    folders = [data / "applications" for data in (places.data, *places.all_data)]
    caches = [_text(folder / "mimeinfo.cache") for folder in folders]
    offered, defaults = [], {kind.mime: ENTRY for kind in OWN}
    for mime in OFFERED_TYPES:
        found = mimeapps.first_handler(mime, choices, caches, lambda entry: _installed(entry, folders), but=ENTRY)
        if found is not None:
            offered.append(mime)
            if not found.chosen:
                defaults[mime] = found.entry
    return Choice(tuple(offered), defaults, mimeapps.with_defaults(own, defaults))


def without_us(places: Places, record: Record) -> str:
    """The user's ``mimeapps.list`` as it would be without us. Raises OSError."""
    path = places.mimeapps
    text = _decoded(base(record, path))
    now = content(path)
    entry = record.files.get(str(path))
    if entry is not None and now is not None and digest(now) != entry.after:
        for mime, program in record.defaults.items():
            text = mimeapps.without(text, mime, program)
    return text


def _choices(places: Places, environ: Mapping[str, str]) -> list[Path]:
    """Every ``mimeapps.list`` there may be, those that count more first."""
    desktops = [each.lower() for each in environ.get("XDG_CURRENT_DESKTOP", "").split(":") if each]
    names = [*(f"{desktop}-mimeapps.list" for desktop in desktops), "mimeapps.list"]
    folders = [places.config, *places.all_config]
    folders += [data / "applications" for data in (places.data, *places.all_data)]
    return [folder / name for folder in folders for name in names]


def _installed(entry: str, folders: list[Path]) -> bool:
    """Whether there is such a desktop entry; ``kde-okular.desktop`` may lie in ``kde/``."""
    return any((folder / name).is_file() for folder in folders for name in (entry, entry.replace("-", "/", 1)))


def _text(path: Path) -> str:
    try:
        return _decoded(content(path))
    except OSError:
        return ""  # somebody else's, and none of our business


def _decoded(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "surrogateescape")
