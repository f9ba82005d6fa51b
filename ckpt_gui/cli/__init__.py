"""The command line: verbs, words and exit codes. The only room that prints.

Qt, torch and everything slow is imported inside the verb that needs it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from ckpt_gui.cli.arguments import parser
from ckpt_gui.core.errors import CheckpointError

VERBS = ("open", "compare", "info", "stats", "diff", "trend", "convert", "verify", "demo", "integrate")
READ_WORKER, SOLVE_WORKER = "--read-worker", "--solve-worker"
"""How the window's own processes are started where it is frozen into one program; see ``gui.child``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (product.md, "Exit codes")."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == [READ_WORKER]:
        from ckpt_gui.core import reader

        return reader.main(words[1]) if len(words) > 1 else reader.wait()
    if words == [SOLVE_WORKER]:
        from ckpt_gui.core.spectrum.solve import main as solve_main

        return solve_main()
    try:
        return _run(words)
    except CheckpointError as exc:
        return _trouble(str(exc))
    except BrokenPipeError:
        # Whoever read our output has enough (``| head``); Python would complain while closing it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        return _trouble("stopped")


def _trouble(sentence: str) -> int:
    from ckpt_gui.core.text import escape

    print(f"ckpt-gui: {escape(sentence)}", file=sys.stderr)
    return 2


def _run(words: list[str]) -> int:
    if "" in words:
        raise CheckpointError("one of the arguments is empty; a file name is expected there")
    if not words or (words[0] not in VERBS and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "open")
    options = parser(words[0]).parse_args(words)
    if options.verb in ("open", "compare", "demo"):
        from ckpt_gui.cli import show

        return show.run(options, _trouble)
    return _run_of(options.verb)(options)


def _run_of(verb: str) -> Callable[[argparse.Namespace], int]:
    """What runs a verb; its module is imported now, and not before."""
    if verb == "info":
        from ckpt_gui.cli.inform import run
    elif verb == "stats":
        from ckpt_gui.cli.statistics import run
    elif verb == "diff":
        from ckpt_gui.cli.difference import run
    elif verb == "trend":
        from ckpt_gui.cli.trend import run
    elif verb == "integrate":
        from ckpt_gui.cli.integrate import run
    elif verb == "convert":
        from ckpt_gui.cli.convert import run
    else:
        from ckpt_gui.cli.verify import run
    return run
