"""The Heat-map page: starts the work, shows what comes of it, and asks again when a person zooms or chooses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.errors import CheckpointError, NoValues
from ckpt_gui.core.heatmap import drawn as work
from ckpt_gui.core.heatmap import gaps, words
from ckpt_gui.core.heatmap.blocks import layout_of
from ckpt_gui.core.heatmap.look import Look, look
from ckpt_gui.core.heatmap.picture import Picture, Want, is_sparse, worth_preview
from ckpt_gui.core.heatmap.plane import Plane, Region, default_plane, row, sliced
from ckpt_gui.gui import rich
from ckpt_gui.gui.heatmap_controls.controls import Controls
from ckpt_gui.gui.heatmap_controls.options import Options, keep, remembered
from ckpt_gui.gui.heatmap_panel import saving
from ckpt_gui.gui.heatmap_panel.page import Page
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.settings import Settings

if TYPE_CHECKING:
    from ckpt_gui.gui.open_files import OpenFile

_WHOLE, _PART, _LOOK = "heat-map", "heat-map part", "heat-map value"
"""Slots: all of a plane, the part in sight, the value under the cross-hair."""
_PATIENCE_MS = 150
"""So long the former picture stays while a new one is made; then it would mislead."""
_LOOK_MS = 60
"""So long the cross-hair must stand still before its value is read."""
_PICK_ONE = "Pick one tensor to see its values as a heat-map."
_HINT = "Point, or press an arrow, to read a value; wheel, + and − zoom, Home shows everything"
_HINT_IN_FULL = (
    "Point at a value to read it, or press the arrows (with Shift ten times as far). The wheel, + and − zoom, dragging "
    "moves the picture, a double click or Home shows everything. Page Up and Page Down step through the slices."
)


class HeatmapPanel(QWidget):
    """Where in the picked tensor which values stand.

    Signals:
        node_wanted: a link to a row was followed.
        message: a word for the status bar.
    """

    node_wanted = Signal(int)
    message = Signal(str)

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        from ckpt_gui.gui.plots.heatmap import HeatmapPlot  # the plot library: when the page is first shown

        super().__init__(parent)
        self.setAccessibleName("Heat-map")
        self._jobs, self._settings = jobs, settings
        self._file: OpenFile | None = None
        self._picked: tuple[object, tuple[int, ...]] = (None, ())
        self._tensor = -1
        self._name = ""
        self._plane: Plane | None = None
        self._plain = False
        """Slices only: an axis repeats itself."""
        self._whole: work.Drawn | None = None
        self._part: work.Drawn | None = None
        self.plot = HeatmapPlot(self)
        self._make_actions()
        self.controls = Controls(remembered(settings), self.actions(), self)
        self._page = Page(self.controls, self.plot, self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._page)
        self.setFocusProxy(self.plot)
        self._wire()

    def _wire(self) -> None:
        self.controls.changed.connect(self._chosen)
        self.controls.plane_changed.connect(self._lay)
        self.plot.part_wanted.connect(self._want_part)
        self.plot.pointed.connect(self._pointed)
        self.plot.slice_wanted.connect(self.controls.layout_row.step)
        self._patience, self._look_clock, self._start = QTimer(self), QTimer(self), QTimer(self)
        self._clocks = (self._patience, self._look_clock, self._start)
        acts = ((_PATIENCE_MS, self._wait), (_LOOK_MS, self._look), (0, partial(self._read, quick=True)))
        for clock, (milliseconds, act) in zip(self._clocks, acts, strict=True):
            clock.setSingleShot(True)
            clock.setInterval(milliseconds)
            clock.timeout.connect(act)

    def _make_actions(self) -> None:
        """What can be done with the picture; in the page's menu and the palette too."""
        for label, keys, act in (
            ("Save as PNG…", "Ctrl+S", partial(self._save, "png")),
            ("Save as SVG…", "Ctrl+Alt+D", partial(self._save, "svg")),
            ("Copy picture", "Ctrl+Alt+I", lambda: self.message.emit(saving.copy(self.plot))),
            ("Show everything", "Ctrl+Home", self.plot.show_everything),
            ("Next slice", "Ctrl+Alt+PgDown", lambda: self.controls.layout_row.step(1)),
            ("Previous slice", "Ctrl+Alt+PgUp", lambda: self.controls.layout_row.step(-1)),
        ):
            action = QAction(label, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)

    # -------------------------------------------------------------------------------------------- what is picked

    def show_picked(self, file: OpenFile, nodes: list[int]) -> None:
        """Show the tensor of this row; of several, or none, a sentence."""
        picked = (file.opened, tuple(nodes))
        if picked[0] is self._picked[0] and picked[1] == self._picked[1]:
            return
        self.let_go()
        assert file.opened is not None
        self._picked, self._file = picked, file
        checkpoint = file.opened.checkpoint
        tensor = checkpoint.nodes.tensor[nodes[0]] if len(nodes) == 1 else -1
        if tensor < 0:
            self._say(_PICK_ONE)
            return
        self._tensor, self._name = tensor, text.path_text(checkpoint.path_of(nodes[0]))
        try:
            self._begin(file)
        except CheckpointError as exc:
            self._say(words.NOTHING.format(exc) if isinstance(exc, NoValues) else str(exc))

    def _begin(self, file: OpenFile) -> None:
        reading, tensor = file.reading(), self._tensor
        shape = work.shape(reading, tensor)
        if not shape:
            self._jobs.run(_WHOLE, lambda _report: work.single(reading, tensor), self._say, failed=self._fail)
            return
        plain = not is_sparse(reading, tensor) and bool(layout_of(reading, tensor).repeated)
        plane = _plain_plane(shape) if plain else default_plane(shape)
        self.controls.show_complex(reading.form(tensor).parts > 1)
        self.controls.layout_row.show_plane(plane, plain=plain)
        self._plain = plain
        self._lay(plane)

    def let_go(self) -> None:
        """Stop what is under way and forget the file: something else is picked, or it is closed."""
        for slot in (_WHOLE, _PART, _LOOK):
            self._jobs.cancel(slot)
        for clock in self._clocks:
            clock.stop()
        self.plot.forget()
        self._file, self._picked, self._tensor = None, (None, ()), -1
        self._plane = self._whole = self._part = None

    # -------------------------------------------------------------------------------------------- the picture

    def _lay(self, plane: Plane) -> None:
        """Draw the tensor in these rows and columns."""
        self._plane = plane
        self.controls.layout_row.show_plane(plane, plain=self._plain)
        self._patience.start()
        self._start.start()

    def _read(self, *, quick: bool) -> None:
        """All of the plane; a preview first where it takes long and ``quick``."""
        if self._file is None or self._plane is None:
            return
        reading, tensor, options = self._file.reading(), self._tensor, self.controls.options
        room = self.plot.room() if self._page.drawn else self._page.likely_room()
        want = self._want(self._plane.whole, gaps.pixels(self._plane, room))
        first = quick and worth_preview(reading, tensor, want)
        self._jobs.cancel(_PART)
        self._jobs.run(
            _WHOLE,
            lambda report: work.whole(reading, tensor, want, options.scale, options.span, quick=first, report=report),
            self._previewed if first else self._show_whole,
            failed=self._fail,
            label="" if first else f"Heat-map of {text.escape(self._name)}",
        )

    def _want(self, region: Region, pixels: tuple[int, int]) -> Want:
        assert self._plane is not None
        return Want(self._plane, region, pixels, self.controls.options.how, self.controls.options.face)

    def _previewed(self, drawn: work.Drawn) -> None:
        self._show_whole(drawn)
        self._read(quick=False)

    def _show_whole(self, drawn: work.Drawn) -> None:
        self._patience.stop()
        self._whole, self._part = drawn, None
        self._page.setCurrentIndex(1)
        self._enable()
        at = gaps.strongest(drawn.picture)
        self.plot.show_whole(drawn.picture.plane, drawn.image, drawn.limits, drawn.outside, at, drawn.aloud)
        self._tell(drawn)
        self._want_part(self.plot.part())

    def _want_part(self, region: Region) -> None:
        """The part in sight is another one: read it at its own resolution, if the whole does not show as much."""
        if self._file is None or self._whole is None or self._whole.picture.sampled:
            return
        want = self._want(region, self.plot.pixels(region))
        if work.shows(self._whole.picture, want):
            self._jobs.cancel(_PART)
            self._tell(self._whole)
            return
        if self._part is not None and work.shows(self._part.picture, want):
            return
        if region == want.plane.whole:  # the page has grown: the colours are to suit the finer cells
            self._read(quick=False)
            return
        reading, tensor, within = self._file.reading(), self._tensor, self._whole.limits
        self._jobs.run(
            _PART,
            lambda report: work.part(reading, tensor, want, within, report),
            self._show_part,
            failed=self._fail,
            label=f"Heat-map of {text.escape(self._name)}",
        )

    def _show_part(self, drawn: work.Drawn) -> None:
        self._part = drawn
        self.plot.show_part(drawn.image, drawn.aloud)
        self._tell(drawn)

    def _tell(self, drawn: work.Drawn) -> None:
        odd = f" {rich.escape(drawn.odd)}." if drawn.odd else ""
        self._page.words.setText(rich.escape(drawn.words) + odd)
        if self.plot.at is not None:
            self._pointed(*self.plot.at)
            self._look_clock.stop()
            self._look()  # at once: nobody is moving the cross-hair
        else:
            self._page.readout.say(_HINT, _HINT_IN_FULL)

    # -------------------------------------------------------------------------------------------- the cross-hair

    def _seen(self, down: int, across: int) -> Picture | None:
        """The finest picture there is of a place."""
        for drawn in (self._part, self._whole):
            if drawn is not None:
                top, bottom, left, right = drawn.picture.region
                if top <= down < bottom and left <= across < right:
                    return drawn.picture
        return None

    def _pointed(self, down: int, across: int) -> None:
        if (seen := self._seen(down, across)) is None:
            return
        told = words.value_text(seen, down, across), words.cell_text(seen, down, across)
        self._page.readout.say(" · ".join(filter(None, told)))
        self.plot.show_lines(work.lines(seen, (down, across)))
        self._look_clock.start()

    def _look(self) -> None:
        """The exact value, and the exact row and column."""
        if self._file is None or self.plot.at is None or (seen := self._seen(*self.plot.at)) is None:
            return
        reading, tensor, at = self._file.reading(), self._tensor, self.plot.at
        self._jobs.run(
            _LOOK, lambda report: look(reading, tensor, seen, *at, report=report), self._looked, failed=self._fail
        )

    def _looked(self, found: Look) -> None:
        if self.plot.at != (found.row, found.column) or (seen := self._seen(*self.plot.at)) is None:
            return
        self._page.readout.say(" · ".join(filter(None, (found.words, words.cell_text(seen, *self.plot.at)))))
        there = work.lines(seen, self.plot.at)
        self.plot.show_lines((found.across or there[0], found.down or there[1]))

    # -------------------------------------------------------------------------------------------- words

    def _wait(self) -> None:
        if self._whole is None or self._whole.picture.plane != self._plane:
            self._say("Reading the values …")

    def _enable(self) -> None:
        for action in self.actions():
            action.setEnabled(self._page.drawn)

    def _fail(self, sentence: str, _details: str) -> None:
        for slot in (_WHOLE, _PART, _LOOK):
            self._jobs.cancel(slot)
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        """A sentence in place of the picture."""
        self._patience.stop()
        self._page.say(sentence)
        self._enable()

    def sentence(self) -> str:
        """What stands in place of the picture; "" where there is one."""
        return self._page.sentence()

    def words(self) -> str:
        """What stands above the picture."""
        return str(self._page.words.text())

    def readout(self) -> str:
        """What is said of the value under the cross-hair."""
        return self._page.readout.whole

    # -------------------------------------------------------------------------------------------- what is wanted

    def _chosen(self, options: Options) -> None:
        keep(self._settings, options)
        self._read(quick=False)

    def _save(self, kind: str) -> None:
        if self._whole is not None and (path := saving.ask(self, self._name, kind)) is not None:
            self.message.emit(saving.save(self.plot, path, kind, self._name))


def _plain_plane(shape: tuple[int, ...]) -> Plane:
    """Whole axes only: what an axis of stride 0 repeats cannot be part of a kernel or a line."""
    if len(shape) == 1:
        return row(shape)
    return sliced(shape, len(shape) - 2, len(shape) - 1)
