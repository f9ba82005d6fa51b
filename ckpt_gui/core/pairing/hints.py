"""What a person should know of a pairing, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pairing.fused import fused
from ckpt_gui.core.pairing.match import Match
from ckpt_gui.core.pairing.nouns import Side
from ckpt_gui.core.pairing.proposals import Search
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import escape, join_words, path_text, plural


def hints(left: Side, right: Side, match: Match, search: Search, left_out: tuple[int, int]) -> Iterator[str]:
    """What is left out, what is the same file, what looks fused, what might be compared instead.

    ``left_out``: how many tensors of each side's modules their state_dict does not name.
    """
    same = _same_file(left.opened.checkpoint, right.opened.checkpoint)
    if same:
        part = left.root == right.root
        yield "Both sides are the same part of the same file." if part else "Both sides are parts of the same file."
    for side, word, hidden in ((left, "left", left_out[0]), (right, "right", left_out[1])):
        yield from _outside(side, word, told=same)
        if hidden:
            verb = "is" if hidden == 1 else "are"
            yield f"On the {word}, {plural(hidden, 'tensor')} of the module not in its state_dict {verb} left out."
    if match.loose:
        yield f"In {plural(match.loose, 'pair')} the keys differ in type only (0 and “0”)."
    yield from fused(search.left, search.right)
    if all(partner < 0 for partner in match.partner):
        yield from _nothing(left, right)


def _same_file(left: Checkpoint, right: Checkpoint) -> bool:
    def marks(checkpoint: Checkpoint) -> list[tuple[int, int, int]]:
        return [(one.inode, one.nbytes, one.mtime_ns) for one in checkpoint.sources]

    return left.path == right.path or (marks(left) == marks(right) and all(mark[0] for mark in marks(left)))


def _outside(side: Side, word: str, *, told: bool) -> Iterator[str]:
    """What lies beside the root, on every level above it."""
    checkpoint = side.opened.checkpoint
    if side.root == 0 or told:
        return
    nodes, beside, below = checkpoint.nodes, list[int](), side.root
    for above in checkpoint.ancestors(side.root):
        beside = [child for child in checkpoint.children(above) if child != below] + beside
        below = above
    if beside:
        names = join_words([escape(checkpoint.text(nodes.label[node]))[:60] for node in beside[:1000]], 5)
        tensors = sum(nodes.tensors[node] for node in beside)
        held = f" ({plural(tensors, 'tensor')})" if tensors else ""
        place = _place(checkpoint, side.root)
        root = escape(place if nodes.kind[side.root] != Kind.GROUP else f"{place} ({side.prefix}…)")
        yield f"On the {word}, only {root} is compared; left out: {names}{held}."


def _place(checkpoint: Checkpoint, node: int) -> str:
    return path_text(checkpoint.path_of(node)) or "the whole file"


# ---------------------------------------------------------------------------------------------------- nothing in common


def _nothing(left: Side, right: Side) -> Iterator[str]:
    """No pair at all: say so, what each side is, and what comes nearest."""
    if not left.listing.tensors or not right.listing.tensors:
        for side, word in ((left, "left"), (right, "right")):
            if not side.listing.tensors:
                yield f"There are no tensors on the {word}."
        return
    yield "The two sides have no names in common."
    for side, word in ((left, "left"), (right, "right")):
        optimizers = [part for part in side.opened.anatomy.parts if part.role is Role.optimizer]
        if side.opened.anatomy.weights < 0 and optimizers:
            yield f"On the {word} there is an optimizer's state and no weights."
    nearest = [found for found in (_nearest(left, right, "right"), _nearest(right, left, "left")) if found]
    if nearest:
        yield max(nearest)[1]


def _nearest(base: Side, other: Side, word: str) -> tuple[float, str] | None:
    """The part of the other file whose names, or shapes, are most like those of this side; how much, and a sentence."""
    share, node = _nearest_names(base, other)
    if share >= 0.5:
        place = escape(_place(other.opened.checkpoint, node))
        return 1 + share, f"{place} on the {word} has {share:.0%} of the other side's names: compare with that."
    share, node = _nearest_shapes(base, other)
    if share >= 0.5:
        place = escape(_place(other.opened.checkpoint, node))
        return share, f"{place} on the {word} has {share:.0%} of the other side's shapes, under other names."
    return None


def _nearest_names(base: Side, other: Side) -> tuple[float, int]:
    """Share of the names that lie in one container of the other file, and that container."""
    wanted, checkpoint = set(base.listing.keys), other.opened.checkpoint
    nodes, found = checkpoint.nodes, Counter[int]()
    for tensor in range(checkpoint.rows):
        node = checkpoint.tensors.node[tensor]
        if checkpoint.texts[nodes.key[node]] in wanted:
            found[next((up for up in checkpoint.ancestors(node) if nodes.kind[up] != Kind.GROUP), 0)] += 1
    found.pop(max(other.names, other.root), None)
    return max(((number / len(wanted), node) for node, number in found.items()), default=(0.0, 0))


def _nearest_shapes(base: Side, other: Side) -> tuple[float, int]:
    """Share of the shapes (numbers and vectors of one aside) that occur in one part of the other file."""
    wanted = _shapes(base.opened.checkpoint, base.listing.tensors)
    total = sum(wanted.values())
    checkpoint, best = other.opened.checkpoint, (0.0, 0)
    for part in other.opened.anatomy.parts[:100] if total else ():
        if part.node not in (other.names, other.root):
            shared = sum((wanted & _shapes(checkpoint, _tensors(checkpoint, part.node))).values())
            best = max(best, (shared / total, part.node))
    return best


def _tensors(checkpoint: Checkpoint, node: int) -> list[int]:
    """Tensor ids at and beneath a node."""
    nodes, found = checkpoint.nodes, list[int]()
    low, high = node, node + 1
    while low < high:  # breadth-first ids: each level beneath a node is one range
        found += [tensor for tensor in nodes.tensor[low:high] if tensor >= 0]
        low, high = nodes.first[low], nodes.first[high - 1] + nodes.count[high - 1]
    return found


def _shapes(checkpoint: Checkpoint, tensors: Iterable[int]) -> Counter[tuple[int, ...]]:
    found = Counter(checkpoint.shape(tensor) for tensor in tensors)
    return Counter({shape: number for shape, number in found.items() if max(shape, default=0) > 1})
