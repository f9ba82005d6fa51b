"""Which rows stand where: for a filter, an order, folded families, as a tree or as one flat list.

A row is an int. Those below ``len(nodes)`` are nodes; those above stand for several siblings: a family of alike
layers, or a thousand entries of a very long list. The root node has no row of its own unless it is all there is;
``ROOT`` is what is above the topmost rows. A parent's rows are computed when it is opened, and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, groupby
from typing import Any

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.outline.columns import COLUMNS, Column, column
from ckpt_gui.core.outline.facts import Facts
from ckpt_gui.core.text import escape

ROOT = -1
SHOWN_ALIKE = 3
"""Layers of a family that stay in sight, so that a person sees what the folded ones are alike to."""
MIN_FAMILY = 6
"""Rows that are worth folding."""
MAX_SIBLINGS = 2000
"""More than these under one parent are shown by the thousand: Qt lays out every sibling at once."""
PART = 1000
_HOLDERS = frozenset((Kind.GROUP, Kind.MAPPING, Kind.OBJECT, Kind.SEQUENCE))


@dataclass(frozen=True, slots=True)
class Span:
    """A row that stands for several siblings."""

    parent: int
    rows: tuple[int, ...]
    label: str
    note: str


class Outline:
    """One arrangement of one checkpoint's nodes."""

    def __init__(
        self,
        facts: Facts,
        *,
        kept: bytes | bytearray | None = None,
        sort: tuple[str, bool] | None = None,
        fold: bool = True,
        flat: bool = False,
    ) -> None:
        self.facts = facts
        self.kept = kept
        """One byte a node, 0 for those a filter leaves out; None: all stay."""
        self.sort = sort
        """Column key, and whether downwards; None: the file's order."""
        self.fold = fold and kept is None
        """A filtered tree folds nothing: what was searched for must be in sight."""
        self.flat = flat
        self._nodes = facts.nodes
        self._size = len(facts.nodes)
        self._rows: dict[int, Sequence[int]] = {}
        self._place: dict[int, int] = {}
        self._above: dict[int, int] = {}
        self._spans: list[Span] = []
        self._texts: dict[tuple[int, int], str] = {}

    # ------------------------------------------------------------------ where rows stand

    def rows(self, parent: int) -> Sequence[int]:
        """The rows beneath that row, in order."""
        known = self._rows.get(parent)
        return known if known is not None else self._open(parent)

    def parent(self, row: int) -> int:
        """The row above; ROOT for the topmost. Its rows must have been asked for."""
        if self.flat:
            return ROOT
        above = self._above.get(row)
        if above is not None:
            return above
        if row >= self._size:
            return self._spans[row - self._size].parent
        return self._nodes.parent[row] or ROOT

    def place(self, row: int) -> int:
        """The row's place among its siblings."""
        siblings = self.rows(self.parent(row))
        if isinstance(siblings, range):
            return row - siblings.start
        return siblings.index(row) if self.flat else self._place[row]

    def opens(self, row: int) -> bool:
        """Are there rows beneath?"""
        return not self.flat and (row >= self._size or self._nodes.count[row] > 0)

    def trail(self, node: int) -> list[int]:
        """The rows from the topmost down to that node, spans included; none if it has no row here."""
        if (self.kept is not None and not self.kept[node]) or (node == 0 and self._nodes.count[0]):
            return []
        if self.flat:
            return [node] if self._nodes.tensor[node] >= 0 else []
        chain = [node, *(above for above in self.facts.checkpoint.ancestors(node) if above > 0)]
        trail: list[int] = []
        for one in reversed(chain):
            last = trail[-1] if trail else ROOT
            self.rows(last)
            steps = [one]
            while (above := self.parent(steps[-1])) != last:
                steps.append(above)
            for step in steps[:0:-1]:
                self.rows(step)
            trail += reversed(steps)
        return trail

    def members(self, row: int) -> Sequence[int]:
        """The nodes that the row speaks for."""
        if row < self._size:
            return (row,)
        found: list[int] = []
        for one in self._spans[row - self._size].rows:
            found.extend(self.members(one))
        return found

    def opened(self, level: int, limit: int, start: int = ROOT) -> tuple[list[int], bool]:
        """Rows to expand so that ``level`` levels show, and whether that met ``limit`` rows in sight."""
        opened: list[int] = []
        frontier: Sequence[int] = [row for row in self.rows(start) if self.opens(row)]
        shown = len(self.rows(start))
        for _ in range(level):
            below: list[int] = []
            for row in frontier:
                rows = self.rows(row)
                if shown + len(rows) > limit:
                    return opened, True
                shown += len(rows)
                opened.append(row)
                below += [one for one in rows if self.opens(one)]
            if not below:
                break
            frontier = below
        return opened, False

    def opened_depth_first(self, limit: int) -> tuple[list[int], bool]:
        """The same to the very leaves, from the top down: the first matches of a filter come into sight."""
        opened: list[int] = []
        shown = len(self.rows(ROOT))
        pending = [row for row in reversed(self.rows(ROOT)) if self.opens(row)]
        while pending:
            row = pending.pop()
            rows = self.rows(row)
            if shown + len(rows) > limit:
                return opened, True
            shown += len(rows)
            opened.append(row)
            pending += [one for one in reversed(rows) if self.opens(one)]
        return opened, False

    # ------------------------------------------------------------------ what rows say

    def text(self, row: int, place: int) -> str:
        """What the cell in the ``place``-th of COLUMNS says."""
        mark = (row, place)
        known = self._texts.get(mark)
        if known is None:
            if len(self._texts) > 50_000:
                self._texts.clear()
            known = self._texts[mark] = self._say(row, COLUMNS[place])
        return known

    def forget_texts(self) -> None:
        """The facts know more: cells are to be worded anew."""
        self._texts.clear()

    def _say(self, row: int, column: Column) -> str:
        if column.key == "key":
            note = self.note(row)
            return f"{self.label(row)}   {note}" if note else self.label(row)
        return column.text(self.facts, self.members(row))

    def label(self, row: int) -> str:
        """The row's name; a tensor that does not hold together is marked."""
        if row >= self._size:
            return self._spans[row - self._size].label
        mark = "▲ " if self.facts.problem(row) else ""
        return mark + (escape(self.facts.path(row)) if self.flat else self.facts.label(row))

    def note(self, row: int) -> str:
        """What stands behind the name."""
        return self._spans[row - self._size].note if row >= self._size else self.facts.note(row)

    def tip(self, row: int) -> str:
        """Sentences on the row, a line each."""
        if row < self._size:
            return self.facts.tip(row)
        span = self._spans[row - self._size]
        return f"{span.label} {span.note}"

    def is_bad(self, row: int) -> bool:
        """Is this a tensor that does not hold together?"""
        return row < self._size and self.facts.problem(row) != ""

    def is_heading(self, row: int) -> bool:
        """A topmost part that holds tensors."""
        return not self.flat and self.opens(row) and row < self._size and self._is_top(row)

    def _is_top(self, row: int) -> bool:
        return self._nodes.parent[row] == 0 and self._nodes.tensors[row] > 0

    # ------------------------------------------------------------------ arranging

    def _open(self, parent: int) -> Sequence[int]:
        if parent >= self._size:
            rows: Sequence[int] = self._spans[parent - self._size].rows
        elif self.flat:
            rows = self._sorted(self._all_tensors()) if parent == ROOT else ()
        else:
            rows = self._arranged(parent)
        self._rows[parent] = rows
        if not isinstance(rows, range) and not self.flat:
            self._place.update(zip(rows, range(len(rows)), strict=True))
        return rows

    def _all_tensors(self) -> Sequence[int]:
        checkpoint = self.facts.checkpoint
        nodes = checkpoint.tensors.node[: checkpoint.rows]
        return nodes if self.kept is None else list(compress(nodes, map(self.kept.__getitem__, nodes)))

    def _arranged(self, parent: int) -> Sequence[int]:
        children: Sequence[int] = self.facts.checkpoint.children(max(parent, 0))
        if parent == ROOT and not children:
            children = range(1)
        if self.kept is not None:
            children = list(compress(children, self.kept[children[0] : children[-1] + 1])) if children else ()
        if self.fold and len(children) >= SHOWN_ALIKE + MIN_FAMILY:
            children = self._folded(parent, children)
        children = self._sorted(children)
        return self._parted(parent, children) if len(children) > MAX_SIBLINGS else children

    def _folded(self, parent: int, children: Sequence[int]) -> Sequence[int]:
        """The same with long runs of alike numbered siblings cut short."""
        rows: list[int] = []
        for form, run in groupby(children, self._form):
            members = list(run)
            if form is None or len(members) < SHOWN_ALIKE + MIN_FAMILY:
                rows += members
                continue
            folded = members[SHOWN_ALIKE:]
            label = f"{self.facts.label(folded[0])} … {self.facts.label(folded[-1])}"
            rows += members[:SHOWN_ALIKE]
            rows.append(self._span(parent, folded, label, f"({len(folded):,} alike)"))
        return rows if len(rows) < len(children) else children

    def _form(self, node: int) -> tuple[int, str] | None:
        """Equal for siblings of one family; None for what is in none."""
        nodes = self._nodes
        if not nodes.count[node] or nodes.kind[node] not in _HOLDERS or nodes.alike[node] < 0:
            return None
        number, _, rest = self.facts.checkpoint.texts[nodes.label[node]].partition(".")
        return (nodes.alike[node], rest) if number.isdecimal() else None

    def _parted(self, parent: int, rows: Sequence[int]) -> Sequence[int]:
        """Very many rows, by the thousand."""
        spans = []
        for start in range(0, len(rows), PART):
            part = rows[start : start + PART]
            label = f"{self.label(part[0])} … {self.label(part[-1])}"
            spans.append(self._span(parent, part, label, f"({start + 1:,} to {start + len(part):,} of {len(rows):,})"))
        return spans

    def _span(self, parent: int, rows: Iterable[int], label: str, note: str) -> int:
        number = self._size + len(self._spans)
        span = Span(parent, tuple(rows), label, note)
        self._spans.append(span)
        self._above.update(dict.fromkeys(span.rows, number))
        return number

    def _sorted(self, rows: Sequence[int]) -> Sequence[int]:
        """By the chosen column; rows with nothing to sort by come last either way, in the file's order."""
        if self.sort is None or len(rows) < 2:
            return rows
        chosen = column(self.sort[0])
        keys = self._sort_keys(chosen, rows)
        last = [row for row, key in zip(rows, keys, strict=True) if key is None]
        if last:
            pairs = [(row, key) for row, key in zip(rows, keys, strict=True) if key is not None]
            rows, keys = [row for row, _ in pairs], [key for _, key in pairs]
        order = sorted(range(len(rows)), key=keys.__getitem__, reverse=self.sort[1])
        return [rows[place] for place in order] + last

    def _sort_keys(self, column: Column, rows: Sequence[int]) -> list[Any]:
        if column.key == "key" and self.flat:
            return list(map(self.facts.by_path.__getitem__, rows))
        key = column.sort_by(self.facts)
        if not self._spans:
            return list(map(key, rows))
        return [key(row) if row < self._size else self._span_key(column, key, row) for row in rows]

    def _span_key(self, column: Column, key: Any, row: int) -> Any:
        members = self.members(row)
        if not column.adds:
            return key(members[0])
        values = [value for value in map(key, members) if value is not None]
        return sum(values) if values else None
