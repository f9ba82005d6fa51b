"""Names before and after: the rules of a prefix, and what rules come to while they are typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ckpt_gui.core import text
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan import rename_preview
from ckpt_gui.core.pairing.evidence import prefix_rule
from ckpt_gui.core.wire import Opened


@dataclass(frozen=True, slots=True)
class Named:
    """One name that changes."""

    before: str
    after: str
    collides: bool
    """Another name ends up the same."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What rules come to."""

    changed: tuple[Named, ...]
    """Names that change or collide; those that collide first."""
    words: str
    """``144 of 148 names change; 2 would be the same``."""


def rules_of(off: str, on: str, rules: Sequence[str]) -> tuple[str, ...]:
    """As rules: a prefix off, a prefix on ("" for neither), then the others."""
    made = [prefix_rule(off, "").text] if off else []
    made += [prefix_rule("", on).text] if on else []
    return (*made, *rules)


def naming(opened: Opened, options: Options) -> Naming:
    """What the rules of ``options`` make of the names. Raises ConvertError or RenameError with a sentence."""
    names = rename_preview(opened, replace(options, rename=())).names
    found = rename_preview(opened, options)
    colliding = {name for group in found.collisions for name in group}
    pairs = zip(names, found.names, strict=True)
    changed = [Named(one, other, one in colliding) for one, other in pairs if one != other or one in colliding]
    count = sum(one.before != one.after for one in changed)
    words = f"{count:,} of {text.plural(len(names), 'name')} change"
    if colliding:
        words += f"; {text.plural(len(colliding), 'name')} would meet another"
    return Naming(tuple(sorted(changed, key=lambda one: not one.collides)), words)
