"""What the tensors are called in the result: joined names of a flat mapping, renamed keys of nested ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan.scope import Scope, holder
from ckpt_gui.core.convert.plan.tree import Names, Tree
from ckpt_gui.core.errors import ConvertError, RenameError
from ckpt_gui.core.renames import Renamed, Rule, parse_rule, rename
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import escape, join_words, plural

_NAMED = (Role.weights, Role.ema)
_LISTED = 3


class Keys(NamedTuple):
    """Keys of mappings that change, in the nested case."""

    new: dict[int, str]
    """Node → its new key."""
    warnings: list[str]


def rules_of(options: Options) -> list[Rule]:
    """The rules, read. Raises RenameError for one that cannot be used."""
    return [parse_rule(text) for text in options.rename]


def flat_names(tree: Tree, part: Scope, rows: Sequence[int], options: Options) -> tuple[list[str], list[str]]:
    """A name for each row, and warnings.

    Raises RenameError where rules give two tensors one name, ConvertError where joining keys does.
    """
    old = _joined(tree, part, rows)
    renamed = rename(old, rules_of(options)) if options.rename else Renamed(tuple(old), (), ())
    if renamed.collisions:
        raise RenameError(_collision(renamed.collisions))
    if len(set(renamed.names)) < len(rows):
        twice = [name for name, times in Counter(renamed.names).items() if times > 1]
        raise ConvertError(
            f"{plural(len(twice), 'name')} would stand for several tensors each once keys are joined: "
            f"{join_words([escape(name)[:100] for name in twice], _LISTED)}; drop one of each, or choose a part"
        )
    return list(renamed.names), unmatched(options, renamed.matched) if options.rename else []


def unmatched(options: Options, matched: Sequence[int]) -> list[str]:
    """A sentence for each rule that changes nothing."""
    return [
        f"The rule “{escape(rule)[:200]}” matches no name"
        for rule, hits in zip(options.rename, matched, strict=True)
        if not hits
    ]


def preview(tree: Tree, part: Scope, rows: Sequence[int], options: Options) -> Renamed:
    """What the rules do to the names as a state_dict has them; collisions are told, not raised."""
    return rename(_joined(tree, part, rows), rules_of(options))


def _joined(tree: Tree, part: Scope, rows: Sequence[int]) -> list[str]:
    names, node_of = Names(tree, holder(tree, part)), tree.checkpoint.tensors.node
    found = [(names.of(node_of[row]), row) for row in rows]
    return [".".join(map(str, tree.path(node_of[row]))) if name is None else name for name, row in found]


def _collision(groups: Sequence[Sequence[str]]) -> str:
    told = [join_words([escape(name)[:100] for name in group], _LISTED) for group in groups[:_LISTED]]
    more = f"; and {len(groups) - _LISTED:,} more such groups" if len(groups) > _LISTED else ""
    return f"The rules give several tensors one name: {'; '.join(told)}{more}"


def nested_keys(tree: Tree, part: Scope, gone: bytearray, rows: Sequence[int], options: Options) -> Keys:
    """New keys of tensors in plain mappings. Raises RenameError where two keys of a mapping would be the same."""
    rules = rules_of(options)
    if not rules:
        return Keys({}, [])
    inside = _mappings(tree, rows, part)
    new: dict[int, str] = {}
    hits = [0] * len(rules)
    for mapping, nodes in inside.items():
        texts = tree.checkpoint.texts
        old = [texts[tree.nodes.key[node]] for node in nodes]
        renamed = rename(old, rules)
        hits = [sum(pair) for pair in zip(hits, renamed.matched, strict=True)]
        if renamed.collisions:
            raise RenameError(_collision(renamed.collisions))
        changed = {node: name for node, name, before in zip(nodes, renamed.names, old, strict=True) if name != before}
        _check_free(tree, mapping, gone, changed)
        new |= changed
    return Keys(new, unmatched(options, hits))


def _mappings(tree: Tree, rows: Sequence[int], part: Scope) -> dict[int, list[int]]:
    """Plain mapping → nodes of the tensors in it that have names: weights and their averages, or what was chosen."""
    found: dict[int, list[int]] = defaultdict(list)
    nodes = tree.nodes
    for row in rows:
        node = tree.checkpoint.tensors.node[row]
        if nodes.key_type[node] != KeyType.TEXT or not (part.asked or tree.roles[node] in _NAMED):
            continue
        above = nodes.parent[node]
        while above > 0 and nodes.kind[above] == Kind.GROUP:
            above = nodes.parent[above]
        if nodes.kind[above] == Kind.MAPPING:
            found[above].append(node)
        elif nodes.kind[above] == Kind.OBJECT:
            raise ConvertError(
                f"Names within an object ({tree.shown(above)}) are its code's and stay; --state-dict writes others"
            )
    return found


def _check_free(tree: Tree, mapping: int, gone: bytearray, changed: dict[int, str]) -> None:
    """A new key must not be one that another entry of the mapping keeps."""
    if not changed:
        return
    wanted = set(changed.values())
    nodes, texts = tree.nodes, tree.checkpoint.texts
    pending = [mapping]
    while pending:
        for child in tree.checkpoint.children(pending.pop()):
            if nodes.kind[child] == Kind.GROUP:
                pending.append(child)
            elif child in changed or gone[child] or nodes.key_type[child] != KeyType.TEXT:
                continue
            elif texts[nodes.key[child]] in wanted:
                raise RenameError(f"The rules give a tensor the name of another entry: {tree.shown(child)}")


def module_names(names: Iterable[str], rename_rules: Sequence[str]) -> dict[str, str]:
    """How the modules named in a state_dict's ``_metadata`` are called once the rules are applied.

    A module is called what comes before ``.x`` in the name that the rules give ``MODULE.x``; the one that no
    prefix is left of becomes "". The first of several that end up equal counts, as the outermost.
    """
    rules = [parse_rule(text) for text in rename_rules]
    listed = list(names)
    after = rename([f"{name}.\0" if name else "\0" for name in listed], rules).names
    return {old: new.removesuffix("\0").removesuffix(".") for old, new in zip(listed, after, strict=True)}
