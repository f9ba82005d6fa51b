"""Every page and dialog of the window, one after the other, and what can be asked of each widget that shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QScrollBar,
    QSizeGrip,
    QWidget,
)

from ckpt_gui.gui import theme
from ckpt_gui.gui.spoken import Elided
from ckpt_gui.gui.window import Window
from ckpt_gui.resources_path import resource

WEIGHT = "model_state_dict/blocks.0.attn.qkv.weight"
PAGES = ("overview", "summary", "histogram", "heat-map", "values", "layers", "info")
PAIR_PAGES = ("overview", "summary", "histogram", "heat-map", "values", "scatter", "layers")
Scene = tuple[str, QWidget]


def settle(window: Window) -> None:
    """Until nothing is under way and what waits a moment is done."""
    for _ in range(1200):
        QTest.qWait(20)
        if not window.jobs.tasks:
            QTest.qWait(180)
            if not window.jobs.tasks:
                return


def three(folder: Path) -> list[str]:
    """Checkpoints of a run."""
    for number in (3, 4):
        shutil.copy(resource(f"demo/epoch_{number:03}.ckpt"), folder / f"epoch_{number:03}.ckpt")
    shutil.copy(resource("demo/epoch_004.ckpt"), folder / "epoch_005.ckpt")
    return sorted(map(str, folder.glob("*.ckpt")))


def scenes(window: Window, files: list[str]) -> Iterator[Scene]:
    """Each as (name, the widget that shows it); the next begins when the former was looked at."""
    yield from _start(window)
    window.open(files[:1], select=WEIGHT)
    settle(window)
    for page in PAGES:
        window.details.choose(page)
        settle(window)
        yield f"file, {page}", window
    yield from _dialogs(window)
    window.compare(files[0], files[1])
    settle(window)
    page_of = window.comparisons.page(window.comparisons.all()[0])
    page_of.panel.select_key("blocks.0.attn.qkv.weight")
    for page in PAIR_PAGES:
        page_of.side.choose(page)
        settle(window)
        yield f"comparison, {page}", window
    window.follow(files, WEIGHT)
    settle(window)
    yield "run", window


def _start(window: Window) -> Iterator[Scene]:
    window.settings.add_recent("/somewhere/else/model.pt")
    window.recent_menu.changed.emit(window.recent_menu.paths())
    window.open([])
    yield "start page", window
    answers = [("Again", lambda: None)]
    window.notices.tell("a", "Something went wrong.", alarm=True, details="In detail.", answers=answers)
    QTest.qWait(10)
    yield "notice", window
    window.notices.dismiss("a")


def _dialogs(window: Window) -> Iterator[Scene]:
    for name in ("settings", "keys", "words", "about", "palette", "convert"):
        before = set(_tops())
        window.commands.named[name].trigger()
        settle(window)
        shown = [top for top in _tops() if top not in before and top.isVisible()]
        from ckpt_gui.gui.palette import Palette

        if name == "palette":
            shown = [window.findChildren(Palette)[-1]]
        for top in shown:
            yield f"dialog {name}", top
            top.close()
        QTest.qWait(10)
    tree = window.tree()
    assert tree is not None
    before = set(_tops())
    tree.open_builder()
    QTest.qWait(30)
    for top in _tops():
        if top not in before and top.isVisible():
            yield "filter by choice", top
            top.close()


def _tops() -> list[QWidget]:
    return QApplication.topLevelWidgets()


# ------------------------------------------------------------------------------------------------ what shows


def shown(root: QWidget) -> list[QWidget]:
    """The visible widgets of a scene, root first."""
    parts = [root, *root.findChildren(QWidget)]
    return [one for one in parts if one.isVisible() and one.window() is root.window() and _in_sight(one)]


def _in_sight(widget: QWidget) -> bool:
    """Is there a pixel of it within all that it lies in?"""
    area = widget.rect()
    above: QWidget | None = widget
    while above is not None and not above.isWindow():
        area = area.translated(above.pos())
        above = above.parentWidget()
        area = area.intersected(above.rect()) if above is not None else area
    return not area.isEmpty()


def label(widget: QWidget) -> str:
    """How a fault names it."""
    above: QWidget | None = widget
    names: list[str] = []
    while above is not None and len(names) < 4:
        names.append(f"{type(above).__name__}{'#' + above.objectName() if above.objectName() else ''}")
        above = above.parentWidget()
    return " < ".join(names)


def focusable(widget: QWidget) -> bool:
    """Does Tab lead to it?"""
    by_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return by_tab and widget.isEnabled() and widget.focusProxy() is None


def spoken_name(widget: QWidget) -> str:
    """What a screen reader calls it."""

    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def paints_itself(widget: QWidget) -> bool:
    """Is it drawn by a class of ours?"""
    ours = [kind for kind in type(widget).__mro__ if kind.__module__.startswith("ckpt_gui")]
    return any("paintEvent" in vars(kind) for kind in ours) or any(".plots." in kind.__module__ for kind in ours)


def unnamed(root: QWidget) -> list[str]:
    """Controls and drawings without a name."""
    wanted = [one for one in shown(root) if focusable(one) or isinstance(one, QAbstractButton) or paints_itself(one)]
    return [label(one) for one in wanted if not spoken_name(one).strip() and not isinstance(one, Elided)]


def undescribed(root: QWidget) -> list[str]:
    """Plots that do not say what is to be seen in them."""
    plots = [one for one in shown(root) if type(one).__module__.startswith("ckpt_gui.gui.plots")]
    areas = [one for one in plots if isinstance(one, QAbstractScrollArea)]
    return [label(one) for one in areas if not one.accessibleDescription().strip()]


def walk(root: QWidget) -> tuple[list[QWidget], list[str]]:
    """The widgets that Tab leads to from the first, and what is wrong on the way."""
    window = root.window()
    window.activateWindow()
    QTest.qWait(10)
    start = next((one for one in shown(root) if focusable(one)), None)
    if start is None:
        return [], []
    start.setFocus(Qt.FocusReason.TabFocusReason)
    if sum(map(focusable, shown(root))) == 1:
        return [start], []
    met: list[QWidget] = []
    unseen: list[str] = []
    for _ in range(300):
        now = QApplication.focusWidget()
        if now is None or now.window() is not window:
            return met, [*unseen, "the focus is lost"]
        if now in met[:-1]:
            return met, [*unseen, *([] if now is met[0] else [f"stuck at {label(now)}"])]
        if now not in met:  # or it has links of its own
            met.append(now)
            unseen += [] if now.isVisible() and _in_sight(now) else [f"unseen {label(now)}"]
        QTest.keyClick(now, Qt.Key.Key_Tab)
    return met, [*unseen, "no end"]


def out_of_order(root: QWidget) -> list[str]:
    """What Tab does not reach, reaches without showing it, or is stuck at."""
    met, faults = walk(root)
    missed = [one for one in shown(root) if focusable(one) and one not in met]
    return faults + [f"missed {label(one)}" for one in missed]


def faint(root: QWidget) -> list[str]:
    """Labels whose text hardly stands out from the page."""
    back = QColor(theme.of(root.palette()).window)
    labels = [one for one in shown(root) if isinstance(one, QLabel) and one.text() and one.isEnabled()]
    shades = [(one, one.palette().color(one.foregroundRole())) for one in labels]
    return [f"{one.text()[:40]!r} {shade.name()} on {back.name()}: {label(one)}"
            for one, shade in shades if contrast(shade, back) < 4.5]  # fmt: skip


def contrast(one: QColor, other: QColor) -> float:
    """1 … 21, as the Web Content Accessibility Guidelines 2.2 define it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    shades = (colour.redF(), colour.greenF(), colour.blueF())
    parts: list[float] = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shades]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def clipped(root: QWidget) -> list[str]:
    """Texts that have less room than they need, where they are not cut short on purpose."""
    faults = []
    for one in shown(root):
        if isinstance(one, (Elided, QScrollBar, QSizeGrip)) or one.objectName().startswith("Scroll"):
            continue
        if isinstance(one, QLabel) and one.text():
            needed = _needed(one)
            if needed[0] > one.width() + 2 or needed[1] > one.height() + 2:
                faults.append(f"{one.text()[:40]!r} needs {needed}, has {one.width(), one.height()}: {label(one)}")
        elif isinstance(one, (QAbstractButton, QComboBox)):
            hint = one.minimumSizeHint() if isinstance(one, QComboBox) else one.sizeHint()
            if hint.width() > one.width() + 2 or hint.height() > one.height() + 2:
                faults.append(f"{spoken_name(one)!r} needs {hint.toTuple()}, has {one.size().toTuple()}: {label(one)}")
    return faults


def _needed(words: QLabel) -> tuple[int, int]:
    if words.wordWrap():
        return 0, words.heightForWidth(words.width())
    hint = words.sizeHint()
    one_line = QFontMetrics(words.font()).height()
    return hint.width(), min(hint.height(), one_line if "\n" not in words.text() else hint.height())
