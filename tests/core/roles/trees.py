"""Checkpoints from nested Python values, without a file."""

from __future__ import annotations

from copy import deepcopy
from itertools import cycle
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.code_names import trust
from ckpt_gui.core.model import Checkpoint, CodeName, Source
from ckpt_gui.core.nodes.build import Found, build
from ckpt_gui.core.nodes.table import contiguous, product
from ckpt_gui.core.pickles.values import Global, Mapping, Object, Storage, Tensor
from ckpt_gui.core.roles import Anatomy, Role
from ckpt_gui.core.roles.classify import classify

_OFFSETS = cycle(range(1 << 16))
"""Storages at one place would be one storage."""


def tensor(*shape: int, dtype: str = "float32", storage: Storage | None = None, offset: int = 0) -> Tensor:
    """A contiguous tensor; in a storage of its own unless one is given."""
    if storage is None:
        storage = store(product(shape), dtype)
    return Tensor(storage, offset, shape, contiguous(shape), dtype)


def store(numel: int, dtype: str = "float32", device: str = "cpu") -> Storage:
    """A storage that lies somewhere in the file."""
    made = Storage(dtype, f"k{numel}", device, numel)
    made.offset, made.nbytes = next(_OFFSETS), dtypes.nbytes(dtype, numel)
    return made


def module(name: str, **state: Any) -> Object:
    """An instance of a class, with these attributes."""
    package, _, last = name.rpartition(".")
    made = Object(Global(package, last))
    made.state = value(state)
    return made


def value(plain: Any) -> Any:
    """Dicts become mappings; all else stands for itself."""
    if isinstance(plain, dict):
        made = Mapping()
        made.items = [(key, value(item)) for key, item in plain.items()]
        return made
    if isinstance(plain, list):
        return [value(item) for item in plain]
    return tuple(value(item) for item in plain) if isinstance(plain, tuple) else plain


def checkpoint(
    plain: Any, form: str = "torch-zip", code: tuple[str, ...] = (), path: str = "a.pt", **facts: Any
) -> Checkpoint:
    """The index of a file that holds ``plain``."""
    names = [CodeName(name, trust(*name.rsplit(".", 1))) for name in code]
    return build(
        path, Found(form, value(deepcopy(plain)), [Source(path, 1 << 20, 0, 0)], names, facts={"protocol": 2, **facts})
    )


def roles(plain: Any) -> dict[str, str]:
    """Path text of each tensor and leaf (and of each container) → its role."""
    made = checkpoint(plain)
    anatomy = classify(made)
    return {path(made, node): anatomy.role(node).name for node in range(len(made.nodes))}


def path(made: Checkpoint, node: int) -> str:
    """Keys joined by ``/``."""
    return "/".join(map(str, made.path_of(node)))


def parts(made: Checkpoint, anatomy: Anatomy, role: Role) -> list[str]:
    """Paths of the parts of one role."""
    return [path(made, part.node) for part in anatomy.parts if part.role is role]


def state_dict(width: int = 4, prefix: str = "", dtype: str = "float32") -> dict[str, Tensor]:
    """Two layers, a norm and its buffers."""
    shapes = {"0.weight": (width, 3), "0.bias": (width,), "1.weight": (width,), "1.bias": (width,)}
    shapes |= {"1.running_mean": (width,), "2.weight": (2, width), "2.bias": (2,)}
    return {prefix + name: tensor(*shape, dtype=dtype) for name, shape in shapes.items()}


TRAINED = ((4, 3), (4,), (4,), (4,), (2, 4), (2,))
"""Shapes of what an optimizer of ``state_dict()`` holds."""


def adam(shapes: tuple[tuple[int, ...], ...] = TRAINED, groups: tuple[tuple[int, ...], ...] = ()) -> dict[str, Any]:
    """Adam's state_dict; ``groups`` are the numbers of each group."""
    state = {i: {"step": tensor(), "exp_avg": tensor(*s), "exp_avg_sq": tensor(*s)} for i, s in enumerate(shapes)}
    listed = groups or (tuple(range(len(shapes))),)
    settings = {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": False}
    return {"state": state, "param_groups": [{**settings, "params": list(group)} for group in listed]}
