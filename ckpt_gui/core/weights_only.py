"""Whether ``torch.load(weights_only=True)`` of torch 2.6 and later would take a file, and if not, why.

Decided from our own copy of torch's list; nothing is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_gui.core.model import Checkpoint


@dataclass(frozen=True, slots=True)
class Verdict:
    """What torch would say."""

    accepted: bool | None
    """None where the question does not apply (safetensors)."""
    needs: tuple[str, ...]
    """Python 3 names that ``torch.serialization.add_safe_globals`` would have to allow."""
    why: str
    """One plain sentence; "" if accepted."""


def verdict(checkpoint: Checkpoint) -> Verdict:
    """Whether torch.load(weights_only=True) takes this checkpoint (devices aside: map_location is the caller's)."""
    return Verdict(None, (), "not looked at yet")
