"""What each step of a run changed: the relative L2 of the difference to the stop before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack

from ckpt_gui.core.diff.compare import Plan, measured, plan
from ckpt_gui.core.diff.nouns import Measures
from ckpt_gui.core.diff.rollup import together
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.trend.ledger import Ledger, PairOf, Part
from ckpt_gui.core.trend.nouns import Run, Subject, Track
from ckpt_gui.core.trend.series import Line


def changes(
    run: Run,
    subjects: Sequence[Subject],
    *,
    ledger: Ledger | None = None,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> tuple[Line, ...]:
    """‖Δ‖ / ‖the values before‖ of each subject at each stop; Δ is to the last stop before that holds the tensor.

    None at the first. Elements that are NaN or infinite on one side do not count in the norms
    (``diff.nouns.Measures``); ``Line.nonfinite`` counts those that became so. Two files are open at a time.
    Raises what ``report`` raises.
    """
    ledger = ledger or Ledger(run)
    wanted = dict.fromkeys(pair for subject in subjects for track in subject.tracks for pair in _pairs(track))
    _compare(ledger, [pair for pair in wanted if ledger.measures(pair) is None], report, executor, workers)
    return tuple(_line(ledger, subject) for subject in subjects)


def _pairs(track: Track) -> Iterator[PairOf]:
    """The stops that hold it, each with the one before."""
    before: tuple[int, int] | None = None
    for place, tensor in enumerate(track.tensors):
        if tensor < 0:
            continue
        if before is not None:
            yield (*before, place, tensor)
        before = (place, tensor)


def _compare(ledger: Ledger, wanted: Sequence[PairOf], report: Report, executor: Executor | None, workers: int) -> None:
    steps: dict[tuple[int, int], list[PairOf]] = {}
    for pair in wanted:
        steps.setdefault((pair[0], pair[2]), []).append(pair)
    nbytes = {step: sum(_size(ledger.run, pair) for pair in pairs) for step, pairs in steps.items()}
    part = Part(report, sum(nbytes.values()))
    for step in sorted(steps):
        _compare_step(ledger, step, steps[step], part, executor, workers)
        part.next(nbytes[step])


def _size(run: Run, pair: PairOf) -> int:
    left, one, right, other = pair
    return sum(run.stops[at].checkpoint.tensors.nbytes[tensor] for at, tensor in ((left, one), (right, other)))


def _compare_step(
    ledger: Ledger,
    step: tuple[int, int],
    pairs: Sequence[PairOf],
    report: Report,
    executor: Executor | None,
    workers: int,
) -> None:
    plans: dict[int, Plan] = {}
    alike = _alike(ledger.run, pairs)
    with ExitStack() as stack:
        left, right = (stack.enter_context(Reading(ledger.run.stops[place].checkpoint)) for place in step)
        for number, twins in enumerate(alike):
            try:
                plans[number] = _plan(ledger.run, left, right, twins[0])
            except ReadError as exc:
                _note(ledger, twins, exc)
        for number, found in measured(plans, report, executor, workers):
            _note(ledger, alike[number], found)


def _note(ledger: Ledger, twins: Sequence[PairOf], found: Measures | ReadError) -> None:
    for pair in twins:
        ledger.note(pair, str(found) if isinstance(found, ReadError) else found)


def _alike(run: Run, pairs: Sequence[PairOf]) -> list[list[PairOf]]:
    """Pairs, those together that compare the same two windows: tied tensors."""
    groups: dict[object, list[PairOf]] = {}
    for pair in pairs:
        key = tuple(run.stops[at].checkpoint.window(tensor) for at, tensor in (pair[:2], pair[2:]))
        groups.setdefault(key, []).append(pair)
    return list(groups.values())


def _plan(run: Run, left: Reading, right: Reading, pair: PairOf) -> Plan:
    if sentence := _unlike(run, pair):
        raise ReadError(sentence)
    return plan(left, pair[1], right, pair[3])


def _unlike(run: Run, pair: PairOf) -> str:
    """Why two tensors cannot be compared, as far as their shapes tell."""
    left, right = (run.stops[at].checkpoint.shape(tensor) for at, tensor in (pair[:2], pair[2:]))
    return f"the shape was {left} before and is {right} now" if left != right else ""


def _line(ledger: Ledger, subject: Subject) -> Line:
    stops = range(len(ledger.run.stops))
    held: dict[int, list[Measures]] = {place: [] for place in stops}
    why = {place: ledger.run.stops[place].problem for place in stops}
    for track in subject.tracks:
        for pair in _pairs(track):
            found = ledger.measures(pair)
            if isinstance(found, str):
                why[pair[2]] = why[pair[2]] or found
            elif found is not None:
                held[pair[2]].append(found)
    whole = {place: together(measures) for place, measures in held.items()}
    return Line(
        subject,
        tuple(one.rel_l2 if (one := whole[place]) is not None else None for place in stops),
        tuple(one.nan_right + one.inf_right if (one := whole[place]) is not None else 0 for place in stops),
        tuple(len(held[place]) for place in stops),
        tuple(why[place] for place in stops),
    )
