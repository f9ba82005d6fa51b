"""What is said of picked rows: tensors, groups, values, several at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ckpt_gui.core.facts import Facts, Section, facts, phrases
from ckpt_gui.core.reader import Opened, read
from ckpt_gui.core.roles.classify import classify
from ckpt_gui.core.text import Path as KeyPath
from ckpt_gui.resources_path import resource
from tests.builders import CASES
from tests.core.samples import checkpoint


@pytest.fixture(scope="module")
def demo() -> Opened:
    return read(resource("demo/epoch_003.ckpt"))


def of(opened: Opened, *paths: KeyPath) -> Facts:
    nodes = [opened.checkpoint.find(path) for path in paths]
    assert None not in nodes
    return facts(opened.checkpoint, opened.anatomy, [node for node in nodes if node is not None])


def said(sections: tuple[Section, ...], label: str) -> list[str]:
    return [fact.text for section in sections for fact in section.facts if fact.label == label]


def test_a_tensor_is_told_by_shape_type_device_and_role(demo: Opened) -> None:
    found = of(demo, ("model_state_dict", "blocks.0.attn.qkv.weight"))

    assert (found.prefix + found.name) == "model_state_dict/blocks.0.attn.qkv.weight"
    assert found.line == "96 × 32 · float32 · cuda:0 · 12.0 KiB · own storage · weights"
    assert said(found.summary, "Elements") == ["3,072"]
    assert said(found.summary, "Uses") == ["100.0 % of it: 12.0 KiB of 12.0 KiB"]


def test_tied_tensors_name_each_other_and_lead_there(demo: Opened) -> None:
    found = of(demo, ("model_state_dict", "tok_emb.weight"))

    partners = [fact for section in found.summary for fact in section.facts if fact.label == "Shared with"]
    assert [fact.text for fact in partners] == ["model_state_dict/head.weight"]
    assert partners[0].node == demo.checkpoint.find(("model_state_dict", "head.weight"))


def test_info_tells_where_the_bytes_lie(demo: Opened) -> None:
    found = of(demo, ("model_state_dict", "blocks.0.attn.qkv.weight"))
    checkpoint = demo.checkpoint
    node = checkpoint.find(("model_state_dict", "blocks.0.attn.qkv.weight")) or 0
    place = checkpoint.byte_offset(checkpoint.nodes.tensor[node])

    assert said(found.info, "Strides") == ["(32, 1) elements, contiguous"]
    assert said(found.info, "First byte")[0].startswith(f"{place:,}")


def test_a_group_is_summed_up(demo: Opened) -> None:
    found = of(demo, ("model_state_dict",))

    assert said(found.summary, "Tensors") == ["44"]
    assert said(found.summary, "float32") == ["41 tensors · 139 KiB"]
    assert said(found.summary, "bool") == ["3 tensors · 6.75 KiB"]


def test_a_dotted_group_has_its_own_name(demo: Opened) -> None:
    checkpoint = demo.checkpoint
    weights = checkpoint.find(("model_state_dict",)) or 0
    group = next(child for child in checkpoint.children(weights) if checkpoint.node(child).label == "blocks")

    found = facts(checkpoint, demo.anatomy, [group])

    assert (found.prefix, found.name) == ("model_state_dict/", "blocks")


def test_a_value_is_its_text(demo: Opened) -> None:
    found = of(demo, ("epoch",))

    assert found.line == "int · 3"
    assert said(found.summary, "Value") == ["3"]


def test_an_object_tells_its_class_and_state(demo: Opened) -> None:
    found = of(demo, ("args",))

    assert said(found.summary, "Class") == ["argparse.Namespace"]
    assert "State" in [section.title for section in found.summary]


def test_a_long_text_keeps_its_lines_and_hides_nothing() -> None:
    assert phrases.lines("def f():\n\treturn 1 # \u202e") == "def f():\n    return 1 # \\u202e"


def test_several_rows_are_counted_once_each(demo: Opened) -> None:
    found = of(demo, ("model_state_dict",), ("model_state_dict", "tok_emb.weight"))

    assert said(found.summary, "Tensors") == ["44"]
    assert found.name == "2 rows picked"


def test_the_state_of_a_weight_leads_to_it(demo: Opened) -> None:
    joined = demo.anatomy.joined
    if not joined:
        pytest.skip("the demo's optimizer state is not joined to names")
    state, weight = next(iter(joined.items()))

    found = facts(demo.checkpoint, demo.anatomy, [state])

    assert weight in [fact.node for section in found.summary for fact in section.facts]


@pytest.mark.parametrize("name", sorted(CASES))
def test_something_can_be_said_of_every_row_of_every_file(name: str, tmp_path: Path) -> None:
    from ckpt_gui.core.errors import OpenError

    try:
        opened = read(CASES[name](tmp_path))
    except OpenError:
        return
    for node in range(len(opened.checkpoint.nodes)):
        found = facts(opened.checkpoint, opened.anatomy, [node])
        assert found.summary


def of_values(root: dict[str, Any], *path: Any) -> Facts:
    made = checkpoint(root)
    node = made.find(path)
    return facts(made, classify(made), [node if node is not None else 0])


def test_a_text_of_several_lines_is_shown_whole_and_told_by_its_length() -> None:
    code = "class Net(Module):\n  pass\n" * 200

    found = of_values({"code": {"net.py": code}}, "code", "net.py")

    assert found.long_text == code.rstrip("\n")
    assert found.line.endswith("5,200 characters, 400 lines")
    assert said(found.summary, "Value") == []
    assert said(found.summary, "Role") != ["weights"]


def test_a_dotted_group_names_the_prefix(demo: Opened) -> None:
    checkpoint = demo.checkpoint
    weights = checkpoint.find(("model_state_dict",)) or 0
    group = next(child for child in checkpoint.children(weights) if checkpoint.node(child).label == "blocks")

    assert said(facts(checkpoint, demo.anatomy, [group]).summary, "Path") == ["model_state_dict/blocks.*"]


def test_info_of_several_rows_is_a_sentence(demo: Opened) -> None:
    assert "one row at a time" in of(demo, ("epoch",), ("args",)).info[0].facts[0].text
