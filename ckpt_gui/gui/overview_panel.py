"""The page on a file as a whole: what it is, where its bytes go, what torch would say. It shows; the core finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui import glossary, rich, theme
from ckpt_gui.gui.bars import Bar, Bars
from ckpt_gui.gui.health_section import HealthSection, State
from ckpt_gui.gui.prose import MAX_LINES, Prose
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.model import Checkpoint
    from ckpt_gui.core.overview import CodeNames, Overview, Share, Trouble
    from ckpt_gui.core.weights_only import Verdict


class OverviewPanel(QScrollArea):
    """Shows one Overview.

    Signals:
        node_wanted: a link was followed.
        word_wanted: a word of the glossary is to be explained.
        check_wanted: values and checksums are to be looked at.
    """

    node_wanted = Signal(int)
    word_wanted = Signal(str)
    check_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        spoken(self, "Overview", style="plain").setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown: tuple[Checkpoint, Overview] | None = None
        self._state = State(0)
        self._colours: theme.Colours | None = None
        """Those of the page that is shown."""

    def show_overview(self, checkpoint: Checkpoint, overview: Overview, state: State) -> None:
        """Show this one, and where the check of its health stands."""
        same = self._shown is not None and self._shown[1] is overview
        self._shown, self._state = (checkpoint, overview), state
        page = self.widget()
        if same and isinstance(page, _Page):
            page.health.show_state(state)
        else:
            self._render()

    def clear(self) -> None:
        """Show nothing (yet)."""
        self._shown = None
        self.setWidget(QWidget())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            # Colours stand in the texts. Not at once: Qt is walking all widgets, none may go meanwhile.
            QTimer.singleShot(0, self, self._recolour)

    def _recolour(self) -> None:
        if self._colours != theme.of(self.palette()):
            self._render()

    def _render(self) -> None:
        if self._shown is None:
            return
        self._colours = theme.of(self.palette())
        page = _Page(*self._shown, self._state, self._colours)
        page.followed.connect(self._follow)
        page.health.check_wanted.connect(self.check_wanted)
        self.setWidget(page)

    def _follow(self, href: str) -> None:
        if word := rich.linked_word(href):
            self.word_wanted.emit(word)
        elif (node := rich.linked_node(href)) is not None:
            self.node_wanted.emit(node)


class _Page(Prose):
    """The content, made once for one Overview and one theme."""

    def __init__(self, checkpoint: Checkpoint, overview: Overview, state: State, colours: theme.Colours) -> None:
        super().__init__()
        self._colours = colours
        self.add_figures(_figures(checkpoint, overview))
        self._alarms(overview)
        self.health = HealthSection(state, colours)
        self.health.followed.connect(self.followed)
        self.box.addWidget(self.health)
        self.add_list("What this is", [rich.leading(entry.text, entry.node, colours) for entry in overview.sentences])
        # The rest in the next turn of the event loop: together they would be felt as a stall.
        QTimer.singleShot(0, self, lambda: self._rest(overview))

    def _rest(self, overview: Overview) -> None:
        charts = (
            ("Bytes by role", overview.by_role),
            ("Bytes by dtype", overview.by_dtype),
            ("Bytes by device", overview.by_device),
        )
        every = [_bar(share) for _title, shares in charts for share in shares]
        for title, shares in charts:
            self._bars(title, shares, every)
        self.add_list("Why it is so big", [
            f"<b>{text.size(entry.nbytes)}</b>&nbsp; {rich.escape(entry.text)}" for entry in overview.savings
        ])  # fmt: skip
        self.add_list("Storages", [rich.leading(entry.text, entry.node, self._colours) for entry in overview.storages])
        self.add_list("torch.load(weights_only=True), torch 2.6 and later", _verdict(overview.weights_only))
        self.add_list("Names its pickle refers to", _code(overview.code, self._colours))
        words = [rich.explained(entry.title, entry.name, self._colours) for entry in glossary.ENTRIES]
        self.add_list("Words explained", [" &nbsp; ".join(words)])
        self.box.addStretch(1)

    def _alarms(self, overview: Overview) -> None:
        mark = f'<span style="color:{self._colours.alarm}">▲</span> '
        notes = [rich.escape(note) for note in overview.notes]
        self.add_list("Notes and problems", notes + [mark + self._trouble(entry) for entry in overview.problems])

    def _trouble(self, trouble: Trouble) -> str:
        """One line of the list; each path in it leads to its row."""
        links = [rich.leading(place.name, place.node, self._colours) for place in trouble.places]
        return replace(trouble, text=rich.escape(trouble.text)).words(links)

    def _bars(self, title: str, shares: Sequence[Share], every: Sequence[Bar]) -> None:
        if shares:
            self.add_title(title)
            self.box.addWidget(Bars(title, [_bar(share) for share in shares], every))


def _figures(checkpoint: Checkpoint, overview: Overview) -> list[tuple[str, str]]:
    return [
        ("Parameters", text.count(overview.params)), ("Tensors", f"{checkpoint.rows:,}"),
        ("On disk", text.size(checkpoint.nbytes)), ("Format", checkpoint.format),
    ]  # fmt: skip


def _bar(share: Share) -> Bar:
    figure = f"{text.size(share.nbytes)} · {100 * share.share_of_file:.1f} % · {text.plural(share.tensors, 'tensor')}"
    return Bar(text.escape(share.name), share.share_of_file, figure)


def _verdict(verdict: Verdict) -> list[str]:
    said = {True: "✓ accepts this file.", False: "✗ refuses this file.", None: "Does not apply."}[verdict.accepted]
    entries = [rich.escape(" ".join(filter(None, (said, text.escape(verdict.why)))))]
    if verdict.needs:
        entries.append(
            "It would need: " + ", ".join(f"<code>{rich.escape(text.escape(name))}</code>" for name in verdict.needs)
        )
    return entries


def _code(code: CodeNames, colours: theme.Colours) -> list[str]:
    classes = (
        ("Unknown code", code.unknown),
        ("Known torch or NumPy constructors", code.constructor),
        ("Data", code.data),
    )
    return [
        f'<span style="color:{colours.muted}">{name} ({len(names)})</span>&nbsp; '
        + ", ".join(f"<code>{rich.escape(text.escape(one))}</code>" for one in names[:MAX_LINES])
        for name, names in classes
        if names
    ]
