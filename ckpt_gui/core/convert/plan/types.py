"""Element types of the result: which tensors are cast, and which of those chosen are not, with the reason.

Tensors that share memory keep sharing it, so they are cast together or not at all; ``untie`` parts them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.options import castable
from ckpt_gui.core.convert.plan.buffers import float_buffers
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.info import storages_of
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import escape, plural

_WITH_CLASS = frozenset(dtypes.STORAGE_DTYPES.values())
_WEIGHTS = (Role.weights, Role.ema)


class Types:
    """Of each tensor that stays: its type in the result, and whether it is taken for a buffer."""

    def __init__(self, tree: Tree, rows: list[int]) -> None:
        self.tree = tree
        self.rows = rows
        self.cast: dict[int, str] = {}
        """Row → its new type, where that is another one."""
        self.buffers: set[int] = set()
        self.warnings: list[str] = []
        self._texts, self._dtype = tree.checkpoint.texts, tree.checkpoint.tensors.dtype

    def of(self, row: int) -> str:
        """The type in the result."""
        return self.cast.get(row) or self._texts[self._dtype[row]]


def types(tree: Tree, rows: list[int], options: Options, *, shares: bool) -> Types:
    """The types. ``shares``: does what shares memory go on doing so? Raises ConvertError for a type that cannot be."""
    found = Types(tree, rows)
    if options.dtype is None:
        return found
    if not castable(options.dtype):
        raise ConvertError(f"Tensors cannot be cast to {options.dtype}")
    found.buffers = float_buffers(tree, rows)
    chosen = _chosen(tree, rows, options)
    _choose(found, chosen, options)
    if shares:
        _together(found, options)
    if not found.cast:
        found.warnings.append(f"No tensor is cast: none that was chosen can become {options.dtype}, or all are already")
    return found


def _chosen(tree: Tree, rows: list[int], options: Options) -> set[int]:
    if options.cast:
        return tree.filtered(options.cast, "what is cast").intersection(rows)
    weights = {row for row in rows if tree.role_of(row) in _WEIGHTS}
    return weights or set(rows)


def _choose(found: Types, chosen: Iterable[int], options: Options) -> None:
    """What is cast of what was chosen; the rest is told by its reason."""
    tree, to = found.tree, options.dtype or ""
    tensors, texts, extras = tree.checkpoint.tensors, tree.checkpoint.texts, tree.checkpoint.extras
    kinds = {number: _fits(texts[number], to, options) for number in set(tensors.dtype)}
    left: dict[str, list[int]] = {}
    for row in sorted(chosen):
        reason = kinds[tensors.dtype[row]]
        if not reason and (row in extras or tree.within):
            reason = _odd(tree, row)
        if not reason and row in found.buffers and not options.cast_buffers:
            reason = "buffers, which --cast-buffers casts too"
        if not reason:
            found.cast[row] = to
        elif reason != "same" and (options.cast or reason not in ("integers", "complex numbers")):
            left.setdefault(reason, []).append(row)
    for reason, rows in left.items():
        found.warnings.append(f"{plural(len(rows), 'tensor')} not cast ({reason}): {tree.rows_listed(rows, 4)}")
    if dtypes.named(to).kind in ("int", "uint", "bool") and found.cast:
        found.warnings.append(f"Numbers are cut to whole ones by a cast to {to}")


def _fits(dtype: str, to: str, options: Options) -> str:
    """ "" where a type is cast, else why not."""
    kind = dtypes.named(dtype).kind
    if dtype == to:
        return "same"
    if kind in ("int", "uint", "bool") and not options.cast_integers:
        return "integers"
    if kind == "complex" and dtypes.named(to).kind != "complex":
        return "complex numbers"
    return "" if castable(dtype) else f"torch converts nothing from {dtype}"


def _odd(tree: Tree, row: int) -> str:
    """Why a tensor that is not plain is not cast."""
    tensor = tree.checkpoint.tensor(row)
    if tree.is_within(row):
        return "in a pickle within the pickle"
    if tensor.quantizer is not None:
        return "quantized"
    if tensor.python_type is not None and (tensor.parts or len(tensor.pieces) > 1):
        return f"of class {escape(tensor.python_type)[:100]}, made of several parts"
    return "without data" if not storages_of(tree.checkpoint, row) else ""


def _together(found: Types, options: Options) -> None:
    """Where only some users of a storage are cast: all of them if nothing speaks against it, else none."""
    users = _users(found)
    tree, undone = found.tree, list[int]()
    joined: list[int] = []
    for rows in users.values():
        rest = [row for row in rows if row not in found.cast]
        alike = len({tree.checkpoint.tensors.dtype[row] for row in rows}) == 1
        if len(rows) < 2 or len(rest) == len(rows) or (alike and not rest):
            continue
        if alike and found.buffers.isdisjoint(rest) and not options.cast:
            for row in rest:
                found.cast[row] = options.dtype or ""
            joined += rest
        else:
            undone += [row for row in rows if found.cast.pop(row, None)]
    if joined:
        told = tree.rows_listed(joined, 4)
        found.warnings.append(f"Cast too, because they share memory with what is cast: {told}")
    if undone:
        told = tree.rows_listed(undone, 4)
        found.warnings.append(
            f"Not cast, because they share memory with tensors that are not to be cast: {told} (--untie parts them)"
        )


def loses_gradient(dtype: str, flags: int) -> bool:
    """Whether a tensor that is cast to ``dtype`` cannot go on requiring a gradient. Integers have none. Of a type
    without a storage class torch does not read what it writes of a leaf that is no Parameter (torch/_utils.py:
    ``_rebuild_tensor_v3`` sets it in place)."""
    if dtypes.named(dtype).kind not in ("float", "complex"):
        return True
    return dtype not in _WITH_CLASS and not flags & Flag.PARAMETER


def _users(found: Types) -> dict[int, list[int]]:
    """Storage → the rows that stay and use it."""
    checkpoint = found.tree.checkpoint
    storage, extras = checkpoint.tensors.storage, checkpoint.extras
    users: dict[int, list[int]] = {}
    for row in found.rows:
        if row in extras:
            for one in storages_of(checkpoint, row):
                users.setdefault(one, []).append(row)
        elif storage[row] >= 0:
            users.setdefault(storage[row], []).append(row)
    return users
