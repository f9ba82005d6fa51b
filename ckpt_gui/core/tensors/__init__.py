"""From the index to values: tensors of every format, in bounded memory, by ``pread``.

``Reading`` is the way in: it delivers a tensor as boxes of bit patterns (``boxes``, for whole passes at
the speed of the disk) or decoded (``values``, for a page of a table). ``windows`` cuts strided views into
boxes, ``targets`` finds out where a tensor's values lie, ``encodings`` knows what the patterns mean,
``files`` holds the open files. No threads are started here; any number may use one ``Reading``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.tensors.encodings import decode as _decode
from ckpt_gui.core.tensors.encodings import table
from ckpt_gui.core.tensors.form import Box, Form
from ckpt_gui.core.tensors.reading import Reading

if TYPE_CHECKING:
    from ckpt_gui.core.tensors.encodings import Array

__all__ = ["Box", "Form", "NoValues", "Reading", "decode", "table"]


def decode(array: Array, form: Form) -> Array:
    """The values of a box's patterns (see ``encodings.decode``), a view of ``array`` where NumPy knows the type."""
    return _decode(array, form.encoding)
