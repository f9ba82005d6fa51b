"""Fused and split layouts: one tensor here holds what are several there. Pointed out, never guessed.

``qkv``, ``in_proj_weight`` (torch.nn.MultiheadAttention), ``c_attn`` (GPT-2) against query, key and value;
``gate_up_proj`` against gate and up. Told by the words in the names, the numbers in them and the sums of sizes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ckpt_gui.core.pairing.evidence import Alone, Shape
from ckpt_gui.core.text import escape, join_words, plural


@dataclass(frozen=True, slots=True)
class _Layout:
    whole: re.Pattern[str]
    parts: tuple[re.Pattern[str], ...]
    words: str


def _word(*names: str) -> re.Pattern[str]:
    """One of these as a word of a dotted name, or the beginning of the last (``in_proj_weight``)."""
    return re.compile(rf"(?:^|(?<=\.))(?:{'|'.join(names)})(?=[._](?:weight|bias)\b|\.|$)", re.IGNORECASE)


_LAYOUTS = (
    _Layout(
        _word("in_proj", "qkv_proj", "qkv", "to_qkv", "c_attn", "query_key_value", "w_?qkv", "w_pack", "attn_qkv",
              "linear_qkv", "qkv_linear", "kqv"),
        (_word("q_proj", "q", "query", "to_q", "wq", "w_q", "q_lin", "query_proj", "attn_q", "q_linear"),
         _word("k_proj", "k", "key", "to_k", "wk", "w_k", "k_lin", "key_proj", "attn_k", "k_linear"),
         _word("v_proj", "v", "value", "to_v", "wv", "w_v", "v_lin", "value_proj", "attn_v", "v_linear")),
        "query, key and value",
    ),
    _Layout(
        _word("gate_up_proj", "gate_up", "w13", "wi", "gate_and_up_proj", "linear_fc1", "up_gate_proj"),
        (_word("gate_proj", "gate", "w1", "wi_0", "ffn_gate"), _word("up_proj", "up", "w3", "wi_1", "ffn_up")),
        "gate and up",
    ),
)  # fmt: skip
_DIGITS = re.compile(r"\d+")

_Key = tuple[tuple[str, ...], str]
"""The numbers in a name, and its last word: what a fused tensor and its parts have in common."""


def fused(left: Sequence[Alone], right: Sequence[Alone]) -> Iterator[str]:
    """A sentence for each layout that is fused on one side and split on the other."""
    for layout in _LAYOUTS:
        for whole, parts, here, there in ((left, right, "left", "right"), (right, left, "right", "left")):
            found = list(_matches(layout, whole, parts))
            if found:
                yield _sentence(layout, found, here, there)


def _sentence(layout: _Layout, found: list[tuple[Alone, list[Alone]]], here: str, there: str) -> str:
    one, parts = found[0]
    more = f", and {plural(len(found) - 1, 'tensor')} more like it," if len(found) > 1 else ""
    return (
        f"{escape(one.name)} on the {here}{more} seems to hold {layout.words} in one; on the {there} they are apart "
        f"({join_words([escape(part.name) for part in parts])}). They are not compared."
    )


def _matches(layout: _Layout, whole: Iterable[Alone], parts: Iterable[Alone]) -> Iterator[tuple[Alone, list[Alone]]]:
    candidates = [(one, key) for one in whole if (key := _key(layout.whole, one.name))]
    if not candidates:
        return
    slots: dict[_Key, list[list[Alone]]] = defaultdict(lambda: [[] for _ in layout.parts])
    for one in parts:
        for slot, word in enumerate(layout.parts):
            if key := _key(word, one.name):
                slots[key][slot].append(one)
    for one, key in candidates:
        if key in slots and all(slots[key]):
            chosen = [group[0] for group in slots[key]]
            if _sums_up(one.shape, [part.shape for part in chosen]):
                yield one, chosen


def _key(word: re.Pattern[str], name: str) -> _Key | None:
    if len(name) > 1000 or not (found := word.search(name)):
        return None
    numbers = _DIGITS.findall(name[: found.start()] + name[found.end() :])
    return tuple(numbers), re.split(r"[._]", name)[-1]


def _sums_up(whole: Shape, parts: list[Shape]) -> bool:
    """Whether the parts, laid end to end along the first or the last dimension, make the whole."""
    if any(len(part) != len(whole) for part in parts) or not whole:
        return False
    for dim in {0, len(whole) - 1}:
        rest = {part[:dim] + part[dim + 1 :] for part in parts}
        if rest == {whole[:dim] + whole[dim + 1 :]} and sum(part[dim] for part in parts) == whole[dim]:
            return True
    return False
