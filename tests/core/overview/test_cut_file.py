"""What is said of a checkpoint whose end is missing, in words and in numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_gui.core.outline import COLUMNS, Facts, Outline
from ckpt_gui.core.overview import Overview, overview
from ckpt_gui.core.reader import Opened, read
from ckpt_gui.core.words import info_words
from ckpt_gui.resources_path import resource
from tests.core.opened import told

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


def test_what_is_missing_keeps_its_size_as_written(cut: Opened) -> None:
    whole = told(read(resource("demo/epoch_003.ckpt")))
    sizes = {str(row["path"]): row["stored_nbytes"] for row in whole["tensors"]}
    assert {str(row["path"]): row["stored_nbytes"] for row in told(cut)["tensors"]} == sizes


def test_shares_are_of_the_bytes_that_are_there(cut: Opened, page: Overview) -> None:
    for shares in (page.by_role, page.by_dtype, page.by_device):
        assert 0.5 < sum(share.share_of_file for share in shares) <= 1
    lines = list(info_words(cut))
    begin = lines.index("By role") + 1
    assert [line.split("%")[0].split()[-1] for line in lines[begin : begin + len(page.by_role)]] == [
        f"{100 * share.share_of_file:.1f}" for share in page.by_role
    ]


def test_the_tree_gives_the_same_share(cut: Opened, page: Overview) -> None:
    checkpoint = cut.checkpoint
    percent = [column.key for column in COLUMNS].index("percent")
    outline = Outline(Facts(checkpoint))
    for key, role in (("model_state_dict", "weights"), ("optimizer_state_dict", "optimizer")):
        node = checkpoint.find((key,))
        assert node is not None
        share = next(share for share in page.by_role if share.name == role)
        assert float(outline.text(node, percent)) == pytest.approx(100 * share.share_of_file, abs=0.06)


def test_bytes_that_are_not_there_cannot_be_saved(page: Overview) -> None:
    assert not [waste for waste in page.storages if waste.kind == "over-wide"]
