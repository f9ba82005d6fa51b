"""Where builders sign up, so that a test can run over every file of a group without naming each.

A builder takes an empty folder, writes one file (or one small tree of files) into it and returns the
path that a person would open.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

Builder = Callable[[Path], Path]

CASES: dict[str, Builder] = {}
"""``group/name`` → builder of a good file (and of files that are no checkpoints at all)."""
HOSTILE: dict[str, Builder] = {}
"""``group/name`` → builder of a damaged or hostile file."""
EXPECTED: dict[str, str] = {}
"""Hostile case → one of ``OUTCOMES``; what a careful reader does with it."""
TORCH_REFUSES: set[str] = set()
"""Good files that this torch writes or once wrote, but cannot read."""
OUTCOMES = {
    "tree": "a tree, exit code 0; a note is welcome, but nothing need be amiss",
    "noted": "a tree, perhaps partial, and at least one note or problem",
    "refused": "no tree: one sentence, exit code 2",
    "either": "a tree with a note, or one sentence; both are right",
}


def case(group: str, *, torch_reads: bool = True) -> Callable[[Builder], Builder]:
    """Sign up ``build_xxx`` as ``group/xxx`` in ``CASES``."""

    def sign_up(builder: Builder) -> Builder:
        name = name_of(group, builder)
        add(CASES, name, builder)
        if not torch_reads:
            TORCH_REFUSES.add(name)
        return builder

    return sign_up


def hostile(group: str, expected: str) -> Callable[[Builder], Builder]:
    """Sign up ``build_xxx`` as ``group/xxx`` in ``HOSTILE``, with the outcome expected of a reader."""
    assert expected in OUTCOMES, expected

    def sign_up(builder: Builder) -> Builder:
        add_hostile(name_of(group, builder), builder, expected)
        return builder

    return sign_up


def add_hostile(name: str, builder: Builder, expected: str) -> None:
    """Sign up one hostile builder under a full name."""
    add(HOSTILE, name, builder)
    EXPECTED[name] = expected


def add(registry: dict[str, Builder], name: str, builder: Builder) -> None:
    """Sign up one builder under a full name; names are unique."""
    assert name not in registry, f"two builders are called {name}"
    registry[name] = builder


def name_of(group: str, builder: Builder) -> str:
    """``group/xxx`` for a function called ``build_xxx``."""
    return f"{group}/{builder.__name__.removeprefix('build_')}"


def groups(registry: dict[str, Builder]) -> dict[str, dict[str, Builder]]:
    """The registry by group: ``{"torch-zip": {"plain": builder, …}, …}``."""
    found: dict[str, dict[str, Builder]] = {}
    for name, builder in registry.items():
        group, _, rest = name.partition("/")
        found.setdefault(group, {})[rest] = builder
    return found


def some(names: Iterable[str], every: int = 4) -> list[str]:
    """Every so many-th name, for what is tested on each elsewhere already; all of them with CKPT_GUI_ALL_TESTS=1."""
    listed = sorted(names)
    return listed if os.environ.get("CKPT_GUI_ALL_TESTS") else listed[::every]
