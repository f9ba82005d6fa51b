"""Which rules are proposed, in which order, and which of them "auto" applies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.pairing import MAX_PROPOSALS, SURE_ENOUGH, by_content, candidates, pair
from ckpt_gui.core.renames import parse_rule
from tests.core.pairing.sides import GPT, Shapes, proposed, together, weights

PREFIXES = ["module.", "_orig_mod.", "model.", "backbone.", "model.module.", "base_model.model."]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_is_taken_off_or_put_on(prefix: str) -> None:
    escaped = prefix.replace(".", r"\.")
    assert proposed(pair(weights(GPT, prefix), weights(GPT)))[0] == f"^{escaped} =>"
    assert proposed(pair(weights(GPT), weights(GPT, prefix)))[0] == rf"^(.+) => {prefix}\1"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_auto_applies_it(prefix: str) -> None:
    pairing = pair(weights(GPT, prefix), weights(GPT), rules="auto")
    assert together(pairing) == {prefix + name: name for name in GPT}
    assert [count for _rule, count in pairing.renames] == [len(GPT)]


def test_one_prefix_for_another_and_a_head_that_is_new() -> None:
    left = {f"model.{name}": shape for name, shape in GPT.items()} | {"model.head.weight": (10, 8)}
    right = {f"backbone.{name}": shape for name, shape in GPT.items()} | {"classifier.weight": (99, 8)}
    pairing = pair(weights(left), weights(right))
    best = pairing.proposed[0]
    assert best.rule.text == r"^model\. => backbone."
    assert best.matched == len(GPT)
    assert best.reason == "13 tensors of equal shape: the names are equal but for their beginning"
    assert best.sure > SURE_ENOUGH


def test_a_tensor_of_another_shape_under_the_new_name_is_paired_and_told() -> None:
    left = weights({**GPT, "head.weight": (10, 8)}, "module.")
    best = pair(left, weights({**GPT, "head.weight": (99, 8)})).proposed[0]
    assert (best.rule.text, best.matched) == (r"^module\. =>", len(GPT) + 1)
    assert best.reason.endswith("; 1 more of another shape")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (".lora_A.default.weight", ".lora_A.weight", r"\.default\. => ."),
        (".lora_A.weight", ".lora_A.default.weight", r"\.lora_A\.weight$ => .lora_A.default.weight"),
        (".weight_g", ".parametrizations.weight.original0", r"\.weight_g$ => .parametrizations.weight.original0"),
        ("._orig_mod.q.weight", ".q.weight", r"\._orig_mod\. => ."),
        (".attn.q.weight", ".self_attn.q.weight", r"\.attn\. => .self_attn."),
        (".q.weight", ".q.weight.absmax", r"\.weight$ => .weight.absmax"),
    ],
)
def test_words_in_the_middle_and_at_the_end(old: str, new: str, rule: str) -> None:
    def named(end: str) -> dict[str, tuple[int, ...]]:
        return {f"layers.{layer}{end}": (8, layer + 2) for layer in range(6)} | {"norm.scale": (3,)}

    pairing = pair(weights(named(old)), weights(named(new)))
    assert rule in proposed(pairing)
    auto = pair(weights(named(old)), weights(named(new)), rules="auto")
    assert len(together(auto)) == 7


def test_other_names_in_the_same_order_become_a_template_with_numbers() -> None:
    left = {
        f"transformer.h.{i}.{name}": (8 + i, at + 2) for i in range(4) for at, name in enumerate(["ln_1.g", "fc.w"])
    }
    right = {f"layers.{i}.{name}": (8 + i, at + 2) for i in range(4) for at, name in enumerate(["norm.scale", "up.k"])}
    pairing = pair(weights(left), weights(right))
    assert {r"^transformer\.h\.(\d+)\.ln_1\.g$ => layers.\1.norm.scale",
            r"^transformer\.h\.(\d+)\.fc\.w$ => layers.\1.up.k"} <= set(proposed(pairing))  # fmt: skip


def test_two_networks_that_only_share_a_shape_are_left_alone_by_auto() -> None:
    left, right = {"a.x": (3, 3), "a.y": (4, 4)}, {"b.z": (3, 3), "c.u": (5, 5)}
    pairing = pair(weights(left), weights(right), rules="auto")
    assert not together(pairing)
    assert all(one.sure < SURE_ENOUGH for one in pairing.proposed)


def test_a_prefix_that_would_give_two_tensors_one_name_is_not_proposed() -> None:
    left = {**GPT, **{f"module.{name}": shape for name, shape in GPT.items()}}
    assert proposed(pair(weights(left), weights(GPT))) == []


def test_two_parts_that_fit_are_both_proposed_and_auto_takes_one() -> None:
    left = {f"{tower}.{name}": shape for tower in ("encoder_q", "encoder_k") for name, shape in GPT.items()}
    pairing = pair(weights(left), weights(GPT))
    assert set(proposed(pairing)) == {r"^encoder_q\. =>", r"^encoder_k\. =>"}
    auto = pair(weights(left), weights(GPT), rules="auto")
    assert together(auto) == {f"encoder_q.{name}": name for name in GPT}


def test_two_towers_that_were_renamed_get_a_rule_each() -> None:
    left = {f"{tower}.{name}": shape for tower in ("enc", "dec") for name, shape in GPT.items()}
    right = {f"{tower}.net.{name}": shape for tower in ("encoder", "decoder") for name, shape in GPT.items()}
    auto = pair(weights(left), weights(right), rules="auto")
    assert len(together(auto)) == len(left)


def test_rules_proposed_after_a_rule_apply_to_what_it_left() -> None:
    pairing = pair(weights(GPT, "a.b."), weights(GPT, "c."), rules=[parse_rule(r"^a\. =>")])
    assert not together(pairing)
    again = pair(weights(GPT, "a.b."), weights(GPT, "c."), rules=[parse_rule(r"^a\. =>"), pairing.proposed[0].rule])
    assert len(together(again)) == len(GPT)


@pytest.mark.parametrize("odd", ["a b.", "x=>y.", " lead.", "br[a]ck*t.", "new\nline.", "\\back.", "ünïcode."])
def test_odd_names_are_escaped(odd: str) -> None:
    pairing = pair(weights(GPT, odd), weights(GPT), rules="auto")
    assert len(together(pairing)) == len(GPT)
    assert all(parse_rule(rule.text) == rule for rule, _count in pairing.renames)


def test_a_thousand_different_renames_are_capped() -> None:
    left = {f"old{i}.weight": (i + 1, 7) for i in range(1000)}
    right = {f"new{i * 7 % 1000}x.kernel": (i + 1, 7) for i in range(1000)}
    assert len(pair(weights(left), weights(right)).proposed) <= MAX_PROPOSALS


words = st.lists(st.sampled_from(["module", "model", "net", "enc", "x1"]), min_size=1, max_size=3).map(
    lambda parts: ".".join(parts) + "."
)
bodies = st.dictionaries(
    st.lists(st.sampled_from(["fc", "ln", "0", "1", "attn"]), min_size=1, max_size=3).map(".".join),
    st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=4, max_size=12,
)  # fmt: skip


@given(bodies, words)
def test_any_prefix_on_all_names_is_undone_by_auto(shapes: Shapes, prefix: str) -> None:
    named = {f"{name}.weight": shape for name, shape in shapes.items()}
    assert together(pair(weights(named, prefix), weights(named), rules="auto")) == {prefix + n: n for n in named}


class TestContent:
    LEFT: dict[str, tuple[int, ...]] = {f"h.{i}.fc": (4, 4) for i in range(5)} | {"head": (4, 4), "same": (2,)}
    RIGHT: dict[str, tuple[int, ...]] = {f"blk.{i}.up": (4, 4) for i in range(5)} | {"out": (4, 4), "same": (2,)}

    def test_candidates_are_those_without_partner_whose_form_is_on_both_sides(self) -> None:
        pairing = pair(weights({**self.LEFT, "only": (9, 9)}), weights(self.RIGHT))
        left, right = candidates(pairing)
        names = [pairing.left.listing.keys[tensor] for tensor in left]
        assert names == [*(f"h.{i}.fc" for i in range(5)), "head"]
        assert len(right) == 6

    def test_equal_bytes_under_another_name_become_rules(self) -> None:
        pairing = pair(weights(self.LEFT), weights(self.RIGHT))
        left = {tensor: bytes([tensor]) for tensor in candidates(pairing)[0]}
        right = {tensor: bytes([tensor]) for tensor in candidates(pairing)[1]}
        found = by_content(pairing, left, right)
        assert [one.rule.text for one in found] == [r"^h\.(\d+)\.fc$ => blk.\1.up", "^head$ => out"]
        assert found[0].reason == "5 tensors of equal shape: the same bytes"
        again = pair(weights(self.LEFT), weights(self.RIGHT), rules=[one.rule for one in found])
        assert len(together(again)) == 7

    def test_bytes_decide_whatever_the_order(self) -> None:
        pairing = pair(weights(self.LEFT), weights(self.RIGHT))
        left, right = candidates(pairing)
        turned = dict(zip(right, (bytes([tensor]) for tensor in reversed(left)), strict=True))
        found = by_content(pairing, {tensor: bytes([tensor]) for tensor in left}, turned)
        pairs = together(pair(weights(self.LEFT), weights(self.RIGHT), rules=[one.rule for one in found]))
        assert pairs == {"head": "blk.0.up", "h.0.fc": "out", "same": "same",
                         **{f"h.{i}.fc": f"blk.{5 - i}.up" for i in range(1, 5)}}  # fmt: skip

    def test_other_bytes_bring_nothing_together(self) -> None:
        pairing = pair(weights(self.LEFT), weights(self.RIGHT))
        left, right = candidates(pairing)
        assert by_content(pairing, dict.fromkeys(left, b"a"), dict.fromkeys(right, b"b")) == ()
