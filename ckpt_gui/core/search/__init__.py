"""The filter language: a typed line → which rows of a checkpoint stay.

``query``    text → terms, or the reason why a term is not one
``values``   what stands after a field's colon: numbers with units, shapes, element types, name patterns
``index``    what a search needs to know of a checkpoint, laid out once
``find``     query × index → the rows that stay, and their sums

Plain words match anywhere in the path text, upper and lower case alike. Terms AND, commas OR, ``!`` negates;
text in quotes is taken as it stands. Building the index and finding are generators of small steps, so that
a window can run them between two events: a busy Python thread would make every repaint wait for the GIL.
"""

from ckpt_gui.core.search.find import Found, find, finding, run
from ckpt_gui.core.search.index import SearchIndex, build_index, indexing
from ckpt_gui.core.search.query import (
    FIELDS,
    Language,
    Query,
    Term,
    TermError,
    asks_for_statistics,
    exactly,
    field_value,
    parse,
    with_field,
)

__all__ = [
    "FIELDS", "Found", "Language", "Query", "SearchIndex", "Term", "TermError", "asks_for_statistics", "build_index",
    "exactly", "field_value", "find", "finding", "indexing", "parse", "run", "with_field",
]  # fmt: skip
