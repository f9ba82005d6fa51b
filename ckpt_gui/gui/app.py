"""Starts the window; or takes a picture of it and leaves."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QMessageLogContext, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from ckpt_gui.gui import child, theme
from ckpt_gui.gui.comparisons import Wish
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.open_files import OpenFiles, Start
from ckpt_gui.gui.settings import Settings, settings_path
from ckpt_gui.gui.window import PAGES, Window

if TYPE_CHECKING:
    from ckpt_gui.handover.claim import Claim
    from ckpt_gui.handover.request import Request

_SOON_MS = 1_000
"""What waits no longer than this is still part of the picture."""
_SETTLE_MS = 60
"""After the last job: layouts and fonts are done within a turn or two of the event loop."""
_IDLE_MS = 700
"""So long after the last job the next reading process may start: it is in nobody's way then."""
_SWITCH_SECONDS = 0.0005
_PICTURE_PATIENCE_MS = 300_000
"""Nobody is there to answer whether to go on; a picture of what there is then has to do."""


def run(
    paths: list[str],
    *,
    select: str | None = None,
    tab: str | None = None,
    wish: Wish | None = None,
    follow: bool = False,
    screenshot: str | None = None,
    readers: dict[str, subprocess.Popen[bytes]] | None = None,
    painted: Callable[[], object] | None = None,
    trouble: Callable[[str], object] | None = None,
    claim: Claim | None = None,
    fresh: bool = False,
) -> int:
    """Show the window on these files until it is closed; returns the exit code. ``wish``: the two are compared so;
    ``follow``: they are a run, or its folder.

    ``readers`` are processes that read some of the paths already. ``painted`` is called when the
    first tree stands on the screen (benchmarks). ``trouble`` is told why a file has no tree, where nobody
    looks at the window: with ``screenshot``, which then gives exit code 2. ``claim``: this is the running window,
    to which later starts hand their files. ``fresh``: as if it had never been started before, and leaving no trace.
    """
    if screenshot is not None:
        qInstallMessageHandler(_say_what_matters)
    app = application()
    spare = child.Spare()
    window = make_window(picture=screenshot is not None, fresh=fresh, start=spare.start)
    if screenshot is None:
        hear_failures(window)
    if sys.platform == "darwin":
        hear_files(app, window)
    if painted is not None:
        window.painted.connect(painted)
    if follow:
        window.follow(paths, select or "")
    elif wish is not None:
        window.compare(paths[0], paths[1], wish, readers)
    else:
        window.open(paths, select=select, tab=tab, readers=readers)
        if not paths:
            window.session.reopen()
    window.show()
    if screenshot is not None:
        take_when_settled(window, screenshot, lambda saved: app.exit(_told(window, screenshot, saved, trouble)))
    else:
        QTimer.singleShot(0, window, lambda: _after_first_paint(app, window, claim))
        keep_ready(app, window, spare)
    return app.exec()


def _told(window: Window, picture: str, saved: bool, trouble: Callable[[str], object] | None) -> int:
    """The exit code of a picture, once what went wrong is told."""
    sentences = [file.error for file in window.files.all() if file.error]
    sentences += [one.error for one in window.comparisons.all() if one.error]
    sentences += [one.error for one in window.runs.all() if one.error]
    if not saved:
        sentences.append(f"{picture} cannot be written")
    for sentence in sentences:
        if trouble is not None:
            trouble(sentence)
    return 2 if sentences else 0


def _say_what_matters(_kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    """Qt's messages but the offscreen platform's on what it cannot do, which no picture needs."""
    if not message.startswith("This plugin does not support"):
        sys.stderr.write(f"{message}\n")


def application() -> QApplication:
    """The one QApplication, dressed."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
        app = QApplication(sys.argv[:1])
    # One notation: the window speaks English, and a number in it is to be found again in an export and pasted into
    # Python. Without this, Qt's own fields would write "1,5" or other digits beside "1.5" where the system does.
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    app.setApplicationName("ckpt_gui")
    app.setApplicationDisplayName("ckpt_gui")
    app.setDesktopFileName("ckpt_gui")
    theme.apply(app)
    # A thread that computes in Python keeps this one waiting for so long at each call from Qt, of which a painted
    # tree makes hundreds; Python's own 5 ms are a stall then.
    sys.setswitchinterval(_SWITCH_SECONDS)
    return app


def make_window(*, picture: bool = False, fresh: bool = False, start: Start = child.start) -> Window:
    """A window with nothing in it yet; ``picture``: for a screenshot; ``fresh``: without what was kept; ``start``
    begins reading a file."""
    jobs = Jobs()
    return Window(Settings(settings_path(), picture=picture, fresh=fresh), OpenFiles(jobs, start=start), jobs)


def hear_failures(window: Window) -> None:
    """What fails inside the program is written down and told, once."""
    from ckpt_gui.gui.crash_reports import CrashReports

    reports = CrashReports(window.settings.reports_folder, window)
    reports.written.connect(window.tell_failure)
    reports.install()


def keep_ready(app: QApplication, window: Window, spare: child.Spare) -> None:
    """Have a reading process wait for the next file, whenever nothing is under way."""
    clock = QTimer(window, singleShot=True, interval=_IDLE_MS)
    clock.timeout.connect(spare.prepare)
    window.jobs.settled.connect(clock.start)
    clock.start()
    app.lastWindowClosed.connect(clock.stop)
    app.lastWindowClosed.connect(spare.close)


def _after_first_paint(app: QApplication, window: Window, claim: Claim | None) -> None:
    """What can wait until there is something to see."""
    from ckpt_gui.gui import icons

    gc.freeze()  # all that was imported stays; the collector need not walk it each time
    gc.enable()  # the command line turned it off for the start
    app.setWindowIcon(icons.application())
    window.recent_menu.prune()
    if claim is not None:
        listen(app, window, claim)


def hear_files(app: QApplication, window: Window) -> None:
    """Open the files that the system hands to a program that runs."""
    from ckpt_gui.gui.file_events import FileEvents

    events = FileEvents(window)
    events.asked.connect(lambda path: window.open([path]))
    app.installEventFilter(events)


def listen(app: QApplication, window: Window, claim: Claim) -> None:
    """Be the running window: open what later starts hand over, and come forward."""
    from ckpt_gui.gui.one_window import OneWindow, come_forward

    def take(request: Request) -> None:
        window.open(request.files, select=request.select, tab=request.tab)
        come_forward(window, request.token)

    one = OneWindow(claim, PAGES, window)
    one.asked.connect(take)
    app.lastWindowClosed.connect(one.close)


def _something_follows(window: Window, own: tuple[QTimer, QTimer]) -> bool:
    """Whether a part of the window waits a moment before it draws or asks for a job."""
    return any(
        timer.isActive() and timer.isSingleShot() and timer.interval() <= _SOON_MS
        for timer in window.findChildren(QTimer)
        if timer not in own
    )


def take_when_settled(window: Window, path: str, done: Callable[[bool], object]) -> None:
    """Save a picture of the window once nothing is under way any more; ``done`` is told whether that worked."""
    clock, limit = QTimer(window), QTimer(window)
    for timer, milliseconds in ((clock, _SETTLE_MS), (limit, _PICTURE_PATIENCE_MS)):
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)

    def take() -> None:
        if window.jobs.tasks and limit.isActive():
            return  # settled comes again
        if limit.isActive() and _something_follows(window, (clock, limit)):
            clock.start()
            return
        window.jobs.settled.disconnect(clock.start)
        limit.stop()
        saved = window.grab().save(os.fspath(Path(path)), "PNG")
        window.close()
        done(saved)

    clock.timeout.connect(take)
    limit.timeout.connect(take)
    window.jobs.settled.connect(clock.start)
    limit.start()
    clock.start()
