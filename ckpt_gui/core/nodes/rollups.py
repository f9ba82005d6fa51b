"""Sums over the tree, counting what is shared once; and which subtrees are alike."""

from __future__ import annotations

from array import array
from heapq import heapify, heappop, heappush
from itertools import chain

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import INT64_MAX, Nodes, Storages, Tensors

Interval = tuple[int, int, int]
"""First byte, byte after the last, distinct elements between; of one storage."""

MAX_SHARING_STEPS = 5_000_000


def roll_up(nodes: Nodes, tensors: Tensors, storages: Storages, texts: list[str], rows: int, sizes: list[int]) -> None:
    """Fill ``tensors``, ``params``, ``nbytes``, ``stored``, ``troubled`` and ``alike`` of ``nodes``.

    ``sizes`` are those of the source files, in bytes.
    """
    size = len(nodes)
    counts, troubled = array("i", bytes(4 * size)), array("i", bytes(4 * size))
    params, nbytes, stored = [0] * size, [0] * size, [0] * size
    widths = [dtypes.named(text).bits for text in texts]
    held = bytes_in_file(storages, sizes)
    shared: dict[int, list[int]] = {}
    for tensor in range(rows):
        node, storage = tensors.node[tensor], tensors.storage[tensor]
        counts[node] = 1
        troubled[node] = tensors.problem[tensor] >= 0
        distinct = _distinct(tensors, tensor)
        params[node] = distinct
        nbytes[node] = distinct * widths[tensors.dtype[tensor]] // 8
        if storage >= 0:
            stored[node] = held[storage]
            shared.setdefault(storage, []).append(tensor)
    _subtract_shared(nodes, tensors, held, widths, shared, (params, nbytes, stored))
    parent = nodes.parent
    for node in range(size - 1, 0, -1):
        above = parent[node]
        if counts[node]:
            counts[above] += counts[node]
            troubled[above] += troubled[node]
            params[above] += params[node]
            nbytes[above] += nbytes[node]
            stored[above] += stored[node]
    nodes.tensors, nodes.troubled = counts, troubled
    nodes.params, nodes.nbytes, nodes.stored = _clip(params), _clip(nbytes), _clip(stored)
    nodes.alike = _alike(nodes, tensors)


def bytes_in_file(storages: Storages, sizes: list[int]) -> array[int]:
    """Of each storage, the bytes that are really there; ``sizes`` are those of the source files."""
    held = storages.packed[:]
    for storage, (source, offset, packed) in enumerate(zip(storages.source, storages.offset, held, strict=True)):
        if offset >= 0 and offset + packed > sizes[source]:
            held[storage] = max(sizes[source] - offset, 0)
    return held


def _clip(values: list[int]) -> array[int]:
    try:
        return array("q", values)
    except OverflowError:
        return array("q", [min(max(value, 0), INT64_MAX) for value in values])


def _distinct(tensors: Tensors, tensor: int) -> int:
    """Elements of the tensor that are stored; an expanded dimension (stride 0) counts once."""
    numel, rank, at = tensors.numel[tensor], tensors.rank[tensor], tensors.sizes_at[tensor]
    if numel < 2 or not rank or 0 not in (strides := tensors.sizes[at + rank : at + 2 * rank]):
        return numel
    distinct = 1
    for dim, step in zip(tensors.sizes[at : at + rank], strides, strict=True):
        distinct *= dim if step else 1
    return distinct


def _subtract_shared(
    nodes: Nodes,
    tensors: Tensors,
    held: array[int],
    widths: list[int],
    shared: dict[int, list[int]],
    sums: tuple[list[int], list[int], list[int]],
) -> None:
    """Where two rows of one storage meet on the way up, take off what would count twice."""
    steps = MAX_SHARING_STEPS
    for storage, members in shared.items():
        if len(members) > 1 and steps > 0:
            steps -= _meet(nodes, tensors, held[storage], widths, members, sums)


def _meet(
    nodes: Nodes,
    tensors: Tensors,
    storage_nbytes: int,
    widths: list[int],
    members: list[int],
    sums: tuple[list[int], list[int], list[int]],
) -> int:
    params, nbytes, stored = sums
    width = widths[tensors.dtype[members[0]]]
    held = {tensors.node[tensor]: [[_interval(tensors, tensor, widths)]] for tensor in members}
    heap = [-node for node in held]
    heapify(heap)
    steps = 0
    while heap:
        # Children have larger numbers: all that lies beneath a node has met before its turn comes.
        node = -heappop(heap)
        parts = held.pop(node)
        mine = parts[0]
        if len(parts) > 1:
            mine, twice = _union(parts)
            stored[node] -= storage_nbytes * (len(parts) - 1)
            params[node] -= twice
            nbytes[node] -= twice * width // 8
            steps += len(mine)
        steps += 1
        above = nodes.parent[node]
        if not heap:
            break  # the first node that holds them all
        if above in held:
            held[above].append(mine)
        else:
            held[above] = [mine]
            heappush(heap, -above)
    return steps


def _interval(tensors: Tensors, tensor: int, widths: list[int]) -> Interval:
    width = widths[tensors.dtype[tensor]] or 8
    rank, at = tensors.rank[tensor], tensors.sizes_at[tensor]
    last = first = tensors.offset[tensor]
    for dim, step in zip(tensors.sizes[at : at + rank], tensors.sizes[at + rank : at + 2 * rank], strict=True):
        last += max(dim - 1, 0) * step
    distinct = _distinct(tensors, tensor)
    return (first * width // 8, (last + 1) * width // 8 if distinct else first * width // 8, distinct)


def _union(parts: list[list[Interval]]) -> tuple[list[Interval], int]:
    """The union of lists of intervals, and how many elements lie in several (an estimate for interleaved views)."""
    merged: list[Interval] = []
    twice = 0
    for low, high, distinct in sorted(chain.from_iterable(parts)):
        if merged and low < merged[-1][1]:
            low_before, high_before, before = merged[-1]
            span = max(high, high_before) - low_before
            per_element = max(1, (high_before - low_before) // before if before else high - low)
            union = min(before + distinct, max(before, distinct, span // per_element))
            twice += before + distinct - union
            merged[-1] = (low_before, max(high, high_before), union)
        else:
            merged.append((low, high, distinct))
    return merged, twice


def _alike(nodes: Nodes, tensors: Tensors) -> array[int]:
    """A number for each subtree's structure: labels beneath it, shapes and element types."""
    known: dict[tuple[object, ...], int] = {}
    alike = array("i", bytes(4 * len(nodes)))
    for node in range(len(nodes) - 1, -1, -1):
        tensor, first, count = nodes.tensor[node], nodes.first[node], nodes.count[node]
        form: tuple[object, ...]
        if tensor >= 0:
            at, rank = tensors.sizes_at[tensor], tensors.rank[tensor]
            form = ("t", tensors.dtype[tensor], *tensors.sizes[at : at + rank])
        elif count:
            form = (*nodes.label[first : first + count], *alike[first : first + count])
        else:
            form = (nodes.kind[node], nodes.type_name[node])
        alike[node] = known.setdefault(form, len(known))
    return alike
