"""What TorchScript's own code says of its classes, read as text: which attributes are parameters and buffers.

Layout: torch/csrc/jit/serialization/python_print.cpp (``printClass``) writes, and import_source.cpp
(``importClass``) reads, for each class of ``code/<qualifier as path>.py``::

    class Linear(Module):
      __parameters__ = ["weight", "bias", ]
      __buffers__ = []

Archives of torch 1.4 to 1.6 have no ``__buffers__``; every tensor attribute that is no parameter was a buffer then.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ckpt_gui.core.formats.records import TextRecords
from ckpt_gui.core.formats.zipdir import ZipDirectory

_LINE = re.compile(r"^(?:class (\w+)(\(Module\))?|  (__parameters__|__buffers__) = \[(.*)\])", re.MULTILINE)
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)")
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "b": "\b"}


class ClassLists(NamedTuple):
    """The lists of one class."""

    module: bool
    """Whether it is a network (``class X(Module)``), not a plain scripted class."""
    parameters: tuple[str, ...]
    buffers: tuple[str, ...] | None
    """None where the code has no such list: then every other tensor attribute counts."""


UNKNOWN = ClassLists(True, (), None)
"""For a class whose code is not in the archive."""


class ScriptCode:
    """The classes of an archive's code, each file read when first asked for."""

    def __init__(self, directory: ZipDirectory, texts: TextRecords, folder: str = "code") -> None:
        self._directory = directory
        self._texts = texts
        self._folder = folder
        self._files: dict[str, dict[str, ClassLists]] = {}

    def lists(self, module: str, name: str) -> ClassLists:
        """The lists of ``module.name``, such as ``__torch__.torch.nn.modules.linear`` ``Linear``."""
        found = self._files.get(module)
        if found is None:
            entry = self._directory.find(f"{self._folder}/{module.replace('.', '/')}.py")
            found = self._files[module] = read_classes((self._texts.text(entry) if entry else None) or "")
        return found.get(name, UNKNOWN)


def read_classes(text: str) -> dict[str, ClassLists]:
    """Every class of one file of code, by name."""
    found: dict[str, ClassLists] = {}
    name, module = "", False
    lists: dict[str, tuple[str, ...]] = {}
    for match in _LINE.finditer(text):
        if match[1]:
            if name:
                found[name] = ClassLists(module, lists.get("__parameters__", ()), lists.get("__buffers__"))
            name, module, lists = match[1], bool(match[2]), {}
        else:
            lists[match[3]] = tuple(_ESCAPE.sub(_unescape, quoted) for quoted in _NAME.findall(match[4]))
    if name:
        found[name] = ClassLists(module, lists.get("__parameters__", ()), lists.get("__buffers__"))
    return found


def _unescape(match: re.Match[str]) -> str:
    """One escape of python_print.cpp's ``printQuotedString``: octal, or a letter."""
    code = match[1]
    return chr(int(code, 8)) if code[0] in "01234567" else _PLAIN_ESCAPES.get(code, code)
