"""``python -m tests.benchmarks [--mini] [NAME …]``: measure, and print a table of figures and aims."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks import (
    comparing,
    converting,
    opening,
    rewriting,
    second_start,
    selecting,
    statistics,
    window,
)

PARTS = {
    "opening": opening.figures,
    "window": window.figures,
    "second start": second_start.figures,
    "statistics": statistics.figures,
    "selecting": selecting.figures,
    "comparing": comparing.figures,
    "converting": converting.figures,
    "rewriting": rewriting.figures,
}


def main(words: list[str]) -> int:
    """Print every figure; 0 even where an aim is missed, for a busy machine is no defect."""
    mini = "--mini" in words
    names = [word for word in words if word in PARTS] or list(PARTS)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for figure in PARTS[name](Path(folder), mini):
                mark = "ok  " if figure.met else "MISS"
                print(f"{mark} {figure.work}: {figure.seen}   (aim {figure.aim})", flush=True)
    return 0


sys.exit(main(sys.argv[1:]))
