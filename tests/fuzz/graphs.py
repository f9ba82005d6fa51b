"""Streams for the graph: what can be read into one is written again as the very same, whatever the stream is."""

from __future__ import annotations

from pathlib import Path

from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.pickles.graph import read_graph
from ckpt_gui.core.pickles.same import same_graph
from ckpt_gui.core.pickles.writer import write_graph
from ckpt_gui.core.sources import Memory
from tests.builders import CASES
from tests.core.pickles.streams import streams_of

NAME = "graph"
BUILDERS = (
    "torch-zip/odd_keys", "torch-zip/tag_text_before", "torch-legacy/views", "torch-legacy/python2", "module/embedding",
    "torchscript/half", "pickle/protocol_0", "pickle/protocol_2", "pickle/protocol_5", "pickle/text_opcodes",
    "torch-class/subclass", "torch-object/shared_containers",
)  # fmt: skip


def seeds(folder: Path) -> list[bytes]:
    """The pickles of small good files."""
    found = []
    for builder in BUILDERS:
        home = folder / NAME / builder.replace("/", "-")
        home.mkdir(parents=True)
        found += [stream for _, stream in streams_of(CASES[builder](home))]
    return found


def survives(data: bytes) -> str:
    """How it ends: a sentence, or the sorts of values; raises AssertionError where the copy is another."""
    try:
        graph = read_graph(Memory(data))
        written = b"".join(write_graph(graph.root, graph.protocol))
    except ConvertError as exc:
        return str(exc)
    again = read_graph(Memory(written))
    different = same_graph(graph.root, again.root)
    if different or again.end != len(written) or len(written) > 9 * len(data) + 100:
        raise AssertionError(different or f"{len(data):,} bytes became {len(written):,}")
    return f"a {type(graph.root).__name__} of protocol {graph.protocol}"
