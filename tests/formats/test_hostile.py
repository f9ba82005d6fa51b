"""Every hostile builder ends as its builder says a careful reader ends, and within bounds."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.reader import read
from ckpt_gui.core.wire import Opened
from tests.builders import EXPECTED, HOSTILE
from tests.builders.registry import some
from tests.core.opened import Hurried, handed_over, show, told

MAX_PEAK = 300 << 20
"""Bytes of memory a hostile file may cost beyond its index."""
HANGS = 60
"""Seconds after which a process hangs, even on a busy machine."""
WORST = (
    "pickle/flood_empty_list", "pickle/flood_memoize", "pickle/flood_none", "pickle/laughs_by_memo",
    "pickle/laughs_in_dicts", "pickle/hash_bomb_in_set", "pickle/deep_root", "zip/directory_bomb",
    "zip/ratio_bomb_pickle", "safetensors/header_100_mb", "safetensors/120_000_tensors",
)  # fmt: skip
ANSWERS = {
    "tree": {"tree"},
    "noted": {"noted"},
    "refused": {"refused"},
    "either": {"tree", "noted", "refused"},
}
PEAK = """
import sys
from pathlib import Path
from ckpt_gui.cli import main
code = main(["info", "--json", sys.argv[1]])
status = Path("/proc/self/status").read_text()
print(code, status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


@dataclass
class Outcome:
    """How one hostile file ended."""

    name: str
    opened: Opened | None
    sentence: str

    @property
    def answer(self) -> str:
        """One of ``OUTCOMES``."""
        if self.opened is None:
            return "refused"
        checkpoint = self.opened.checkpoint
        return "noted" if checkpoint.notes or checkpoint.problems else "tree"


@pytest.fixture(scope="module", params=some(HOSTILE, 2))
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    path = HOSTILE[request.param](tmp_path_factory.mktemp("hostile"))
    gc.disable()  # as both shells do
    try:
        yield Outcome(request.param, read(path, Hurried()), "")
    except OpenError as exc:
        yield Outcome(request.param, None, str(exc))
    finally:
        gc.enable()


def test_it_ends_as_expected(outcome: Outcome) -> None:
    assert outcome.answer in ANSWERS[EXPECTED[outcome.name]], outcome.sentence


def test_a_refusal_is_one_sentence(outcome: Outcome) -> None:
    if outcome.opened is not None:
        pytest.skip("a tree is shown")
    assert (bool(outcome.sentence.strip()), "Traceback" in outcome.sentence) == (True, False)


def test_what_is_shown_can_be_told_as_json(outcome: Outcome) -> None:
    if outcome.opened is None:
        pytest.skip("there is no tree")
    assert len(told(outcome.opened)["tensors"]) == outcome.opened.checkpoint.rows


def test_what_is_shown_can_be_shown_in_words_and_window(outcome: Outcome) -> None:
    if outcome.opened is None:
        pytest.skip("there is no tree")
    show(outcome.opened)


def test_a_row_that_does_not_hold_together_is_in_the_notes(outcome: Outcome) -> None:
    if outcome.opened is None:
        pytest.skip("there is no tree")
    checkpoint = outcome.opened.checkpoint
    bad = any(number >= 0 for number in checkpoint.tensors.problem[: checkpoint.rows])
    assert not bad or checkpoint.notes


def test_the_columns_hold_together(outcome: Outcome) -> None:
    if outcome.opened is None:
        pytest.skip("there is no tree")
    assert handed_over(outcome.opened).checkpoint.texts == outcome.opened.checkpoint.texts


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize("name", WORST)
def test_the_worst_stay_small(name: str, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=HANGS, check=True,
    )  # fmt: skip
    code, peak = map(int, done.stderr.splitlines()[-1].split())
    assert (code in (0, 2), peak << 10 < MAX_PEAK) == (True, True), done.stderr
