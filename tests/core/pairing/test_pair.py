"""Which tensor belongs to which: exact names, wrappers, parts that were asked for, rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.errors import PairingError, RenameError
from ckpt_gui.core.pairing import pair
from ckpt_gui.core.pairing.roots import find, group_prefix
from ckpt_gui.core.renames import Rule, parse_rule
from ckpt_gui.core.text import parse_path
from tests.core.pairing.sides import GPT, Shapes, opened, rows, tensors, together, weights
from tests.core.roles import trees

FEW: Shapes = {"fc.weight": (4, 3), "fc.bias": (4,), "head.weight": (2, 4)}


def test_pairs_stand_in_the_left_files_order_then_what_was_added() -> None:
    left = weights({"a.weight": (2, 2), "gone.weight": (3, 2), "b.weight": (4, 2)})
    right = weights({"new.weight": (5, 2), "b.weight": (4, 2), "a.weight": (2, 2)})
    assert rows(pair(left, right)) == [
        ("a.weight", "a.weight", "a.weight"),
        ("gone.weight", "gone.weight", None),
        ("b.weight", "b.weight", "b.weight"),
        ("new.weight", None, "new.weight"),
    ]


def test_equal_names_of_other_shapes_are_a_pair_all_the_same() -> None:
    assert together(pair(weights({"a.weight": (4, 1)}), weights({"a.weight": (4, 7)}))) == {"a.weight": "a.weight"}


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model", "net", "ema"])
def test_a_wrapper_is_taken_off(wrapper: str) -> None:
    left = opened({wrapper: tensors(FEW), "epoch": 3, "optimizer": trees.adam()})
    pairing = pair(left, weights(FEW))
    assert together(pairing) == {f"{wrapper}/{name}": name for name in FEW}
    assert [one.key for one in pairing.pairs] == list(FEW)
    assert pairing.hints == (f"On the left, only {wrapper} is compared; left out: epoch and optimizer (18 tensors).",)


def test_two_wrappers_of_different_names_are_taken_off_both() -> None:
    pairing = pair(opened({"model": tensors(FEW)}), opened({"state_dict": tensors(FEW), "epoch": 3}))
    assert together(pairing) == {f"model/{name}": f"state_dict/{name}" for name in FEW}


def test_a_pickled_module_is_laid_beside_a_mapping() -> None:
    fc: dict[str, Any] = {"_parameters": {"weight": trees.tensor(4, 3)}, "_buffers": {}, "_modules": {}}
    fc["cache"] = trees.tensor(9)
    module = trees.module("net.Net", _parameters={}, _buffers={}, _modules={"fc": trees.module("net.Fc", **fc)})
    pairing = pair(opened({"model": module}), weights({"fc.weight": (4, 3)}))
    assert together(pairing) == {"model/fc.weight": "fc.weight"}
    assert [one.key for one in pairing.pairs] == ["fc.weight"]
    assert pairing.hints == ("On the left, 1 tensor of the module not in its state_dict is left out.",)


def test_where_the_weights_lie_at_one_place_everything_is_compared() -> None:
    training = {"state_dict": trees.state_dict(), "optimizer": trees.adam(), "epoch": 3}
    pairing = pair(opened(training), opened(training, path="b.pt"))
    keys = [one.key for one in pairing.pairs]
    assert keys[:2] == ["0.weight", "0.bias"]
    assert "optimizer/state/0/exp_avg" in keys
    assert all(one.left >= 0 <= one.right for one in pairing.pairs)
    assert pairing.hints == ()


def test_nested_mappings_are_joined_by_dots() -> None:
    nested = {"params": {"dense": {"kernel": trees.tensor(3, 4), "bias": trees.tensor(4)},
                         "out": {"kernel": trees.tensor(4, 2), "bias": trees.tensor(2)}}}  # fmt: skip
    flat = weights({"dense.kernel": (3, 4), "dense.bias": (4,), "out.kernel": (4, 2), "out.bias": (2,)})
    assert together(pair(opened(nested), flat))["params/dense/kernel"] == "dense.kernel"


def test_weights_against_their_average_in_one_file() -> None:
    file = opened({"model": tensors(FEW), "ema": {"decay": 0.999, "module": tensors(FEW)}})
    for left_path in (("model",), None):
        pairing = pair(file, file, left_path=left_path, right_path=("ema",))
        assert together(pairing) == {f"model/{name}": f"ema/module/{name}" for name in FEW}
        assert [one.key for one in pairing.pairs] == list(FEW)
        assert pairing.hints == ("Both sides are parts of the same file.",)


def test_a_subtree_against_a_subtree_by_the_beginning_of_names() -> None:
    file = weights({"encoder.fc.weight": (4, 3), "decoder.fc.weight": (4, 3), "decoder.fc.bias": (4,)})
    pairing = pair(file, file, left_path=("encoder",), right_path=parse_path("decoder"))
    assert rows(pairing) == [
        ("fc.weight", "encoder.fc.weight", "decoder.fc.weight"),
        ("fc.bias", None, "decoder.fc.bias"),
    ]


def test_every_group_is_found_again_by_the_beginning_of_its_names() -> None:
    checkpoint = opened({"model": tensors(GPT)}).checkpoint
    groups = [node for node, kind in enumerate(checkpoint.nodes.kind) if kind == Kind.GROUP]
    assert len(groups) == 7
    for node in groups:
        prefix = group_prefix(checkpoint, node)
        assert find(checkpoint, (*checkpoint.path_of(node), prefix.rstrip("."))) == (node, prefix)


def test_an_optimizer_asked_for_on_one_side_is_laid_beside_the_others() -> None:
    one = opened({"model": trees.state_dict(), "optimizer": trees.adam()})
    two = opened({"state_dict": trees.state_dict(), "optimizer": trees.adam()}, path="b.pt")
    pairing = pair(one, two, left_path=("optimizer",))
    assert [key for key, _left, _right in rows(pairing)][:3] == [
        "state/0/step",
        "state/0/exp_avg",
        "state/0/exp_avg_sq",
    ]
    assert len(together(pairing)) == 18


def test_two_single_tensors_are_a_pair() -> None:
    pairing = pair(weights(FEW), weights(FEW), left_path=("fc.weight",), right_path=("fc.weight",))
    assert rows(pairing) == [("fc.weight", "fc.weight", "fc.weight")]
    assert rows(pair(opened(trees.tensor(3)), opened(trees.tensor(3), path="b.pt"))) == [("", "", "")]


def test_a_path_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(PairingError, match=r"b.pt has nothing at model/nowhere \(the right path\)"):
        pair(weights(FEW), opened({"model": tensors(FEW)}, path="b.pt"), right_path=("model", "nowhere"))


def test_the_same_name_among_weights_and_outside_stays_apart() -> None:
    plain = {"state_dict": tensors({"fc.weight": (4, 3), "best": (7, 7)}), "best": trees.tensor(1)}
    pairing = pair(opened(plain), opened(plain, path="b.pt"))
    assert together(pairing) == {"state_dict/fc.weight": "state_dict/fc.weight", "state_dict/best": "state_dict/best",
                                 "best": "best"}  # fmt: skip


def test_numbers_and_their_texts_pair_where_nothing_else_claims_them() -> None:
    model = trees.state_dict()
    states = trees.adam()
    named = {**states, "state": {str(key): value for key, value in states["state"].items()}}
    pairing = pair(opened({"model": model, "optim": states}), opened({"model": model, "optim": named}, path="b.pt"))
    assert together(pairing)["optim/state/0/exp_avg"] == "optim/state/0/exp_avg"
    assert all(one.left >= 0 <= one.right for one in pairing.pairs)
    assert pairing.hints == ("In 18 pairs the keys differ in type only (0 and “0”).",)


def test_both_the_number_and_its_text_keep_apart() -> None:
    plain = {"model": trees.state_dict(), "optim": {"state": {0: {"exp_avg": trees.tensor(3)},
                                                             "0": {"exp_avg": trees.tensor(4)}}}}  # fmt: skip
    keys = [one.key for one in pair(opened(plain), opened(plain, path="b.pt")).pairs]
    assert keys[-2:] == ["optim/state/0/exp_avg", 'optim/state/"0"/exp_avg']


def test_the_same_file_twice_says_so() -> None:
    file = weights(FEW)
    pairing = pair(file, file)
    assert all(one.left == one.right for one in pairing.pairs)
    assert pairing.hints == ("Both sides are the same part of the same file.",)


def test_a_state_dict_against_an_optimizer() -> None:
    pairing = pair(opened(trees.state_dict()), opened(trees.adam(), path="b.pt"))
    assert not together(pairing)
    assert pairing.hints[:2] == (
        "The two sides have no names in common.",
        "On the right there is an optimizer's state and no weights.",
    )


def test_nothing_in_common_names_the_nearest_part() -> None:
    left = weights(GPT)
    other = {"model": tensors({"x.weight": (99, 99), "y.weight": (98, 99)}), "ema": {"model": tensors(GPT)}}
    pairing = pair(left, opened(other, path="b.pt"))
    assert "The two sides have no names in common." in pairing.hints
    assert "ema/model on the right has 100% of the other side's names: compare with that." in pairing.hints


def test_fused_layouts_are_pointed_out_and_not_guessed() -> None:
    fused = {f"h.{layer}.attn.qkv.weight": (24, 8) for layer in range(2)} | {"h.0.mlp.gate_up_proj.weight": (32, 8)}
    split = {f"h.{layer}.self_attn.{part}_proj.weight": (8, 8) for layer in range(2) for part in "qkv"}
    split |= {"h.0.mlp.gate_proj.weight": (16, 8), "h.0.mlp.up_proj.weight": (16, 8)}
    pairing = pair(weights(fused), weights(split))
    assert not together(pairing)
    assert pairing.hints[:2] == (
        "h.0.attn.qkv.weight on the left, and 1 tensor more like it, seems to hold query, key and value in one; on the "
        "right they are apart (h.0.self_attn.q_proj.weight, h.0.self_attn.k_proj.weight and "
        "h.0.self_attn.v_proj.weight). They are not compared.",
        "h.0.mlp.gate_up_proj.weight on the left seems to hold gate and up in one; on the right they are apart "
        "(h.0.mlp.gate_proj.weight and h.0.mlp.up_proj.weight). They are not compared.",
    )


@pytest.mark.parametrize("left", [(24, 9), (23, 8), (24,)])
def test_sizes_that_do_not_add_up_are_not_fused(left: tuple[int, ...]) -> None:
    split = {f"attn.{part}.weight": (8, 8) for part in "qkv"}
    assert not any("seems to hold" in hint for hint in pair(weights({"attn.qkv.weight": left}), weights(split)).hints)


class TestRules:
    def test_a_rule_renames_the_left_side(self) -> None:
        pairing = pair(weights(FEW, "module."), weights(FEW), rules=[parse_rule(r"^module\. =>")])
        assert together(pairing) == {f"module.{name}": name for name in FEW}
        assert [one.key for one in pairing.pairs] == list(FEW)
        assert pairing.renames == ((Rule(r"^module\.", ""), 3),)
        assert pairing.proposed == ()

    def test_no_rule_takes_a_partner_away_for_nothing(self) -> None:
        left = weights({"fc.weight": (4, 3), "up.weight": (3, 3)})
        right = weights({"fc.weight": (4, 3), "model.up.weight": (3, 3)})
        pairing = pair(left, right, rules=[parse_rule(r"^(.+) => model.\1")])
        assert together(pairing) == {"fc.weight": "fc.weight", "up.weight": "model.up.weight"}
        assert pairing.renames[0][1] == 1

    def test_a_name_goes_where_the_rule_sends_it_if_that_is_there(self) -> None:
        one = weights({"layers.1.weight": (2, 2)})
        both = weights({"layers.1.weight": (2, 2), "layers.2.weight": (2, 2)})
        pairing = pair(one, both, rules=[parse_rule(r"^layers\.1\. => layers.2.")])
        assert together(pairing) == {"layers.1.weight": "layers.2.weight"}

    def test_names_that_become_equal_are_refused(self) -> None:
        left = weights({"module.fc.weight": (4, 3), "fc.weight": (4, 3)})
        with pytest.raises(RenameError, match="give 2 tensors one name, fc"):
            pair(left, weights(FEW), rules=[parse_rule(r"^module\. =>")])

    def test_an_unusable_rule_is_refused(self) -> None:
        with pytest.raises(RenameError, match="matches the empty text"):
            pair(weights(FEW), weights(FEW), rules=[Rule("x*", "y")])


part = st.sampled_from(["a", "b", "module", "0", "1", "weight"])
shapes = st.dictionaries(
    st.lists(part, min_size=1, max_size=4).map(".".join), st.sampled_from([(2,), (3,), (2, 3)]), max_size=10
)


@given(shapes, shapes, st.booleans())
def test_a_pairing_is_a_bijection_and_leaves_nobody_out(left: Shapes, right: Shapes, auto: bool) -> None:
    pairing = pair(weights(left), weights(right), rules="auto" if auto else ())
    lefts = [one.left for one in pairing.pairs if one.left >= 0]
    rights = [one.right for one in pairing.pairs if one.right >= 0]
    assert lefts == list(range(len(left)))
    assert sorted(rights) == list(range(len(right)))
    for name in set(left) & set(right):
        assert together(pairing)[name] == name


@given(shapes, shapes)
def test_each_proposal_adds_the_pairs_it_promises_and_undoes_none(left: Shapes, right: Shapes) -> None:
    before = pair(weights(left), weights(right))
    for one in before.proposed:
        after = together(pair(weights(left), weights(right), rules=[one.rule]))
        assert together(before).items() <= after.items()
        assert len(after) == len(together(before)) + one.matched
