"""``ckpt-gui [open]``, ``compare`` and ``demo``: the window, shown or photographed."""

from __future__ import annotations

import argparse
import gc
import math
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.handover.claim import Claim, meet
from ckpt_gui.handover.offer import Answer
from ckpt_gui.handover.request import Request, absolute

if TYPE_CHECKING:
    import subprocess

    from ckpt_gui.gui.comparisons import Wish


def run(options: argparse.Namespace, trouble: Callable[[str], int]) -> int:
    """Show the window until it is closed; returns the exit code."""
    files = list(getattr(options, "files", ()))
    if options.verb == "demo":
        from ckpt_gui.resources_path import resource

        files = [str(resource(f"demo/epoch_{number:03}.ckpt")) for number in (3, 4)]
    follow = options.verb == "compare" and is_run(files)
    compared = options.verb in ("compare", "demo") and not follow
    if compared:
        check_comparison(options)
    if options.screenshot:
        _allow_no_display()
    elif not _has_display():
        raise CheckpointError(
            "there is no display to show a window on; add --screenshot OUT.png, or use: ckpt-gui info"
        )
    met = meet_window(options)
    if met is Answer.TAKEN:
        from ckpt_gui.handover.startup_notice import finish_start

        finish_start()
        return 0
    readers = before_qt([] if follow else files, compared=compared)
    from ckpt_gui.gui.app import run as show

    shown = partial(
        show,
        files,
        screenshot=options.screenshot,
        readers=readers,
        trouble=trouble,
        claim=met if isinstance(met, Claim) else None,
        fresh=options.fresh,
    )
    if follow:
        return shown(follow=True, select=options.select)
    return shown(wish=_wish(options)) if compared else shown(select=options.select, tab=options.tab)


def meet_window(options: argparse.Namespace) -> Claim | Answer | None:
    """Hand the files to the window that runs already, or become that window; None: neither is wanted.

    Only ``open`` hands over: who compares may wait for the end of it (git's difftool then deletes the files).
    """
    given: dict[str, Any] = vars(options)
    if options.screenshot or given.get("fresh"):
        return None
    if options.verb != "open" or options.new_window:
        return meet(None)
    token = os.environ.get("XDG_ACTIVATION_TOKEN") or os.environ.get("DESKTOP_STARTUP_ID") or ""
    return meet(Request(tuple(map(absolute, options.files)), options.select, options.tab, token))


def is_run(files: Sequence[str]) -> bool:
    """Three files and more are a run, and so is a folder alone. Raises CheckpointError for one file alone."""
    if len(files) == 1 and not Path(files[0]).is_dir():
        raise CheckpointError("compare takes two checkpoints, three or more of one run, or the folder of a run")
    return len(files) != 2


def check_comparison(options: argparse.Namespace) -> None:
    """Raises CheckpointError with a sentence for what cannot be meant; before anything is begun."""
    from ckpt_gui.core.renames import parse_rule

    rules = getattr(options, "map", None) or []
    if "auto" in rules and len(rules) > 1:
        raise CheckpointError("--map auto stands alone: it takes what is proposed")
    for rule in rules:
        if rule != "auto":
            parse_rule(rule)
    for name in ("rtol", "atol"):
        value = getattr(options, name, None)
        if value is not None and not 0 <= value < math.inf:
            raise CheckpointError(f"--{name} takes a number of 0 or more")


def _wish(options: argparse.Namespace) -> Wish:
    from ckpt_gui.core.diff.nouns import Tolerance
    from ckpt_gui.core.renames import parse_rule
    from ckpt_gui.core.text import parse_path
    from ckpt_gui.gui.comparisons import Wish

    given: dict[str, Any] = vars(options)
    rules, rtol, atol = given.get("map") or [], given.get("rtol"), given.get("atol")
    left, right = given.get("left"), given.get("right")
    return Wish(
        left_path=None if left is None else parse_path(left),
        right_path=None if right is None else parse_path(right),
        rules="auto" if rules == ["auto"] else tuple(map(parse_rule, rules)),
        tolerance=None if rtol is None and atol is None else Tolerance(rtol or 0.0, atol or 0.0),
        select=options.select or "",
        tab=options.tab or "",
    )


def before_qt(files: Sequence[str], *, compared: bool = False) -> dict[str, subprocess.Popen[bytes]]:
    """What is better begun before Qt is imported; returns the processes that read the first files by now."""
    from ckpt_gui.gui import child

    gc.disable()  # the window's start makes many objects that all live; ``app`` turns it on after the first paint
    readers = {path: child.start(_target(path)) for path in files[:8]}
    # PySide looks into the source of every module that is imported after it; so the library comes first.
    import ckpt_gui.core.outline
    import ckpt_gui.core.search
    import ckpt_gui.core.wire

    if compared:
        import ckpt_gui.core.diff.arrange
        import ckpt_gui.core.diff.search
        import ckpt_gui.core.diff.whole  # noqa: F401
    return readers


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _allow_no_display() -> None:
    if not _has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"


def _target(address: str) -> str:
    """The file that an address names: what stands before ``::``, unless a file is called just so."""
    return str(Path(address if Path(address).exists() else address.partition("::")[0]).absolute())
