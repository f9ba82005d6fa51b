"""Which tensor of one checkpoint belongs to which of another: by names, without looking at values.

``pair`` does it at once; ``by_content`` adds what digests of the bytes tell; ``advice`` says what loading one
into the other's model would report; ``changed_values`` compares everything that is no tensor.
"""

from __future__ import annotations

from ckpt_gui.core.pairing.nouns import Listing, Pair, Pairing, Proposal, Side
from ckpt_gui.core.pairing.pairs import pair

__all__ = ["Listing", "Pair", "Pairing", "Proposal", "Side", "pair"]
