"""A typed line → its terms. Nothing typed raises: a bad term becomes a ``TermError``, the others still work."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.search import values
from ckpt_gui.core.search.values import Bad, Device, OneOf, Pattern, Test, Word

ROLES = ("weights", "ema", "optimizer", "scheduler", "scaler", "rng", "metadata", "other")
STATISTICS = ("min", "max", "mean", "std", "l2", "zeros", "nan", "inf")
KINDS = tuple(kind.name.lower() for kind in Kind)

FIELDS: dict[str, str] = {
    "name": "text, name:glob:*.weight or name:re:^model\\.",
    "dtype": "bf16, f16, float32 … or float8*",
    "shape": "(_,4096) or (..,3,3)",
    "dim": "one of the sizes: 4096 or >1000",
    "rank": "2 or >=3",
    "params": ">1M or 1k..2M",
    "size": ">1MiB or 1MiB..1GiB",
    "device": "cpu, cuda, cuda:0 or none",
    "role": " ".join(ROLES),
    "kind": "tensor, value …",
} | dict.fromkeys(STATISTICS, "computed from the values: >0 or <1e-6")
"""Each field and what may follow its colon."""


@dataclass(frozen=True, slots=True)
class Language:
    """What may be asked for; the way of asking is one."""

    fields: Mapping[str, str]
    """Each field and what may follow its colon."""
    choices: Mapping[str, tuple[str, ...]]
    """Fields whose value is one of some words. Those that are neither here nor known by name take numbers."""
    later: Collection[str] = ()
    """Fields that rest on statistics, which may not be known yet."""


TENSORS = Language(FIELDS, {"role": ROLES, "kind": KINDS}, STATISTICS)
"""What is asked of the tensors of one file."""
_FIELD = re.compile(r"([A-Za-z_]\w*):")
MAX_TEXT = 10_000
"""Characters of a typed line; nobody types more."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition."""

    start: int
    """Place of its first character in the typed text."""
    end: int
    """Place after its last character."""
    negated: bool
    tests: tuple[Test, ...]
    """At least one; any of them will do."""


@dataclass(frozen=True, slots=True)
class TermError:
    """A term that could not be read, by its place in the typed text."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Query:
    """A typed line, read."""

    text: str
    terms: tuple[Term, ...]
    errors: tuple[TermError, ...]


def parse(text: str, *, statistics: Collection[str] = (), language: Language = TENSORS) -> Query:
    """The terms of a typed line. ``statistics`` names those that are known by now (``min`` … ``inf``)."""
    terms: list[Term] = []
    errors: list[TermError] = []
    for start, end in _spans(text[:MAX_TEXT]):
        try:
            terms.append(_term(text, start, end, statistics, language))
        except Bad as exc:
            errors.append(TermError(start, end, str(exc)))
    if len(text) > MAX_TEXT:
        errors.append(TermError(MAX_TEXT, len(text), f"a filter has at most {MAX_TEXT:,} characters"))
    return Query(text, tuple(terms), tuple(errors))


def asks_for_statistics(text: str) -> bool:
    """Does a term of the line rest on the tensors' values?"""
    if not any(f"{name}:" in text.lower() for name in STATISTICS):
        return False
    tests = (test for term in parse(text, statistics=STATISTICS).terms for test in term.tests)
    return any(isinstance(test, values.Range) and test.field in STATISTICS for test in tests)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the terms stand: white space separates, save in quotes and in the parentheses of a shape."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        start = place
        while place < len(text) and not text[place].isspace():
            place = _closed(text, start, place)
        yield start, place


def _closed(text: str, start: int, place: int) -> int:
    """The place after this character, or after the quotes or parentheses that open here."""
    char = text[place]
    opens = place == start or text[place - 1] in "!:,"
    if char == '"' and opens:
        close = text.find('"', place + 1)
    elif char == "(" and opens and text[start:place].lstrip("!").lower().startswith("shape:"):
        close = text.find(")", place + 1)
    else:
        return place + 1
    return close + 1 if close >= 0 else len(text)


def _term(text: str, start: int, end: int, statistics: Collection[str], language: Language) -> Term:
    body = text[start:end]
    bare = body.lstrip("!")
    negated = (len(body) - len(bare)) % 2 == 1
    if not bare:
        raise Bad("nothing follows the !")
    found = _FIELD.match(bare)
    if found is None:
        return Term(start, end, negated, _each(bare, _word, "the quotes"))
    field, value = found[1].lower(), bare[found.end() :]
    if field not in language.fields:
        raise Bad(
            f"“{found[1]}” is not a field{values.meant(field, language.fields)}; in quotes it is searched as text"
        )
    if field in language.later and field not in statistics:
        raise Bad(f"no statistics yet: {field} is known once they are computed")
    if field == "name" and value[:3].lower() == "re:":
        return Term(start, end, negated, (values.read_regex(_one(value[3:], "name:re:")),))
    if field == "name" and value[:5].lower() == "glob:":
        return Term(start, end, negated, _each(value[5:], values.read_glob, "name:glob:"))
    return Term(start, end, negated, _each(value, _reader(field, language), f"{field}:"))


def _reader(field: str, language: Language) -> Callable[[str], Test]:
    if field in language.choices:
        return lambda text: _choice(field, text, language.choices[field])
    readers: dict[str, Callable[[str], Test]] = {
        "name": _word, "dtype": values.read_dtype, "shape": values.read_shape, "device": _device,
    }  # fmt: skip
    return readers.get(field) or (lambda text: values.read_range(field, text))


def _each(value: str, reader: Callable[[str], Test], after: str) -> tuple[Test, ...]:
    """The alternatives between the commas; empty ones (a comma just typed) do not count."""
    parts = [part for part in _alternatives(value) if part]
    if not parts:
        raise Bad(f"nothing follows {after}" if after.endswith(":") else "there is nothing in the quotes")
    return tuple(dict.fromkeys(map(reader, parts)))


def _alternatives(value: str) -> Iterator[str]:
    place = start = 0
    while place < len(value):
        if value[place] == ",":
            yield value[start:place]
            place = start = place + 1
        elif value[place] == '"' and place == start:
            close = value.find('"', place + 1)
            if close < 0:
                raise Bad("the quotes are not closed")
            yield value[place + 1 : close]
            place = start = close + 1
        elif value[place] == "(" and place == start:
            close = value.find(")", place + 1)
            place = close + 1 if close >= 0 else len(value)
        else:
            place += 1
    yield value[start:]


def _one(value: str, after: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        value = value[1:-1]
    if not value:
        raise Bad(f"nothing follows {after}")
    return value


def _word(text: str) -> Word:
    return Word(text.lower())


def _device(text: str) -> Device:
    return Device(text.lower())


def _choice(field: str, text: str, known: Collection[str]) -> OneOf:
    word = text.lower()
    chosen = [name for name in known if name == word] or [name for name in known if name.startswith(word)]
    if len(chosen) != 1:
        raise Bad(f"“{text}” is not a {field}; there are {', '.join(known)}")
    return OneOf(field, frozenset(chosen))


def with_field(text: str, field: str, value: str) -> str:
    """The line with this field's terms replaced by one; an empty value takes them out. For builders by choice."""
    lead = f"{field.lower()}:"
    kept = [text[start:end] for start, end in _spans(text) if not text[start:end].lower().startswith(lead)]
    if value:
        kept.append(f"{lead}{value}")
    return " ".join(kept)


def field_value(text: str, field: str) -> str:
    """What stands after the colon of the field's last term, "" if there is none; the inverse of ``with_field``."""
    lead = f"{field.lower()}:"
    found = [text[start:end] for start, end in _spans(text) if text[start:end].lower().startswith(lead)]
    return found[-1][len(lead) :] if found else ""


def exactly(path_text: str, *, below: str = "") -> str:
    """A term for that path text, or for everything ``below`` it ("/" for a container, "." for a group)."""
    glob = re.sub(r"([*?[])", r"[\1]", path_text + below) + ("*" if below else "")
    return f'name:glob:"{glob}"' if re.search(r'[\s,"]', glob) else f"name:glob:{glob}"


def narrower(word: Test, than: Test) -> bool:
    """Is everything that holds ``word`` certain to hold ``than``?"""
    return isinstance(word, Word) and isinstance(than, Word) and than.text in word.text


__all__ = [
    "FIELDS",
    "ROLES",
    "STATISTICS",
    "Language",
    "Pattern",
    "Query",
    "Term",
    "TermError",
    "asks_for_statistics",
    "exactly",
    "field_value",
    "parse",
    "with_field",
]
