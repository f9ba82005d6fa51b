"""Draws the icons of all sizes from ``ckpt_gui.svg``: ``python resources/icons/make_icons.py``, after it was changed.

PNG for the icon theme of Linux, one ICO for Windows, one ICNS for macOS (both are boxes with PNGs in them).
"""

from __future__ import annotations

import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

HERE = Path(__file__).resolve().parent
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 256)
ICNS_KINDS = {b"icp4": 16, b"icp5": 32, b"icp6": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512}


def draw(renderer: QSvgRenderer, size: int) -> QImage:
    """The picture, ``size`` pixels square."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


def png(image: QImage) -> bytes:
    """The picture as a PNG file's bytes."""
    kept = QByteArray()
    buffer = QBuffer(kept)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, b"PNG")
    return bytes(kept.data())


def ico(pictures: dict[int, bytes]) -> bytes:
    """Windows' box: a directory of 16-byte entries, then the PNGs."""
    head, body = struct.pack("<HHH", 0, 1, len(ICO_SIZES)), b""
    start = len(head) + 16 * len(ICO_SIZES)
    for size in ICO_SIZES:
        picture = pictures[size]
        side = size % 256  # 0 stands for 256
        head += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(picture), start + len(body))
        body += picture
    return head + body


def icns(pictures: dict[int, bytes]) -> bytes:
    """macOS' box: four letters, a length and the PNG, over and over."""
    body = b"".join(
        kind + struct.pack(">I", 8 + len(pictures[size])) + pictures[size] for kind, size in ICNS_KINDS.items()
    )
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


def main() -> None:
    """Draw and write them all."""
    renderer = QSvgRenderer(str(HERE.parent / "ckpt_gui.svg"))
    pictures = {size: png(draw(renderer, size)) for size in SIZES}
    for size, picture in pictures.items():
        (HERE / f"ckpt_gui-{size}.png").write_bytes(picture)
    (HERE / "ckpt_gui.ico").write_bytes(ico(pictures))
    (HERE / "ckpt_gui.icns").write_bytes(icns(pictures))


if __name__ == "__main__":
    main()
