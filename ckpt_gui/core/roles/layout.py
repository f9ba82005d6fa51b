"""A checkpoint's columns as the search for roles needs them: counts by container, words of keys, members."""

from __future__ import annotations

import re
from functools import lru_cache

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.model import Checkpoint

CONTAINERS = (Kind.MAPPING, Kind.SEQUENCE, Kind.GROUP, Kind.OBJECT)


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as they stand."""
    return frozenset(text.split())


STRONG_SLOTS = word_set(
    "exp_avg exp_avg_sq max_exp_avg_sq momentum_buffer square_avg acc_delta grad_avg exp_inf exp_avg_sq_row "
    "exp_avg_sq_col exp_avg_row exp_avg_col exp_avg_diff exp_avg_res exp_avg_insta exp_avg_slow exp_avg_fast "
    "neg_pre_grad fp32_flat_groups single_partition_of_fp32_groups fp32_from_fp16_params master_param "
    "qmap1 qmap2 absmax1 absmax2 absmax state1 state2"
)
"""Names of tensors only an optimizer keeps (torch/optim/*.py, bitsandbytes, DeepSpeed, apex)."""

WEAK_SLOTS = STRONG_SLOTS | word_set("step sum prev step_size ax eta mu mu_product s z z0 max_step RMS")
"""Names an optimizer keeps that other parts may use too."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def words(key: str) -> frozenset[str]:
    """The words of a key in lower case: ``modelEma_v2`` → model, ema, v2."""
    return _words(key[:200])


@lru_cache(maxsize=8192)
def _words(key: str) -> frozenset[str]:
    return frozenset(_NOT_WORD.split(_CAMEL.sub("_", key).lower())) - {""}


class Layout:
    """The tree by columns, with what is asked for again and again computed once."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        nodes = checkpoint.nodes
        self.checkpoint = checkpoint
        self.texts = checkpoint.texts
        self.kind = bytes(nodes.kind)
        self.key_type = bytes(nodes.key_type)
        self.first, self.count, self.parent, self.label = nodes.first, nodes.count, nodes.parent, nodes.label
        self.tensors, self.params = nodes.tensors, nodes.params
        self.containers = [node for node, count in enumerate(nodes.count) if count]
        self.holder: dict[int, int] = {}
        """Container → the nearest one that is no group (itself, mostly)."""
        self.own: dict[int, int] = {}
        """Container that is no group → tensors it holds directly or through groups."""
        self.own_params: dict[int, int] = {}
        """The same in elements."""
        self._direct()
        self.pure = self._pure()
        self.grouped = self._grouped()
        slots = {number for number, text in enumerate(self.texts) if text[-40:].rpartition(".")[2] in WEAK_SLOTS}
        self.weak = self._slots(slots)
        self.strong = self._slots({one for one in slots if self.texts[one].rpartition(".")[2] in STRONG_SLOTS})
        self.has_bytes = "uint8" in map(self.texts.__getitem__, set(checkpoint.tensors.dtype))
        self._root: dict[str, int] | None = None

    def _direct(self) -> None:
        kind, first, params = self.kind, self.first, self.params
        for node in self.containers:
            is_group = kind[node] == Kind.GROUP
            holder = self.holder[node] = self.holder[self.parent[node]] if is_group else node
            begin, end = first[node], first[node] + self.count[node]
            found = kind.count(Kind.TENSOR, begin, end)
            if found:
                self.own[holder] = self.own.get(holder, 0) + found
                if found == end - begin:
                    elements = sum(params[begin:end])
                else:
                    elements = sum(params[child] for child in range(begin, end) if kind[child] == Kind.TENSOR)
                self.own_params[holder] = self.own_params.get(holder, 0) + elements

    def _pure(self) -> set[int]:
        """Mappings and groups beneath which there is nothing but tensors under text keys."""
        kind, key_type, first = self.kind, self.key_type, self.first
        pure: set[int] = set()
        kids: dict[int, int] = {}
        for node in reversed(self.containers):
            if kind[node] != Kind.MAPPING and kind[node] != Kind.GROUP:
                continue
            begin, end = first[node], first[node] + self.count[node]
            named = key_type.count(KeyType.TEXT, begin, end) + kind.count(Kind.GROUP, begin, end)
            if named == end - begin == kind.count(Kind.TENSOR, begin, end) + kids.get(node, 0):
                pure.add(node)
                above = self.parent[node]
                kids[above] = kids.get(above, 0) + 1
        return pure

    def _grouped(self) -> set[int]:
        """Containers with dotted names at any depth."""
        found: set[int] = set()
        for node in reversed(self.containers):
            if node and (node in found or self.kind[node] == Kind.GROUP):
                found.add(self.parent[node])
        return found

    def _slots(self, ids: set[int]) -> dict[int, int]:
        """Container → tensors at and beneath whose label, or that of a container of theirs, is one of these texts."""
        found: dict[int, int] = {}
        if not ids or ids.isdisjoint(self.label):
            return found
        label, parent = self.label, self.parent
        for node in self.checkpoint.tensors.node[: self.checkpoint.rows]:
            if label[node] in ids and node:
                found[parent[node]] = found.get(parent[node], 0) + 1
        for node in reversed(self.containers):
            if label[node] in ids and self.tensors[node]:
                found[node] = self.tensors[node]
            if node in found and node:
                found[parent[node]] = found.get(parent[node], 0) + found[node]
        return found

    def text(self, node: int) -> str:
        """The label of a node."""
        return self.texts[self.label[node]]

    def type_name(self, node: int) -> str:
        """``dict``, ``list``, ``int``, a class …"""
        return self.checkpoint.text(self.checkpoint.nodes.type_name[node])

    def value(self, node: int) -> str:
        """A leaf's value in words."""
        return self.checkpoint.text(self.checkpoint.nodes.text[node])

    def children(self, node: int) -> range:
        """Ids of the children, groups among them."""
        return range(self.first[node], self.first[node] + self.count[node])

    def members(self, node: int) -> dict[str, int]:
        """Label → child."""
        if node == 0:
            # The root may be the largest of all, and is asked for most often.
            if self._root is None:
                self._root = dict(self.pairs(0))
            return self._root
        return dict(self.pairs(node))

    def pairs(self, node: int) -> list[tuple[str, int]]:
        """The same as pairs; unlike in ``members``, ``0`` and ``"0"`` both stand."""
        begin, end = self.first[node], self.first[node] + self.count[node]
        return list(zip(map(self.texts.__getitem__, self.label[begin:end]), range(begin, end), strict=True))

    def slotted(self, node: int) -> bool:
        """Whether most tensors at and beneath the node are named as an optimizer names its slots."""
        return self.strong.get(node, 0) > 0 and self.weak.get(node, 0) * 10 >= self.tensors[node] * 6

    def is_container(self, node: int) -> bool:
        """Whether the node can have children."""
        return self.kind[node] in CONTAINERS

    def dotted(self, node: int) -> bool:
        """Whether dotted names stand in it: the mark of a state_dict."""
        begin, end = self.first[node], self.first[node] + self.count[node]
        if self.kind.count(Kind.GROUP, begin, end):
            return True
        return any("." in self.text(child) for child in range(begin, min(end, begin + 200)))
