"""``ckpt-gui integrate [--remove]``: open checkpoints by double-click, or no longer."""

from __future__ import annotations

import argparse
import json
import sys

from ckpt_gui.core.text import escape
from ckpt_gui.desktop import integrate
from ckpt_gui.desktop.written import Outcome


def run(options: argparse.Namespace) -> int:
    """Do it, or say what it would do; the exit code."""
    act = integrate.remove if options.remove else integrate.integrate
    outcome = act(dry=options.dry_run)
    if options.json:
        print(json.dumps(_contract(outcome, options)))
    else:
        _tell(outcome, dry=options.dry_run)
    return 0


def _contract(outcome: Outcome, options: argparse.Namespace) -> dict[str, object]:
    return {
        "action": "remove" if options.remove else "integrate",
        "dry_run": bool(options.dry_run),
        "platform": sys.platform,
        "text": outcome.sentence,
        "written": [{"path": change.path, "what": change.what} for change in outcome.changes],
        "commands": list(outcome.ran),
        "advice": list(outcome.advice),
    }


def _tell(outcome: Outcome, *, dry: bool) -> None:
    for change in outcome.changes:
        print(f"{change.what:<8} {escape(change.path)}")
    for command in outcome.ran:
        print(f"{'would run' if dry else 'ran'}: {escape(command)}")
    for sentence in (outcome.sentence, *outcome.advice):
        print(f"{escape(sentence)}.")
