"""Whose state an optimizer's numbered entries are."""

from __future__ import annotations

from typing import Any

import pytest

from ckpt_gui.core.pickles.values import Storage, Tensor
from ckpt_gui.core.roles.classify import classify
from tests.core.roles.trees import TRAINED, adam, checkpoint, path, state_dict, store, tensor

NAMES = ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"]
"""What an optimizer of ``state_dict()`` sees, in order: no buffers."""


def joined(plain: Any) -> tuple[dict[str, str], str]:
    """Last key of the state → name of the weight; and why there is no such."""
    made = checkpoint(plain)
    anatomy = classify(made)
    pairs = {path(made, state).rpartition("/")[2]: path(made, weight) for state, weight in anatomy.joined.items()}
    return pairs, anatomy.unjoined


def test_numbers_follow_the_order_of_the_parameters() -> None:
    pairs, why = joined({"model": state_dict(), "optimizer": adam()})
    assert pairs == {str(i): f"model/{name}" for i, name in enumerate(NAMES)}
    assert why == ""


@pytest.mark.parametrize("key", ["optimizer_states", "optim"])
def test_an_optimizer_in_a_list_is_joined_too(key: str) -> None:
    pairs, _ = joined({"state_dict": state_dict(), key: [adam()]})
    assert pairs["4"] == "state_dict/2.weight"


def test_other_shapes_are_not_joined() -> None:
    shapes = (*TRAINED[:4], (4, 2), TRAINED[5])
    pairs, why = joined({"model": state_dict(), "optimizer": adam(shapes)})
    assert pairs == {}
    assert "shapes do not follow" in why


def test_another_count_is_not_joined_where_the_shapes_leave_a_choice() -> None:
    pairs, why = joined({"model": {f"{i}.scale": tensor(4) for i in range(4)}, "optimizer": adam(((4,), (4,)))})
    assert pairs == {}
    assert why == "the optimizer holds 2 parameters, the weights 4, and there are no names to go by"


def test_frozen_weights_are_passed_over_where_shapes_leave_no_choice() -> None:
    net = {"a.scale": tensor(9), "b.scale": tensor(5, 2), "c.scale": tensor(7), "d.scale": tensor(3)}
    pairs, why = joined({"model": net, "optimizer": adam(((5, 2), (3,)))})
    assert pairs == {"0": "model/b.scale", "1": "model/d.scale"}
    assert why == ""


def test_two_groups_by_weight_decay() -> None:
    shapes = ((4, 3), (2, 4), (4,), (4,), (4,), (2,))
    pairs, _ = joined({"model": state_dict(), "optimizer": adam(shapes, ((0, 1), (2, 3, 4, 5)))})
    assert pairs["1"] == "model/2.weight"
    assert pairs["2"] == "model/0.bias"
    turned = ((4,), (4,), (2,), (4, 3), (4,), (2, 4))
    pairs, _ = joined({"model": state_dict(), "optimizer": adam(turned, ((0, 1, 2), (3, 4, 5)))})
    assert pairs["0"] == "model/0.bias"
    assert pairs["4"] == "model/1.weight"


def test_names_in_the_file_are_believed() -> None:
    optimizer = adam()
    optimizer["param_groups"][0]["param_names"] = [f"module.{name}" for name in reversed(NAMES)]
    pairs, _ = joined({"model": state_dict(), "optimizer": optimizer})
    assert pairs["5"] == "model/0.weight"
    state = {name: {"exp_avg": tensor(2), "exp_avg_sq": tensor(2)} for name in NAMES}
    pairs, _ = joined({"model": state_dict(), "optim": {"state": state, "param_groups": [{"params": NAMES}]}})
    assert pairs == {name: f"model/{name}" for name in NAMES}


def test_tied_weights_are_one_parameter() -> None:
    shared = store(12)
    net = {"a.weight": _view(shared), "b.weight": tensor(4), "head.weight": _view(shared)}
    pairs, _ = joined({"model": net, "optimizer": adam(((4, 3), (4,)))})
    assert pairs == {"0": "model/a.weight", "1": "model/b.weight"}


def _view(storage: Storage) -> Tensor:
    return tensor(4, 3, storage=storage)


def test_each_network_has_its_optimizer() -> None:
    plain = {"G": state_dict(), "D": state_dict(), "G_optim": adam(), "D_optim": adam()}
    made = checkpoint(plain)
    anatomy = classify(made)
    pairs = {path(made, state): path(made, weight) for state, weight in anatomy.joined.items()}
    assert pairs["G_optim/state/0"] == "G/0.weight"
    assert pairs["D_optim/state/0"] == "D/0.weight"
    pairs, why = joined({"G": state_dict(), "D": state_dict(), "one": adam()})
    assert pairs == {}
    assert "more than one network" in why


def test_networks_in_one_mapping_are_told_apart_by_their_prefixes() -> None:
    net = {**state_dict(4, "gen."), **{f"disc.{name}": one for name, one in state_dict(8).items()}}
    shapes = ((8, 3), (8,), (8,), (8,), (2, 8), (2,))
    pairs, _ = joined({"state_dict": net, "optimizer_states": [adam(shapes)]})
    assert pairs["0"] == "state_dict/disc.0.weight"


def test_without_weights_there_is_a_reason() -> None:
    assert joined(adam()) == ({}, "there are no weights to join the optimizer's state to")
    assert joined({"model": state_dict()}) == ({}, "")


@pytest.mark.parametrize("params", [[0, 0, 0, 0, 0, 0], [], ["a"], [10**30, 1, 2, 3, 4, 5], None, 7])
def test_groups_that_make_no_sense_join_nothing(params: Any) -> None:
    optimizer = adam()
    optimizer["param_groups"][0]["params"] = params
    pairs, why = joined({"model": state_dict(), "optimizer": optimizer})
    assert pairs == {}
    assert why
