"""The core's sentences name options of the command line; here they name what stands in the window instead."""

from __future__ import annotations

import re

_LABELS = {
    "--to torch": "“Written as: torch (zip)”", "--to safetensors": "“Written as: safetensors”", "--to": "“Written as”",
    "--state-dict": "“Only the weights, as one state_dict”",
    "--strip-optimizer": "“Leave out what only training needs”",
    "--skip-damaged": "“Leave out what is damaged”", "--select": "“Part”", "--drop": "“Leave out”", "--keep": "“Keep”",
    "--only": "“Filter”", "--compact": "“Leave out bytes that no tensor uses”", "--untie": "“each get their own”",
    "--cast-buffers": "“Buffers too”", "--cast-integers": "“Integers and bools too”",
    "--use-ema": "“averaged weights (EMA)”", "--raw": "“raw weights”", "--max-shard-size": "“Parts of at most”",
    "--overwrite": "“Replace the existing file”", "--shared": "“In safetensors”", "--metadata": "“Metadata”",
}  # fmt: skip
_OPTION = re.compile("|".join(rf"{re.escape(name)}(?![\w-])" for name in sorted(_LABELS, key=len, reverse=True)))
_SELECT = re.compile(r"--select (?=['\w])")


def in_window(sentence: str) -> str:
    """The sentence with labels of the window for options; of ``--select PATH`` the path stays."""
    return _OPTION.sub(lambda found: _LABELS[found[0]], _SELECT.sub("", sentence))


def asks_for_part(sentence: str) -> bool:
    """Whether the sentence asks which part of the file is meant."""
    return "--select " in sentence
