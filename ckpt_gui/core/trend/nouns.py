"""What a run is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from ckpt_gui.core import text
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.wire import Opened

Evidence = Literal["step", "epoch", "epoch and step", "number", "name"]
"""What the order of a run rests on: values in the files, a number in their names, or the names alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Stop:
    """One file of a run."""

    path: str
    opened: Opened | None
    """None where it could not be opened."""
    problem: str
    """Why not, in a sentence; "" where it could."""
    label: str
    """What tells it from the others, in a word or two: ``400``, ``epoch 3``, ``final``."""

    @property
    def step(self) -> int | None:
        """The step as the file says; None if it says none."""
        return self.opened.anatomy.step if self.opened is not None else None

    @property
    def epoch(self) -> int | None:
        """The epoch as the file says."""
        return self.opened.anatomy.epoch if self.opened is not None else None

    @property
    def name(self) -> str:
        """The last part of the path, for a person."""
        return text.escape(Path(self.path).name or self.path)

    @property
    def checkpoint(self) -> Checkpoint:
        """What it holds; it must have been opened."""
        assert self.opened is not None
        return self.opened.checkpoint


@dataclass(frozen=True, slots=True)
class Track:
    """One tensor through the run."""

    path: text.Path
    """Keys in the first file that holds it."""
    tensors: tuple[int, ...]
    """Tensor id at each stop; -1 where there is none."""

    @property
    def name(self) -> str:
        """The path as text; not escaped."""
        return text.path_text(self.path)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a line of a chart is about: a tensor, or several as one."""

    name: str
    path: text.Path
    """Of several tensors, the keys of the group they lie under."""
    tracks: tuple[Track, ...]


def alone(track: Track) -> Subject:
    """One tensor as a subject."""
    return Subject(track.name, track.path, (track,))


@dataclass(frozen=True, eq=False)
class Run:
    """Files of one training in order."""

    stops: tuple[Stop, ...]
    """Those that could not be opened stand where their name belongs if names order the run, else at the end."""
    by: Evidence
    evidence: str
    """A sentence: what the order rests on."""
    notes: tuple[str, ...]
    """Sentences: what was left out, and why."""
    tracks: tuple[Track, ...]
    """Every tensor of every file, in the order of the first file that holds it."""

    @cached_property
    def readable(self) -> tuple[int, ...]:
        """Places of the stops that could be opened."""
        return tuple(place for place, stop in enumerate(self.stops) if stop.opened is not None)

    @property
    def unit(self) -> str:
        """What the labels count: ``step``, ``epoch``, or ``file``."""
        return {"step": "step", "epoch": "epoch", "epoch and step": "step", "number": "file", "name": "file"}[self.by]

    def titles(self, places: Sequence[int]) -> list[str]:
        """What a person calls these stops in a sentence: ``step 400``, ``epoch_004.pt``."""
        return [self.title(place) for place in places]

    def title(self, place: int) -> str:
        """What a person calls a stop in a sentence."""
        stop = self.stops[place]
        if self.by == "epoch and step" and stop.opened is not None:
            return f"epoch {stop.epoch} step {stop.step}"
        return f"{self.unit} {stop.label}" if self.unit != "file" and stop.opened is not None else stop.name
