"""What a person types for a conversion, one field at a time: devices, element types, sizes, metadata.

Each reader raises ConvertError with a sentence that says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import DeviceRule
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.patterns import Bad
from ckpt_gui.core.search.values import read_dtype as dtype_test
from ckpt_gui.core.search.values import read_range
from ckpt_gui.core.text import escape, join_words

MAX_TAG = 100
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*(?::[0-9]{1,4})?\Z")
"""``cpu``, ``cuda:0``, ``privateuseone:1``: a name, and an index after a colon."""
_KINDS = ("float", "complex", "int", "uint", "bool")
_ALONE = frozenset(["float4_e2m1fn_x2", "f6_e2m3", "f6_e3m2", "bcomplex32"])
"""Types that torch converts nothing to or from, or does not have."""


def castable(dtype: str) -> bool:
    """Whether torch converts tensors to and from that type."""
    known = dtypes.named(dtype)
    return known.kind in _KINDS and known.bits % 8 == 0 and dtype not in _ALONE and not _narrow(known)


def _narrow(known: dtypes.Dtype) -> bool:
    """int1 … uint7: names for packed bits, which torch cannot compute with."""
    return known.kind in ("int", "uint") and not known.name.endswith(("8", "16", "32", "64"))


CASTABLE = tuple(name for name in dtypes.DTYPES if castable(name))
"""Element types that may be asked for."""


def read_device(text: str) -> DeviceRule:
    """``D`` for every storage, ``OLD=NEW`` for those tagged OLD. Any name of a device will do, but ``meta``."""
    old, equals, new = text.strip().rpartition("=")
    old, new = old.strip(), new.strip()
    if not new or (equals and not old):
        raise ConvertError(f"“{_shown(text)}” is no device: write one such as cpu or cuda:0, or OLD=NEW")
    check_device(new)
    return DeviceRule(old if equals else None, new)


def check_device(tag: str) -> None:
    """Raises ConvertError for what cannot be a storage's tag."""
    if tag.partition(":")[0].lower() == "meta":
        raise ConvertError("Storages cannot be tagged meta: a tensor on that device has no data, and these have")
    if len(tag) > MAX_TAG or not _TAG.match(tag):
        raise ConvertError(f"“{_shown(tag)}” is no device: write a name such as cpu, mps or cuda:0")


def tag_after(tag: str, rules: Sequence[DeviceRule]) -> str:
    """What the rules make of a tag: the first for just this tag, else the first for all; a rule for ``cuda`` means
    storages tagged ``cuda``, not those of ``cuda:1``.
    """
    for wanted in (tag, None):
        for rule in rules:
            if rule.old == wanted:
                return rule.new
    return tag


def read_dtype(text: str) -> str:
    """torch's name of an element type that tensors can be cast to; ``bf16``, ``half`` and ``fp8_e4m3`` will do."""
    word = text.strip().lower()
    try:
        found = dtype_test(f"float8_{word}" if re.match(r"e\dm\d", word) else word).values
    except Bad as exc:
        raise ConvertError(f"{str(exc)[:1].upper()}{str(exc)[1:]}") from exc
    if len(found) != 1:
        raise ConvertError(f"“{_shown(text)}” may be {' or '.join(sorted(found))}; write which")
    name = next(iter(found))
    if not castable(name):
        raise ConvertError(
            f"torch converts nothing to {name}; cast to {join_words(CASTABLE[:4])} or another of its types"
        )
    return name


def read_size(text: str) -> int:
    """Bytes: ``5GB`` (10^9), ``2GiB`` (2^30), ``500000``."""
    try:
        number = read_range("size", f"={text.strip()}").low
    except Bad as exc:
        raise ConvertError(f"“{_shown(text)}” is no size: {exc}") from exc
    if number < 1:
        raise ConvertError("A size must be at least 1 byte, such as 5GB")
    return int(number)


def read_metadata(text: str) -> tuple[str, str | None]:
    """``KEY=TEXT`` sets a text, ``KEY`` alone takes it away."""
    key, equals, value = text.partition("=")
    if not key:
        raise ConvertError(f"“{_shown(text)}” has no key: write KEY=TEXT, or KEY alone to take it away")
    return key, value if equals else None


def _shown(text: str) -> str:
    return escape(text[:60])
