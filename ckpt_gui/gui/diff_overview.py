"""A comparison as a whole: how much differs, what was frozen, values beside the tensors, what loading would say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QWidget,
)

from ckpt_gui.core import text
from ckpt_gui.core.diff.columns import GLYPHS, MEANING, number
from ckpt_gui.core.diff.values import Line, lines
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import rich, theme
from ckpt_gui.gui.bars import Bar, Bars
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.prose import MAX_LINES, Prose
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.diff.nouns import Row
    from ckpt_gui.core.diff.whole import Whole
    from ckpt_gui.core.pairing import Advice, Pairing, ValueChange


class DiffOverview(QScrollArea):
    """Shows one comparison.

    Signals:
        place_wanted: a link to a pair was followed.
        message: a sentence for the status bar.
        told: what happened, in a sentence; once all is compared.
    """

    place_wanted = Signal(int)
    message = Signal(str)
    told = Signal(str)

    def __init__(self, comparison: Comparison, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        spoken(self, "Overview of the comparison", style="plain").setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._comparison, self._jobs = comparison, jobs
        self._whole: Whole | None = None
        self._colours: theme.Colours | None = None
        for signal in (comparison.paired, comparison.finished, comparison.stopped):
            signal.connect(self._gather)
        self._gather()

    def let_go(self) -> None:
        """Work no longer."""
        self._jobs.cancel(self._slot())

    def _slot(self) -> str:
        return f"overview of comparison {id(self._comparison)}"

    def _gather(self) -> None:
        """What is known by now, worked out by a job."""
        pairing, rows = self._comparison.pairing, list(self._comparison.rows)
        if pairing is not None:
            self._jobs.run(self._slot(), lambda report: _whole(pairing, rows, report), self._show)

    def _show(self, whole: Whole) -> None:
        self._whole = whole
        if whole.story:
            self.told.emit(whole.story)
        self._render()

    def _render(self) -> None:
        if self._whole is None:
            return
        self._colours = theme.of(self.palette())
        at = self.verticalScrollBar().value()
        page = _Page(self._whole, self._comparison.rows, self._colours)
        page.followed.connect(self._follow)
        page.copied.connect(self.message)
        self.setWidget(page)
        QTimer.singleShot(0, self, lambda: self.verticalScrollBar().setValue(at))

    def _follow(self, href: str) -> None:
        if (place := rich.linked_node(href)) is not None:
            self.place_wanted.emit(place)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._recolour)  # Qt is walking all widgets, none may go meanwhile

    def _recolour(self) -> None:
        if self._colours != theme.of(self.palette()):
            self._render()


def _whole(pairing: Pairing, rows: Sequence[Row], _report: Report) -> Whole:
    from ckpt_gui.core.diff.whole import whole

    return whole(pairing, rows)


class _Page(Prose):
    """The content, made once for what is known and one theme."""

    def __init__(self, whole: Whole, rows: Sequence[Row], colours: theme.Colours) -> None:
        super().__init__()
        self._colours = colours
        self.add_figures(_figures(whole), across=8)
        self._story(whole, rows)
        total = sum(whole.counts.values()) + whole.waiting
        bars = [
            Bar(f"{GLYPHS[change]} {change}", count / total, f"{count:,} · {MEANING[change]}")
            for change, count in whole.counts.items()
            if count
        ]
        if bars:
            self.add_title("Pairs by change")
            self.box.addWidget(Bars("Pairs by change", bars))
        self.add_list("Changed most", [self._moved(rows[place], place) for place in whole.moved])
        self._values(whole.values)
        self._loading(whole.advice)
        self.add_list("What else there is to know", [rich.escape(text.escape(hint)) for hint in whole.hints])
        self.box.addStretch(1)

    def _story(self, whole: Whole, rows: Sequence[Row]) -> None:
        lines = [rich.escape(text.escape(whole.story))] if whole.story else []
        if whole.peak is not None:
            found = rows[whole.peak.place]
            words = f"The change stands out in {text.escape(whole.peak.name)}: relative L2 {number(whole.peak.rel_l2)}"
            lines.append(f"{rich.escape(words)}, most of all in "
                         f"{rich.leading(text.escape(found.key), whole.peak.place, self._colours)}")  # fmt: skip
        if whole.waiting:
            lines.append(f"{text.plural(whole.waiting, 'pair')} not compared yet.")
        self.add_list("What happened", lines)

    def _moved(self, row: Row, place: int) -> str:
        figure = (
            f'<span style="color:{self._colours.muted}">{number(row.measures.rel_l2 if row.measures else None)}</span>'
        )
        return f"{rich.leading(text.escape(row.key), place, self._colours)}&nbsp;&nbsp; {figure}"

    def _values(self, values: Sequence[ValueChange]) -> None:
        if not values:
            return
        self.add_title(f"Values beside the tensors that differ ({len(values):,})")
        head = "".join(f'<th align="left" style="color:{self._colours.muted}">{one}</th>' for one in ("", "A", "B"))
        listed = lines(values)
        shown = "".join(map(_row, listed[:MAX_LINES]))
        more = f"<tr><td>… and {len(listed) - MAX_LINES:,} more lines</td></tr>" if len(listed) > MAX_LINES else ""
        width = 'cellspacing="0" cellpadding="3" width="100%"'
        table = self.add_text(f"<table {width}><tr>{head}</tr>{shown}{more}</table>")
        table.setAccessibleName("Values that differ")

    def _loading(self, advice: Advice) -> None:
        self.add_title("Loading A into B's model: model.load_state_dict(A)")
        if advice.text:
            self.add_code("What torch would say", advice.text)
        if advice.helps_strict:
            self.add_text(rich.escape(text.escape(advice.helps_strict)))
        if advice.snippet:
            self.add_code("Python that loads it", advice.snippet)


def _figures(whole: Whole) -> list[tuple[str, str]]:
    counts, found = whole.counts, whole.measures
    differ = sum(count for change, count in counts.items() if change not in ("same", "close"))
    figures = [
        ("Pairs", f"{sum(counts.values()) + whole.waiting:,}"), ("Same", f"{counts['same']:,}"),
        ("Different", f"{differ:,}"),
    ]  # fmt: skip
    if found is not None:
        figures += [("Relative L2", number(found.rel_l2) or "–"), ("max |Δ|", number(found.max_abs) or "–")]
    return figures


def _row(line: Line) -> str:
    if line.more:
        return f'<tr><td colspan="3">… {line.more:,} more beneath {_cell(line.path)}</td></tr>'
    return f"<tr><td>{_cell(line.path)}</td><td>{_cell(line.left)}</td><td>{_cell(line.right)}</td></tr>"


def _cell(words: str | None) -> str:
    """A value's text; of one that the side does not have a dash."""
    return "–" if words is None else rich.escape(text.escape(text.clip(words, 200)))
