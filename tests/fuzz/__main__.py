"""``python -m tests.fuzz [FORMAT …] [--minutes N] [--mini]``: mutates good files until one is not survived.

Guided by atheris' coverage where that is installed (one format then), otherwise by novelty: an input that ends in a
way not seen before (another note, problem or sentence) joins the seeds. What is not survived is saved, and exits 1.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import random
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from tests.builders import CASES
from tests.core.opened import survives
from tests.fuzz import graphs
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import SEEDS, pickle_of

MAX_INPUT = 1 << 16
MAX_SEEDS = 2000
MINI_SECONDS = 25.0
"""``--mini``: all formats together."""
NAMES = [*SEEDS, graphs.NAME]
SLOW = 10.0
"""Seconds after which an input counts as a hang."""

Try = Callable[[bytes], str]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each format")
    parser.add_argument("--mini", action="store_true", help="all formats within a minute")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    formats = options.formats or NAMES
    if unknown := set(formats) - set(NAMES):
        parser.error(f"no seeds for {', '.join(sorted(unknown))}")
    seconds = MINI_SECONDS / len(formats) * 0.8 if options.mini else options.minutes * 60
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="ckpt_gui-fuzz-") as folder:
        if len(formats) == 1 and not options.mini and find_spec("atheris"):
            return by_coverage(formats[0], Path(folder), seconds)
        return max([by_novelty(name, Path(folder), seconds, options.seed) for name in formats])


def seeds_of(name: str, folder: Path) -> list[bytes]:
    """The format's good files; of zips, each pickle in a sound archive can be fuzzed too."""
    if name == graphs.NAME:
        return graphs.seeds(folder)
    found = []
    for builder in SEEDS[name]:
        home = folder / builder.replace("/", "-")
        home.mkdir(exist_ok=True)
        found.append(CASES[builder](home).read_bytes())
    return found


def try_in(folder: Path, name: str) -> Try:
    """Survive one input; a hang counts as a crash."""
    path = folder / "input"

    def opened(data: bytes) -> str:
        path.write_bytes(data)
        return survives(path)

    once = graphs.survives if name == graphs.NAME else opened

    def attempt(data: bytes) -> str:
        start = time.monotonic()
        ending = once(data)
        if time.monotonic() - start > SLOW:
            raise AssertionError(f"took {time.monotonic() - start:.0f} s")
        return re.sub(r"\d+", "#", ending)

    return attempt


def by_novelty(name: str, folder: Path, seconds: float, seed: int) -> int:
    """Mutate, try, and keep what ends in a new way."""
    dice = random.Random(seed)
    corpus = seeds_of(name, folder)
    attempt = try_in(folder, name)
    known = {attempt(data) for data in corpus}
    tries, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        tries += 1
        data = changed(dice.choice(corpus), corpus, dice)
        try:
            ending = attempt(data)
        except Exception as exc:  # noqa: BLE001  (whatever escapes is what is looked for)
            return report(name, data, exc)
        if ending not in known and len(corpus) < MAX_SEEDS:
            known.add(ending)
            corpus.append(data)
    print(f"{name}: {tries:,} inputs in {seconds:.0f} s, {len(known):,} endings, all survived", flush=True)
    gc.collect()
    return 0


def changed(data: bytes, corpus: list[bytes], dice: random.Random) -> bytes:
    """A mutation of the whole file, or of the pickle in it with the archive made anew around it."""
    if data[:4] == b"PK\x03\x04" and dice.random() < 0.6:
        try:
            archive = pickle_of(data)
            return archive.with_pickle(mutated(archive.stream, corpus, dice))
        except Exception:  # noqa: BLE001  (an archive that zipfile cannot read any more is mutated as bytes)
            pass
    return mutated(data, corpus, dice)[:MAX_INPUT]


def report(name: str, data: bytes, exc: Exception) -> int:
    """Save the input and say where."""
    path = Path(tempfile.gettempdir()) / f"ckpt_gui-fuzz-{name}-{abs(hash(data)):x}"
    path.write_bytes(data)
    print(f"{name}: not survived: {type(exc).__name__}: {exc!s:.300}\n  saved as {path}", file=sys.stderr, flush=True)
    return 1


def by_coverage(name: str, folder: Path, seconds: float) -> int:
    """libFuzzer by way of atheris, which is not among the dependencies."""
    atheris = importlib.import_module("atheris")
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds_of(name, folder)):
        (corpus / str(number)).write_bytes(data)
    attempt = try_in(folder, name)
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], str(corpus), f"-max_total_time={int(seconds)}", f"-max_len={MAX_INPUT}"], attempt)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
