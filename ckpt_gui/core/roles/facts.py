"""Small facts that stand beside the parts: the epoch, the step, which kind of optimizer."""

from __future__ import annotations

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.roles.layout import Layout
from ckpt_gui.core.roles.nouns import Part, Role

_EPOCHS = ("epoch", "epochs", "current_epoch", "last_epoch", "epoch_num", "n_epochs", "epochs_run")
_STEPS = ("global_step", "global_steps", "step", "steps", "iteration", "iter", "num_steps", "global_iter", "it")
MAX_STATES = 50


def epoch(layout: Layout, wrappers: list[int]) -> tuple[int | None, int]:
    """The epoch and its node; (None, -1) if none is written."""
    return _first_int(layout, wrappers, _EPOCHS)


def step(layout: Layout, wrappers: list[int]) -> tuple[int | None, int]:
    """The step and its node; (None, -1) if none is written."""
    return _first_int(layout, wrappers, _STEPS)


def _first_int(layout: Layout, wrappers: list[int], names: tuple[str, ...]) -> tuple[int | None, int]:
    for node in wrappers[:100]:
        members = layout.members(node)
        for name in names:
            child = members.get(name, -1)
            if child >= 0 and layout.kind[child] == Kind.VALUE:
                number = as_int(layout, child)
                if number is not None:
                    return number, child
    return None, -1


def as_int(layout: Layout, node: int) -> int | None:
    """A leaf's value, if it is an int (or a NumPy int) of reasonable length."""
    text = layout.value(node)
    plain = text[1:] if text.startswith("-") else text
    if layout.type_name(node).rpartition(".")[2].startswith(("int", "uint")) and plain.isdecimal() and len(text) < 20:
        return int(text)
    return None


def optimizer_names(layout: Layout, parts: list[Part]) -> tuple[str, ...]:
    """What kind each optimizer part is, by the slots it keeps and the settings of its groups."""
    return tuple(_optimizer_name(layout, part.node) for part in parts if part.role is Role.optimizer)


def _optimizer_name(layout: Layout, node: int) -> str:
    if layout.kind[node] == Kind.OBJECT and layout.type_name(node).startswith("torch.optim."):
        return layout.type_name(node).rpartition(".")[2]
    slots, settings = _names_beneath(layout, node)
    for wanted, setting, name in _KINDS:
        if set(wanted) <= slots and (not setting or setting in settings):
            return name
    if "momentum" in settings and "nesterov" in settings:
        return "SGD"
    return "AdamW or Adam" if {"betas", "eps", "amsgrad"} <= settings else "optimizer"


_KINDS = (
    (("exp_avg_sq_row", "exp_avg_sq_col"), "", "Adafactor"),
    (("row_var", "col_var"), "", "Adafactor"),
    (("exp_avg", "exp_avg_diff"), "", "Adan"),
    (("exp_avg", "exp_inf"), "", "Adamax"),
    (("exp_avg", "exp_avg_sq", "mu_product"), "", "NAdam"),
    (("exp_avg", "exp_avg_sq"), "decoupled_weight_decay", "Adam"),
    (("exp_avg", "exp_avg_sq"), "", "Adam"),
    (("state1", "state2"), "", "8-bit Adam"),
    (("exp_avg",), "", "Lion"),
    (("square_avg", "acc_delta"), "", "Adadelta"),
    (("square_avg",), "", "RMSprop"),
    (("momentum_buffer",), "", "SGD with momentum"),
    (("sum",), "lr_decay", "Adagrad"),
    (("single_partition_of_fp32_groups",), "", "DeepSpeed ZeRO"),
    (("fp32_flat_groups",), "", "DeepSpeed ZeRO"),
)
"""Slots, a setting of the groups (or ""), and the kind they tell; the first that fits."""


def _names_beneath(layout: Layout, node: int, budget: int = 400) -> tuple[set[str], set[str]]:
    """Names of tensors, and of other entries, in the first containers beneath; a few levels only."""
    slots: set[str] = set()
    others: set[str] = set()
    level = [node]
    for child in level:
        if budget <= 0:
            break
        for inner in layout.children(child)[:MAX_STATES]:
            budget -= 1
            name = layout.text(inner)
            (slots if layout.kind[inner] == Kind.TENSOR else others).add(name.rpartition(".")[2])
            if layout.count[inner] and len(level) < 60:
                level.append(inner)
    return slots | (others & {"single_partition_of_fp32_groups", "fp32_flat_groups"}), others
