"""What may be handed over, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.handover.request import MAX_FILES, MAX_LINE, MAX_TEXT, Request, absolute, decode, encode

TEXT = st.text(st.characters(exclude_characters="\0"), max_size=50)
GOOD = {"version": 1, "files": ["/a.pt"], "select": None, "tab": None, "token": ""}


@given(st.lists(TEXT.map("/{}".format), max_size=5), st.none() | TEXT, st.none() | TEXT, TEXT)
def test_a_request_arrives_as_it_was_sent(files: list[str], select: str | None, tab: str | None, token: str) -> None:
    request = Request(tuple(files), select, tab, token)
    line = encode(request)
    assert line is not None
    assert line.index(b"\n") == len(line) - 1
    assert decode(line) == request


def test_a_name_that_is_no_unicode_arrives() -> None:
    name = os.fsdecode(b"/runs/\xff\xfe.pt")
    line = encode(Request((name,)))
    assert line is not None
    assert decode(line).files == (name,)


@given(st.binary(max_size=200))
def test_garbage_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(line)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"version": True}, {"version": "1"}, {"files": "/a.pt"}, {"files": ["a.pt"]}, {"files": [""]},
        {"files": [1]}, {"files": ["/a\0.pt"]}, {"files": ["/a"] * (MAX_FILES + 1)}, {"select": 1}, {"tab": "weather"},
        {"select": "x" * (MAX_TEXT + 1)}, {"token": None}, {"files": {"/a.pt": 1}}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_exactly_a_request_is_refused(change: dict[str, object]) -> None:
    decode(json.dumps(GOOD).encode(), ["info"])
    with pytest.raises(ValueError, match=r"."):
        decode(json.dumps(GOOD | change).encode(), ["info"])


@pytest.mark.parametrize("line", [b"[" * 100_000, b" " * (MAX_LINE + 1), b"null", b"{}"])
def test_depth_and_length_are_bounded(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(line)


def test_too_many_files_are_not_sent() -> None:
    assert encode(Request(("/a.pt",) * (MAX_FILES + 1))) is None


def test_addresses_are_made_absolute_where_the_sender_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("odd::name.pt").touch()
    assert absolute("a.pt") == str(tmp_path / "a.pt")
    assert absolute("../a.pt::model/w") == f"{tmp_path.parent / 'a.pt'}::model/w"
    assert absolute("odd::name.pt") == str(tmp_path / "odd::name.pt")
    assert absolute("/a.pt::model/..") == "/a.pt::model/.."
