"""Which tensor of one checkpoint belongs to which of another: by names, without looking at values.

``pair`` does it at once; ``by_content`` adds what digests of the bytes tell; ``advice`` says what loading one
into the other's model would report; ``changed_values`` compares everything that is no tensor.
"""

from __future__ import annotations

from ckpt_gui.core.pairing.content import by_content, candidates
from ckpt_gui.core.pairing.leaves import ValueChange, changed_values
from ckpt_gui.core.pairing.loading import Advice, advice
from ckpt_gui.core.pairing.nouns import Listing, Pair, Pairing, Proposal, Side
from ckpt_gui.core.pairing.pairs import pair
from ckpt_gui.core.pairing.proposals import MAX_PROPOSALS, SURE_ENOUGH

__all__ = [
    "MAX_PROPOSALS", "SURE_ENOUGH", "Advice", "Listing", "Pair", "Pairing", "Proposal", "Side", "ValueChange",
    "advice", "by_content", "candidates", "changed_values", "pair",
]  # fmt: skip
