"""What may stand on the command line: verbs, their arguments and their help. No verb's module is imported for it."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ckpt_gui import __version__
from ckpt_gui.core.errors import CheckpointError

PAIR_TABS = ("overview", "summary", "histogram", "heat-map", "values", "scatter", "layers")
"""Pages of a comparison."""
TABS = ("summary", "histogram", "heat-map", "values", "layers", "info", "overview")
SORTS = ("file", "key", "change", "max_abs", "mean_abs", "l2", "rel_l2", "cosine", "share", "flips")


class _Parser(argparse.ArgumentParser):
    """Trouble with the arguments is one line, as all trouble is."""

    def error(self, message: str) -> NoReturn:
        raise CheckpointError(f"{message}; see {self.prog} --help")


def parser(verb: str = "") -> argparse.ArgumentParser:
    """The parser of everything; for ``open``, which is to hand its files over at once, without the nouns of others."""
    whole = _Parser(prog="ckpt-gui", description="Look inside PyTorch checkpoints, safely and at once.")
    whole.add_argument("--version", action="version", version=f"ckpt-gui {__version__}")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    _windows(
        verbs.add_parser("open", help="the window (also without the word: ckpt-gui FILE)"),
        verbs.add_parser("compare", help="the window on what differs between two checkpoints, or over a run"),
        verbs.add_parser("demo", help="two small training checkpoints that come with the program, compared"),
    )
    info = verbs.add_parser("info", help="what is inside")
    info.add_argument("file", metavar="FILE")
    info.add_argument("--all", action="store_true", help="list every tensor, however many")
    verify = verbs.add_parser("verify", help="does it hold together, are the values finite; exit code 1 if not")
    verify.add_argument("file", metavar="FILE", help="checkpoint or folder")
    verify.add_argument("--all", action="store_true", help="list every problem and finding, however many")
    stats = verbs.add_parser("stats", help="statistics and histograms of the values")
    _declare_stats(stats)
    diff = verbs.add_parser("diff", help="what differs between two; exit code 1 if something does")
    _declare_diff(diff)
    trend = verbs.add_parser("trend", help="a statistic over a run of checkpoints, step by step")
    _declare_trend(trend)
    convert = verbs.add_parser("convert", help="to the CPU or a GPU, without the optimizer, as a state_dict …; proven")
    if verb != "open":
        from ckpt_gui.cli import convert_arguments

        convert_arguments.declare(convert)
    integrate = verbs.add_parser("integrate", help="open checkpoints by double-click, for this user")
    _declare_integrate(integrate)
    for each in (info, verify, stats, diff, trend, convert):
        each.add_argument("--json", action="store_true", help="one JSON object on standard output")
        each.add_argument("--patient", action="store_true", help="no time limit on reading the index")
    return whole


def _windows(opener: argparse.ArgumentParser, comparer: argparse.ArgumentParser, demo: argparse.ArgumentParser) -> None:
    opener.add_argument("files", nargs="*", metavar="FILE", help="checkpoint or folder; FILE::PATH opens at a tensor")
    _declare_compare(comparer)
    for verb in (opener, comparer, demo):
        verb.add_argument("--screenshot", metavar="OUT.png", help="wait for every job, save a picture, exit")
        verb.add_argument("--fresh", action="store_true", help="without what earlier windows kept; keep nothing")
    opener.add_argument("--select", metavar="PATH", help="select what is at this path: optimizer/state/0/exp_avg")
    opener.add_argument("--tab", choices=TABS, help="show this tab on the right")
    opener.add_argument("--new-window", action="store_true", help="a window of its own, even if one is open already")
    for verb in (comparer, demo):
        verb.add_argument("--select", metavar="KEY", help="select this pair, or this group: layers.0.attn")
        verb.add_argument("--tab", choices=PAIR_TABS, help="show this tab on the right")


def _declare_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE|DIR",
                        help="two checkpoints; three and more, or a folder of them: a run")  # fmt: skip
    parser.add_argument("--left", metavar="PATH", help="compare only this part of A")
    parser.add_argument("--right", metavar="PATH", help="compare only this part of B")
    parser.add_argument("--map", metavar="RULE", action="append",
                        help="rename A's tensors: 'RE => TEXT'; auto takes the rules that are proposed")  # fmt: skip
    parser.add_argument("--rtol", type=float, metavar="X", help="relative tolerance of what counts as close")
    parser.add_argument("--atol", type=float, metavar="X", help="absolute tolerance of what counts as close")


def _declare_trend(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE|DIR", help="checkpoints of one run, or their folder")
    parser.add_argument("--key", metavar="GLOB", action="append", help="only tensors whose path or last key fits")
    parser.add_argument(
        "--stat", metavar="NAME", default="l2", help="what to follow: mean, std, l2 (the default), p50 …"
    )
    parser.add_argument("--together", action="store_true", help="all these tensors as one")
    parser.add_argument("--change", action="store_true", help="what each step changed too: relative L2")
    parser.add_argument("--histograms", action="store_true", help="histograms on edges all files share (with --json)")
    parser.add_argument("--first-nan", action="store_true", help="find the first step with NaN, by bisection")
    parser.add_argument("--csv", action="store_true", help="a line for each tensor and file, separated by commas")
    parser.add_argument("--all", action="store_true", help="a row for every tensor, however many")


def _declare_integrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--remove", action="store_true", help="undo it; what was there before comes back")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be written")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def _declare_stats(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--key", metavar="GLOB", action="append", help="only tensors whose path or last key fits")
    parser.add_argument("--csv", action="store_true", help="a line a tensor, separated by commas")
    parser.add_argument("--bins", type=int, metavar="N", help="bins of each histogram, 1 to 100")
    parser.add_argument("--spectrum", action="store_true", help="singular values of matrices too (slow, Ctrl+C stops)")
    parser.add_argument("--all", action="store_true", help="a row for every tensor, however many")


def _declare_diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="two files: A and B (or what git gives a diff driver)")
    parser.add_argument("--html", metavar="REPORT", help="write one self-contained page with charts")
    parser.add_argument("--left", metavar="PATH", help="compare this part of A: model_state_dict")
    parser.add_argument("--right", metavar="PATH", help="with this part of B")
    parser.add_argument(
        "--map", metavar="RULE", action="append", help="rename A's keys: 'RE => TEXT'; auto: as proposed"
    )
    parser.add_argument("--rtol", type=float, help="close is |B - A| <= atol + rtol |A|; close counts as equal then")
    parser.add_argument("--atol", type=float, help="the absolute part of that")
    parser.add_argument("--only", metavar="CLASS", action="append", help="rows of this class: changed, added, shape …")
    parser.add_argument("--sort", choices=SORTS, help="largest first; cosine smallest first")
    parser.add_argument("--all", action="store_true", help="every row and value, however many")
