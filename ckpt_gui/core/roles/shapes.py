"""What parts of a checkpoint look like: optimizer, scheduler, scaler, RNG state, configuration.

Each test answers with its evidence in a few words, or "" for no. Contents decide; a key's words
only tip the scale where contents alone would not do (torch/optim, torch/amp/grad_scaler.py).
"""

from __future__ import annotations

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.roles.layout import Layout, word_set, words

_SCHEDULER_MARKS = word_set("last_epoch _step_count base_lrs _last_lr num_bad_epochs cooldown_counter _schedulers")
_COUNTERS = word_set("last_epoch last_batch_iteration num_steps last_step step_count step num_updates best")
_SCALER_MARKS = word_set("scale growth_factor backoff_factor growth_interval _growth_tracker")
_LOSS_SCALER_MARKS = word_set("loss_scale unskipped cur_scale scale_factor scale_window dynamic")
_OPTIMIZER_TRAITS = word_set("param_groups base_optimizer_state zero_stage partition_count fp32_groups defaults")
_CONFIG_WORDS = word_set(
    "config cfg args arg hparams hyper hyperparameters hyperparams hparam options settings metadata"
)
_RNG_WORDS = word_set("rng rngs random randomness generator generators")
_EMA_WORDS = word_set("ema averaged shadow swa polyak")
_OPTIMIZER_WORDS = word_set("optimizer optimizers optim optims opt optimiser optimisers")
_SCHEDULER_WORDS = word_set("scheduler schedulers sched lrs lrscheduler lr_schedulers")
_SCALER_WORDS = word_set("scaler scalers amp mixedprecision gradscaler")
MERSENNE_NBYTES = 5056
"""Size of torch's CPU generator state (at::CPUGeneratorImplState), in bytes."""
_CUDA_NBYTES = (16, 816)


def is_ema_key(key: str) -> bool:
    """Whether a key says that what it names is an average over time."""
    found = words(key)
    return bool(found & _EMA_WORDS) or {"avg", "model"} <= found or {"average", "model"} <= found


def is_config_key(key: str) -> bool:
    """Whether a key says that what it names is configuration."""
    return bool(words(key) & _CONFIG_WORDS) or key == "meta"


def is_rng_key(key: str) -> bool:
    """Whether a key says that what it names is a random state."""
    return bool(words(key) & _RNG_WORDS)


def optimizer(layout: Layout, node: int, members: dict[str, int], key: str) -> str:
    """A mapping or object with ``state`` and ``param_groups``, or one that holds an optimizer's slots."""
    state, groups = members.get("state"), members.get("param_groups")
    if state is not None and groups is not None and layout.is_container(state) and layout.is_container(groups):
        return "holds state and param_groups"
    if layout.kind[node] == Kind.OBJECT and layout.type_name(node).startswith("torch.optim."):
        return "" if "lr_scheduler" in layout.type_name(node) else f"a {layout.type_name(node)}"
    if _is_list(layout, members):
        return ""
    tensors, strong, weak = layout.tensors[node], layout.strong.get(node, 0), layout.weak.get(node, 0)
    named = bool(words(key) & _OPTIMIZER_WORDS)
    if tensors and strong and weak * 10 >= tensors * 6 and not _mixed(layout, node, members):
        return "its tensors are named as an optimizer names them"
    if tensors and named and (weak * 10 >= tensors * 6 or not _OPTIMIZER_TRAITS.isdisjoint(members)):
        return f"called {key}, and holds what an optimizer keeps"
    return ""


def _is_list(layout: Layout, members: dict[str, int]) -> bool:
    """Whether the children are optimizers themselves: then each is a part of its own."""
    filled = [child for child in list(members.values())[:100] if layout.count[child]]
    return any("param_groups" in layout.members(child) for child in filled if layout.count[child] <= 100)


def _mixed(layout: Layout, node: int, members: dict[str, int]) -> bool:
    """Whether some child holds tensors none of which is an optimizer's: then only parts of it are."""
    filled = (child for child in members.values() if layout.tensors[child] and layout.count[child])
    return any(not layout.weak.get(child, 0) for child in filled)


def scheduler(layout: Layout, node: int, members: dict[str, int], key: str) -> str:
    """A learning-rate scheduler's state: counters, not just settings."""
    marks = _SCHEDULER_MARKS.intersection(members)
    if len(marks) >= 2 and layout.tensors[node] <= 4:
        return f"holds {sorted(marks)[0]} and {sorted(marks)[1]}"
    if layout.kind[node] == Kind.OBJECT and ".lr_scheduler." in layout.type_name(node):
        return f"a {layout.type_name(node)}"
    if words(key) & _SCHEDULER_WORDS and layout.tensors[node] <= 4:
        counters = _COUNTERS.intersection(members)
        if counters and layout.kind[node] != Kind.SEQUENCE:
            return f"called {key}, and counts ({sorted(counters)[0]})"
    return ""


def scaler(layout: Layout, node: int, members: dict[str, int], key: str) -> str:
    """A gradient scaler's state."""
    marks = _SCALER_MARKS.intersection(members)
    if len(marks) >= (2 if words(key) & _SCALER_WORDS else 3) and layout.tensors[node] <= 2:
        return "holds scale and growth_factor"
    if "loss_scale" in members and len(_LOSS_SCALER_MARKS.intersection(members)) >= 2 and layout.tensors[node] <= 2:
        return "holds loss_scale"
    return ""


def empty(key: str) -> tuple[str, str]:
    """Role name and evidence of an empty container, by its key: there is no content to go by."""
    found = words(key)
    for role, marks in (("scheduler", _SCHEDULER_WORDS), ("optimizer", _OPTIMIZER_WORDS), ("scaler", _SCALER_WORDS)):
        if found & marks:
            return role, f"empty, called {key}"
    return "", ""


def rng_tensor(layout: Layout, node: int, key: str) -> str:
    """A generator's state in one tensor: uint8 of a telling size."""
    tensor = layout.checkpoint.nodes.tensor[node]
    columns = layout.checkpoint.tensors
    if tensor < 0 or layout.texts[columns.dtype[tensor]] != "uint8" or columns.rank[tensor] != 1:
        return ""
    numel = columns.numel[tensor]
    if numel == MERSENNE_NBYTES:
        return "the size of a torch CPU generator's state"
    if numel in _CUDA_NBYTES and is_rng_key(key):
        return f"called {key}, and the size of a CUDA generator's state"
    return f"called {key}, and holds bytes" if is_rng_key(key) and numel <= 1 << 16 else ""


def rng(layout: Layout, node: int, members: dict[str, int], key: str) -> str:
    """A container of generator states."""
    listed = list(members.values())[:2000]
    if layout.kind[node] == Kind.SEQUENCE and listed and layout.value(listed[0]) == "MT19937":
        return "NumPy's generator state (MT19937)"
    tensors = [child for child in listed if layout.kind[child] == Kind.TENSOR]
    states = [child for child in tensors if rng_tensor(layout, child, "" if layout.own.get(node, 0) > 1 else key)]
    only_own = layout.own.get(node, 0) == layout.tensors[node]
    if states and only_own and all(_is_bytes(layout, child) for child in tensors):
        return "holds a tensor of " + (rng_tensor(layout, states[0], "") or "bytes")
    if is_rng_key(key) and layout.kind[node] != Kind.GROUP and _only_bytes(layout, node):
        return f"called {key}, and holds generator states"
    return ""


def _is_bytes(layout: Layout, node: int) -> bool:
    columns = layout.checkpoint.tensors
    return layout.texts[columns.dtype[layout.checkpoint.nodes.tensor[node]]] == "uint8"


def _only_bytes(layout: Layout, node: int, budget: int = 4000) -> bool:
    """Whether every tensor beneath is uint8, and there is something beneath."""
    pending = [node]
    while pending and budget > 0:
        for child in layout.children(pending.pop()):
            budget -= 1
            if layout.kind[child] == Kind.TENSOR and not _is_bytes(layout, child):
                return False
            if layout.count[child]:
                pending.append(child)
    return layout.count[node] > 0
