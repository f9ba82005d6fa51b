"""Options as JSON, to be kept and applied to other files: a recipe.

Only what differs from the defaults stands in one. A recipe of a later version, or with a field that is not known,
is refused: to leave a step out in silence would be worse than not to convert.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from ckpt_gui.core.convert.nouns import TARGETS, DeviceRule, Options
from ckpt_gui.core.convert.options import read_device, read_dtype
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.text import escape, join_words

MARK = "ckpt-gui recipe"
"""The field that says what the JSON is; its value is the version."""
VERSION = 1


def options_to_json(options: Options) -> dict[str, Any]:
    """A JSON object; ``options_from_json`` is its inverse."""
    told: dict[str, Any] = {MARK: VERSION}
    for field in fields(Options):
        value = getattr(options, field.name)
        if value != field.default:
            told[field.name] = _WRITERS.get(field.name, _plain)(value)
    return told


def options_from_json(told: Any) -> Options:
    """The options of a recipe. Raises ConvertError with a sentence where it is none that this version understands."""
    if not isinstance(told, dict) or MARK not in told:
        raise ConvertError(f"This is no recipe: it lacks the field “{MARK}”")
    if told[MARK] != VERSION or isinstance(told[MARK], bool):
        raise ConvertError(
            f"The recipe has version {escape(str(told[MARK]))[:20]}; this program knows version {VERSION}"
        )
    unknown = [str(name) for name in told if name != MARK and name not in _READERS]
    if unknown:
        raise ConvertError(f"The recipe asks for what this version does not know: {escape(join_words(unknown))}")
    return replace(Options(), **{name: _read(name, value) for name, value in told.items() if name != MARK})


def _read(name: str, value: Any) -> Any:
    try:
        return _READERS[name](value)
    except (TypeError, ValueError, KeyError) as exc:
        raise ConvertError(f"The recipe's “{name}” cannot be read: {escape(str(exc))[:200]}") from exc


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "devices": lambda rules: [rule.text for rule in rules],
    "metadata": lambda pairs: dict(pairs),
}


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it is neither true nor false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it is no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("it is no list of texts")
    return tuple(map(_text, value))


def _devices(value: Any) -> tuple[DeviceRule, ...]:
    return tuple(map(read_device, _texts(value)))


def _choice(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            raise ValueError(f"it is not one of {', '.join(known)}")
        return str(value)

    return read


def _path(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(isinstance(key, str | int | float | bool | None) for key in value):
        raise ValueError("it is no list of keys")
    return tuple(value)


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("it is no number of bytes")
    return value


def _metadata(value: Any) -> tuple[tuple[str, str | None], ...]:
    if not isinstance(value, dict) or not all(text is None or isinstance(text, str) for text in value.values()):
        raise ValueError("it is no object of texts")
    return tuple(value.items())


_READERS: dict[str, Callable[[Any], Any]] = dict.fromkeys(
    ("state_dict", "strip_optimizer", "cast_buffers", "cast_integers", "use_ema", "compact", "skip_damaged"), _flag
) | dict.fromkeys(("spare", "keep", "drop", "rename"), _texts) | {
    "devices": _devices,
    "dtype": lambda value: read_dtype(_text(value)),
    "cast": _text,
    "to": _choice(*TARGETS),
    "select": _path,
    "only": _text,
    "ties": _choice("keep", "untie", "tie"),
    "shared": _choice("alias", "clone"),
    "max_shard": _size,
    "metadata": _metadata,
}  # fmt: skip
"""Each field of Options; the names are those of a recipe."""
