"""The text of ``ckpt-gui info``: the overview in sentences, then the tree."""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.info import value_nodes
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.overview import Overview, Share, overview
from ckpt_gui.core.text import count, escape, path_text, plural, shape, size
from ckpt_gui.core.wire import Opened

FEW_TENSORS = 100
FEW_VALUES = 40
FEW_LINES = 10
WIDEST = 60
"""Of a column of the tensor table; longer texts push the rest."""


def info_words(opened: Opened, whole: bool = False) -> Iterator[str]:
    """Lines for a person; ``whole`` lists every tensor and value, however many."""
    checkpoint = opened.checkpoint
    seen = overview(checkpoint, opened.anatomy)
    yield escape(checkpoint.path)
    yield f"  {escape(seen.headline)}"
    yield (
        f"  {checkpoint.format} · {plural(checkpoint.rows, 'tensor')} · {_parameters(seen.params)} · "
        f"{size(checkpoint.nbytes)}"
    )
    yield from _section("Amiss", [*checkpoint.notes, *(trouble.words() for trouble in seen.problems)], whole)
    yield from _section("What it is", [sentence.text for sentence in seen.sentences], whole)
    yield from _shares("By role", seen.by_role)
    yield from _shares("By type", seen.by_dtype)
    yield from _shares("By device", seen.by_device)
    yield from _section("Why it is this big", [f"{one.text}: {size(one.nbytes)}" for one in seen.savings], whole)
    yield from _section("torch.load(weights_only=True)", _verdict(seen), whole)
    yield from _section("Names of code it refers to, none of them imported", _names(seen), whole)
    yield from _tensors(checkpoint, whole)
    yield from _values(checkpoint, whole)


def _parameters(number: int) -> str:
    return f"{count(number)} {'parameter' if number == 1 else 'parameters'}"


def _section(title: str, lines: list[str], whole: bool) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        shown = lines if whole else lines[:FEW_LINES]
        yield from (f"  {escape(line)}" for line in shown)
        if len(shown) < len(lines):
            yield f"  … {len(lines) - len(shown):,} more (--all)"


def _shares(title: str, shares: tuple[Share, ...]) -> Iterator[str]:
    if shares:
        yield ""
        yield title
        for one in shares:
            bar = "█" * max(1, round(one.share_of_file * 30)) if one.share_of_file >= 0.0005 else ""
            noun = "tensor " if one.tensors == 1 else "tensors"
            facts = f"{one.tensors:>7,} {noun} {count(one.params):>8} {size(one.nbytes):>10}"
            yield f"  {escape(one.name):<18} {facts} {one.share_of_file:6.1%} {bar}".rstrip()


def _verdict(seen: Overview) -> list[str]:
    judged = seen.weights_only
    if judged.accepted:
        return ["accepts this file"]
    needs = [f"needs {name}" for name in judged.needs]
    return [("refuses this file: " if judged.accepted is False else "") + judged.why, *needs]


def _names(seen: Overview) -> list[str]:
    labelled = (("data", seen.code.data), ("constructor", seen.code.constructor), ("unknown", seen.code.unknown))
    return [f"{label:<12} {name}" for label, names in reversed(labelled) for name in names]


def _tensors(checkpoint: Checkpoint, whole: bool) -> Iterator[str]:
    if not checkpoint.rows:
        return
    yield ""
    if not whole and checkpoint.rows > FEW_TENSORS:
        yield "Tree (every tensor: --all)"
        yield from _tree(checkpoint)
        return
    yield "Tensors"
    rows = []
    for number in range(checkpoint.rows):
        tensor = checkpoint.tensor(number)
        path = escape(path_text(checkpoint.path_of(tensor.node))) or "(the whole file)"
        problem = f"  ▲ {escape(tensor.problem)}" if tensor.problem else ""
        rows.append(
            (path, shape(tensor.shape), tensor.dtype, escape(tensor.device or ""), size(tensor.nbytes), problem)
        )
    widths = [min(max(len(row[place]) for row in rows), WIDEST) for place in range(5)]
    for path, sizes, dtype, device, nbytes, problem in rows:
        texts = (path, sizes, dtype, device)
        cells = [text.ljust(width) for text, width in zip(texts, widths, strict=False) if width]
        yield f"  {'  '.join(cells)}  {nbytes:>{widths[4]}}{problem}"


def _tree(checkpoint: Checkpoint) -> Iterator[str]:
    """Containers of tensors down to the third level, at most a hundred lines."""
    nodes = checkpoint.nodes
    pending, lines = [(0, 0)], 0
    while pending and lines < 100:
        node, depth = pending.pop()
        label = escape(checkpoint.text(nodes.label[node])) if node else "(file)"
        sums = f"{plural(nodes.tensors[node], 'tensor')}, {count(nodes.params[node])}, {size(nodes.nbytes[node])}"
        yield f"  {'  ' * depth}{label}  {sums}"
        lines += 1
        if depth < 3:
            inside = [child for child in checkpoint.children(node) if nodes.tensors[child] and nodes.count[child]]
            pending += [(child, depth + 1) for child in reversed(inside)]
    if pending:
        yield "  …"


def _values(checkpoint: Checkpoint, whole: bool) -> Iterator[str]:
    found = [node for node in value_nodes(checkpoint) if checkpoint.nodes.kind[node] == Kind.VALUE]
    lines = [
        f"{path_text(checkpoint.path_of(node))} = {checkpoint.text(checkpoint.nodes.text[node])[:160]}"
        for node in (found if whole else found[:FEW_VALUES])
    ]
    yield from _section("Values", lines, True)
    if len(lines) < len(found):
        yield f"  … {len(found) - len(lines):,} more (--all)"
