"""What the Overview page says: what a file is and why, how its bytes are spent, what could be saved.

``nouns`` says what comes out; ``usage`` counts bytes, ``sentences`` finds the words.
"""

from __future__ import annotations

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.overview.nouns import CodeNames, Overview, Place, Saving, Sentence, Share, Trouble, Waste
from ckpt_gui.core.overview.sentences import headline, sentences
from ckpt_gui.core.overview.usage import Usage
from ckpt_gui.core.roles import Anatomy, Role
from ckpt_gui.core.text import clip, escape, path_text, plural
from ckpt_gui.core.weights_only import verdict

MAX_LISTED = 10_000
MAX_STORAGES = 200
MAX_PLACES = 3

__all__ = ["CodeNames", "Overview", "Place", "Saving", "Sentence", "Share", "Trouble", "Waste", "overview"]


def overview(checkpoint: Checkpoint, anatomy: Anatomy) -> Overview:
    """The page for one checkpoint."""
    usage = Usage(checkpoint, anatomy)
    by_role = usage.by_role()
    storages = sorted(usage.storages(), key=lambda waste: -waste.nbytes)
    return Overview(
        headline=headline(checkpoint, anatomy),
        sentences=tuple(sentences(checkpoint, anatomy, usage)),
        params=next((share.params for share in by_role if share.name == Role.weights.name), 0),
        by_role=by_role,
        by_dtype=usage.by_dtype(),
        by_device=usage.by_device(),
        storages=tuple(storages[:MAX_STORAGES]),
        savings=_savings(by_role, storages),
        weights_only=verdict(checkpoint),
        code=_code(checkpoint),
        notes=checkpoint.notes,
        problems=_problems(checkpoint),
    )


def _savings(by_role: tuple[Share, ...], storages: list[Waste]) -> tuple[Saving, ...]:
    """What could go, and the bytes that saves; largest first."""
    found = []
    sizes = {share.name: share for share in by_role}
    for role, text in ((Role.optimizer, "the optimizer's state"), (Role.ema, "the averaged copy of the weights")):
        share = sizes.get(role.name)
        if share is not None and share.nbytes:
            found.append(Saving(f"{text} ({plural(share.tensors, 'tensor')})", share.nbytes))
    for kind, text in (("over-wide", "bytes of storages that no tensor uses"), ("duplicate", "data written twice")):
        sizes_of_kind = [waste.nbytes for waste in storages if waste.kind == kind]
        if sizes_of_kind:
            found.append(Saving(f"{text} ({plural(len(sizes_of_kind), 'storage')})", sum(sizes_of_kind)))
    return tuple(sorted(found, key=lambda saving: -saving.nbytes))


def _code(checkpoint: Checkpoint) -> CodeNames:
    names: dict[str, list[str]] = {"data": [], "constructor": [], "unknown": []}
    for code in checkpoint.code:
        names.get(code.trust, names["unknown"]).append(code.name)
    return CodeNames(tuple(names["data"]), tuple(names["constructor"]), tuple(names["unknown"]))


def _problems(checkpoint: Checkpoint) -> tuple[Trouble, ...]:
    """Those of the file, then those of tensors: equal ones together, in the order of the first of each."""
    found = [Trouble(problem.text) for problem in checkpoint.problems if problem.path is None]
    groups: dict[int, list[int]] = {}
    for tensor, text in enumerate(checkpoint.tensors.problem[: checkpoint.rows]):
        if text >= 0:
            groups.setdefault(text, []).append(tensor)
    for text, bad in list(groups.items())[:MAX_LISTED]:
        nodes = [checkpoint.tensors.node[tensor] for tensor in bad[:MAX_PLACES]]
        places = tuple(Place(_path(checkpoint, node), node) for node in nodes)
        found.append(Trouble(checkpoint.texts[text], len(bad), places))
    return tuple(found)


def _path(checkpoint: Checkpoint, node: int) -> str:
    return clip(escape(path_text(checkpoint.path_of(node))), 120) or "(the whole file)"
