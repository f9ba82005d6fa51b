"""The pickle machine: whatever the standard pickle writes reads back equal; whatever is broken ends in words."""

from __future__ import annotations

import collections
import pickle
import pickletools
import random
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.pickles.feed import CHUNK, FIRST_CHUNK, SLACK
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.values import Object
from ckpt_gui.core.sources import Memory
from tests.core.pickles.plain import plain, read

PROTOCOLS = range(6)
quick = settings(max_examples=60, deadline=None)

texts = st.text(st.characters(exclude_categories=()), max_size=40)
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(-(2**600), 2**600) | st.floats(allow_nan=False)
    | texts | st.binary(max_size=40) | st.complex_numbers(allow_nan=False, allow_infinity=False)
)  # fmt: skip
keys = st.none() | st.booleans() | st.integers() | texts | st.binary(max_size=10) | st.tuples(st.integers(), texts)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, max_size=6)
        | st.lists(inner, max_size=6).map(tuple)
        | st.dictionaries(keys, inner, max_size=6)
        | st.dictionaries(texts, inner, max_size=4).map(collections.OrderedDict)
        | st.sets(st.integers() | texts, max_size=6)
        | st.frozensets(st.integers() | texts, max_size=6)
    )


values = st.recursive(scalars, nested, max_leaves=30)


class TestReadsWhatPickleWrites:
    @quick
    @given(value=values, protocol=st.sampled_from(PROTOCOLS))
    def test_equal_in_value(self, value: Any, protocol: int) -> None:
        assert read(pickle.dumps(value, protocol)) == value

    @quick
    @given(value=values, protocol=st.sampled_from(PROTOCOLS))
    def test_equal_in_every_type(self, value: Any, protocol: int) -> None:
        assert kinds(read(pickle.dumps(value, protocol))) == kinds(value)

    @quick
    @given(value=values, protocol=st.sampled_from(PROTOCOLS))
    def test_optimized_streams_too(self, value: Any, protocol: int) -> None:
        assert read(pickletools.optimize(pickle.dumps(value, protocol))) == value

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_infinities(self, protocol: int) -> None:
        assert read(pickle.dumps([float("inf"), float("-inf"), -0.0], protocol)) == [float("inf"), float("-inf"), 0.0]

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_thousand_of_each_container(self, protocol: int) -> None:
        value = [list(range(1000)), dict.fromkeys(range(1000), "x"), tuple(range(1000)), set(range(1000))]
        assert read(pickle.dumps(value, protocol)) == value

    @pytest.mark.parametrize("protocol", [4, 5])
    def test_frames_beyond_a_chunk(self, protocol: int) -> None:
        value = [bytes([n % 251]) * 70_000 for n in range(100)]
        assert read(pickle.dumps(value, protocol)) == value

    def test_a_bytearray(self) -> None:
        assert read(pickle.dumps(bytearray(b"abc"), 5)) == bytearray(b"abc")

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_the_protocol_is_told(self, protocol: int) -> None:
        # Protocols 0 and 1 do not say which they are.
        assert read_pickle(Memory(pickle.dumps(1, protocol))).protocol == (protocol if protocol > 1 else 0)


def kinds(value: Any) -> Any:
    """The value with its types, so that 1 and True differ."""
    if isinstance(value, dict):
        return type(value), [(kinds(key), kinds(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [kinds(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(map(repr, value))
    return type(value), repr(value)


class TestKeepsSharingAndCycles:
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_one_list_in_two_places_is_one(self, protocol: int) -> None:
        shared: list[int] = [1]
        first, second = read(pickle.dumps([shared, shared], protocol))
        assert first is second

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_equal_lists_are_two(self, protocol: int) -> None:
        first, second = read(pickle.dumps([[1], [1]], protocol))
        assert first is not second

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_list_that_holds_itself(self, protocol: int) -> None:
        loop: list[Any] = []
        loop.append(loop)
        found = read(pickle.dumps(loop, protocol))
        assert found[0] is found

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_dict_that_holds_itself(self, protocol: int) -> None:
        loop: dict[str, Any] = {}
        loop["me"] = loop
        found = read(pickle.dumps(loop, protocol))
        assert found["me"] is found

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_tuple_in_a_list_in_it(self, protocol: int) -> None:
        inner: list[Any] = []
        inner.append((inner,))
        result = read_pickle(Memory(pickle.dumps(inner, protocol)))
        assert result.value[0][0] is result.value

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_more_memo_entries_than_a_byte_counts(self, protocol: int) -> None:
        rows = [[number] for number in range(600)]
        found = read(pickle.dumps([rows, rows[::-1]], protocol))
        assert [row is found[1][599 - place] for place, row in enumerate(found[0])] == [True] * 600


class TestWindows:
    """The stream is read in windows; nothing may depend on where one ends."""

    @pytest.mark.parametrize("border", [FIRST_CHUNK, FIRST_CHUNK - SLACK, CHUNK, FIRST_CHUNK + CHUNK])
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_value_across_the_border(self, border: int, protocol: int) -> None:
        dice = random.Random(border)
        tail = ["äöü" * 50, b"\xff" * 300, 2**200, -1.5, {"k": (1, 2, 3)}, True, "x" * 70_000, 7]
        for shift in (0, 1, 2, 3, 5, 9, 50, 100, 200, 301, 500):
            filler = [dice.randbytes(250).hex() for _ in range((border - shift) // 510)]
            value = [filler, "y" * (shift + 1), *tail]
            assert read(pickle.dumps(value, protocol)) == value

    @pytest.mark.parametrize("size", [FIRST_CHUNK - 1, FIRST_CHUNK, FIRST_CHUNK + 1, (1 << 20) - 1, 1 << 20])
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_strings_as_long_as_windows(self, size: int, protocol: int) -> None:
        value = ["a" * size, b"b" * size, "end"]
        if protocol < 3:
            value[1] = "c" * size  # bytes go over as text there, twice as long
        if protocol == 0:
            value[:2] = ["a" * (size - 1), "c" * (size - 1)]  # the line's end counts there
        assert read(pickle.dumps(value, protocol)) == value

    @pytest.mark.parametrize("size", [(1 << 20) + 1, 3 << 20, CHUNK, CHUNK + 1])
    @pytest.mark.parametrize("protocol", [2, 3, 4, 5])
    def test_longer_strings_stay_in_the_file(self, size: int, protocol: int) -> None:
        stream = pickle.dumps(["a" * size, "end"], protocol)
        span, end = read_pickle(Memory(stream)).value
        assert (stream[span.offset : span.offset + span.nbytes], end) == (b"a" * size, "end")

    def test_a_stream_of_many_chunks(self) -> None:
        value = [number * 1.5 for number in range(1_200_000)]
        assert read(pickle.dumps(value, 2)) == value

    def test_a_pickle_in_the_middle_of_a_file(self) -> None:
        stream = pickle.dumps({"a": 1}, 2)
        result = read_pickle(Memory(b"before" + stream + b"after"), 6)
        assert (plain(result.value), result.end, result.nbytes) == ({"a": 1}, 6 + len(stream), len(stream))

    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    def test_a_source_that_gives_little_at_a_time_is_at_its_end(self, size: int) -> None:
        stream = pickle.dumps([1, 2], 2)
        assert read_pickle(Memory(stream[:-size])).broken is not None


def ops(*codes: bytes, protocol: int | None = 2) -> bytes:
    head = b"" if protocol is None else b"\x80" + bytes([protocol])
    return head + b"".join(codes) + b"."


class TestOpcodes:
    @pytest.mark.parametrize(
        ("stream", "value"),
        [
            (b"I5\n.", 5), (b"I01\n.", True), (b"I00\n.", False), (b"L-12L\n.", -12), (b"L7\n.", 7),
            (b"F1.5\n.", 1.5), (b"S'a\\nb'\n.", "a\nb"), (b'S"q"\n.', "q"), (b"Vz\\u00fc\n.", "zü"), (b"N.", None),
            (b"K\x05.", 5), (b"M\x01\x02.", 513), (b"J\xff\xff\xff\xff.", -1), (b"\x88.", True), (b"\x89.", False),
            (b"\x8a\x00.", 0), (b"\x8a\x01\xff.", -1), (b"\x8b\x02\x00\x00\x00\x00\x01.", 256),
            (b"G?\xf8\x00\x00\x00\x00\x00\x00.", 1.5), (b"U\x02hi.", "hi"), (b"T\x02\x00\x00\x00hi.", "hi"),
            (b"U\x01\xff.", b"\xff"), (b"C\x01\x00.", b"\0"), (b"B\x01\x00\x00\x00x.", b"x"),
            (b"\x8e" + struct.pack("<Q", 1) + b"x.", b"x"), (b"X\x01\x00\x00\x00x.", "x"), (b"\x8c\x01x.", "x"),
            (b"\x8d" + struct.pack("<Q", 1) + b"x.", "x"), (b"X\x03\x00\x00\x00\xed\xa0\x80.", "\ud800"),
            (b").", ()), (b"(I1\nI2\nt.", (1, 2)), (b"K\x01\x85.", (1,)), (b"K\x01K\x02\x86.", (1, 2)),
            (b"K\x01K\x02K\x03\x87.", (1, 2, 3)), (b"].", []), (b"(I1\nl.", [1]), (b"]K\x01a.", [1]),
            (b"](K\x01K\x02e.", [1, 2]), (b"}.", {}), (b"(K\x01K\x02d.", {1: 2}), (b"}K\x01K\x02s.", {1: 2}),
            (b"}(K\x01K\x02u.", {1: 2}), (b"\x8f.", set()), (b"\x8f(K\x01\x90.", {1}), (b"(K\x01\x91.", frozenset({1})),
            (b"K\x01K\x020.", 1), (b"K\x01(K\x02K\x031.", 1), (b"K\x012\x86.", (1, 1)), (b"(0K\x01.", 1),
            (b"]p5\ng5\n\x86.", ([], [])), (b"]q\x05h\x05\x86.", ([], [])),
            (b"]r\x05\x00\x00\x00j\x05\x00\x00\x00\x86.", ([], [])), (b"]\x94h\x00\x86.", ([], [])),
            (b"\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x05.", 5),
            (b"ccollections\nOrderedDict\n)R.", collections.OrderedDict()),
            (b"c_codecs\nencode\nX\x02\x00\x00\x00\xc3\xbfX\x06\x00\x00\x00latin1\x86R.", b"\xff"),
        ],
    )  # fmt: skip
    def test_value(self, stream: bytes, value: Any) -> None:
        assert kinds(read(stream)) == kinds(value)

    @pytest.mark.parametrize(
        ("stream", "args"),
        [
            (b"cm\nC\n)\x81.", ()),
            (b"cm\nC\nK\x01\x85R.", (1,)),
            (b"(cm\nC\nK\x01o.", (1,)),
            (b"(K\x01im\nC\n.", (1,)),
            (b"\x80\x04X\x01\x00\x00\x00mX\x01\x00\x00\x00C\x93K\x01\x85\x81.", (1,)),
            (b"\x80\x04cm\nC\nK\x01\x85}\x92.", (1,)),
        ],
    )
    def test_an_instance_of_something_unknown_is_an_object(self, stream: bytes, args: tuple[Any, ...]) -> None:
        value = read_pickle(Memory(stream)).value
        assert (type(value), value.full, value.args) == (Object, "m.C", args)

    def test_build_keeps_the_state(self) -> None:
        value = read_pickle(Memory(b"cm\nC\n)\x81}X\x01\x00\x00\x00aK\x01sb.")).value
        assert plain(value.state) == {"a": 1}

    def test_build_twice_keeps_both_states(self) -> None:
        value = read_pickle(Memory(b"cm\nC\n)\x81K\x01bK\x02b.")).value
        assert value.state.args == (1, 2)

    def test_build_on_a_name_changes_no_name(self) -> None:
        result = read_pickle(Memory(b"cm\nC\nq\x00}X\x04\x00\x00\x00nameK\x01sbh\x00\x86."))
        wrapped, name = result.value
        assert (type(wrapped), name.full, plain(wrapped.state)) == (Object, "m.C", {"name": 1})

    def test_items_of_an_object(self) -> None:
        value = read_pickle(Memory(b"cm\nC\n)\x81K\x01K\x02s.")).value
        assert value.items == [(1, 2)]

    def test_elements_of_an_object(self) -> None:
        value = read_pickle(Memory(b"cm\nC\n)\x81K\x01aK\x02a.")).value
        assert value.elements == [1, 2]

    def test_names_are_listed_once_in_the_order_of_their_use(self) -> None:
        result = read_pickle(Memory(b"(cb\nB\nca\nA\ncb\nB\nt."))
        assert list(result.globals) == [("b", "B"), ("a", "A")]

    def test_every_name_is_one_value(self) -> None:
        first, second = read_pickle(Memory(b"cb\nB\ncb\nB\n\x86.")).value
        assert first is second

    def test_a_persistent_id_is_asked_for(self) -> None:
        assert read_pickle(Memory(b"Pabc\nK\x07Q\x86."), persist=lambda pid: [pid]).value == (["abc"], [7])

    def test_opcodes_that_weights_only_refuses_are_told(self) -> None:
        assert read_pickle(Memory(ops(b"K\x01K\x020"))).refused == ["POP"]

    def test_a_torch_save_uses_none_of_these(self) -> None:
        value = collections.OrderedDict(a=[1, 2.5, None, True, ("x",)], b={"c": 2**40})
        assert read_pickle(Memory(pickle.dumps(value, 2))).refused == []


class TestBrokenStreams:
    @pytest.mark.parametrize(
        ("stream", "why"),
        [
            (b"", "ends"), (b"\x80\x02", "ends"), (b".", "empty stack"), (b"\x80\x06N.", "protocol 6"),
            (b"h\x05.", "never made"), (b"g77\n.", "never made"), (b"\xff.", "opcode 255"), (b"\x82\x01.", "EXT1"),
            (b"\x83\x01\x00.", "EXT2"), (b"\x84\x01\x00\x00\x00.", "EXT4"), (b"\x97.", "out-of-band"),
            (b"\x98.", "out-of-band"), (b"X\xff\xff\xff\x7fabc.", "2,147,483,647 bytes"),
            (b"\x8d" + b"\xff" * 8 + b".", "bytes where"), (b"\x8e" + struct.pack("<Q", 2**40) + b".", "bytes where"),
            (b"\x96" + struct.pack("<Q", 2**40) + b".", "bytes where"), (b"T\xff\xff\xff\xff.", "bytes where"),
            (b"\x8b\xff\xff\xff\xff.", "bytes where"), (b"Iabc\n.", "malformed"), (b"Fx\n.", "malformed"),
            (b"Sx\n.", "quotes"), (b"X\x01\x00\x00\x00\xff.", "malformed"), (b"I5", "without its end"),
            (b"}K\x01u.", "empty"), (b"}(K\x01u.", "without a value"), (b"K\x01K\x02\x93.", "not text"),
            (b"g" + b"1" * 5000 + b"\n.", "malformed"),
        ],
    )  # fmt: skip
    def test_says_why(self, stream: bytes, why: str) -> None:
        broken = read_pickle(Memory(stream)).broken
        assert broken is not None
        assert why in broken

    def test_says_where(self) -> None:
        broken = read_pickle(Memory(b"\x80\x02]K\x01a\xff.")).broken
        assert broken is not None
        assert "byte 7" in broken

    @pytest.mark.parametrize("end", range(1, 60))
    def test_a_cut_dict_keeps_its_first_items(self, end: int) -> None:
        whole = {f"k{number}": number for number in range(300)}
        stream = pickle.dumps(whole, 2)
        found = plain(read_pickle(Memory(stream[: len(stream) - 20 * end])).value)
        assert list(found.items()) == list(whole.items())[: len(found)]

    def test_a_cut_dict_loses_only_its_end(self) -> None:
        whole = {f"k{number}": number for number in range(300)}
        stream = pickle.dumps(whole, 2)
        assert len(plain(read_pickle(Memory(stream[:-2])).value)) == 300

    @quick
    @given(
        value=st.dictionaries(texts, values, min_size=1, max_size=5), cut=st.floats(0, 1), protocol=st.integers(0, 5)
    )
    def test_every_cut_ends_in_words(self, value: dict[str, Any], cut: float, protocol: int) -> None:
        stream = pickle.dumps(value, protocol)
        assert read_pickle(Memory(stream[: int(cut * (len(stream) - 1))])).broken is not None

    def test_a_payload_before_the_damage_is_still_listed(self) -> None:
        result = read_pickle(Memory(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R\xff"))
        assert (result.broken is not None, list(result.globals)) == (True, [("os", "system")])

    def test_bytes_after_the_end_are_not_read(self) -> None:
        assert read_pickle(Memory(b"K\x05.garbage")).end == 3

    def test_values_left_on_the_stack_are_noted(self) -> None:
        assert read_pickle(Memory(b"K\x01K\x02.")).notes != []

    def test_a_frame_longer_than_the_stream_is_noted(self) -> None:
        assert read_pickle(Memory(b"\x80\x04\x95" + b"\xff" * 8 + b"N.")).notes != []


class TestLimits:
    def test_more_values_than_a_short_stream_can_honestly_have(self) -> None:
        broken = read_pickle(Memory(ops(b"]" * 1_000_000))).broken
        assert broken is not None
        assert "so short a stream" in broken

    def test_an_honest_long_list_of_lists_is_read(self) -> None:
        value = [[number, "text"] for number in range(400_000)]
        assert len(read_pickle(Memory(pickle.dumps(value, 2))).value) == 400_000

    def test_many_names_of_code_are_refused(self) -> None:
        from ckpt_gui.core.errors import TooLarge

        stream = b"(" + b"".join(b"cm\nn%d\n" % number for number in range(100_001)) + b"t."
        with pytest.raises(TooLarge, match="100,000 names"):
            read_pickle(Memory(stream))

    @pytest.mark.parametrize("stream", [b"I" + b"9" * 4301 + b"\n.", b"L" + b"9" * 100_000 + b"L\n."])
    def test_endless_decimals_are_told_by_their_length(self, stream: bytes) -> None:
        value = read_pickle(Memory(stream)).value
        assert value.text.endswith("bits")

    def test_a_monstrous_long_is_told_by_its_length(self) -> None:
        value = read_pickle(Memory(b"\x8b" + struct.pack("<i", 100_000) + bytes(100_000) + b".")).value
        assert value.text == "integer, about 800,000 bits"

    def test_a_huge_memo_index_costs_nothing(self) -> None:
        assert read(b"]r\xff\xff\xff\xffj\xff\xff\xff\xff\x86.") == ([], [])

    def test_depth_is_no_recursion(self) -> None:
        value = read_pickle(Memory(ops(b"]" * 200_000, b"a" * 199_999))).value
        assert type(value) is list

    def test_a_long_name_is_cut(self) -> None:
        value = read_pickle(Memory(b"c" + b"m" * 5000 + b"\nC\n.")).value
        assert len(value.module) == 1024
