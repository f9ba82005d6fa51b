"""From rows of a tree to lines of a chart, and what these are called."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.trend.gather import run_of
from ckpt_gui.core.trend.nouns import Run, Subject
from ckpt_gui.core.trend.pick import MOST_LINES, nbytes, reference, short_names, subjects
from tests.core.trend.runs import plain

KEYS = st.one_of(st.text("ab.", min_size=1, max_size=6), st.integers(0, 3))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Two blocks and an embedding; the middle file lacks the embedding."""
    state = {f"h.{layer}.{part}.weight": torch.ones(4, 2) for layer in range(2) for part in ("q", "k", "v", "o")}
    whole = {**state, "embed": torch.ones(5)}
    return run_of(plain(tmp_path / "run", [whole, state, whole]))


def node(run: Run, place: int, label: str) -> int:
    nodes, texts = run.stops[place].checkpoint.nodes, run.stops[place].checkpoint.texts
    return next(at for at in range(1, len(nodes)) if texts[nodes.label[at]] == label)


def test_the_last_file_with_all_tensors_stands_for_the_run(run: Run) -> None:
    assert reference(run) == 2


def test_nothing_picked_is_the_weights_part_by_part(run: Run) -> None:
    found = subjects(run, 2, [], as_one=False)
    assert sum(len(one.tracks) for one in found) == 9
    assert len({track for one in found for track in one.tracks}) == 9
    assert 6 <= len(found) <= MOST_LINES
    (whole,) = subjects(run, 2, [], as_one=True)
    assert len(whole.tracks) == 9


def test_a_group_as_one_has_its_name(run: Run) -> None:
    (one,) = subjects(run, 2, [node(run, 2, "h")], as_one=True)
    assert (one.name, one.path, len(one.tracks)) == ("h", ("h",), 8)
    several = subjects(run, 2, [node(run, 2, "h"), node(run, 2, "embed")], as_one=False)
    assert [one.name for one in several] == ["h", "embed"]
    (both,) = subjects(run, 2, [node(run, 2, "h"), node(run, 2, "embed")], as_one=True)
    assert len(both.tracks) == 9


def test_bytes_are_those_of_all_files(run: Run) -> None:
    (whole,) = subjects(run, 2, [], as_one=True)
    assert nbytes(run, [whole]) == 4 * (3 * 8 * 8 + 2 * 5)


def test_names_without_what_all_share(run: Run) -> None:
    found = subjects(run, 2, [node(run, 2, "h")], as_one=False)
    assert short_names(found)[0] in ("0.q.weight", "0.q", "0")
    assert all(not name.startswith("h.") for name in short_names(found))


@given(st.lists(st.lists(KEYS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=5, unique=True))
def test_short_names_tell_apart_and_are_never_empty(paths: list[tuple[str | int, ...]]) -> None:
    held = [Subject(repr(path), path, ()) for path in paths]
    names = short_names(held)
    assert len(names) == len(held)
    if len({"/".join(map(str, path)) for path in paths}) == len(paths):
        assert len(set(names)) == len(names)
