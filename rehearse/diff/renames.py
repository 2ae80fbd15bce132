"""Renames, and what they explain: definitions that read differently and mean the same."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rehearse.model.catalog import CatalogObject
from rehearse.model.identity import not_null_name
from rehearse.model.json import JSON

_PART = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_NAME = re.compile(rf"{_PART}(?:\.{_PART})*")
_LAST = re.compile(rf"{_PART}$")
_NOT_NULL_NAME = "not_null_name"  # null where it is the one PostgreSQL makes of table and column

Pair = tuple[CatalogObject, CatalogObject]
Names = Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Renames:
    """The renames of one migration, the objects that were renamed themselves and not only with their table."""

    own: set[tuple[str, str]] = field(default_factory=set)  # kind, identity before
    qualified: dict[str, str] = field(default_factory=dict)  # "public.orders" -> "public.purchases"
    columns: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))  # by table before

    def explains(self, old: CatalogObject, new: CatalogObject, attribute: str) -> bool:
        """Say whether an attribute differs only because something it mentions was renamed.

        PostgreSQL keeps references by oid and words them anew each time: a view over a renamed table
        then calls the table by its old name as an alias.
        """
        if attribute == _NOT_NULL_NAME:
            return _constraint_name(old) == _constraint_name(new)
        before, after = old.attributes.get(attribute), new.attributes.get(attribute)
        bare = self._bare(old, before)
        return any(_translated(before, names, bare) == after for names in (self.qualified, self._aliased()))

    def _bare(self, old: CatalogObject, value: JSON) -> Names:
        """Return the unqualified names the value may mention: columns of its tables, and its object's own."""
        text = str(value)
        bare = {
            column: new
            for table, columns in self.columns.items()
            if table == old.table or table in text
            for column, new in columns.items()
        }
        if (old.kind, old.identity) in self.own and old.identity in self.qualified:
            bare[last(old.identity)] = last(self.qualified[old.identity])
        return bare

    def _aliased(self) -> Names:
        return {old: f"{new} {last(old)}" for old, new in self.qualified.items()}


def found_in(pairs: Iterable[Pair]) -> Renames:
    """Tell, of the objects whose identity changed, which were renamed and which only follow.

    A table, column or schema has a shorter name than anything that is named after it, so it comes first.
    """
    renames = Renames()
    for old, new in sorted(_changed_names(pairs), key=lambda pair: len(pair[0].identity)):
        if _translated(old.identity, renames.qualified, {}) == new.identity:
            continue
        renames.own.add((old.kind, old.identity))
        if old.kind == "column" and old.table is not None:
            renames.columns[old.table][last(old.identity)] = last(new.identity)
        if old.kind == "column" or not _is_part(old):
            renames.qualified[old.identity] = new.identity
    return renames


def _changed_names(pairs: Iterable[Pair]) -> Iterator[Pair]:
    return ((old, new) for old, new in pairs if old.identity != new.identity)


def _is_part(found: CatalogObject) -> bool:
    """Say whether the object is named within its table, as a constraint or a trigger is."""
    return found.table is not None and found.identity.startswith(f"{found.table}.")


def _constraint_name(column: CatalogObject) -> str:
    return not_null_name(column.table or "", column.identity, column.text(_NOT_NULL_NAME) or None)


def last(identity: str) -> str:
    """Return the name at the end of an identity, quoted as it is there.

    >>> last("public.orders.note"), last('public."odd.name"')
    ('note', '"odd.name"')
    """
    match = _LAST.search(identity)
    return match[0] if match else identity


def _translated(value: JSON, names: Names, bare: Names) -> JSON:
    """Return a value with every name it mentions replaced by the new one, all at once."""
    if isinstance(value, str):
        return _NAME.sub(lambda match: _renamed(match, names, bare), value)
    if isinstance(value, Mapping):
        return {key: _translated(inner, names, bare) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_translated(inner, names, bare) for inner in value]
    return value


def _renamed(match: re.Match[str], names: Names, bare: Names) -> str:
    """Replace the longest known beginning of a name; a name without a dot only outside of literals."""
    name: str = match[0]
    parts = re.findall(_PART, name)
    if len(parts) == 1:
        literal = match.string[: match.start()].endswith("'")
        return name if literal else bare.get(name) or names.get(name, name)
    for length in range(len(parts), 0, -1):
        if (known := names.get(".".join(parts[:length]))) is not None:
            return ".".join([known, *parts[length:]])
    return name
