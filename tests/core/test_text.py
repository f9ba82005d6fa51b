"""Numbers, paths and hostile text in words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.text import clip, count, escape, integer, natural, parse_path, path_text, plural, shape, size

anything = st.text(st.characters(exclude_categories=()), max_size=30)
keys = anything.filter(bool) | st.integers()


class TestPaths:
    @given(st.lists(keys, max_size=6).map(tuple))
    def test_there_and_back(self, path: tuple[str | int, ...]) -> None:
        assert parse_path(path_text(path)) == path

    @given(st.lists(keys, min_size=1, max_size=4).map(tuple), st.lists(keys, min_size=1, max_size=4).map(tuple))
    def test_two_paths_have_two_texts(self, one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
        assert (path_text(one) == path_text(other)) == (kinds(one) == kinds(other))

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            (("optimizer", "state", 0, "exp_avg"), "optimizer/state/0/exp_avg"),
            (("a/b", "c\\d"), "a\\/b/c\\\\d"),
            (("0",), '"0"'),
            (("-7",), '"-7"'),
            ((-7,), "-7"),
            ((None, True, 1.5), "None/True/1.5"),
            ((), ""),
        ],
    )
    def test_as_the_contract_writes_it(self, path: tuple[str | int | float | bool | None, ...], text: str) -> None:
        assert path_text(path) == text

    def test_an_endless_number_is_told_by_its_bits(self) -> None:
        assert path_text([1 << 20_000]) == "integer, 20,001 bits"

    @pytest.mark.parametrize("text", ["\\", "a\\", "//", '"', '""', '"0', "-", "9" * 5000])
    def test_whatever_is_typed_is_a_path(self, text: str) -> None:
        assert isinstance(parse_path(text), tuple)


def kinds(path: tuple[str | int, ...]) -> list[tuple[type, str | int]]:
    return [(type(key), key) for key in path]


class TestEscape:
    @given(anything)
    def test_nothing_that_misleads_the_eye_is_left(self, text: str) -> None:
        assert {unicodedata.category(char)[0] for char in escape(text) if char != " "} <= set("LMNPS")

    @given(anything)
    def test_the_result_can_be_written_anywhere(self, text: str) -> None:
        assert escape(text).encode("utf-8").decode() == escape(text)

    @given(anything)
    def test_twice_is_once(self, text: str) -> None:
        assert escape(escape(text)) == escape(text)

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain.weight", "plain.weight"), ("Größe μ 模型 🙂", "Größe μ 模型 🙂"), ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\0\x1b[31m", "\\x00\\x1b[31m"), ("cpu\u202e:0", "cpu\\u202e:0"), ("\u200b", "\\u200b"),
            ("\ud800", "\\ud800"), ("\U000e0041", "\\U000e0041"), ("\x7f\x85", "\\x7f\\x85"),
        ],
    )  # fmt: skip
    def test_as(self, text: str, shown: str) -> None:
        assert escape(text) == shown


class TestNatural:
    def test_layer_2_before_layer_10(self) -> None:
        names = ["layer10", "layer2", "Layer1", "layer2.weight", "10", "9", "a"]
        assert sorted(names, key=natural) == ["9", "10", "a", "Layer1", "layer2", "layer2.weight", "layer10"]

    @given(st.lists(anything, max_size=8))
    def test_everything_can_be_compared(self, names: list[str]) -> None:
        assert len(sorted(names, key=natural)) == len(names)

    @pytest.mark.parametrize("text", ["²", "٣", "9" * 5000, "x" + "1" * 4001, "①2"])
    def test_odd_digits_raise_nothing(self, text: str) -> None:
        assert natural(text)


class TestSizes:
    @pytest.mark.parametrize(
        ("nbytes", "text"),
        [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1536, "1.50 KiB"), (1000 * 1024, "0.98 MiB"),
            (7_077_888, "6.75 MiB"), (2**30, "1.00 GiB"), (11 * 2**30, "11.0 GiB"), (2**40, "1.00 TiB"),
            (2**63 - 1, "8.00 EiB"), (-2048, "-2.00 KiB"),
        ],
    )  # fmt: skip
    def test_bytes(self, nbytes: int, text: str) -> None:
        assert size(nbytes) == text

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (0, "0"), (9999, "9999"), (10_000, "10.0 k"), (38_600_000, "38.6 M"), (999_600, "1.00 M"),
            (7_000_000_000, "7.00 G"), (2**100, "1.27e+30"),
        ],
    )  # fmt: skip
    def test_counts(self, number: int, text: str) -> None:
        assert count(number) == text

    def test_what_no_file_holds_is_told_by_its_power(self) -> None:
        assert (size(1 << 20_000), count(1 << 20_000)) == ("about 10^6020 B", "about 10^6020")

    @given(st.integers(0, 2**64))
    def test_three_digits_at_most(self, nbytes: int) -> None:
        digits = size(nbytes).split()[0].replace(".", "").lstrip("0")
        assert len(digits) <= (3 if nbytes >= 1024 else 4)

    @given(st.integers(-(2**70), 2**70))
    def test_an_integer_is_itself(self, value: int) -> None:
        assert integer(value) == str(value)

    @pytest.mark.parametrize(
        ("sizes", "text"), [((), "scalar"), ((768, 2304), "768 × 2304"), ((2, -1, 3), "2 × ragged × 3"), ((0,), "0")]
    )
    def test_shapes(self, sizes: tuple[int, ...], text: str) -> None:
        assert shape(sizes) == text

    @given(anything, st.integers(1, 20))
    def test_a_clipped_text_keeps_its_limit(self, text: str, limit: int) -> None:
        assert (len(clip(text, limit)) <= limit, clip(text, limit) == text) == (True, len(text) <= limit)

    @pytest.mark.parametrize(
        ("number", "noun", "text"),
        [(1, "tensor", "1 tensor"), (2, "tensor", "2 tensors"), (1204, "entry", "1,204 entries"), (0, "key", "0 keys")],
    )
    def test_plurals(self, number: int, noun: str, text: str) -> None:
        assert plural(number, noun) == text
