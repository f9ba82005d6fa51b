"""What a person types for a conversion, and recipes."""

from __future__ import annotations

import pytest

from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.convert.options import read_device, read_dtype, read_metadata, read_size
from ckpt_gui.core.convert.recipes import options_from_json, options_to_json
from ckpt_gui.core.errors import ConvertError


def test_devices() -> None:
    assert read_device("cpu") == DeviceRule(None, "cpu")
    assert read_device(" cuda:1 = cuda:0 ") == DeviceRule("cuda:1", "cuda:0")
    assert read_device("privateuseone:2").new == "privateuseone:2"
    assert read_device("cuda:1=cuda:0").text == "cuda:1=cuda:0"


@pytest.mark.parametrize(
    "text", ["", "=", "=cpu", "cuda:0=", "cuda:", "cuda:x", "two words", "1", "meta", "cpu=meta:0", "a\nb"]
)
def test_what_is_no_device(text: str) -> None:
    with pytest.raises(ConvertError):
        read_device(text)


@pytest.mark.parametrize(
    ("text", "dtype"),
    [("bf16", "bfloat16"), ("half", "float16"), ("fp8_e4m3", "float8_e4m3fn"), ("e5m2", "float8_e5m2"),
     ("f32", "float32"),
     ("torch.bfloat16", "bfloat16"), ("Float", "float32"), ("i8", "int8"), ("double", "float64")],
)  # fmt: skip
def test_element_types(text: str, dtype: str) -> None:
    assert read_dtype(text) == dtype


@pytest.mark.parametrize("text", ["float8", "float33", "", "qint8", "bits8", "int4", "float4_e2m1fn_x2"])
def test_what_nothing_is_cast_to(text: str) -> None:
    with pytest.raises(ConvertError):
        read_dtype(text)


def test_sizes_and_metadata() -> None:
    assert [read_size(text) for text in ("5GB", "2GiB", "1.5 kB", "700")] == [5 * 10**9, 2 << 30, 1500, 700]
    for text in ("0", "-1", "large", ">5"):
        with pytest.raises(ConvertError):
            read_size(text)
    assert [read_metadata(text) for text in ("a=b=c", "a=", "a")] == [("a", "b=c"), ("a", ""), ("a", None)]
    with pytest.raises(ConvertError):
        read_metadata("=x")


def test_a_recipe_holds_what_differs_from_the_defaults() -> None:
    options = Options(state_dict=True, devices=(DeviceRule("cuda:1", "cpu"),), select=("a", 0), metadata=(("k", None),))
    told = options_to_json(options)
    assert told == {
        "ckpt-gui recipe": 1, "state_dict": True, "devices": ["cuda:1=cpu"], "select": ["a", 0],
        "metadata": {"k": None},
    }  # fmt: skip
    assert options_from_json(told) == options


@pytest.mark.parametrize(
    ("told", "why"),
    [([], "no recipe"), ({"state_dict": True}, "no recipe"), ({"ckpt-gui recipe": 2}, "version 2"),
     ({"ckpt-gui recipe": 1, "shrink": 1}, "does not know: shrink"), ({"ckpt-gui recipe": 1, "keep": "x"}, "keep"),
     ({"ckpt-gui recipe": 1, "state_dict": "yes"}, "state_dict"), ({"ckpt-gui recipe": 1, "to": "onnx"}, "to"),
     ({"ckpt-gui recipe": 1, "devices": ["meta"]}, "meta"), ({"ckpt-gui recipe": 1, "max_shard": 0}, "max_shard"),
     ({"ckpt-gui recipe": True}, "version")],
)  # fmt: skip
def test_what_is_no_recipe_says_why(told: object, why: str) -> None:
    with pytest.raises(ConvertError, match=why):
        options_from_json(told)
