"""Two files compared: whole processes against torch and, where it is installed, ``sft diff``; the structure alone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.statistics import NOTHING, READ, best
from tests.benchmarks.timing import Figure, made, ours, python, run

TORCH = """
import sys, torch
torch.set_num_threads(2)
left, right = (torch.load(path, mmap=True, weights_only=True) for path in sys.argv[1:])
for name, a in left.items():
    b = right[name]
    if torch.equal(a, b):
        continue
    d = b - a
    d.abs().max(); d.abs().mean(); d.norm(); a.norm(); (a != b).sum()
    torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0)
"""
IMPORT_TORCH = "import torch; torch.set_num_threads(2)"
STRUCTURE = """
import sys, time
from ckpt_gui.core.reader import read
from ckpt_gui.core.diff.compare import structure
from ckpt_gui.core.pairing import pair
left, right = (read(path) for path in sys.argv[1:])
begun = time.perf_counter()
pairing = pair(left, right)
structure(pairing)
print(time.perf_counter() - begun, len(pairing.pairs), len(pairing.proposed))
"""


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` takes smaller files."""
    environment = {"XDG_CACHE_HOME": str(folder / "cache")}
    million = 26 if mini else 930
    tiny = [made("weights_float32", folder / f"tiny_{side}.pt", 1) for side in "ab"]
    left = made("weights_float32", folder / "a.pt", million)
    right = made("changed_float32", folder / "b.pt", million)
    gigabytes = left.stat().st_size / 1e9
    run(ours("diff", left, right, "--json"), environment, good=(0, 1))
    base = best(ours("diff", *tiny, "--json"), environment)
    our = best(ours("diff", left, right, "--json"), environment)
    spent = max(our.seconds - base.seconds, 1e-3)
    theirs = best(python(TORCH, left, right), rounds=1).seconds - best(python(IMPORT_TORCH)).seconds
    yield Figure(
        f"two {gigabytes:.1f} GB float32 files, a third changed, all measures: against torch",
        f"{theirs / spent:.1f} × ({spent:.2f} s, {2 * gigabytes / spent:.1f} GB/s of both)",
        "≥ 4 ×",
        theirs / spent >= 4,
    )  # fmt: skip
    more = our.peak - base.peak
    yield Figure("memory beyond comparing two small files", f"{more:.0f} MB", "< 300 MB", more < 300)
    same = best(ours("diff", left, left, "--json"), environment).seconds - base.seconds
    reading = 2 * (best(python(READ, left)).seconds - best(python(NOTHING)).seconds)
    yield Figure(
        "identical tensors: of the speed of reading both", f"{reading / same:.2f}", "≥ 0.5", reading / same >= 0.5
    )
    right.unlink()
    left.unlink()
    yield _structure(folder, 6 if mini else 60)
    if shutil.which("sft") and not mini:
        yield _beside_sft(folder, environment, base.seconds)


def _structure(folder: Path, layers: int) -> Figure:
    left = made("many_small", folder / "many.pt", layers)
    right = made("many_renamed", folder / "renamed.pt", layers)
    said = run(python(STRUCTURE, left, right), listen=True).said.split()
    seconds = float(said[0])
    return Figure(
        f"structure of {layers * 768:,} × {layers * 768:,} keys, half renamed by a prefix",
        f"{seconds:.2f} s, {said[2]} rules proposed", "≤ 1.5 s", seconds <= 1.5,
    )  # fmt: skip


def _beside_sft(folder: Path, environment: dict[str, str], base: float) -> Figure:
    left = made("safetensors_bfloat16", folder / "a.safetensors", 930)
    right = made("changed_bfloat16", folder / "b.safetensors", 930)
    run(ours("diff", left, right, "--json"), environment, good=(0, 1))
    spent = best(ours("diff", left, right, "--json"), environment).seconds - base
    theirs = best(["sft", "diff", "--delta", str(left), str(right)], rounds=1).seconds
    ratio = theirs / spent
    return Figure("two 1.9 GB bfloat16 safetensors: against sft diff --delta", f"{ratio:.1f} ×", "≥ 5 ×", ratio >= 5)


if __name__ == "__main__":
    sys.exit("run python -m tests.benchmarks comparing")
