"""Facts and sentences as rich text: every piece of a file's text is escaped here, once.

Links lead to rows of the tree: ``#12`` is node 12; ``#12@3,0`` is the value at [3, 0] of its tensor. ``?dtype`` leads
to the glossary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ckpt_gui.gui import glossary

if TYPE_CHECKING:
    from ckpt_gui.core.facts import Fact, Section
    from ckpt_gui.gui.theme import Colours


def escape(words: str) -> str:
    """Plain text for a place where rich text is read."""
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return words.replace("   ", "&nbsp;&nbsp; ")


def leading(words: str, node: int | None, colours: Colours, place: tuple[int, ...] | None = None) -> str:
    """Words that lead to a node: read as text, with a mark behind; a page of blue lines would shout."""
    if node is None or node < 0:
        return escape(words)
    style = f"text-decoration:none; color:{colours.text}"
    mark = f'<span style="color:{colours.accent}">&nbsp;→</span>'
    where = "" if place is None else "@" + ",".join(map(str, place))
    return f'<a href="#{node}{where}" style="{style}">{escape(words)}{mark}</a>'


def explained(words: str, word: str, colours: Colours) -> str:
    """Words that lead to their explanation in the glossary, if there is one: ``?dtype``."""
    if not word:
        return escape(words)
    mark = f'<span style="color:{colours.accent}">?</span>'
    return f'<a href="?{word}" style="text-decoration:none; color:{colours.muted}">{escape(words)}&nbsp;{mark}</a>'


def linked_word(href: str) -> str:
    """The word of the glossary that a link leads to; "" for another link."""
    return href[1:] if href.startswith("?") else ""


def linked_node(href: str) -> int | None:
    """The node a link leads to."""
    number = href.removeprefix("#")
    return int(number) if number.isdecimal() else None


def linked_place(href: str) -> tuple[int, tuple[int, ...]] | None:
    """The node and the index of the value that a link leads to."""
    node, at, index = href.removeprefix("#").partition("@")
    numbers = index.split(",") if index else []
    if not at or not node.isdecimal() or not all(number.isdecimal() for number in numbers):
        return None
    return int(node), tuple(map(int, numbers))


def facts_table(sections: Sequence[Section], colours: Colours) -> str:
    """Sections of facts as one table: labels muted, values beside them."""
    rows = "".join(_section(section, colours, first=not number) for number, section in enumerate(sections))
    return f'<table cellspacing="0" cellpadding="2" width="100%">{rows}</table>'


def _section(section: Section, colours: Colours, *, first: bool) -> str:
    head = f'<tr><td colspan="2" style="padding-top:{0 if first else 10}px"><b>{escape(section.title)}</b></td></tr>'
    return (head if section.title else "") + "".join(_row(fact, colours) for fact in section.facts)


def _row(fact: Fact, colours: Colours) -> str:
    value = leading(fact.text, fact.node, colours, fact.place)
    if fact.alarm:
        value = f'<span style="color:{colours.alarm}">▲ {value}</span>'
    label = explained(fact.label, glossary.BY_LABEL.get(fact.label, ""), colours)
    label = f'<td style="color:{colours.muted}; padding-right:16px; white-space:nowrap">{label}</td>'
    return f'<tr>{label}<td width="100%">{value}</td></tr>'


def lines(entries: Iterable[str]) -> str:
    """Rich entries, one under the other."""
    return "".join(f'<p style="margin:0 0 3px 0">{entry}</p>' for entry in entries)
