"""A pickle module for ``torch.load`` that makes up missing classes and remembers every storage it was given.

ONLY for files that our own builders made or that stand in ``/work/shared/real``: it does what a pickle
says, as ``weights_only=False`` does. The library under test never does.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

load, loads, dump, dumps = pickle.load, pickle.loads, pickle.dump, pickle.dumps
Pickler, UnpicklingError = pickle.Pickler, pickle.UnpicklingError

ITEMS, PAIRS, ARGS = "__items__", "__pairs__", "__args__"
"""Where a stand-in keeps what was appended to it, set in it, and given to its constructor."""

Given = tuple[Any, Any]
"""A persistent id, and the storage torch made of it."""


class _StandInType(type):
    """Classes of which any attribute can be had: nested classes and methods of a missing class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(cls.__module__, f"{cls.__name__}.{name}")


class StandIn(metaclass=_StandInType):
    """An object whose class is not there."""

    def __new__(cls, *args: Any, **kwargs: Any) -> StandIn:
        made = super().__new__(cls)
        made.__dict__[ARGS] = args
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything."""

    def __call__(self, *args: Any, **kwargs: Any) -> StandIn:
        return StandIn(*args, **kwargs)

    def __setstate__(self, state: Any) -> None:
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                self.__dict__.update({str(name): value for name, value in part.items()})

    def append(self, value: Any) -> None:
        """A list subclass grows."""
        self.__dict__.setdefault(ITEMS, []).append(value)

    def extend(self, values: Any) -> None:
        """A list subclass grows by several."""
        self.__dict__.setdefault(ITEMS, []).extend(values)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__dict__.setdefault(PAIRS, {})[key] = value


def stand_in(module: str, name: str) -> Any:
    """A class of that name."""
    return _StandInType(name.rpartition(".")[2], (StandIn,), {"__module__": module})


class Unpickler(pickle.Unpickler):
    """Finds what is there, makes up what is not, and tells ``given`` of each storage."""

    given: list[Given] = []
    """Shared by all; ``recording`` empties it."""

    def find_class(self, module: str, name: str) -> Any:
        """The class or function of that name, or a stand-in."""
        try:
            return super().find_class(module, name)
        except (ImportError, AttributeError):
            return stand_in(module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "persistent_load":
            value = _remembering(value)
        super().__setattr__(name, value)


def _remembering(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def persistent_load(saved_id: Any) -> Any:
        made = ask(saved_id)
        Unpickler.given.append((saved_id, made))
        return made

    return persistent_load
