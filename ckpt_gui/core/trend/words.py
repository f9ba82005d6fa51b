"""What is said of a run and of what was found in it, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core import text
from ckpt_gui.core.stats.nouns import Number
from ckpt_gui.core.trend.evolution import Evolution
from ckpt_gui.core.trend.first_nan import Bad, FirstNan
from ckpt_gui.core.trend.nouns import Run
from ckpt_gui.core.trend.series import Line
from ckpt_gui.core.trend.statistics import CHANGE, TITLES

LISTED = 5
CHANGE_TITLE = "Change from the step before"


def title(statistic: str) -> str:
    """What a statistic is called over a chart."""
    return CHANGE_TITLE if statistic == CHANGE else TITLES[statistic]


def number(value: Number | None) -> str:
    """A value, short; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**9 else f"{value:.4g}"


def heading(run: Run) -> str:
    """One line: how many files, from where to where, by which evidence."""
    readable = [run.stops[place].label for place in run.readable]
    span = f", {run.unit} {readable[0]} to {readable[-1]}" if run.unit != "file" and len(readable) > 1 else ""
    lost = len(run.stops) - len(readable)
    bad = f" {text.plural(lost, 'file')} cannot be opened." if lost else ""
    return f"{run.evidence[:-1]}{span}.{bad}"


def read_out(run: Run, line: Line, place: int, statistic: str) -> str:
    """One point of a chart."""
    value = f"{title(statistic).lower()} {number(line.values[place])}"
    words = f"{text.escape(line.subject.name)} at {run.title(place)}: {value}"
    if line.nonfinite[place]:
        became = "became " if statistic == CHANGE else ""
        words += f", {text.plural(line.nonfinite[place], 'value')} {became}NaN or Inf"
    total = len(line.subject.tracks)
    if total > 1 and 0 < line.members[place] < total:
        words += f" (of {line.members[place]:,} of {text.plural(total, 'tensor')})"
    return words + (f"; {text.escape(line.why[place])}" if line.why[place] else "")


def description(run: Run, lines: Sequence[Line], statistic: str) -> str:
    """A chart, for who does not see it."""
    told = [f"{title(statistic)} of {text.plural(len(lines), 'line')} over {text.plural(len(run.stops), 'file')}."]
    for line in lines[:LISTED]:
        held = [place for place in run.readable if line.values[place] is not None]
        if not held:
            told.append(f"{text.escape(line.subject.name)}: nothing to show.")
            continue
        first, last = held[0], held[-1]
        told.append(
            f"{text.escape(line.subject.name)}: {number(line.values[first])} at {run.title(first)}, "
            f"{number(line.values[last])} at {run.title(last)}."
        )
        if bad := [place for place in run.readable if line.nonfinite[place]]:
            told.append(f"NaN or Inf from {run.title(bad[0])} on." if bad[-1] == run.readable[-1] else
                        f"NaN or Inf at {text.join_words(run.titles(bad), 4)}.")  # fmt: skip
    if len(lines) > LISTED:
        told.append(f"And {len(lines) - LISTED:,} more.")
    return " ".join(told)


def nan_answer(run: Run, found: FirstNan) -> tuple[str, ...]:
    """The first step with NaN: the answer, what it rests on, and what could not be read."""
    were = "was" if len(found.looked_at) == 1 else "were"
    looked = f"{len(found.looked_at):,} of {text.plural(found.candidates, 'file')} {were} looked at"
    told: list[str] = []
    if found.place is None and not found.looked_at:
        told.append("Not one of these files could be looked at.")
    elif found.place is None:
        last = run.title(found.looked_at[-1])
        told.append(
            f"No NaN at {last}. NaN is taken to stay once it is there, so there is none before it either; {looked}."
        )
    else:
        told.append(f"NaN first at {run.title(found.place)}: {_where(found.found)}.")
        if found.before is not None:
            told.append(f"{_capital(run.title(found.before))} was looked at too and has none. "
                        f"NaN is taken to stay once it is there; {looked}.")  # fmt: skip
        else:
            told.append(f"That is the first file; {looked}.")
    if found.skipped:
        told.append(f"Could not be read: {text.join_words(run.titles([place for place, _why in found.skipped]), 4)}.")
    return tuple(told)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:] if words.startswith(("step", "epoch")) else words


def _where(found: Sequence[Bad]) -> str:
    listed = [f"{text.escape(bad.track.name)} ({bad.count:,}{_at(bad)})" for bad in found[:LISTED]]
    more = f" and {len(found) - LISTED:,} more tensors" if len(found) > LISTED else ""
    return "; ".join(listed) + more


def _at(bad: Bad) -> str:
    return f", the first at {list(bad.where)}" if bad.where else ""


def stop_line(run: Run, found: Evolution, place: int) -> str:
    """The chosen step of a distribution's evolution."""
    stop, one = run.stops[place], found.briefs[place]
    if one is None:
        return f"{run.title(place)}: {text.escape(stop.problem) or 'no values'}"
    bad = f" · {one.nan + one.infinite:,} NaN or Inf" if one.nan + one.infinite else ""
    if not one.finite:
        return f"{run.title(place)}: no finite value{bad}"
    spread = f"mean {number(one.mean)} · std {number(one.std)} · {number(one.min)} … {number(one.max)}"
    return f"{run.title(place)}: {spread}{bad}"


def distribution_description(run: Run, found: Evolution, place: int) -> str:
    """The ridges, for who does not see them."""
    held = sum(one is not None for one in found.histograms)
    if not len(found.edges):
        return "There is no finite value in any of these files."
    return (
        f"Histograms of {text.escape(found.subject.name)} at {text.plural(held, 'step')}, from "
        f"{number(float(found.edges[0]))} to {number(float(found.edges[-1]))}. {stop_line(run, found, place)}."
    )


def pair_words(run: Run, left: int, right: int) -> str:
    """What a link to two files compared says."""
    return f"Compare {run.title(left)} with {run.title(right)}"
