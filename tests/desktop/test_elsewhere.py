"""What Windows and macOS would be told, read as they would read it; and the files that packages take."""

from __future__ import annotations

import plistlib
import shlex
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from ckpt_gui.desktop import linux, macos, windows
from ckpt_gui.desktop.kinds import OFFERED_SUFFIXES, OWN
from ckpt_gui.desktop.windows import CLASSES, Gone, Value
from ckpt_gui.resources_path import resource

PROGRAM = (r"C:\Program Files\ckpt_gui\ckpt-gui-w.exe",)
SUFFIXES = {suffix for kind in OWN for suffix in kind.suffixes}


def written(present: dict[str, str]) -> dict[tuple[str, str], str]:
    values = windows.values(PROGRAM, r"C:\icon.ico", present)
    assert len({value[:2] for value in values}) == len(values)
    return {(value.key, value.name): value.content for value in values}


# ------------------------------------------------------------------------------------------------ Windows


def test_a_double_click_starts_the_program_with_the_file() -> None:
    found = written({})
    prog_id = found[rf"{CLASSES}\.pt", ""]
    start = r'"C:\Program Files\ckpt_gui\ckpt-gui-w.exe" open "%1"'
    assert found[rf"{CLASSES}\{prog_id}\shell\open\command", ""] == start
    assert found[rf"{CLASSES}\{prog_id}\DefaultIcon", ""] == r"C:\icon.ico"
    assert {key.rsplit("\\", 1)[1] for key, name in found if name == "" and key.startswith(rf"{CLASSES}\.")} == SUFFIXES


def test_what_is_somebody_elses_is_only_offered() -> None:
    found = written({".pt": "Other.Model", ".pth": windows.prog_id(OWN[0])})
    assert (rf"{CLASSES}\.pt", "") not in found
    assert (rf"{CLASSES}\.pt\OpenWithProgids", windows.prog_id(OWN[0])) in found
    assert (rf"{CLASSES}\.pth", "") in found
    for suffix in OFFERED_SUFFIXES:
        assert not any(key.startswith(rf"{CLASSES}\{suffix}") for key, _name in found)
        assert (rf"{CLASSES}\Applications\ckpt-gui-w.exe\SupportedTypes", suffix) in found


def test_all_that_is_written_is_removed_and_nothing_else() -> None:
    present = dict.fromkeys(SUFFIXES, "") | {".ckpt": "Other.Model"}
    after = {suffix: windows.prog_id(kind) for kind in OWN for suffix in kind.suffixes} | {".ckpt": "Other.Model"}
    gone = windows.removal(PROGRAM, after)

    def removed(value: Value) -> bool:
        return any(
            value.key == each.key and value.name == each.name
            if each.name is not None
            else value.key == each.key or value.key.startswith(each.key + "\\")
            for each in gone
        )

    assert all(map(removed, windows.values(PROGRAM, "", present)))
    assert Gone(rf"{CLASSES}\.ckpt", "") not in gone
    assert not any(each.name is None and each.key.rsplit("\\", 1)[1].startswith(".") for each in gone)


def test_python_itself_is_not_described_as_ours() -> None:
    values = windows.values(("C:\\Python\\pythonw.exe", "-m", "ckpt_gui"), "", {})
    assert not any("Applications\\" in value.key for value in values)
    assert any(value.content == 'C:\\Python\\pythonw.exe -m ckpt_gui open "%1"' for value in values)


# ------------------------------------------------------------------------------------------------ macOS


def test_a_bundle_declares_its_document_types() -> None:
    files = macos.bundle(Path("/Users/x y"), ("/opt/my venv/bin/ckpt-gui-w",), lambda name: resource(name).read_bytes())
    by_name = {file.path.name: file for file in files}
    assert all(file.path.is_relative_to("/Users/x y/Applications/ckpt_gui.app/Contents") for file in files)
    told = plistlib.loads(by_name["Info.plist"].content)
    assert told["CFBundleExecutable"] in by_name
    assert told["CFBundleIconFile"] in by_name
    start = by_name["ckpt_gui"]
    assert start.mode & 0o111
    assert shlex.split(start.content.decode().splitlines()[1])[:2] == ["exec", "/opt/my venv/bin/ckpt-gui-w"]

    exported = {each["UTTypeIdentifier"]: each["UTTypeTagSpecification"] for each in told["UTExportedTypeDeclarations"]}
    owned = [each for each in told["CFBundleDocumentTypes"] if each["LSHandlerRank"] == "Owner"]
    suffixes = {
        f".{suffix}" for each in owned for uti in each["LSItemContentTypes"]
        for suffix in exported[uti]["public.filename-extension"]
    }  # fmt: skip
    assert suffixes == SUFFIXES
    others = [each for each in told["CFBundleDocumentTypes"] if each["LSHandlerRank"] != "Owner"]
    assert {f".{suffix}" for each in others for suffix in each.get("CFBundleTypeExtensions", ())} == set(
        OFFERED_SUFFIXES
    )


# ------------------------------------------------------------------------------------------------ resources


def test_the_mime_types_have_the_suffixes_of_the_kinds() -> None:
    namespace = "{http://www.freedesktop.org/standards/shared-mime-info}"
    root = ET.fromstring(resource("ckpt_gui-mime.xml").read_text())
    globs = {
        each.get("type"): tuple(glob.get("pattern", "").removeprefix("*") for glob in each.iter(f"{namespace}glob"))
        for each in root
    }
    assert {mime: set(found) for mime, found in globs.items()} == {kind.mime: set(kind.suffixes) for kind in OWN}


@pytest.mark.parametrize("size", linux.ICON_SIZES)
def test_each_icon_is_the_picture(size: int) -> None:
    kept = QImage(str(resource(f"icons/ckpt_gui-{size}.png")))
    drawn = QImage(size, size, QImage.Format.Format_ARGB32)
    drawn.fill(0)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(resource("ckpt_gui.svg"))).render(painter, QRectF(0, 0, size, size))
    painter.end()
    assert kept.convertToFormat(drawn.format()) == drawn


@pytest.mark.skipif(sys.byteorder != "little", reason="reads the boxes' numbers plainly")
def test_the_boxes_of_icons_hold_the_pictures() -> None:
    ico, icns = resource("icons/ckpt_gui.ico").read_bytes(), resource("icons/ckpt_gui.icns").read_bytes()
    for number in range(struct.unpack_from("<H", ico, 4)[0]):
        side, length, start = struct.unpack_from("<B7xII", ico, 6 + 16 * number)
        assert ico[start : start + length] == resource(f"icons/ckpt_gui-{side or 256}.png").read_bytes()
    assert struct.unpack(">I", icns[4:8])[0] == len(icns)
    assert resource("icons/ckpt_gui-512.png").read_bytes() in icns
