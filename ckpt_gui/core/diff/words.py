"""A pair, or a group of pairs, in words."""

from __future__ import annotations

from ckpt_gui.core import text
from ckpt_gui.core.diff.columns import GLYPHS, change_words, cosine, number, one_sided, percent, side
from ckpt_gui.core.diff.facts import Facts
from ckpt_gui.core.diff.nouns import Measures

NOT_YET = "not compared yet"


def heading(facts: Facts, row: int) -> tuple[str, str, str]:
    """What stands above its pages: the path up to the name, the name, a line of facts."""
    grouping = facts.grouping
    if grouping.is_group(row):
        name = grouping.name(row)
        line = f"{text.plural(facts.sum(row).pairs, 'pair')} · {change_words(facts, row)}"
    else:
        one = facts.rows[row]
        name = one.key
        left, right = side(facts.left, one.left), side(facts.right, one.right)
        kinds = left if left == right else f"{left or 'nothing'} → {right or 'nothing'}"
        line = f"{kinds} · {GLYPHS[one.change]} {one.change or NOT_YET}"
        if one.problem:
            line += f": {one.problem}"
    label = grouping.labels[row]
    measures = facts.measures(row)
    prefix = name[: len(name) - len(label)] if name.endswith(label) else ""
    return text.escape(prefix), text.escape(name[len(prefix) :]), f"{text.escape(line)}{_short(measures)}"


def _short(found: Measures | None) -> str:
    if found is None or found.identical:
        return ""
    words = [f"{percent(found.share)} % of the elements changed"]
    if found.sign_flips:
        words.append(text.plural(found.sign_flips, "sign flip"))
    if one_sided(found):
        words.append(f"NaN or Inf on one side: {one_sided(found):,}")
    return " · " + " · ".join(words)


def measures_in_words(found: Measures) -> list[tuple[str, str]]:
    """Label and figure of each measure."""
    where = f"   at [{', '.join(map(str, found.where))}]" if found.where is not None else ""
    return [
        ("Relative L2", number(found.rel_l2)), ("max |Δ|", number(found.max_abs) + where),
        ("mean |Δ|", number(found.mean_abs)), ("Cosine", cosine(found.cosine)),
        ("‖A‖, ‖B‖, ‖Δ‖", ", ".join(number(one) or "–" for one in (found.left_l2, found.right_l2, found.l2))),
        ("Elements changed", f"{found.changed:,} of {found.numel:,}   ({percent(found.share)} %)"),
        ("Outside the tolerance", f"{found.beyond:,}"), ("Sign flips", f"{found.sign_flips:,}"),
    ]  # fmt: skip
