"""What ``ckpt-gui convert`` takes. Every argument that says something of the result is named after its option."""

from __future__ import annotations

import argparse

from ckpt_gui.core.convert.nouns import TARGETS

EPILOG = """\
A GLOB matches the whole path (optimizer/state/0/exp_avg) or the last key; * takes any text. A PATH is keys joined by /.
What is not asked for stays as it is: nesting, keys, objects, sharing, every bit of every tensor. The result is written
beside OUT, read again and compared with the source byte for byte, and only then given its name.

  ckpt-gui convert gpu.pt -o cpu.pt --device cpu
  ckpt-gui convert run.ckpt -o other.ckpt --device cuda:1=cuda:0 --device cuda:3=cuda:2
  ckpt-gui convert train.pt -o small.pt --strip-optimizer
  ckpt-gui convert train.pt -o weights.pt --state-dict
  ckpt-gui convert train.pt -o weights.safetensors --state-dict --use-ema --dtype bfloat16 --audit
  ckpt-gui convert model.pt -o renamed.pt --rename '^module\\. => ' --drop '*.num_batches_tracked' --dry-run
  ckpt-gui convert runs/*.ckpt -o weights --recipe to_bf16.json --receipt

exit code: 0 the result is written and proven (or shown, with --dry-run); 2 it is not, and standard error says why
"""


def declare(verb: argparse.ArgumentParser) -> None:
    """Enter the arguments. Those not given stay None, for a recipe may give them."""
    verb.formatter_class = argparse.RawDescriptionHelpFormatter
    verb.epilog = EPILOG
    verb.add_argument("files", nargs="+", metavar="FILE", help="checkpoint, or folder of a sharded one")
    verb.add_argument("-o", "--output", required=True, metavar="OUT",
                      help="file to write; for several FILEs a folder, where each keeps its name")  # fmt: skip
    _declare_parts(verb.add_argument_group("what to keep"))
    _declare_changes(verb.add_argument_group("what to change"))
    _declare_target(verb.add_argument_group("what to write"))
    _declare_run(verb.add_argument_group("how"))


def _flag(group: argparse._ArgumentGroup, name: str, text: str) -> None:
    group.add_argument(name, action="store_true", default=None, help=text)


def _many(group: argparse._ArgumentGroup, name: str, metavar: str, text: str, dest: str | None = None) -> None:
    group.add_argument(name, action="append", metavar=metavar, help=text, dest=dest or name[2:])


def _declare_parts(group: argparse._ArgumentGroup) -> None:
    _flag(group, "--state-dict", "only the weights, as one flat mapping of names to tensors")
    _flag(group, "--strip-optimizer", "without optimizer, scheduler, scaler, RNG, callback and loop state")
    _many(group, "--spare", "GLOB", "of what --strip-optimizer takes away, leave this")
    group.add_argument("--select", metavar="PATH", help="only what lies at this path")
    _many(group, "--keep", "GLOB", "tensors that match none of these are left out")
    _many(group, "--drop", "GLOB", "leave this out, tensors and values")
    group.add_argument("--only", metavar="FILTER", help="tensors this filter does not match are left out: 'size:>1MiB'")
    _flag(group, "--skip-damaged", "leave out tensors that do not hold together; else they stop the conversion")
    ema = group.add_mutually_exclusive_group()
    ema.add_argument("--use-ema", action="store_true", dest="use_ema", default=None,
                     help="the averaged weights in place of the raw ones")  # fmt: skip
    ema.add_argument("--raw", action="store_false", dest="use_ema", default=None,
                     help="the raw weights where there are averaged ones too; do not ask")  # fmt: skip


def _declare_changes(group: argparse._ArgumentGroup) -> None:
    _many(
        group, "--device", "D|OLD=NEW", "tag every storage D (cpu, cuda:0, mps …), or only those tagged OLD", "devices"
    )
    _many(group, "--rename", "'RE => TEXT'", "rename tensors by a regular expression; several apply in order")
    group.add_argument("--dtype", metavar="T", help="cast the floating weights: bfloat16, float16, float8_e4m3fn …")
    group.add_argument("--cast", metavar="FILTER", help="cast what this filter matches in place of the weights")
    _flag(group, "--cast-buffers", "cast what is taken for a float buffer too (running_mean, inv_freq …)")
    _flag(group, "--cast-integers", "cast integers and bools too")
    _flag(group, "--compact", "of a storage keep only the range that is used")
    ties = group.add_mutually_exclusive_group()
    ties.add_argument("--untie", action="store_const", const="untie", dest="ties", default=None,
                      help="write tensors that share memory each by itself")  # fmt: skip
    ties.add_argument("--tie", action="store_const", const="tie", dest="ties", default=None,
                      help="write weights of equal bytes once, shared")  # fmt: skip


def _declare_target(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--to", choices=TARGETS, help="format; else OUT's suffix .safetensors decides, or the source")
    group.add_argument("--shared", choices=("alias", "clone"),
                       help="safetensors cannot hold shared memory: keep one name and record the others (alias, the "
                            "default), or write each (clone)")  # fmt: skip
    group.add_argument("--max-shard-size", metavar="N", dest="max_shard",
                       help="safetensors: several files of at most 5GB, 2GiB … each, with an index")  # fmt: skip
    _many(group, "--metadata", "K=V", "safetensors: set a text of __metadata__; K alone takes it away")


def _declare_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--dry-run", action="store_true", help="write nothing; say what would be")
    group.add_argument("--audit", action="store_true",
                       help="before a cast, read the values: overflow, underflow, error of each tensor")  # fmt: skip
    group.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    group.add_argument("--receipt", action="store_true",
                       help="write OUT.receipt.json: what was kept, dropped, proven; with SHA-256 of both")  # fmt: skip
    group.add_argument("--recipe", metavar="RECIPE", help="options from this file; what stands here too goes before it")
    group.add_argument("--save-recipe", metavar="RECIPE", help="write the options to this file, for other checkpoints")
    group.add_argument("--all", action="store_true", help="list every tensor and value, however many")
