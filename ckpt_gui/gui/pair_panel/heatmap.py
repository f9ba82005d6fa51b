"""The page Heat-map of a pair: A and B in common colours and B − A in its own, with one zoom and one cross-hair."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_gui.core.diff import heatmaps
from ckpt_gui.core.diff.heatmaps import View
from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.heatmap import drawn as pictures
from ckpt_gui.core.heatmap import gaps, words
from ckpt_gui.core.heatmap.blocks import layout_of
from ckpt_gui.core.heatmap.drawn import Drawn
from ckpt_gui.core.heatmap.picture import Want, is_sparse, worth_preview
from ckpt_gui.core.heatmap.plane import Plane, default_plane, row, sliced
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import rich
from ckpt_gui.gui.heatmap_controls.controls import Controls
from ckpt_gui.gui.heatmap_controls.options import Options, keep, remembered
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.pair_panel.frame import GONE, Chosen, Frame, Selection, words_label
from ckpt_gui.gui.pair_panel.trio import Trio
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.diff.picked import Picked
    from ckpt_gui.gui.comparing import Comparison

_WHOLE, _PART, _LOOK, _FIND = "pair heat-map", "pair heat-map part", "pair heat-map value", "pair heat-map largest"
_LOOK_MS = 60
"""So long the cross-hair must stand still before the values there are read."""
_PICK_ONE = "Pick one pair to see its heat-maps"
_HINT = "Point, or press an arrow, to read the values; wheel, + and − zoom all three; Home shows everything"


class _Laid(NamedTuple):
    """What there is to draw."""

    views: tuple[View, ...]
    shape: tuple[int, ...]
    plain: bool
    """Slices only: an axis repeats itself."""
    complex: bool
    sentence: str
    """In place of pictures: of a single number."""
    why: str
    """Why there is only one side."""


class PairHeatmap(QWidget):
    """Where in the pair which values stand, and where they differ.

    Signals:
        message: a word for the status bar.
        place_wanted: a link to a pair was followed; its place.
    """

    message = Signal(str)
    place_wanted = Signal(int)

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Heat-maps of a pair")
        self._jobs, self._settings = jobs, settings
        self._selection = Selection()
        self._chosen_pairs: Chosen | None = None
        self._laid: _Laid | None = None
        self._plane: Plane | None = None
        self._whole: list[Drawn] = []
        self._parts: list[Drawn] = []
        self._goal: tuple[int, ...] | None = None
        """An index to put the cross-hair on, once its slice is drawn."""
        self._read_at: tuple[int, ...] | None = None
        """The index whose values stand in the read-out."""
        self.trio = Trio(self)
        self._make_actions()
        self.controls = Controls(remembered(settings), self.actions(), self, menu="Go to")
        self._words = words_label("What the heat-maps show", self)
        self._readout = muted(spoken(Elided(self), "The values under the cross-hair"))
        content = QWidget(self)
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 6, 0, 6)
        for widget in (self.controls, self._words):
            box.addWidget(widget)
        box.addWidget(self.trio, 1)
        box.addWidget(self._readout)
        self._frame = Frame("heat-map", content, self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._frame)
        self.setFocusProxy(self.trio)
        self._wire()

    def _wire(self) -> None:
        self.controls.changed.connect(self._chosen)
        self.controls.plane_changed.connect(self._lay)
        self.trio.parts_wanted.connect(self._want_parts)
        self.trio.pointed.connect(self._pointed)
        self.trio.slice_wanted.connect(self.controls.layout_row.step)
        self._look_clock = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._look_clock.timeout.connect(self._look)
        self._start = QTimer(self, singleShot=True, interval=0)
        self._start.timeout.connect(partial(self._read, quick=True))

    def _make_actions(self) -> None:
        for label, keys, act in (
            ("Largest |Δ|", "Ctrl+Alt+Up", self.go_to_largest),
            ("Show everything", "Ctrl+Home", self.trio.show_everything),
            ("Next slice", "Ctrl+Alt+PgDown", lambda: self.controls.layout_row.step(1)),
            ("Previous slice", "Ctrl+Alt+PgUp", lambda: self.controls.layout_row.step(-1)),
        ):
            action = QAction(label, self)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)

    # -------------------------------------------------------------------------------------------- what is picked

    def show_pairs(self, comparison: Comparison, places: list[int]) -> None:
        """Show the one pair among these; of several, or none, a sentence."""
        if self._selection.is_same(comparison, places):
            return
        self.let_go()
        found = self._chosen_pairs = self._selection.take(comparison, places)
        if found is None or len(places) != 1:
            self._frame.say(_PICK_ONE if found is not None else GONE)
            return
        self._frame.wait()
        self._jobs.run(_WHOLE, lambda _report: _begin(found.picked), self._begun, failed=self._fail)

    def let_go(self) -> None:
        """Stop what is under way and forget the files."""
        for slot in (_WHOLE, _PART, _LOOK, _FIND):
            self._jobs.cancel(slot)
        for clock in (self._look_clock, self._start):
            clock.stop()
        self._frame.rest()
        self.trio.forget()
        self._selection.forget()
        self._chosen_pairs, self._laid, self._plane, self._goal, self._read_at = None, None, None, None, None
        self._whole, self._parts = [], []

    def _begun(self, laid: _Laid) -> None:
        if laid.sentence:
            self._frame.say(laid.sentence)
            return
        self._laid = laid
        self.trio.show_some(tuple(view.name for view in laid.views))
        self.controls.show_complex(laid.complex)
        self._lay(_plain_plane(laid.shape) if laid.plain else default_plane(laid.shape))

    # -------------------------------------------------------------------------------------------- the pictures

    def _lay(self, plane: Plane) -> None:
        """Draw the pair in these rows and columns."""
        if self._laid is None:
            return
        self._plane = plane
        self.controls.layout_row.show_plane(plane, plain=self._laid.plain)
        self._start.start()

    def _read(self, *, quick: bool) -> None:
        """All of the plane; a preview first where it takes long and ``quick``."""
        if self._laid is None or self._plane is None:
            return
        views, options = self._laid.views, self.controls.options
        room = self.trio.plots[0].room() if self._whole else self.trio.likely_room()
        want = Want(self._plane, self._plane.whole, gaps.pixels(self._plane, room), options.how, options.face)
        first = quick and worth_preview(views[0].reading, views[0].tensor, want)
        self._jobs.cancel(_PART)
        self._jobs.run(
            _WHOLE,
            lambda report: heatmaps.whole(views, want, options.scale, options.span, quick=first, report=report),
            self._previewed if first else self._show_whole,
            failed=self._fail,
            label="" if first else f"Heat-maps of {self._selection.name()}",
        )

    def _previewed(self, drawn: list[Drawn]) -> None:
        self._show_whole(drawn)
        self._read(quick=False)

    def _show_whole(self, drawn: list[Drawn]) -> None:
        self._whole, self._parts = drawn, []
        self._frame.show_content()
        at = gaps.strongest(drawn[-1].picture)
        for plot, one in zip(self.trio.plots, drawn, strict=False):
            plot.show_whole(one.picture.plane, one.image, one.limits, one.outside, at, one.aloud)
        self._tell(drawn)
        if self._goal is not None and self._plane is not None:
            goal, self._goal = self._goal, None
            self.trio.look_at(*self._plane.place_of(goal))
        self._want_parts()

    def _want_parts(self) -> None:
        """The part in sight is another one: read it at its own resolution, if the whole does not show as much."""
        if self._laid is None or not self._whole or self._whole[0].picture.sampled:
            return
        options, plane = self.controls.options, self._whole[0].picture.plane
        wants = [Want(plane, region, pixels, options.how, options.face) for region, pixels in self.trio.parts()]
        if all(pictures.shows(one.picture, want) for one, want in zip(self._whole, wants, strict=True)):
            self._jobs.cancel(_PART)
            self._tell(self._whole)
            return
        held = self._parts
        if held and all(pictures.shows(one.picture, want) for one, want in zip(held, wants, strict=True)):
            return
        if all(want.region == plane.whole for want in wants):  # the page has grown: the colours are to suit
            self._read(quick=False)
            return
        views, within = self._laid.views, [one.limits for one in self._whole]
        self._jobs.run(
            _PART,
            lambda report: heatmaps.part(views, wants, within, report),
            self._show_parts,
            failed=self._fail,
            label=f"Heat-maps of {self._selection.name()}",
        )

    def _show_parts(self, drawn: list[Drawn]) -> None:
        self._parts = drawn
        for plot, one in zip(self.trio.plots, drawn, strict=False):
            plot.show_part(one.image, one.aloud)
        self._tell(drawn)

    def _tell(self, drawn: list[Drawn]) -> None:
        assert self._laid is not None
        said = [self._laid.why, drawn[0].words]
        said += [f"{view.name}: {one.odd}." for view, one in zip(self._laid.views, drawn, strict=True) if one.odd]
        self._words.setText(rich.escape(" ".join(filter(None, said))))
        if self.trio.at is not None:
            self._pointed(*self.trio.at)
        else:
            self._readout.say(_HINT)

    # -------------------------------------------------------------------------------------------- the cross-hair

    def _pointed(self, down: int, across: int) -> None:
        if self._plane is None:
            return
        index = self._plane.index_at(down, across)
        if index is None or index != self._read_at:
            self._readout.say(words.index_text(index) + "   …" if index is not None else "beyond the end")
        self._look_clock.start()

    def _look(self) -> None:
        """The values at the cross-hair."""
        at = self.trio.at
        if self._laid is None or self._plane is None or at is None:
            return
        index, views = self._plane.index_at(*at), self._laid.views
        if index is None or any(is_sparse(view.reading, view.tensor) for view in views):
            return
        self._jobs.run(
            _LOOK,
            lambda _report: heatmaps.values_text(views, index),
            partial(self._looked, index),
            failed=self._fail,
        )

    def _looked(self, index: tuple[int, ...], said: str) -> None:
        self._read_at = index
        self._readout.say(said)

    def go_to_largest(self) -> None:
        """Put the cross-hair where |B − A| is largest, in whatever slice that is."""
        comparison, places, found = self._selection.comparison, self._selection.places, self._chosen_pairs
        if comparison is None or found is None or self._laid is None or len(self._laid.views) < 3:
            return
        measures = comparison.rows[places[0]].measures
        if measures is not None:
            self._found(measures.where)
            return
        self._jobs.run(_FIND, lambda report: _farthest(found.picked, report), self._found, failed=self._fail)

    def _found(self, where: tuple[int, ...] | None) -> None:
        if where is None:
            self.message.emit("No element that is finite on both sides differs")
        else:
            self.go_to(where)

    def go_to(self, index: tuple[int, ...]) -> None:
        """Put the cross-hair on an index of the tensor."""
        plane = self._plane
        if plane is None or len(index) != len(plane.shape):
            return
        if plane.index_at(*plane.place_of(index)) == index and self._whole:
            self.trio.look_at(*plane.place_of(index))
            return
        self._goal = index
        self._lay(plane.holding(index))

    # -------------------------------------------------------------------------------------------- words

    def _fail(self, sentence: str, _details: str) -> None:
        for slot in (_WHOLE, _PART, _LOOK, _FIND):
            self._jobs.cancel(slot)
        self._frame.say(sentence)

    def sentence(self) -> str:
        """What stands in place of the pictures; "" where they are there."""
        return self._frame.sentence()

    def words(self) -> str:
        """What stands above the pictures."""
        return str(self._words.text())

    def readout(self) -> str:
        """What is said of the values under the cross-hair."""
        return self._readout.whole

    def _chosen(self, options: Options) -> None:
        keep(self._settings, options)
        self._read(quick=False)


def _begin(found: Picked) -> _Laid:
    """On a job's thread: what there is to draw. Raises NoValues or ReadError with a sentence."""
    alone = found.alone()
    if alone is not None:
        views: tuple[View, ...] = (View("B" if found.pairs[0][0] < 0 else "A", *alone),)
        plain = not is_sparse(*alone) and bool(layout_of(*alone).repeated)
    else:
        plan = next(iter(found.plans()), NoValues("There is no tensor here"))
        if isinstance(plan, Exception):
            raise plan
        views, plain = heatmaps.views(plan), heatmaps.repeats(plan)
    shape = pictures.shape(views[0].reading, views[0].tensor)
    sentence = "" if shape else "A single number has no rows or columns: " + heatmaps.values_text(views, ())
    parts = max(view.reading.form(view.tensor).parts for view in views)
    return _Laid(views, shape, plain, parts > 1, sentence=sentence, why=found.why_alone())


def _farthest(found: Picked, report: Report) -> tuple[int, ...] | None:
    from ckpt_gui.core.diff.cells import find_farthest, open_pair

    table = open_pair(found)
    there = find_farthest(table, table.start, report)
    return there.place if there is not None else None


def _plain_plane(shape: tuple[int, ...]) -> Plane:
    """Whole axes only: what an axis of stride 0 repeats cannot be part of a kernel or a line."""
    return row(shape) if len(shape) == 1 else sliced(shape, len(shape) - 2, len(shape) - 1)
