"""Which part of a checkpoint is what."""

from __future__ import annotations

from typing import Any

import pytest

from ckpt_gui.core.pickles.values import Mapping, Object, Value
from ckpt_gui.core.roles import Role
from ckpt_gui.core.roles.classify import classify
from tests.core.roles.trees import adam, checkpoint, module, parts, path, roles, state_dict, tensor, value

WRAPPED: list[tuple[Any, str]] = [
    (state_dict(), ""),
    ({"state_dict": state_dict()}, "state_dict"),
    ({"model_state": state_dict(), "epoch": 3}, "model_state"),
    ({"model_state_dict": state_dict(), "optimizer_state_dict": adam()}, "model_state_dict"),
    ({"model": state_dict(), "optimizer": adam(), "args": {"lr": 1}}, "model"),
    ({"model": {"state_dict": state_dict(), "name": "x"}}, "model/state_dict"),
    ({"net": state_dict(), "acc": 91.2, "epoch": 10}, "net"),
    ({"ema": state_dict()}, "ema"),
    ({"module": state_dict(), "ds_version": "0.14.0"}, "module"),
    ({"anything at all": state_dict()}, "anything at all"),
    ({"a": {"b": {"c": {"d": state_dict()}}}}, "a/b/c/d"),
    ([state_dict(), adam()], "0"),
    (("name", state_dict()), "1"),
    ({"layer1": {"weight": tensor(2), "bias": tensor(2)}, "layer2": {"weight": tensor(2)}}, ""),
    ({"params": {"Dense_0": {"kernel": tensor(2, 2)}, "Dense_1": {"kernel": tensor(2, 2)}}}, "params"),
    ({"tensor": tensor(3)}, ""),
    ({"config": {"weights": state_dict()}}, "config/weights"),
]


@pytest.mark.parametrize(("plain", "where"), WRAPPED, ids=lambda item: item or "root" if isinstance(item, str) else "")
def test_weights_are_found_at_any_depth(plain: Any, where: str) -> None:
    made = checkpoint(plain)
    anatomy = classify(made)
    assert anatomy.weights >= 0
    assert path(made, anatomy.weights) == where
    assert anatomy.role(anatomy.weights) is Role.weights
    assert parts(made, anatomy, Role.weights) == [where]


def test_every_part_of_a_training_checkpoint_has_its_role() -> None:
    found = roles(
        {
            "epoch": 7,
            "state_dict": state_dict(),
            "optimizer": adam(),
            "lr_scheduler": {"last_epoch": 7, "_step_count": 8, "base_lrs": [0.1]},
            "scaler": {"scale": 1024.0, "growth_factor": 2.0, "backoff_factor": 0.5, "_growth_tracker": 3},
            "torch_rng_state": tensor(5056, dtype="uint8"),
            "cuda_rng_state_all": [tensor(16, dtype="uint8")],
            "ema_state_dict": state_dict(),
            "config": {"optimizer": {"name": "adam", "lr": 0.1}},
            "best_loss": tensor(),
            "mean_image": tensor(3, 8, 8),
        }
    )
    expected = {
        "epoch": "metadata", "state_dict": "weights", "state_dict/0.weight": "weights", "optimizer": "optimizer",
        "optimizer/state/0/exp_avg": "optimizer", "optimizer/param_groups/0/lr": "optimizer",
        "lr_scheduler": "scheduler", "lr_scheduler/base_lrs/0": "scheduler", "scaler/scale": "scaler",
        "torch_rng_state": "rng", "cuda_rng_state_all": "rng", "cuda_rng_state_all/0": "rng",
        "ema_state_dict/2.bias": "ema", "config/optimizer/lr": "metadata", "config/optimizer": "metadata",
        "best_loss": "metadata", "mean_image": "other", "": "other",
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected


def test_the_largest_mapping_is_the_weights_and_further_networks_are_weights_too() -> None:
    made = checkpoint({"discriminator": state_dict(4), "generator": state_dict(40), "step": 1})
    anatomy = classify(made)
    assert path(made, anatomy.weights) == "generator"
    assert parts(made, anatomy, Role.weights) == ["discriminator", "generator"]


def test_a_large_optimizer_is_never_the_weights() -> None:
    found = roles({"optimizer": adam(((400, 400), (400,))), "x": {"w.a": tensor(2), "w.b": tensor(2)}})
    assert found["optimizer/state/0/exp_avg"] == "optimizer"
    assert found["x/w.a"] == "weights"


@pytest.mark.parametrize("key", ["optimizer", "optim", "anything"])
def test_a_configuration_entry_called_optimizer_is_metadata(key: str) -> None:
    found = roles({"model": state_dict(), key: {"name": "adam", "lr": 0.001, "betas": [0.9, 0.99]}})
    assert found[key] == "metadata"
    assert found[f"{key}/lr"] == "metadata"


def test_contents_decide_against_a_key_that_misleads() -> None:
    found = roles({"optimizer": state_dict()})
    assert found["optimizer/0.weight"] == "weights"
    found = roles({"state_dict": adam(), "junk": state_dict()})
    assert found["state_dict/state/0/exp_avg"] == "optimizer"
    assert found["junk/0.weight"] == "weights"


OPTIMIZERS: dict[str, Any] = {
    "list of Lightning": {"optimizer_states": [adam(), adam()]},
    "mapping of several": {"optimizers": {"gen": adam(), "disc": adam()}},
    "by names (FSDP)": {"optim": {"state": {"0.weight": {"exp_avg": tensor(4, 3)}}, "param_groups": [{"lr": 1}]}},
    "without groups": {"optimizer": {"exp_avg": [tensor(9)], "exp_avg_sq": {"a.b": tensor(9)}}},
    "slots only": {"opt_state": {i: {"exp_avg": tensor(9), "exp_avg_sq": tensor(9), "step": 3} for i in range(3)}},
    "flat names": {"o": {f"state.{i}.{slot}": tensor(9) for i in range(3) for slot in ("exp_avg", "exp_avg_sq")}},
    "no steps taken": {"optimizer": {"state": {}, "param_groups": [{"lr": 0.1, "params": [0]}]}},
    "DeepSpeed": {"optimizer_state_dict": {"zero_stage": 1, "single_partition_of_fp32_groups": [tensor(99)]}},
    "an object": {"optimizer": module("torch.optim.adam.Adam", state={}, param_groups=[], defaults={"lr": 1})},
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_of_every_shape(name: str) -> None:
    found = roles({"model": state_dict(), **OPTIMIZERS[name]})
    key = next(iter(OPTIMIZERS[name]))
    inside = {role for place, role in found.items() if place.startswith(key)}
    assert inside == {"optimizer"}
    assert found["model/0.weight"] == "weights"
    assert {role for place, role in found.items() if "exp_avg" in place} <= {"optimizer"}


AVERAGES: dict[str, Any] = {
    "ema": state_dict(), "model_ema": state_dict(), "ema_state_dict": {"module": state_dict(), "decay": 0.999},
    "ema_model": {"shadow_params": [tensor(4, 3), tensor(4)], "decay": 0.99, "num_updates": 5},
    "averaged_model": {"n_averaged": tensor(), **state_dict(prefix="module.")}, "swa_model": state_dict(),
    "shadow": state_dict(), "state_dict_ema": state_dict(), "avg_model": state_dict(),
}  # fmt: skip


@pytest.mark.parametrize("key", AVERAGES)
def test_an_average_beside_the_weights_is_ema(key: str) -> None:
    found = roles({"model": state_dict(), key: AVERAGES[key], "epoch": 2})
    assert {role for place, role in found.items() if place.startswith(f"{key}/")} == {"ema"}
    assert found[key] == "ema"
    assert found["model/0.weight"] == "weights"


@pytest.mark.parametrize("prefix", ["ema", "model_ema"])
def test_an_average_may_lie_in_the_same_mapping(prefix: str) -> None:
    found = roles({"state_dict": {**state_dict(prefix="model."), **state_dict(prefix=f"{prefix}.")}})
    assert found[f"state_dict/{prefix}.0.weight"] == "ema"
    assert found["state_dict/model.0.weight"] == "weights"


def test_an_average_alone_is_the_weights() -> None:
    found = roles({"model": None, "ema": state_dict(), "optimizer": None})
    assert found["ema/0.weight"] == "weights"
    assert roles(state_dict(prefix="ema."))["ema.0.weight"] == "weights"


RANDOM: dict[str, Any] = {
    "torch_rng_state": tensor(5056, dtype="uint8"),
    "cuda_rng_state": tensor(16, dtype="uint8"),
    "rng_states": [tensor(5056, dtype="uint8"), tensor(16, dtype="uint8")],
    "rng": {"python": (3, (1, 2, 3), None), "torch": tensor(5056, dtype="uint8")},
    "numpy_state": ("MT19937", Value("numpy.ndarray", "uint32 624: 1, 2"), 624, 0, 0.0),
    "random_state": {"cpu": tensor(5056, dtype="uint8"), "cuda": [tensor(16, dtype="uint8")]},
}


@pytest.mark.parametrize("key", RANDOM)
def test_generator_states_are_rng(key: str) -> None:
    found = roles({"model": state_dict(), key: RANDOM[key]})
    assert {role for place, role in found.items() if place.startswith(key)} == {"rng"}


def test_bytes_that_are_weights_are_not_rng() -> None:
    found = roles({"q.weight": tensor(16, dtype="uint8"), "r.weight": tensor(64, 64, dtype="uint8")})
    assert set(found.values()) == {"weights"}


def test_a_rng_file_of_its_own() -> None:
    found = roles({"python": (3, (1,), None), "cpu": tensor(5056, dtype="uint8"), "cuda": tensor(16, dtype="uint8")})
    assert set(found.values()) == {"rng"}
    assert classify(checkpoint({"cpu": tensor(5056, dtype="uint8")})).weights == -1


def test_a_replay_buffer_is_not_the_network() -> None:
    found = roles({"policy": state_dict(), "replay": {"obs": tensor(1000, 8), "act": tensor(1000)}})
    assert found["policy/0.weight"] == "weights"
    assert found["replay/obs"] == "other"


def test_single_numbers_beside_a_network_are_metadata() -> None:
    found = roles({"state_dict": state_dict(), "callbacks": {"Checkpoint{'a': 1}": {"best_model_score": tensor()}}})
    assert found["callbacks/Checkpoint{'a': 1}/best_model_score"] == "metadata"


def test_hyper_parameters_keep_their_tensors() -> None:
    held = {"loss": module("x.Loss", _parameters={}, _buffers={"weight": tensor(3)}, _modules={}, training=True)}
    found = roles({"state_dict": state_dict(), "hyper_parameters": held})
    assert found["hyper_parameters/loss/weight"] == "metadata"


def test_a_module_lists_what_is_not_in_its_state_dict_as_other() -> None:
    hidden = Object(None)
    hidden.elements = ["scratch"]
    net = module("x.Net", _parameters={"w": tensor(3, 3)}, _buffers={"b": tensor(3), "scratch": tensor(3)}, _modules={},
                 _non_persistent_buffers_set=[], training=True, cache=tensor(7))  # fmt: skip
    net.state.items = [(k, hidden if k == "_non_persistent_buffers_set" else v) for k, v in net.state.items]
    for plain, at in ((net, ""), ({"model": net}, "model/"), ({"model": None, "ema": net}, "ema/")):
        found = roles(plain)
        assert [found[at + key] for key in ("w", "b", "scratch", "cache")] == ["weights", "weights", "other", "other"]


def test_tensors_without_names_are_no_weights() -> None:
    for plain in (tensor(3), [tensor(3), tensor(4)]):
        made = checkpoint(plain)
        anatomy = classify(made)
        assert anatomy.weights == -1
        assert {anatomy.role(node) for node in made.tensors.node} == {Role.other}


def test_other_parts_among_bare_weights_keep_their_roles() -> None:
    found = roles({**state_dict(), "optimizer": adam(((40, 40),)), "epoch": 3, "ema": state_dict(), "args": {"lr": 1}})
    assert found["0.weight"] == "weights"
    assert found["optimizer/state/0/exp_avg"] == "optimizer"
    assert found["ema/0.weight"] == "ema"
    assert found["epoch"] == found["args/lr"] == "metadata"


def test_epoch_and_step_are_facts() -> None:
    anatomy = classify(checkpoint({"epoch": 19, "global_step": 2000, "state_dict": state_dict()}))
    assert (anatomy.epoch, anatomy.step) == (19, 2000)
    anatomy = classify(checkpoint({"state_dict": state_dict(), "epoch": "19", "trainer": {"epoch": 4}}))
    assert anatomy.epoch == 4


def test_empty_and_cyclic_values_have_roles_too() -> None:
    loop = Mapping()
    loop.items = [("self", loop), ("model", value(state_dict()))]
    values: tuple[Any, ...] = (None, {}, [], "text", 5, loop)
    for plain in values:
        made = checkpoint(plain)
        assert len(classify(made).roles) == len(made.nodes)
