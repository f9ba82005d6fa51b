"""The faithful graph: read, written again, read again; by the standard pickle's judgement and by our reader's."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.formats.base import StorageTable
from ckpt_gui.core.pickles.feed import MAX_TEXT
from ckpt_gui.core.pickles.graph import Bag, Dict, Made, Persistent, Raw, read_graph
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.same import same_graph
from ckpt_gui.core.pickles.values import Global, Span
from ckpt_gui.core.pickles.writer import write_graph
from ckpt_gui.core.sources import Memory
from tests.builders import CASES
from tests.core.pickles.alike import alike
from tests.core.pickles.streams import Holder, Items, Members, Names, Slotted, WithKeywords, objects, streams_of
from tests.core.pickles.test_machine import PROTOCOLS, values

REAL = Path("/work/shared/real")
KNOWN = set(b"cRb(ate us}])\x85\x86\x87NMJKXhjqr\x88\x89\x80\x81\x8aGQU.\x8f") - {ord(" ")}
"""What weights_only reads (torch/_weights_only_unpickler.py)."""
_NEWER = (Slotted, Items, Names, Members, WithKeywords)
quick = settings(max_examples=60, deadline=None)


def again(stream: bytes) -> bytes:
    """The stream read and written; what is read from that is the same graph."""
    graph = read_graph(Memory(stream))
    assert graph.end == len(stream)
    written = b"".join(write_graph(graph.root, graph.protocol))
    second = read_graph(Memory(written))
    assert same_graph(graph.root, second.root) == ""
    assert second.protocol == max(2, graph.protocol)
    assert second.end == len(written)
    return written


def state_of(stream: bytes) -> bytes:
    """What the standard pickle makes of a stream, in a form that tells every value and everything shared."""
    return pickle.dumps(pickle.loads(stream), 4)


class TestTheStandardPickleReadsTheSame:
    @quick
    @given(value=values, protocol=st.sampled_from(PROTOCOLS), slim=st.booleans())
    def test_any_plain_data(self, value: Any, protocol: int, slim: bool) -> None:
        loop: list[Any] = [value]
        holder = (loop, value, loop)
        loop.append(holder)
        stream = pickle.dumps([value, {"again": value, "loop": holder}, loop], protocol)
        stream = pickletools.optimize(stream) if slim else stream
        assert state_of(again(stream)) == state_of(stream)

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_objects(self, protocol: int) -> None:
        # pickle.py cannot write slots by protocols 0 and 1, nor what is a list and lies within itself.
        listed = [one for one in objects() if protocol > 1 or type(one) not in _NEWER]
        for value in [*listed, listed] if protocol > 1 else listed:
            stream = pickle.dumps([value, {"twice": value}], protocol)
            assert state_of(again(stream)) == state_of(stream), value

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_a_call_that_lies_within_its_own_argument(self, protocol: int) -> None:
        value = Holder([])
        value.inner.append(value)
        stream = pickle.dumps(value, protocol)
        assert "POP" in [code.name for code, _, _ in pickletools.genops(stream)]
        made = pickle.loads(again(stream))
        assert made.inner[0] is made

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_many_items(self, protocol: int) -> None:
        value = [list(range(2500)), {number: str(number) for number in range(2001)}, set(range(1001))]
        assert pickle.loads(again(pickle.dumps(value, protocol))) == value

    def test_endless_nesting(self) -> None:
        stream = b"\x80\x02" + b"]" * 20_000 + b"a" * 19_999 + b"."
        assert again(stream).count(b"]") == 20_000
        stream = b"\x80\x02N" + b"\x85" * 20_000 + b"."
        assert again(stream) == stream

    def test_tuples_that_hold_each_other_by_way_of_a_list(self) -> None:
        loop: list[Any] = []
        value: Any = loop
        for place in range(200):
            value = (value, place, "x" * place)
            loop.append(value)
        stream = pickle.dumps(value, 2)
        written = again(stream)
        assert len(written) < 4 * len(stream)
        assert state_of(written) == state_of(stream)


class TestOldAndRareOpcodes:
    def test_text_opcodes(self) -> None:
        stream = (
            b"(dp0\nS'old'\np1\nF1.5\nsVunic\\u00f6de\ng1\nsI5\n(lp2\nI01\naL12L\nas"
            b"S'point'\n(I1\nI2\nibuiltins\ncomplex\ns."
        )
        assert pickle.loads(again(stream)) == pickle.loads(stream)

    def test_old_strings_stay_bytes(self) -> None:
        stream = b"\x80\x02]q\x00(U\x03\xff\xfe\xfdq\x01h\x01T\x03\x00\x00\x00abce."
        written = again(stream)
        assert pickle.loads(written, encoding="bytes") == [b"\xff\xfe\xfd", b"\xff\xfe\xfd", b"abc"]
        long = b"\x80\x02T" + struct.pack("<i", 300) + b"y" * 300 + b"."
        assert again(long) == long

    def test_an_instance_without_arguments_is_no_call(self) -> None:
        made = read_graph(Memory(b"(ibuiltins\nset\n.")).root
        assert (made.how, made.args) == ("obj", ())
        assert pickle.loads(again(b"((I1\nI2\nlibuiltins\nset\n.")) == {1, 2}

    def test_ints_too_long_for_digits(self) -> None:
        value = -(3**120_000)
        raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        stream = b"\x80\x02\x8b" + struct.pack("<i", len(raw)) + raw + b"."
        assert again(stream) == stream
        decimal = b"L" + b"7" * 5000 + b"L\n."
        assert again(decimal) == b"\x80\x02" + decimal

    def test_ints_as_torchscript_reads_them(self) -> None:
        # unpickler.cpp takes a LONG1 of eight bytes only.
        written = again(pickle.dumps([2**31, -(2**40), 2**63 - 1], 2))
        assert written.count(b"\x8a\x08") == 3

    def test_names_with_a_newline(self) -> None:
        stream = pickle.dumps(["a\nb"], 4)[:0] + b"\x80\x04\x8c\x03a\nb\x8c\x03c.d\x93."
        found = read_graph(Memory(again(stream))).root
        assert (found.module, found.name) == ("a\nb", "c.d")

    def test_names_longer_than_are_shown(self) -> None:
        stream = b"\x80\x02c" + b"m" * 3000 + b"\n" + b"n" * 3000 + b"\n."
        assert again(stream) == stream

    def test_protocols_keep_their_meaning_of_names(self) -> None:
        for protocol in PROTOCOLS:
            written = again(pickle.dumps({"a": range(3)}, protocol))
            assert written[1] == max(2, protocol)
            assert pickle.loads(written) == {"a": range(3)}

    @pytest.mark.parametrize("kind", ["str", "bytes", "old text", "bytearray"])
    def test_long_strings_stay_in_the_file(self, kind: str) -> None:
        body = b"0123456789abcdef" * (MAX_TEXT // 16 + 1)
        code = {"str": b"X", "bytes": b"B", "old text": b"T", "bytearray": b"\x96"}[kind]
        size = struct.pack("<Q" if kind == "bytearray" else "<I", len(body))
        stream = b"\x80\x02]q\x00(" + code + size + body + b"q\x01h\x01e."
        found = read_graph(Memory(stream)).root
        assert found[0] is found[1]
        span = found[0].raw if type(found[0]) is Raw else found[0]
        assert type(span) is Span
        written = again(stream)
        assert len(written) == len(stream) - 2
        made = pickle.loads(written, encoding="bytes")
        assert made[0] is made[1]
        assert (made[0].encode() if kind == "str" else made[0]) == body


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("stream", "words"),
        [
            (b"\x80\x02]q\x00(K\x01", "the stream ends"),
            (b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR0N.", r"calls os\.system and throws the result away"),
            (b"\x80\x02cos\nsystem\n)RN.", r"calls os\.system"),
            (b"\x80\x02]}b.", "a state is set on a value of the kind list"),
            (b"\x80\x02]K\x00K\x01s.", "items are set on a value of the kind list"),
            (b"\x80\x02}K\x01a.", "items are appended to a dict"),
            (b"\x80\x02](K\x01\x90.", "elements are added to"),
            (b"\x80\x02\x82\x01.", "extension codes"),
            (b"\x80\x02}(K\x01u.", "a key without a value"),
            (b"\x80\x02ca\nb\n\x80\x04cc\nd\n\x86.", "its protocol changes"),
        ],
    )
    def test_says_why(self, stream: bytes, words: str) -> None:
        with pytest.raises(ConvertError, match=words):
            read_graph(Memory(stream))


def mutants() -> list[tuple[str, Callable[[Any], None]]]:
    """Small changes to a graph, each of which is a difference."""

    def swap(root: Any) -> None:
        root[1], root[2] = root[2], root[1]

    return [
        ("swapped", swap),
        ("int", lambda root: root[2].items.__setitem__(0, ("n", 2))),
        ("key", lambda root: root[2].items.__setitem__(0, ("m", 1))),
        ("item more", lambda root: root[2].items.append(("z", 1))),
        ("item less", lambda root: root.pop()),
        ("bool for int", lambda root: root[2].items.__setitem__(0, ("n", True))),
        ("minus zero", lambda root: root.__setitem__(3, -0.0)),
        ("unshared list", lambda root: root.__setitem__(1, list(root[1]))),
        ("unshared text", lambda root: root.__setitem__(5, "te" + "xt"[:1] + "xt"[1:])),
        ("shared text", lambda root: root.__setitem__(7, root[5])),
        ("tuple for list", lambda root: root.__setitem__(0, tuple(root[0]))),
        ("pid", lambda root: setattr(root[8], "pid", ("storage", 2))),
        ("callee", lambda root: setattr(root[9], "callee", Global("a", "c"))),
        ("args", lambda root: setattr(root[9], "args", (2,))),
        ("how", lambda root: setattr(root[9], "how", "new")),
        ("kwargs", lambda root: setattr(root[9], "kwargs", Dict())),
        ("state", lambda root: root[9].steps.__setitem__(0, ("state", None))),
        ("order of steps", lambda root: root[9].steps.reverse()),
        ("step less", lambda root: root[9].steps.pop()),
        ("step's item", lambda root: root[9].steps[1][1].append(4)),
        ("step's pair", lambda root: root[9].steps[2][1].__setitem__(0, (1, 3))),
        ("frozen", lambda root: setattr(root[10], "frozen", True)),
        ("element", lambda root: root[10].elements.append(5)),
        ("raw", lambda root: setattr(root[11], "raw", b"y")),
        ("raw kind", lambda root: setattr(root[11], "kind", "bytearray")),
        ("nan", lambda root: root.__setitem__(12, struct.unpack(">d", b"\x7f\xf8" + bytes(5) + b"\x01")[0])),
        ("cycle", lambda root: root[0].__setitem__(0, list(root))),
    ]


def specimen() -> list[Any]:
    shared: list[Any] = [None, 1]
    text, other = "".join(["te", "xt"]), "".join(["te", "xt"])
    mapping, made = Dict(), Made("reduce", Global("a", "b"), (1,))
    mapping.items = [("n", 1)]
    for what, content in (("state", mapping), ("appends", [1]), ("items", [(1, 2)])):
        made.step(what, content)
    persistent, bag, raw = Persistent(("storage", 1)), Bag([1], False), Raw("old text", b"x")
    root = [shared, shared, mapping, 0.0, (text,), text, text, other, persistent, made, bag, raw, float("nan")]
    shared[0] = root
    return root


class TestSameGraph:
    def test_of_two_alike(self) -> None:
        assert same_graph(specimen(), specimen()) == ""
        assert same_graph(specimen(), read_graph(Memory(b"".join(write_graph(specimen())))).root) == ""

    @pytest.mark.parametrize(("name", "change"), mutants(), ids=[name for name, _ in mutants()])
    def test_each_difference_is_told(self, name: str, change: Callable[[Any], None]) -> None:
        changed = specimen()
        change(changed)
        assert same_graph(specimen(), changed)
        assert same_graph(changed, specimen())

    def test_says_where(self) -> None:
        changed = specimen()
        changed[2].items[0] = ("n", 2)
        assert same_graph(specimen(), changed) == "at 2/n: 1 is 2"


def check_streams(path: Path) -> None:
    for name, stream in streams_of(path):
        before = read_pickle(Memory(stream), 0, StorageTable())
        if before.broken is not None:
            continue
        written = again(stream[: before.end])
        after = read_pickle(Memory(written), 0, StorageTable())
        assert alike(before.value, after.value) == "", name
        if not before.refused:
            assert not after.refused, name
        assert {(g.module, g.name) for g in before.globals.values()} == {
            (g.module, g.name) for g in after.globals.values()
        }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(CASES))
def test_every_good_file(name: str, tmp_path: Path) -> None:
    check_streams(CASES[name](tmp_path))


@pytest.mark.skipif(not REAL.is_dir(), reason="needs real checkpoints")
@pytest.mark.parametrize("path", sorted(REAL.glob("*.*")) if REAL.is_dir() else [], ids=lambda path: str(path.name))
def test_every_real_file(path: Path) -> None:
    if path.stat().st_size < 400 << 20:
        check_streams(path)


class TestTheTagAndTheUsersText:
    """formats.md §1.3: torch stores a value "cpu" as a reference to a tag, or the tag as one to the value."""

    @pytest.mark.parametrize("tag_first", [True, False])
    def test_only_the_tag_changes(self, tag_first: bool) -> None:
        tensor = torch.arange(3.0)
        pairs = [("w", tensor), ("device", "cpu")]
        data = io.BytesIO()
        torch.save(dict(pairs if tag_first else pairs[::-1]), data)
        with zipfile.ZipFile(data) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        graph = read_graph(Memory(members["archive/data.pkl"]))
        items = dict(graph.root.items)
        persistent = items["w"].args[0]
        assert persistent.pid[3] is items["device"]
        persistent.pid = (*persistent.pid[:3], "meta:7"[:0] + "cuda:7", *persistent.pid[4:])
        members["archive/data.pkl"] = b"".join(write_graph(graph.root, graph.protocol))
        assert set(members["archive/data.pkl"]) >= {0x51}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        seen: list[str] = []

        def location(storage: Any, tag: str) -> Any:
            seen.append(tag)
            return storage

        out.seek(0)
        loaded = torch.load(out, weights_only=True, map_location=location)
        assert loaded["device"] == "cpu"
        assert seen == ["cuda:7"]
        assert torch.equal(loaded["w"], tensor)
