"""A reading process kept ready reads as any other does, and goes with the window."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ckpt_gui.core import wire
from ckpt_gui.gui import child
from ckpt_gui.gui.reading import frames


@pytest.mark.parametrize("name", ["a.ckpt", "ü b\n.ckpt", os.fsdecode(b"\xff.ckpt")])
def test_the_one_that_waits_reads(sample: Path, name: str) -> None:
    path = sample.rename(sample.parent / name)
    spare = child.Spare()
    spare.prepare()
    with spare.start(str(path)) as process:
        assert process.args == child.waiter()
        assert process.stdout is not None
        found = dict(frames(process.stdout))
    assert wire.load(found[b"R"]).checkpoint.tensors


def test_a_new_one_takes_the_place_of_one_that_died(sample: Path) -> None:
    spare = child.Spare()
    spare.prepare()
    assert spare._waiting is not None
    spare._waiting.kill()
    spare._waiting.wait()
    with spare.start(str(sample.parent / "gone")) as process:
        assert process.stdout is not None
        told = json.loads(dict(frames(process.stdout))[b"E"])
    assert "gone" in told["text"]


def test_one_that_is_told_nothing_ends_by_itself() -> None:
    spare = child.Spare()
    spare.prepare()
    process = spare._waiting
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # as when the window dies
    assert process.wait(60) == 0
    spare.close()
    assert process.stdout is not None
    assert process.stdout.closed
    spare.close()
