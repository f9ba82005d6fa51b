"""Whatever lies in a file, every node gets a role, and nothing raises."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.overview import overview
from ckpt_gui.core.pickles.values import Global, Mapping, Object, Value
from ckpt_gui.core.roles import Role
from ckpt_gui.core.roles.classify import classify
from tests.core.roles.trees import checkpoint, tensor

TELLING = """
    state param_groups params optimizer optimizer_states exp_avg step model state_dict ema ema.w model_ema.a.b rng
    cuda_rng_state last_epoch _step_count scale growth_factor config args 0.weight 0.bias 1.running_mean epoch
    pytorch-lightning_version meta param_names scheduler scaler __metadata__
"""
KEYS = st.one_of(
    st.sampled_from(TELLING.split()), st.integers(-3, 3), st.text(max_size=5), st.none(), st.booleans(), st.floats(),
    st.tuples(st.integers()),
)  # fmt: skip

SHAPES = st.lists(st.integers(-1, 5056), max_size=3).map(tuple)


@st.composite
def tensors(draw: st.DrawFn) -> Any:
    return tensor(*draw(SHAPES), dtype=draw(st.sampled_from(["float32", "uint8", "int64", "quint4x2", "odd"])))


def wrapped(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs = st.lists(st.tuples(KEYS, children), max_size=8)
    return st.one_of(
        st.lists(children, max_size=5), pairs.map(mapping), st.tuples(children, children), pairs.map(instance)
    )


def mapping(items: list[tuple[Any, Any]]) -> Mapping:
    made = Mapping()
    made.items = items
    return made


def instance(items: list[tuple[Any, Any]]) -> Object:
    made = Object(Global("torch.optim.adam", "Adam"))
    made.state = mapping(items)
    return made


LEAVES = st.one_of(tensors(), st.integers(), st.text(max_size=6), st.none(), st.just(Value("numpy.ndarray", "x")),
                   st.just("MT19937"), st.floats(), st.just(Mapping()))  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(st.recursive(LEAVES, wrapped, max_leaves=40))
def test_every_node_has_a_role_and_a_page(plain: Any) -> None:
    made = checkpoint(plain)
    anatomy = classify(made)
    assert len(anatomy.roles) == len(made.nodes)
    assert set(anatomy.roles) <= set(Role)
    assert anatomy.weights < len(made.nodes)
    assert anatomy.weights < 0 or anatomy.role(anatomy.weights) is Role.weights
    page = overview(made, anatomy)
    assert page.headline
    assert sum(share.tensors for share in page.by_role) == made.rows
    assert all(0 <= share.share_of_file <= 1 for share in (*page.by_role, *page.by_dtype, *page.by_device))


def test_a_cycle_and_an_alias_are_no_trouble() -> None:
    shared = mapping([("0.weight", tensor(3)), ("0.bias", tensor(3))])
    loop = mapping([("model", shared), ("ema", shared), ("again", shared)])
    loop.items.append(("self", loop))
    made = checkpoint(loop)
    anatomy = classify(made)
    assert len(anatomy.roles) == len(made.nodes)
    assert overview(made, anatomy).params == 6
