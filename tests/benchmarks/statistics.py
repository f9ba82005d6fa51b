"""Statistics of large files: whole processes against torch, ``sft stat`` where it is installed, and reading alone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.timing import Figure, Run, made, ours, python, run

TORCH = """
import sys, torch
torch.set_num_threads(2)
state = torch.load(sys.argv[1], mmap=True, weights_only=True)
for tensor in state.values():
    torch.isnan(tensor).sum(); torch.isinf(tensor).sum(); (tensor == 0).sum(); torch.aminmax(tensor)
    wide = tensor if tensor.dtype == torch.float32 else tensor.float()
    wide.mean(); wide.std(); torch.histc(wide, 100)
"""
IMPORT_TORCH = "import torch; torch.set_num_threads(2)"
READ = """
import os, sys, threading
fd = os.open(sys.argv[1], os.O_RDONLY); size = os.fstat(fd).st_size
def share(k):
    view = memoryview(bytearray(1 << 20))
    for at in range(k * size // 2, (k + 1) * size // 2, 1 << 20): os.preadv(fd, [view], at)
threads = [threading.Thread(target=share, args=(k,)) for k in range(2)]
for one in threads: one.start()
for one in threads: one.join()
"""
NOTHING = "import os, sys, threading"


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` takes smaller files."""
    tiny = made("weights_float32", folder / "tiny.pt", 1)  # of one tensor, large enough to need the machine code
    environment = {"XDG_CACHE_HOME": str(folder / "cache")}
    million, cold = 26 if mini else 930, 0.0
    for dtype, aim in (("float32", 15), ("bfloat16", 8)):
        path = made(f"weights_{dtype}", folder / f"{dtype}.pt", million)
        gigabytes = path.stat().st_size / 1e9
        # The first run compiles, and brings the file into the page cache.
        cold = run(ours("stats", path, "--json"), environment).seconds if dtype == "float32" else cold
        our, base = best(ours("stats", path, "--json"), environment), best(ours("stats", tiny, "--json"), environment)
        theirs = best(python(TORCH, path), rounds=1).seconds - best(python(IMPORT_TORCH)).seconds
        reading = best(python(READ, path)).seconds - best(python(NOTHING)).seconds
        spent = max(our.seconds - base.seconds, 1e-3)
        what = f"statistics of {gigabytes:.1f} GB {dtype}"
        yield Figure(
            f"{what}: against the torch calls",
            f"{theirs / spent:.1f} × ({spent:.2f} s, {gigabytes / spent:.1f} GB/s; whole process {our.seconds:.2f} s)",
            f"≥ {aim} ×",
            theirs / spent >= aim,
        )
        if dtype == "float32":
            share = reading / spent
            yield Figure(f"{what}: of the speed of reading alone", f"{share:.2f}", "≥ 0.35", share >= 0.35)
            more = our.peak - base.peak
            yield Figure(f"{what}: memory beyond a one-tensor file", f"{more:.0f} MB", "< 200 MB", more < 200)
        path.unlink()
    if shutil.which("sft") and not mini:
        yield _beside_sft(folder, environment, tiny)
    yield Figure("the first run of all, which compiles what it needs", f"{cold:.2f} s", "said", True)


def _beside_sft(folder: Path, environment: dict[str, str], tiny: Path) -> Figure:
    path = made("safetensors_bfloat16", folder / "bfloat16.safetensors", 930)
    run(ours("stats", path, "--json"), environment)
    spent = best(ours("stats", path, "--json"), environment).seconds
    spent -= best(ours("stats", tiny, "--json"), environment).seconds
    theirs = best(["sft", "stat", str(path)], rounds=1).seconds
    ratio = theirs / spent
    return Figure("statistics of 1.9 GB bfloat16: against sft stat", f"{ratio:.1f} ×", "≥ 15 ×", ratio >= 15)


def best(command: list[str], environment: dict[str, str] | None = None, rounds: int = 3) -> Run:
    """The quickest of a few runs: what else the machine does only ever adds."""
    return min((run(command, environment, good=(0, 1)) for _ in range(rounds)), key=lambda one: one.seconds)


if __name__ == "__main__":
    sys.exit("run python -m tests.benchmarks statistics")
