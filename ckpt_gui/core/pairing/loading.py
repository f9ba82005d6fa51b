"""What ``model.load_state_dict`` would say of the left file's weights in the right file's model.

The model is known by its state_dict only, which is what the right file holds: its names in their order are its
modules in theirs. Worded as torch words it (torch/nn/modules/module.py, ``load_state_dict``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.pairing.names import EXTRA_STATE, extra_states
from ckpt_gui.core.pairing.nouns import OUTSIDE, Pairing, Side
from ckpt_gui.core.pairing.roots import Root
from ckpt_gui.core.pairing.script import script
from ckpt_gui.core.text import plural

Shape = tuple[int, ...]
Weights = Mapping[str, Shape | None]
"""Name → shape, in the file's order; None for what is no tensor (extra state)."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The outcome of loading the left file's weights into the right file's model, by the names as they stand."""

    missing: tuple[str, ...]
    """The model has these, the left file has not; in the model's order."""
    unexpected: tuple[str, ...]
    """The left file has these, the model has not; as torch lists them."""
    mismatched: tuple[tuple[str, Shape, Shape], ...]
    """Name, shape on the left, shape in the model."""
    text: str
    """As torch words it: the error's text, or that all keys matched. "" where one side has no weights."""
    helps_strict: str
    """Whether ``strict=False`` would help; and what the renames change, if any are applied. Sentences."""
    snippet: str
    """Python that loads the left file into ``model``, with the renames applied; "" where one side has no weights."""


def advice(pairing: Pairing) -> Advice:
    """What loading the left side into the right side's model would report, and what to do about it."""
    left, right = pairing.left, pairing.right
    if left.names < 0 or right.names < 0:
        word = "left" if left.names < 0 else "right"
        return Advice((), (), (), "", f"There are no named weights on the {word}.", "")
    model, given = _weights(right, {}), _weights(left, {})
    missing, unexpected, mismatched = _differences(given, model)
    says = _helps(given, model, missing, unexpected, mismatched)
    after = missing, unexpected, mismatched
    if pairing.renames:
        renamed = _weights(left, pairing.renamed)
        after = _differences(renamed, model)
        says += " With the renames applied: " + _helps(renamed, model, *after)
    return Advice(
        missing, unexpected, mismatched, _worded(_class(right), missing, unexpected, mismatched), says,
        script(left, [rule for rule, _ in pairing.renames], strict=not (after[0] or after[1]), fitting=not after[2]),
    )  # fmt: skip


def _weights(side: Side, renamed: Mapping[int, str]) -> dict[str, Shape | None]:
    """What a state_dict of this side would hold."""
    checkpoint, listed = side.opened.checkpoint, side.listing
    hidden = int(Flag.NOT_IN_STATE_DICT)
    found: dict[str, Shape | None] = {
        renamed.get(tensor, key): checkpoint.shape(tensor)
        for tensor, key, scope in zip(listed.tensors, listed.keys, listed.scopes, strict=True)
        if scope != OUTSIDE and not checkpoint.tensors.flags[tensor] & hidden
    }
    for name in extra_states(side.opened, Root(side.root, side.names, side.whole, side.prefix)):
        found.setdefault(name, None)
    return found


def _differences(
    given: Weights, model: Weights
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, Shape, Shape], ...]]:
    missing = tuple(name for name in model if name not in given and not _is_counter(name, model))
    mismatched = []
    for name, wanted in model.items():
        own = given.get(name)
        # A tensor of one element fits a scalar: torch takes files of version 0.3 so.
        if own is not None and wanted is not None and own != wanted and not (own == (1,) and wanted == ()):
            mismatched.append((name, own, wanted))
    return missing, _unexpected(given, model), tuple(mismatched)


def _is_counter(name: str, model: Weights) -> bool:
    """Whether it counts the batches of a norm layer: torch does without (torch/nn/modules/batchnorm.py, version 2),
    unless the file's state_dict tells the layer's version but lacks the counter."""
    module, _, last = name.rpartition(".")
    return last == "num_batches_tracked" and f"{module}.running_mean".lstrip(".") in model


def _unexpected(given: Weights, model: Weights) -> tuple[str, ...]:
    """Names the model has not, as torch meets them: by the module that misses them, each in the file's order."""
    rank: dict[str, int] = {"": 0}
    for name in model:
        for module in _modules(name):
            rank.setdefault(module, len(rank))

    def place(name: str) -> tuple[int, bool]:
        modules = [module for module in _modules(name) if module in rank]
        return rank[modules[-1] if modules else ""], not name.endswith(EXTRA_STATE)

    return tuple(sorted((name for name in given if name not in model), key=place))


def _modules(name: str) -> list[str]:
    """``a.b.weight`` → ``a``, ``a.b``; those nearer to the root first. No more than names of modules have."""
    parts = name.split(".", 64)
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _class(side: Side) -> str:
    """What torch would call the model: its class, if the file tells."""
    checkpoint = side.opened.checkpoint
    if checkpoint.nodes.kind[side.names] == Kind.OBJECT:
        return checkpoint.text(checkpoint.nodes.type_name[side.names]).rpartition(".")[2] or "Model"
    return "Model"


def _worded(
    name: str,
    missing: Iterable[str],
    unexpected: Iterable[str],
    mismatched: Iterable[tuple[str, Shape, Shape]],
) -> str:
    errors = [
        f"{what} key(s) in state_dict: {', '.join(quoted)}. "
        for what, keys in (("Missing", missing), ("Unexpected", unexpected))
        if (quoted := [f'"{key}"' for key in keys])
    ]
    errors += [
        f"size mismatch for {key}: copying a param with shape {_size(own)} from checkpoint, "
        f"the shape in current model is {_size(wanted)}."
        for key, own, wanted in mismatched
    ]
    if not errors:
        return "<All keys matched successfully>"
    return f"Error(s) in loading state_dict for {name}:\n\t" + "\n\t".join(errors)


def _size(shape: Shape) -> str:
    return f"torch.Size([{', '.join(map(str, shape))}])"


def _helps(
    given: Weights,
    model: Weights,
    missing: tuple[str, ...],
    unexpected: tuple[str, ...],
    mismatched: tuple[tuple[str, Shape, Shape], ...],
) -> str:
    """Whether ``strict=False`` would help, in a sentence or two."""
    fitting = sum(name in given for name in model) - len(mismatched)
    if not (missing or unexpected or mismatched):
        return "Every name and shape fits: it loads as it is."
    if not fitting:
        end = "it raises all the same." if mismatched else "it would load nothing, and say nothing."
        return f"strict=False does not help: no tensor fits, and {end}"
    rest = (
        f"{plural(len(missing), 'tensor')} of the model would keep the values they have, and "
        f"{plural(len(unexpected), 'tensor')} of the file would not be used"
    )
    if mismatched:
        return (
            f"strict=False does not help: {plural(len(mismatched), 'tensor')} of another size would raise "
            f"all the same. Without them {fitting:,} would load; {rest}."
        )
    return f"strict=False would help: {fitting:,} of {plural(len(model), 'tensor')} would load; {rest}."
