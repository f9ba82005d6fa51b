"""A run's tab: the tree of its tensors on the left, what they did over the steps on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.trend.pick import reference
from ckpt_gui.gui.following import Following
from ckpt_gui.gui.spoken import Elided, muted

if TYPE_CHECKING:
    from ckpt_gui.core.stats.known import Snapshot
    from ckpt_gui.gui.run_panel import RunPanel
    from ckpt_gui.gui.tree_panel import TreePanel


class RunPage(QStackedWidget):
    """Words while the files are read, then the run.

    Signals:
        pair_wanted: two files are to be compared: their paths, the earlier one first.
        message: a sentence for the status bar.
        painted: the run stands.
    """

    pair_wanted = Signal(str, str)
    message = Signal(str)
    painted = Signal()

    def __init__(self, following: Following, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Run of checkpoints")
        self.following = following
        self.tree: TreePanel | None = None
        self.panel: RunPanel | None = None
        self._wanted = ""
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        holder = QWidget(self)
        box = QVBoxLayout(holder)
        box.setContentsMargins(32, 32, 32, 32)
        box.addWidget(self._words)
        self.addWidget(holder)
        following.begun.connect(lambda: self._say("Reading the run …"))
        following.ready.connect(self._ready)
        following.failed.connect(lambda sentence, _details: self._say(f"{sentence} F5 tries again."))
        following.stopped.connect(lambda: self._say("Reading the run was stopped. F5 reads it again."))

    def want(self, path: str) -> None:
        """Select what is at that path, once the run stands."""
        self._wanted = path

    def cross(self, focus: QWidget | None) -> None:
        """Take the keyboard over to the other side."""
        if self.tree is not None and self.panel is not None:
            on_right = focus is not None and self.panel.isAncestorOf(focus)
            (self.tree if on_right else self.panel).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def let_go(self) -> None:
        """It goes: nothing is worked on any more."""
        if self.panel is not None:
            self.panel.let_go()

    @property
    def words(self) -> str:
        """What stands in place of the run; "" where it stands."""
        return self._words.text() if self.currentIndex() == 0 else ""

    def facts(self) -> str:
        """For the status bar."""
        run = self.following.run
        if run is None:
            return ""
        return f"{text.plural(len(run.readable), 'checkpoint')} · {text.plural(len(run.tracks), 'tensor')}"

    def _say(self, words: str) -> None:
        if self.following.run is None:
            self._words.setText(words)
            self.setCurrentIndex(0)
        else:
            self.message.emit(words)

    def _ready(self) -> None:
        run = self.following.run
        assert run is not None
        tree, panel = self._make()
        place = reference(run)
        opened = run.stops[place].opened
        assert opened is not None
        kept = tree.view_state()
        tree.show_checkpoint(opened.checkpoint, opened.anatomy.roles)
        tree.restore_view(kept)
        self._line.say(f"Tensors as {run.title(place)} names them")
        wanted, self._wanted = self._wanted, ""
        if wanted and not tree.select_path(text.parse_path(wanted)):
            self.message.emit(f"Nothing is called {text.escape(wanted)} here")
        panel.show_run()
        self.setCurrentIndex(1)
        self.painted.emit()

    def _look_at(self, tensors: list[int]) -> None:
        """Columns or filter of the tree want statistics."""
        if self.following.run is not None:
            self.following.look_at(reference(self.following.run), tensors)

    def _look_at_all(self) -> None:
        run = self.following.run
        if run is not None:
            place = reference(run)
            self.following.look_at(place, range(run.stops[place].checkpoint.rows), asked=True)

    def _known(self, snapshot: Snapshot) -> None:
        if self.tree is not None:
            self.tree.show_statistics(snapshot, done=True)

    def _make(self) -> tuple[TreePanel, RunPanel]:
        if self.tree is None or self.panel is None:
            from ckpt_gui.gui.run_panel import RunPanel
            from ckpt_gui.gui.tree_panel import TreePanel

            self.tree, self.panel = TreePanel(self), RunPanel(self.following, self)
            self.tree.picked.connect(self.panel.show_picked)
            self.tree.message.connect(self.message)
            self.panel.message.connect(self.message)
            self.tree.statistics_wanted.connect(self._look_at)
            self.tree.compute_wanted.connect(self._look_at_all)
            self.following.known.connect(self._known)
            self.panel.pair_wanted.connect(self.pair_wanted)
            for name in ("compare", "convert"):  # of one file, not of a run
                self.tree.commands[name].setEnabled(False)
                self.tree.commands[name].setToolTip("Open one of the files for that")
            self._line = muted(Elided(self))
            left = QWidget(self)
            column = QVBoxLayout(left)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self._line)
            column.addWidget(self.tree, 1)
            halves = QSplitter(Qt.Orientation.Horizontal, self)
            halves.setChildrenCollapsible(False)
            halves.setHandleWidth(1)
            halves.addWidget(left)
            halves.addWidget(self.panel)
            halves.setSizes([520, 880])
            self.addWidget(halves)
            self.setFocusProxy(self.tree)
        return self.tree, self.panel
