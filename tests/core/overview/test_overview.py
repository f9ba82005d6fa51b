"""The Overview page: words, bars, waste."""

from __future__ import annotations

from typing import Any

import pytest

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.overview import Overview, overview
from ckpt_gui.core.pickles.values import Tensor
from ckpt_gui.core.roles.classify import classify
from ckpt_gui.core.wire import Opened
from ckpt_gui.core.words import info_words
from tests.core.roles.trees import adam, checkpoint, module, state_dict, store, tensor


def page(plain: Any, **options: Any) -> Overview:
    made = plain if isinstance(plain, Checkpoint) else checkpoint(plain, **options)
    return overview(made, classify(made))


def said(found: Overview) -> str:
    return "\n".join(sentence.text for sentence in found.sentences)


HEADLINES: list[tuple[Any, str, str]] = [
    (state_dict(), "torch-zip", "State_dict of 7 tensors"),
    ({"state_dict": state_dict(), "note": "x"}, "torch-zip", "Weights of 7 tensors"),
    ({"model": state_dict(), "optimizer": adam(), "epoch": 19}, "torch-zip", "Training checkpoint at epoch 19"),
    ({"model": state_dict(), "global_step": 12345}, "torch-zip", "Weights of 7 tensors at step 12,345"),
    (
        {"state_dict": state_dict(), "epoch": 19, "pytorch-lightning_version": "2.4.0"},
        "torch-zip", "Lightning 2.4.0 checkpoint at epoch 19",
    ),
    (adam(), "torch-zip", "Optimizer state"),
    ({"python": (3, (1,), None), "numpy": 1, "cpu": tensor(5056, dtype="uint8")}, "torch-zip",
     "Random number generator states (Hugging Face Trainer)"),
    ({"last_epoch": 3, "_step_count": 4}, "torch-zip", "Learning-rate scheduler state"),
    (state_dict(), "safetensors", "safetensors file of 7 tensors"),
    (tensor(3), "torch-zip", "1 tensor without names"),
    ({"lr": 1}, "torch-zip", "Data without tensors"),
    (module("a.Net", _parameters={"w": tensor(3)}, _modules={}), "torch-zip", "Whole pickled module Net of 1 tensor"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("plain", "form", "headline"), HEADLINES, ids=lambda item: item if isinstance(item, str) else ""
)
def test_the_headline_says_what_it_is(plain: Any, form: str, headline: str) -> None:
    assert page(plain, form=form).headline == headline


def test_the_bars_count_each_part() -> None:
    found = page({"model": state_dict(), "optimizer": adam(), "ema": state_dict(dtype="float16"), "epoch": 1})
    elements = 12 + 4 * 4 + 8 + 2
    assert found.params == elements
    assert [(share.name, share.tensors, share.params, share.nbytes) for share in found.by_role] == [
        ("weights", 7, elements, elements * 4),
        ("ema", 7, elements, elements * 2),
        ("optimizer", 18, 2 * (elements - 4) + 6, (2 * (elements - 4) + 6) * 4),
    ]
    assert [share.name for share in found.by_dtype] == ["float32", "float16"]
    assert found.by_role[0].share_of_file == pytest.approx(elements * 4 / 2**20)
    assert [saving.nbytes for saving in found.savings] == [found.by_role[2].nbytes, found.by_role[1].nbytes]


def test_shared_elements_count_once_for_the_first_role() -> None:
    shared = store(12)
    found = page({"optimizer": {"state": {0: {"exp_avg": view(shared)}}, "param_groups": []},
                  "model": {"a.weight": view(shared), "head.weight": view(shared)}})  # fmt: skip
    assert found.params == 12
    assert [(share.name, share.nbytes) for share in found.by_role] == [("weights", 48), ("optimizer", 0)]
    waste = [waste for waste in found.storages if waste.kind == "shared"]
    assert waste[0].nbytes == 96
    assert "3 tensors tied" in said(found)


def view(storage: Any, *shape: int, offset: int = 0) -> Tensor:
    return tensor(*(shape or (4, 3)), storage=storage, offset=offset)


def test_an_over_wide_storage_is_named_with_what_it_wastes() -> None:
    found = page({"a.weight": view(store(1000)), "b.weight": tensor(5)})
    assert [(waste.kind, waste.nbytes) for waste in found.storages] == [("over-wide", 988 * 4)]
    assert found.storages[0].text == "a.weight uses 48 B of a storage of 3.91 KiB"
    assert found.savings[0].nbytes == 988 * 4


def test_views_side_by_side_waste_nothing() -> None:
    whole = store(24)
    found = page({"a.weight": view(whole), "b.weight": view(whole, offset=12)})
    assert found.params == 24
    assert [(waste.kind, waste.nbytes) for waste in found.storages] == [("shared", 0)]


def test_views_that_interleave_waste_nothing() -> None:
    whole = store(24)
    every_other = [Tensor(whole, offset, (12,), (2,), "float32") for offset in (0, 1)]
    found = page({"a.weight": every_other[0], "b.weight": every_other[1]})
    assert found.params == 24
    assert not [waste for waste in found.storages if waste.kind == "over-wide"]


def test_an_expanded_tensor_counts_what_is_stored() -> None:
    found = page({"a.weight": Tensor(store(3), 0, (1000, 3), (0, 1), "float32")})
    assert (found.params, found.by_role[0].nbytes) == (3, 12)
    assert found.storages == ()


def test_a_wrapped_tensor_counts_its_parts() -> None:
    sparse = Tensor(None, 0, (100, 100), (), "float32")
    sparse.layout = "sparse_coo"
    sparse.parts = [("indices", tensor(2, 5, dtype="int64")), ("values", tensor(5))]
    found = page({"a.weight": sparse})
    assert found.by_role[0].nbytes == 2 * 5 * 8 + 5 * 4
    assert "sparse_coo" in said(found)


def test_data_written_twice_is_found_by_checksum() -> None:
    plain = {"a.weight": tensor(2048), "b.weight": tensor(2048), "c.weight": tensor(2048)}
    for key, crc in (("a.weight", 77), ("b.weight", 77), ("c.weight", 5)):
        storage = plain[key].storage
        assert storage is not None
        storage.crc = crc
    found = page(plain)
    assert [(waste.kind, waste.nbytes) for waste in found.storages] == [("duplicate", 8192)]
    assert found.storages[0].text == "a.weight and b.weight: 8.00 KiB each, with the same checksum"


def test_checksums_that_were_not_computed_prove_nothing() -> None:
    plain = {"a.weight": tensor(2048), "b.weight": tensor(2048), "c.weight": tensor(4096)}
    for one in plain.values():
        assert one.storage is not None
        one.storage.crc = 77
    assert page(plain).storages == ()


def test_sentences_say_what_and_why() -> None:
    plain = {"model": state_dict(), "optimizer": adam(), "ema": state_dict(), "scaler": {},
             "rng": tensor(5056, dtype="uint8")}  # fmt: skip
    text = said(page(plain, form="torch-legacy", python2=True))
    for part in (
        "Legacy format written by Python 2", "Weights: 7 tensors, 38 parameters under model",
        "An average of the weights (EMA): 7 tensors under ema", "Adam state for 6 tensors under optimizer",
        "Optimizer state of 6 parameters is joined to names", "Gradient scaler under scaler",
        "Random number generator state under rng",
    ):  # fmt: skip
        assert part in text


def test_devices_are_those_of_storages_that_have_a_tag() -> None:
    on_meta = Tensor(None, 0, (2,), (1,), "float32")
    on_meta.device = "meta"
    untagged = tensor(5)
    assert untagged.storage is not None
    untagged.storage.device = None
    found = page({"a.weight": view(store(12, device="cuda:0")), "b.weight": on_meta, "c.weight": untagged})
    assert [(share.name, share.tensors, share.nbytes) for share in found.by_device] == [
        ("cuda:0", 1, 48),
        ("meta", 1, 0),
    ]


def test_code_is_sorted_by_what_is_known_of_it() -> None:
    code = ("collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "os.system")
    found = page(checkpoint(state_dict(), code=code)).code
    assert (found.data, found.constructor, found.unknown) == (code[:1], code[1:2], code[2:])


def test_problems_lead_to_their_nodes() -> None:
    bad = tensor(4)
    assert bad.storage is not None
    bad.storage.nbytes = 3
    made = checkpoint({"a.weight": tensor(4), "b.weight": bad})
    found = page(made)
    assert [problem.node for problem in found.problems] == [made.find(("b.weight",))]
    assert "1 tensor does not hold together" in said(found)
    assert found.weights_only.accepted is False


def test_groups_of_tied_tensors_are_named_apart() -> None:
    plain = {f"{name}{part}.weight": view(storage) for name in "abcd" for storage in [store(12)] for part in (1, 2)}
    text = said(page(plain))
    assert (
        "4 groups of tied tensors, 8 tensors: a1.weight and a2.weight; b1.weight and b2.weight; "
        "c1.weight and c2.weight; and 1 group more"
    ) in text


def test_one_is_no_plural() -> None:
    made = checkpoint({"a.weight": tensor(1)})
    lines = "\n".join(info_words(Opened(made, classify(made))))
    assert "1 tensors" not in lines
    assert "1 parameters" not in lines
    assert "█" not in lines  # four bytes of a mebibyte are 0.0 %


def test_hostile_keys_are_escaped() -> None:
    wide = {"x\u202ey.weight": view(store(1000)), "x.\u202ey": view(store(1000))}
    found = page({"m\u202e": wide, "optimizer\u202e": adam()})
    assert "\u202e" not in found.headline + said(found) + "".join(waste.text for waste in found.storages)


def test_the_tensor_table_is_in_columns() -> None:
    lines = list(info_words(Opened(made := checkpoint(state_dict()), classify(made))))
    rows = [line for line in lines if "float32" in line and "cpu" in line]
    assert len(rows) == 7
    assert len({line.index("float32") for line in rows}) == 1
    assert len({len(line) for line in rows}) == 1
