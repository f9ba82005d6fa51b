"""How fast a pickle is read as a graph and written again, beside reading it for the tree."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ckpt_gui.core.formats.base import StorageTable
from ckpt_gui.core.pickles.graph import read_graph
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.writer import write_graph
from ckpt_gui.core.sources import Memory
from tests.benchmarks.timing import Figure, made


def figures(folder: Path, mini: bool) -> Iterator[Figure]:
    """Measure; ``mini`` takes a smaller file."""
    layers = 6 if mini else 60
    with zipfile.ZipFile(made("many_small", folder / "many.pt", layers)) as archive:
        stream = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))

    def again() -> None:
        graph = read_graph(Memory(stream))
        for _ in write_graph(graph.root, graph.protocol):
            pass

    reading = best(lambda: read_pickle(Memory(stream), 0, StorageTable()))
    both = best(again)
    yield Figure(
        f"a pickle of {layers * 768:,} tensors as a graph, written again",
        f"{both:.2f} s, read for the tree {reading:.2f} s: {both / reading:.2f} ×",
        "≤ 2 ×",
        both <= 2 * reading,
    )


def best(work: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of the quickest round."""
    seen = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seen.append(time.perf_counter() - start)
    return min(seen)
