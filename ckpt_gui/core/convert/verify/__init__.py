"""The proof of a conversion: the written files are read again and compared with what was planned, before they are put
in place.

``prove`` does all of it · ``written`` the files as they lie there · ``structure`` names, shapes, sharing · ``leaves``
the values beside the tensors · ``archived`` the pickled objects · ``records`` every byte · ``loaders`` what torch or
safetensors say · ``differences`` what was found, in sentences.
"""

from ckpt_gui.core.convert.verify.loaders import Loader
from ckpt_gui.core.convert.verify.prove import nbytes_of, prove
from ckpt_gui.core.convert.verify.written import WrittenFile

__all__ = ["Loader", "WrittenFile", "nbytes_of", "prove"]
