"""A plot as a picture: an image, a PNG or an SVG file."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QGraphicsView


def image(plot: QGraphicsView, background: QColor, scale: float = 2.0) -> QImage:
    """The plot as it stands, ``scale`` times as fine as the screen's points."""
    made = QImage(plot.viewport().size() * scale, QImage.Format.Format_RGB32)
    made.setDevicePixelRatio(scale)
    made.fill(background)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.render(painter, QRectF(plot.viewport().rect()), plot.viewport().rect())
    painter.end()
    return made


def png(plot: QGraphicsView, background: QColor) -> bytes:
    """The bytes of a PNG file."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image(plot, background))
    buffer.close()
    return bytes(data.data())


def svg(plot: QGraphicsView, background: QColor, title: str) -> bytes:
    """The bytes of an SVG file; lines and text stay what they are."""
    from PySide6.QtSvg import QSvgGenerator

    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setTitle(title)
    generator.setSize(plot.viewport().size())
    generator.setViewBox(plot.viewport().rect())
    painter = QPainter(generator)
    painter.fillRect(plot.viewport().rect(), background)
    plot.render(painter, QRectF(plot.viewport().rect()), plot.viewport().rect())
    painter.end()
    buffer.close()
    return bytes(data.data())
