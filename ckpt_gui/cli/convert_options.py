"""The words of ``ckpt-gui convert`` → ``Options``, over those of a recipe."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.errors import CheckpointError, ConvertError
from ckpt_gui.core.patterns import Bad
from ckpt_gui.core.search.values import read_dtype, read_range
from ckpt_gui.core.text import parse_path


def options_of(words: argparse.Namespace) -> Options:
    """What was asked for. Raises CheckpointError for what cannot be read, naming the argument."""
    base = read_recipe(words.recipe) if words.recipe else Options()
    given = {
        field.name: _READERS.get(field.name, _plain)(value)
        for field in fields(Options)
        if (value := getattr(words, field.name)) is not None
    }
    return replace(base, **given)


def read_recipe(path: str) -> Options:
    """The options of a recipe. Raises CheckpointError where the file is none."""
    from ckpt_gui.core.convert.recipes import options_from_json

    try:
        told = json.loads(Path(path).read_text("utf-8"))
    except OSError as exc:
        raise CheckpointError(f"the recipe {path} cannot be read: {exc.strerror or exc}") from exc
    except ValueError as exc:
        raise CheckpointError(f"{path} is no recipe: it is not JSON ({exc})") from exc
    try:
        return options_from_json(told)
    except ConvertError as exc:
        raise CheckpointError(f"{path} is no recipe: {exc}") from exc


def save_recipe(options: Options, path: str, overwrite: bool) -> None:
    """Write the options to a file that ``--recipe`` takes; an existing one only where that was said."""
    from ckpt_gui.core.convert.recipes import options_to_json

    text = json.dumps(options_to_json(options), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with Path(path).open("w" if overwrite else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as exc:
        raise CheckpointError(f"the recipe {path} exists already; --overwrite replaces it") from exc
    except OSError as exc:
        raise CheckpointError(f"the recipe {path} cannot be written: {exc.strerror or exc}") from exc


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _devices(words: list[str]) -> tuple[DeviceRule, ...]:
    rules = []
    for word in words:
        old, equals, new = word.rpartition("=")
        if not new or (equals and not old):
            raise CheckpointError(f"--device takes a device such as cuda:0, or OLD=NEW; {word} is neither")
        rules.append(DeviceRule(old if equals else None, new))
    return tuple(rules)


def _dtype(word: str) -> str:
    try:
        found = read_dtype(word).values
    except Bad as exc:
        raise CheckpointError(f"--dtype: {exc}") from exc
    if len(found) != 1:
        raise CheckpointError(f"--dtype takes one element type; {word} may be {', '.join(sorted(found))}")
    return next(iter(found))


def _nbytes(word: str) -> int:
    try:
        number = read_range("size", f">={word}").low
    except Bad as exc:
        raise CheckpointError(f"--max-shard-size: {exc}") from exc
    if number < 1:
        raise CheckpointError("--max-shard-size takes a size from 1 byte up, such as 5GB")
    return int(number)


def _metadata(words: list[str]) -> tuple[tuple[str, str | None], ...]:
    told: dict[str, str | None] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key:
            raise CheckpointError(f"--metadata takes KEY=TEXT, or KEY alone to take it away; {word} has no key")
        told[key] = value if equals else None
    return tuple(told.items())


_READERS: dict[str, Callable[[Any], Any]] = {
    "devices": _devices,
    "dtype": _dtype,
    "select": parse_path,
    "max_shard": _nbytes,
    "metadata": _metadata,
}
