"""The words of ``ckpt-gui convert`` → ``Options``, over those of a recipe."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.options import read_device, read_dtype, read_metadata, read_size
from ckpt_gui.core.convert.recipes import options_from_json, options_to_json
from ckpt_gui.core.errors import CheckpointError, ConvertError
from ckpt_gui.core.text import parse_path


def options_of(words: argparse.Namespace) -> Options:
    """What was asked for. Raises CheckpointError for what cannot be read."""
    base = read_recipe(words.recipe) if words.recipe else Options()
    given = {
        field.name: _READERS.get(field.name, _plain)(value)
        for field in fields(Options)
        if (value := getattr(words, field.name)) is not None
    }
    return replace(base, **given)


def read_recipe(path: str) -> Options:
    """The options of a recipe. Raises CheckpointError where the file is none."""
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


def _metadata(words: list[str]) -> tuple[tuple[str, str | None], ...]:
    return tuple(dict(map(read_metadata, words)).items())


_READERS: dict[str, Callable[[Any], Any]] = {
    "devices": lambda words: tuple(map(read_device, words)),
    "dtype": read_dtype,
    "select": parse_path,
    "max_shard": read_size,
    "metadata": _metadata,
}
