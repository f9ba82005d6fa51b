"""What is said of a checkpoint whose end is missing, in words and in numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_gui.core.overview import Overview, overview
from ckpt_gui.core.reader import Opened, read
from ckpt_gui.core.words import info_words
from ckpt_gui.resources_path import resource

CUT = 60_000


@pytest.fixture
def cut(tmp_path: Path) -> Opened:
    path = tmp_path / "cut.ckpt"
    path.write_bytes(Path(resource("demo/epoch_003.ckpt")).read_bytes()[:CUT])
    return read(path)


@pytest.fixture
def page(cut: Opened) -> Overview:
    return overview(cut.checkpoint, cut.anatomy)


def test_one_reason_is_one_line_with_its_first_rows(cut: Opened, page: Overview) -> None:
    texts = [trouble.text for trouble in page.problems]
    assert len(set(texts)) == len(texts)
    missing = next(trouble for trouble in page.problems if "is missing" in trouble.text)
    assert missing.count > 10
    assert [place.node for place in missing.places] == [
        cut.checkpoint.find(tuple(place.name.split("/"))) for place in missing.places
    ]
    assert len(missing.places) == 3
    assert missing.words().endswith(f"and {missing.count - 3:,} more)")


def test_the_cause_is_told_first(cut: Opened) -> None:
    lines = list(info_words(cut))
    amiss = lines.index("Amiss")
    assert amiss < lines.index("What it is")
    assert "directory is missing" in lines[amiss + 1]
    assert len([line for line in lines if "the part of the file that is missing" in line and "tensors:" in line]) == 1
