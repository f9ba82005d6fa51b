"""What any opened checkpoint must stand: a way over the wire and back, and being told as JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from ckpt_gui.core import wire
from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.facts import facts
from ckpt_gui.core.info import info_json
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline import COLUMNS, Facts, Outline
from ckpt_gui.core.overview import overview
from ckpt_gui.core.progress import Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.wire import Opened
from ckpt_gui.core.words import info_words


class Hurried(Report):
    """No time for repetitions, whatever the machine."""

    def hurry(self) -> bool:
        return True


def handed_over(opened: Opened) -> Opened:
    """The same after the way from the reading process to the window."""
    return wire.load(b"".join(wire.dump(opened)))


def columns(checkpoint: Checkpoint) -> dict[str, Any]:
    """Everything a checkpoint is made of, comparable; facts as JSON hands them over."""
    plain = {one.name: getattr(checkpoint, one.name) for one in fields(checkpoint)}
    for name in ("nodes", "tensors", "storages"):
        held = plain[name]
        plain[name] = {field: getattr(held, field) for field in held.FIELDS}
    plain["facts"] = json.loads(json.dumps(plain["facts"]))
    plain["extras"] = json.loads(json.dumps({str(key): extra for key, extra in plain["extras"].items()}))
    return plain


def told(opened: Opened) -> dict[str, Any]:
    """``info --json`` of it; NaN and infinity are no JSON."""
    found: dict[str, Any] = json.loads("".join(info_json(opened)), parse_constant=_no_such_number)
    return found


def _no_such_number(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


def show(opened: Opened, nodes: int = 40) -> None:
    """Everything that words and window say of a checkpoint, of its first nodes at least."""
    checkpoint, anatomy = opened.checkpoint, opened.anatomy
    assert all("\n" not in line for line in info_words(opened))
    overview(checkpoint, anatomy)
    outline = Outline(Facts(checkpoint))
    for node in range(min(len(checkpoint.nodes), nodes)):
        facts(checkpoint, anatomy, [node])
        assert outline.tip(node) is not None
        assert [outline.text(node, place) for place in range(len(COLUMNS))]


def survives(path: Path) -> str:
    """Opens what may be damaged: a tree that holds together, or a sentence. Nothing else may escape.

    Returns in short how it ended, for a fuzzer to tell new endings from old ones.
    """
    try:
        opened = read(path, Hurried())
    except OpenError as exc:
        return f"{type(exc).__name__}: {exc}".replace(str(path), "")
    checkpoint = opened.checkpoint
    assert columns(handed_over(opened).checkpoint) == columns(checkpoint)
    assert len(told(opened)["tensors"]) == checkpoint.rows
    show(opened)
    problems = {checkpoint.texts[number] for number in checkpoint.tensors.problem if number >= 0}
    return f"{checkpoint.format}: {sorted(problems)} {checkpoint.notes}"
