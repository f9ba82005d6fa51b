"""A comparison as one self-contained page of HTML: no script, nothing fetched, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape as html
from pathlib import PurePath

from ckpt_gui.core.depth import depth, network
from ckpt_gui.core.diff.frozen import frozen
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.diff_report.looks import Look
from ckpt_gui.core.diff_report.report import Report
from ckpt_gui.core.diff_report.svg import Point, outlines, over_depth
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import escape, path_text, shape

MOST_ROWS = 2_000
"""Rows of the table: more would take a browser seconds to lay out."""
GLYPHS = {
    "same": "=", "close": "≈", "changed": "≠", "dtype": "t", "shape": "#", "added": "+", "removed": "−", "problem": "!",
}  # fmt: skip
_STYLE = """
:root { --text:#1f2328; --muted:#646b79; --back:#ffffff; --soft:#f6f7f9; --line:#dcdfe5; --a:#1f6feb; --b:#b3123b; --d:#6639ba; }
@media (prefers-color-scheme: dark) { :root { --text:#dfe2e8; --muted:#9aa1ae; --back:#1e2128; --soft:#24272e; --line:#3a3f49;
  --a:#58a0ff; --b:#ff7a90; --d:#b392f0; } }
body { font: 14px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 980px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; } p.muted, td.muted { color: var(--muted); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 2px 8px; border-bottom: 1px solid var(--line); }
th { color: var(--muted); font-weight: normal; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.key { word-break: break-all; } .chip { display: inline-block; border: 1px solid var(--line); border-radius: 4px; padding: 0 .6em; margin: 0 .4em .4em 0; }
.bar { display: inline-block; height: 8px; background: var(--a); border-radius: 2px; } pre { background: var(--soft); padding: .8em; overflow: auto; }
svg { width: 100%; height: auto; } svg text { fill: var(--muted); font-size: 11px; } .grid { stroke: var(--line); } .axis { stroke: var(--muted); }
polyline { fill: none; stroke-width: 1.5; } .a { stroke: var(--a); } .b { stroke: var(--b); stroke-dasharray: 4 2; } .d { stroke: var(--d); }
.k0 { fill:#1f6feb } .k1 { fill:#c4500c } .k2 { fill:#0a7f5a } .k3 { fill:#a0398c } .k4 { fill:#8a6d00 } .k5 { fill:#5b5bd6 } .k6 { fill:#b3123b } .k7 { fill:#4d7c8a }
figure { display: inline-block; width: 47%; margin: 0 1% 1em; } figcaption { font-size: 12px; word-break: break-all; }
"""  # noqa: E501 - one rule a line reads better than the wrapped form


def page(report: Report, looks: Sequence[Look] = ()) -> str:
    """The whole page."""
    return "\n".join(_parts(report, looks))


def _parts(report: Report, looks: Sequence[Look]) -> Iterator[str]:
    left, right = report.pairing.left.checkpoint, report.pairing.right.checkpoint
    names = [html(escape(PurePath(one.path).name or one.path)) for one in (left, right)]
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{names[0]} → {names[1]}</title>'
    yield f"<style>{_STYLE}</style><h1>{names[0]} → {names[1]}</h1>"
    yield f'<p class="muted">A: {html(escape(left.path))}<br>B: {html(escape(right.path))}</p><p>'
    for change, count in report.summary.items():
        if count:
            yield f'<span class="chip">{GLYPHS[change]} {count:,} {change}</span>'
    yield "</p>"
    for sentence in (frozen(report.pairing, report.rows), _together(report), *report.pairing.hints):
        if sentence:
            yield f"<p>{html(escape(sentence))}</p>"
    yield from _depth(report)
    yield from _looks(looks)
    yield from _table(report)
    yield from _values(report)
    yield from _load(report)
    yield "</html>"


def _together(report: Report) -> str:
    whole = report.whole
    if whole is None or whole.rel_l2 is None:
        return ""
    share = 100 * whole.share
    return f"The weights together: relative L2 of B − A {whole.rel_l2:.3g}; {share:.3g} % of the elements changed."


def _depth(report: Report) -> Iterator[str]:
    side = report.pairing.left
    seen = depth(side.checkpoint, network(side.checkpoint, side.opened.anatomy, side.root))
    rows = {row.left: row for row in report.rows if row.measures is not None}
    points = [
        Point(stop, measures.rel_l2 or 0.0, number, f"{row.key}: {measures.rel_l2 or 0.0:.3g}")
        for number, members in enumerate(seen.kinds.values())
        for stop, tensor in members
        if (row := rows.get(tensor)) is not None and (measures := row.measures) is not None
    ]
    if len(seen.stops) < 2 or not points:
        return
    yield "<h2>Change over depth</h2><p class='muted'>Relative L2 of B − A of each weight, from input to output.</p>"
    yield over_depth(points, [stop.label for stop in seen.stops], "relative L2 of B minus A over depth")
    shown = list(seen.kinds)[:24]
    yield "<p>" + " ".join(
        f'<span class="chip"><svg viewBox="0 0 10 10" style="width:10px"><circle class="k{number % 8}" cx="5" cy="5" '
        f'r="4"/></svg> {html(escape(kind))}</span>'
        for number, kind in enumerate(shown)
    ) + "</p>"  # fmt: skip


def _looks(looks: Sequence[Look]) -> Iterator[str]:
    if not looks:
        return
    yield "<h2>What changed most</h2><p class='muted'>Left: A (solid) and B (dashed). Right: B − A.</p>"
    for look in looks:
        key = html(escape(look.row.key))
        both = outlines([("a", look.left), ("b", look.right)], f"histograms of A and B of {look.row.key}")
        apart = outlines([("d", look.apart)], f"histogram of B minus A of {look.row.key}")
        yield f"<figure>{both}<figcaption>{key}</figcaption></figure>"
        yield f"<figure>{apart}<figcaption>B − A</figcaption></figure>"


def _table(report: Report) -> Iterator[str]:
    rows = [row for row in report.shown if row.change != "same"]
    if not rows:
        return
    yield "<h2>Tensors</h2><table><tr><th></th><th>tensor</th><th>A</th><th>B</th>"
    yield "<th class='n'>max |Δ|</th><th class='n'>rel L2</th><th></th><th class='n'>cosine</th></tr>"
    most = max((row.measures.rel_l2 or 0.0 for row in rows if row.measures is not None), default=0.0)
    for row in rows[:MOST_ROWS]:
        yield _row(report, row, most)
    yield "</table>"
    if len(rows) > MOST_ROWS:
        yield f"<p class='muted'>… {len(rows) - MOST_ROWS:,} more rows</p>"


def _row(report: Report, row: Row, most: float) -> str:
    one = _kind(report.pairing.left.checkpoint, row.left)
    other = _kind(report.pairing.right.checkpoint, row.right)
    cells = [f"<td>{GLYPHS[row.change]} {row.change}</td><td class='key'>{html(escape(row.key))}</td>"]
    cells += [f"<td>{html(one)}</td><td class='muted'>{html('' if one == other else other)}</td>"]
    found = row.measures
    if found is None:
        return f"<tr>{''.join(cells)}<td colspan='4'>{html(escape(row.problem))}</td></tr>"
    share = (found.rel_l2 or 0.0) / most if most else 0.0
    cosine = "" if found.cosine is None else f"{found.cosine:.6f}"
    cells.append(f"<td class='n'>{_short(found.max_abs)}</td><td class='n'>{_short(found.rel_l2)}</td>")
    cells.append(f"<td><span class='bar' style='width:{80 * share:.0f}px'></span></td><td class='n'>{cosine}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _kind(checkpoint: Checkpoint, tensor: int) -> str:
    if tensor < 0:
        return ""
    return f"{shape(checkpoint.shape(tensor))} {checkpoint.texts[checkpoint.tensors.dtype[tensor]]}"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _values(report: Report) -> Iterator[str]:
    if not report.values:
        return
    yield "<h2>Beside the tensors</h2><table><tr><th>path</th><th>A</th><th>B</th></tr>"
    for one in report.values[:MOST_ROWS]:
        sides = "".join(f"<td>{html(escape(text)) if text is not None else '–'}</td>" for text in (one.left, one.right))
        yield f"<tr><td class='key'>{html(escape(path_text(one.path)))}</td>{sides}</tr>"
    yield "</table>"


def _load(report: Report) -> Iterator[str]:
    advice = report.advice
    yield "<h2>Loading A into B’s model</h2>"
    words = "\n".join(html(escape(line)) for line in advice.text.splitlines())
    yield f"<pre>{words}</pre><p>{html(escape(advice.helps_strict))}</p>"
    yield f"<pre>{html(advice.snippet)}</pre>"
