"""How the window looks: two sets of colours, one palette and one style sheet made from them.

The window follows the system's light or dark, or what the person chose (``CKPT_GUI_THEME=light|dark``
overrides both, for screenshots and tests). Widgets that paint ask ``of(palette)``, so nothing remembers a theme.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme, as ``#rrggbb``."""

    window: str
    base: str
    """Behind rows and text to edit."""
    stripe: str
    """Behind every second row."""
    raised: str
    """Buttons."""
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    """Text on it."""
    selected: str
    """Behind selected rows; text keeps its colour."""
    alarm: str
    alarm_back: str
    notice_back: str
    bar: str


LIGHT = Colours(
    window="#f6f7f9", base="#ffffff", stripe="#f9fafc", raised="#ffffff", line="#dcdfe5", text="#1f2328",
    muted="#646b79", accent="#1760d0", on_accent="#ffffff", selected="#d6e6fb", alarm="#b3123b", alarm_back="#fdecef",
    notice_back="#e9f1fd",
    bar="#4c86d6",
)  # fmt: skip
DARK = Colours(
    window="#24272e", base="#1e2128", stripe="#22252c", raised="#2a2e36", line="#3a3f49", text="#dfe2e8",
    muted="#9aa1ae", accent="#58a0ff", on_accent="#10141c", selected="#2d4a70", alarm="#ff7a90", alarm_back="#40262d",
    notice_back="#26344a",
    bar="#4a86d2",
)  # fmt: skip


def of(palette: QPalette) -> Colours:
    """The theme a palette was made from."""
    return LIGHT if palette.window().color().lightness() > 127 else DARK


_CHOSEN = "chosen theme"
"""The application's property that holds what a person chose."""


def wanted_theme() -> Colours:
    """The override, what the person chose, or what the system asks for."""
    app = QGuiApplication.instance()
    wanted = os.environ.get("CKPT_GUI_THEME") or (app.property(_CHOSEN) if app is not None else None)
    if wanted in ("light", "dark"):
        return DARK if wanted == "dark" else LIGHT
    return DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def apply(app: QApplication) -> None:
    """Dress the application in the system's theme, now and whenever the system changes it."""
    app.setStyle("Fusion")
    _dress(app)
    app.styleHints().colorSchemeChanged.connect(lambda _scheme: _dress(app))


def choose(wanted: str) -> None:
    """``light``, ``dark``, or ``system`` for what the system asks for."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    if (app.property(_CHOSEN) or "system") != wanted:
        app.setProperty(_CHOSEN, wanted)
        _dress(app)


def _dress(app: QApplication) -> None:
    colours = wanted_theme()
    app.setPalette(palette(colours))
    app.setStyleSheet(sheet(colours))


def natural_size() -> int:
    """Points of the system's own text."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return round(app.property("natural_size") or app.font().pointSizeF())


def zoom(step: int) -> None:
    """Make the application's text ``step`` points larger than the system's."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    natural = app.property("natural_size")
    if natural is None:
        if not step:
            return
        natural = app.font().pointSizeF()
        app.setProperty("natural_size", natural)
    font = app.font()
    if natural > 0 and font.pointSizeF() != max(5.0, natural + step):
        font.setPointSizeF(max(5.0, natural + step))
        app.setFont(font)
        app.setStyleSheet(sheet(of(app.palette())))  # widgets dressed by one keep their old font until it is set again


def palette(colours: Colours) -> QPalette:
    """The Qt palette of a theme."""
    made = QPalette(QColor(colours.raised), QColor(colours.window))
    roles = {
        QPalette.ColorRole.WindowText: colours.text, QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.ButtonText: colours.text, QPalette.ColorRole.Base: colours.base,
        QPalette.ColorRole.AlternateBase: colours.stripe, QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.Highlight: colours.selected, QPalette.ColorRole.HighlightedText: colours.text,
        QPalette.ColorRole.ToolTipBase: colours.raised, QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.muted, QPalette.ColorRole.Link: colours.accent,
        QPalette.ColorRole.LinkVisited: colours.accent, QPalette.ColorRole.Mid: colours.line,
        QPalette.ColorRole.Accent: colours.accent, QPalette.ColorRole.BrightText: colours.alarm,
    }  # fmt: skip
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.muted))
    return made


def _box() -> int:
    """Side of a box to check (pixels)."""
    return max(10, round(QFontMetricsF(QApplication.font()).ascent()) - 1)


def _tick(colours: Colours) -> str:
    """File with the mark of a box that is checked; "" where it did not come along."""
    from ckpt_gui.resources_path import resource

    try:
        return resource(f"tick-{'dark' if colours is DARK else 'light'}.svg").as_posix()
    except FileNotFoundError:
        return ""


def sheet(c: Colours) -> str:
    """The style sheet of a theme: only the parts of the window's own frame, by object name or class."""
    return f"""
    QToolBar#commands {{ background: {c.window}; border: 0; border-bottom: 1px solid {c.line}; padding: 4px 6px; spacing: 4px; }}
    QToolBar#commands QToolButton {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 4px; padding: 4px 11px; }}
    QToolBar#commands QToolButton:hover, QPushButton:hover {{ border-color: {c.accent}; }}
    QToolBar#commands QToolButton:focus, QPushButton:focus {{ border: 1px solid {c.accent}; }}
    QToolBar#commands QToolButton:disabled {{ color: {c.muted}; background: {c.window}; }}
    QToolBar#commands QToolButton[quiet="true"] {{ background: transparent; border-color: transparent; }}
    QToolBar#commands QToolButton[quiet="true"]:hover, QToolBar#commands QToolButton[quiet="true"]:focus {{ border-color: {c.accent}; }}
    QToolBar#commands::separator {{ background: {c.line}; width: 1px; margin: 4px 5px; }}
    QPushButton {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 4px; padding: 3px 10px; }}
    QPushButton:flat {{ background: transparent; border: 1px solid transparent; }}
    QPushButton:flat:hover, QPushButton:flat:focus {{ border-color: {c.accent}; }}
    QPushButton:disabled {{ color: {c.muted}; }}
    QLineEdit {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 4px; padding: 4px 7px; }}
    QLineEdit:focus {{ border-color: {c.accent}; }}
    QTabBar#files, QTabBar#pages {{ background: transparent; }}
    QTabBar#files::tab, QTabBar#pages::tab {{ background: transparent; border: 0; border-bottom: 2px solid transparent; color: {c.muted}; padding: 5px 12px; }}
    QTabBar#files::tab:selected, QTabBar#pages::tab:selected {{ color: {c.text}; border-bottom-color: {c.accent}; }}
    QTabBar#files::tab:hover, QTabBar#pages::tab:hover {{ color: {c.text}; }}
    QTabBar#files::tab:selected:focus, QTabBar#pages::tab:selected:focus {{ color: {c.text}; background: {c.selected}; }}
    QToolButton#cross {{ border: 0; border-radius: 3px; color: {c.muted}; padding: 0 3px; }}
    QToolButton#cross:hover {{ background: {c.line}; color: {c.text}; }}
    QToolButton#change {{ background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 2px 7px; }}
    QToolButton#change:checked {{ background: {c.raised}; border-color: {c.line}; }}
    QToolButton#change:hover, QToolButton#change:focus {{ border-color: {c.accent}; }}
    QAbstractScrollArea::corner {{ background: {c.window}; border: 0; }}
    QLabel#headline {{ font-weight: bold; font-size: {1.33 * QApplication.font().pointSizeF():.1f}pt; }}
    QLabel#title {{ color: {c.muted}; }}
    QToolButton#step {{ background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 3px 4px; font-weight: bold; }}
    QToolButton#step:hover, QToolButton#step:focus {{ border-color: {c.accent}; }}
    QPushButton[primary="true"] {{ background: {c.accent}; border-color: {c.accent}; color: {c.on_accent}; padding: 3px 18px; }}
    QPushButton[primary="true"]:disabled {{ background: {c.window}; border-color: {c.line}; color: {c.muted}; }}
    QPushButton[primary="true"]:focus {{ border: 2px solid {c.text}; padding: 2px 17px; }}
    QLineEdit[bad="true"] {{ border-color: {c.alarm}; }}
    QFrame#pairing {{ background: {c.notice_back}; border: 0; border-radius: 4px; }}
    QSplitter::handle {{ background: {c.line}; }}
    QSplitter::handle:hover {{ background: {c.accent}; }}
    QStatusBar {{ background: {c.window}; border-top: 1px solid {c.line}; color: {c.muted}; }}
    QStatusBar::item {{ border: 0; }}
    QStatusBar QLabel {{ color: {c.muted}; }}
    QHeaderView {{ background: {c.window}; border: 0; }}
    QHeaderView::section {{ background: {c.window}; color: {c.muted}; border: 0; border-bottom: 1px solid {c.line}; padding: 3px 6px; }}
    QHeaderView::section:vertical {{ border-bottom: 0; border-right: 1px solid {c.line}; padding: 0 6px; }}
    QTableCornerButton::section {{ background: {c.window}; border: 0; border-bottom: 1px solid {c.line}; border-right: 1px solid {c.line}; }}
    QProgressBar {{ background: {c.line}; border: 0; border-radius: 3px; max-height: 6px; min-height: 6px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
    QScrollBar {{ background: {c.window}; border: 0; }}
    QScrollBar:vertical {{ width: 11px; }}
    QScrollBar:horizontal {{ height: 11px; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {c.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; width: 0; height: 0; }}
    QScrollArea#plain, QScrollArea#plain > QWidget > QWidget {{ background: {c.window}; border: 0; }}
    QScrollArea#plain {{ border: 1px solid {c.window}; }}
    QTextBrowser#page {{ background: {c.window}; border: 1px solid {c.window}; }}
    QPlainTextEdit {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 4px; }}
    QScrollArea#plain:focus, QTextBrowser#page:focus, QPlainTextEdit:focus {{ border: 1px solid {c.accent}; }}
    QCheckBox::indicator, QListView::indicator {{ width: {_box()}px; height: {_box()}px; background: {c.base}; border: 1px solid {c.muted}; border-radius: 2px; }}
    QCheckBox::indicator:checked, QListView::indicator:checked {{ width: {_box()}px; height: {_box()}px; border-color: {c.accent}; image: url("{_tick(c)}"); }}
    QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
    QFrame#notice {{ background: {c.notice_back}; border: 0; border-bottom: 1px solid {c.line}; }}
    QFrame#notice[alarm="true"] {{ background: {c.alarm_back}; }}
    QFrame#drop {{ background: {c.base}; border: 2px dashed {c.accent}; border-radius: 8px; }}
    QFrame#palette {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 6px; }}
    QLabel[muted="true"] {{ color: {c.muted}; }}
    QLabel[alarm="true"] {{ color: {c.alarm}; }}
    QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line}; padding: 3px; }}
    """  # noqa: E501 - one rule a line reads better than the wrapped form
