"""Health: does a checkpoint hold together, are its values finite, and what of them is odd.

``check`` does all of it · ``records`` the containers' checksums · ``scan`` which tensors are looked at · ``values``
what their statistics tell · ``rows`` rows of zeros · ``remarks`` which notes of a format mean damage · ``words``
how it is told · ``nouns`` what comes out.
"""

from ckpt_gui.core.health.check import check, refused
from ckpt_gui.core.health.nouns import Entry, Health, Kind

__all__ = ["Entry", "Health", "Kind", "check", "refused"]
