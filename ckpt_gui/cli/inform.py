"""``ckpt-gui info``: what is inside, in words or as JSON."""

from __future__ import annotations

import argparse
import gc
import sys

from ckpt_gui.core.progress import Deadline, Report
from ckpt_gui.core.reader import read


def run(options: argparse.Namespace) -> int:
    """Print it; returns the exit code."""
    gc.disable()  # everything read lives until the end; collecting would only walk it again and again
    opened = read(options.file, Report() if options.patient else Deadline())
    if options.json:
        from ckpt_gui.core.info import info_json

        write = sys.stdout.write
        for part in info_json(opened):
            write(part)
    else:
        from ckpt_gui.core.words import info_words

        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        print("\n".join(info_words(opened, whole=options.all)))
    sys.stdout.flush()
    return 0
