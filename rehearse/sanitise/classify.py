"""Decide, for every column, whether its values may leave, and behind which mask. In doubt they may not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import sql
from psycopg.sql import Composable

from rehearse.catalog.relations import MOMENTS, Column, ForeignKey, Relation, Table
from rehearse.errors import RequestError
from rehearse.model.patterns import most_specific, without_match
from rehearse.model.snapshot import ColumnTreatment
from rehearse.sanitise import evidence, masks, treatments
from rehearse.sanitise.masks import Mask
from rehearse.sanitise.names import semantic_class
from rehearse.sanitise.rules import BadSanitiseRule, SanitiseRules

Place = tuple[int, str]  # a column: its table's oid and its name

_ALL = masks.templates()["keep"].keeps
_KEYS = treatments.INTEGERS | {"uuid"}
_PLAIN = treatments.NUMBERS | MOMENTS | treatments.TIMES | treatments.RANGES | {"boolean", "bit", "bit varying"}


class Unmaskable(RequestError):
    """A column has a type that no mask knows, and may not be NULL."""

    def __init__(self, column: str, type_: str) -> None:
        super().__init__(
            f"{column} has type {type_}, which rehearse cannot mask, and takes no NULL.",
            f'Decide it under [sanitise.columns]: "{column}" = "keep" if its values may leave production in clear.',
        )


class Unclassified(RequestError):
    """The policy refuses to go on while columns are unclassified."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__(
            f'sanitise.unclassified is "refuse", and nothing says what {len(columns)} columns hold: '
            f"{', '.join(columns)}.",
            'Name each under [sanitise.columns]: "keep", "text", "null", ...',
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done to one column of one table."""

    column: Column
    record: ColumnTreatment
    mask: Mask | None  # None: the value stays as it is
    domain: str

    @property
    def expression(self) -> Composable:
        """Return what the SELECT says for the column."""
        name = sql.SQL("t.{}").format(sql.Identifier(self.column.name))
        return name if self.mask is None else self.mask(name, self.domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a column's treatment depends on besides the column."""

    rules: SanitiseRules
    domains: Mapping[Place, str]  # columns joined by foreign keys, by table and name: their common domain
    surrogates: frozenset[Place]  # those of them that are surrogate keys
    plain: frozenset[Place]  # those of them that are numbers, dates or enums, by no sensitive name
    history: frozenset[str]  # version tables


def surroundings(
    rules: SanitiseRules,
    keys: Iterable[ForeignKey],
    relations: Mapping[int, Relation],
    columns: Mapping[int, tuple[Column, ...]],
    history: frozenset[str],
) -> Surroundings:
    """Join columns that foreign keys join, and find the surrogate keys among them."""
    known = {(found.relation, found.name): found for listed in columns.values() for found in listed}
    keys = tuple(keys)
    groups = _joined((*_pairs(keys), *_leaves(keys, relations)))
    referenced = {(key.parent, column) for key in keys for column in key.parent_columns}
    domains: dict[Place, str] = {}
    surrogates: set[Place] = set()
    plain: set[Place] = set()
    for group in groups:
        relation, name = min(group, key=lambda member: (relations[member[0]].identity, member[1]))
        members = [known[member] for member in group if member in known]
        for member in group:
            domains[member] = semantic_class(name) or f"{relations[relation].identity}.{name}"
        # what a number is follows from the key it refers to: orders.person is as harmless as people.id
        named = [member.name for member in members if (member.relation, member.name) in referenced]
        if any(map(semantic_class, named)):
            continue
        if all(member.base in _KEYS for member in members):
            surrogates |= group
        elif all(_is_enum(member) or _is_plain(member, frozenset()) for member in members):
            plain |= group
    return Surroundings(
        rules=rules, domains=domains, surrogates=frozenset(surrogates), plain=frozenset(plain), history=history
    )


def _pairs(keys: Iterable[ForeignKey]) -> Iterator[tuple[Place, Place]]:
    for key in keys:
        for child, parent in zip(key.child_columns, key.parent_columns, strict=True):
            yield (key.child, child), (key.parent, parent)


def _leaves(keys: Iterable[ForeignKey], relations: Mapping[int, Relation]) -> Iterator[tuple[Place, Place]]:
    """Tie the columns of partitions to those of their root: a key that refers to the root refers to them."""
    for relation, column in {place for pair in _pairs(keys) for place in pair}:
        if relations[relation].kind == "p":
            for leaf in relations.values():
                if leaf.root == relation:
                    yield (relation, column), (leaf.oid, column)


def _joined(pairs: Iterable[tuple[Place, Place]]) -> list[frozenset[Place]]:
    """Return the groups of columns that are tied together, directly or through others."""
    group_of: dict[Place, set[Place]] = {}
    for pair in pairs:
        merged = {member for place in pair for member in group_of.get(place, {place})}
        for member in merged:
            group_of[member] = merged
    return [frozenset(group) for group in {id(group): group for group in group_of.values()}.values()]


def treat(
    connection: psycopg.Connection, table: Table, columns: Iterable[Column], around: Surroundings
) -> tuple[Treatment, ...]:
    """Decide every column of one table that is copied; generated columns compute themselves again.

    Looks at values only inside the source, and brings home none but established codes. Raises Unmaskable and
    BadSanitiseRule.
    """
    copied = [column for column in columns if not column.generated]
    open_columns = [column for column in copied if _known(table, column, around) is None]
    seen = evidence.gather(connection, table, open_columns)
    return tuple(_known(table, column, around) or _from_values(table, column, around, seen) for column in copied)


def check_rules(rules: SanitiseRules, identities: frozenset[str]) -> None:
    """Refuse rules that name a mask nobody knows or a column that is not there."""
    for pattern, mask in rules.columns.items():
        if mask not in treatments.KNOWN:
            raise BadSanitiseRule(
                f'The mask "{mask}" of "{pattern}" is unknown.', f"Masks: {', '.join(treatments.KNOWN)}."
            )
    for pattern, hint in without_match(rules.columns, identities, "Columns are written schema.table.column."):
        raise BadSanitiseRule(f'[sanitise.columns] "{pattern}" matches no column.', hint)


def refuse_unclassified(decided: Iterable[Treatment]) -> None:
    """Stop where a policy of refusing meets a column nobody has classified; raises Unclassified."""
    open_ = tuple(
        f"{found.record.table}.{found.record.column}" for found in decided if found.record.reason == "unclassified"
    )
    if open_:
        raise Unclassified(open_)


def _known(table: Table, column: Column, around: Surroundings) -> Treatment | None:
    """Decide by rule, by key or by type; None where the values have to be looked at."""
    rules, place = around.rules, (column.relation, column.name)
    configured = _configured(table, column, rules)
    if configured is not None:
        return _by_rule(table, column, configured, around)
    if table.identity in around.history:
        return _clear(table, column, "migration history")
    sensitive = semantic_class(column.name)
    if place in around.surrogates or (place not in around.domains and sensitive is None and _is_surrogate(column)):
        return _clear(table, column, "surrogate key")
    if rules.unclassified == "mask-all":
        return _masked(table, column, around, "everything is masked")
    if place in around.plain:
        return _clear(table, column, "key of numbers, dates or codes")
    if place in around.domains:
        return _masked(table, column, around, "natural key")
    if sensitive is not None:
        return None if _is_text(column) else _sensitive(table, column, around, sensitive)
    if _is_enum(column) or _is_plain(column, treatments.NUMBERS):
        return _clear(table, column, "enum" if column.category == "enum" else "number, date or boolean")
    return None


def _sensitive(table: Table, column: Column, around: Surroundings, what: str) -> Treatment:
    if column.base == "boolean" or column.category == "enum":
        return _clear(table, column, "few values")
    return _masked(table, column, around, f"its name says {what}")


def _from_values(table: Table, column: Column, around: Surroundings, seen: evidence.Seen) -> Treatment:
    sensitive = semantic_class(column.name)
    codes = seen.codes.get(column.name)
    if codes is not None and sensitive is None:
        mask = partial(masks.code, codes)
        return _treatment(table, column, "code", f"{len(codes)} codes, each in 20 rows or more", mask, around)
    if sensitive is not None:
        return _masked(table, column, around, f"its name says {sensitive}")
    if _is_plain(column, frozenset()):
        if column.name in seen.identifiers:
            return _masked(table, column, around, "near-unique numbers of seven digits or more")
        return _clear(table, column, "number")
    return _masked(table, column, around, "unclassified")


def _is_surrogate(column: Column) -> bool:
    return column.base in _KEYS and (column.in_primary_key or column.drawn_from_sequence)


def _is_enum(column: Column) -> bool:
    return column.category == "enum" or column.element_is_enum


def _is_plain(column: Column, excluded: frozenset[str]) -> bool:
    """Say whether the type holds numbers, dates, times, ranges of them or booleans."""
    name = treatments.base_name(column.element if column.category == "array" and column.element else column.base)
    return name in _PLAIN - excluded


def _is_text(column: Column) -> bool:
    return column.category == "base" and treatments.base_name(column.base) in treatments.TEXTS


def _configured(table: Table, column: Column, rules: SanitiseRules) -> str | None:
    """Return the mask of the most specific pattern that names the column, of a partition also by its root."""
    pattern = most_specific(rules.columns, f"{table.identity}.{column.name}", f"{table.whole_name}.{column.name}")
    return None if pattern is None else rules.columns[pattern]


def _by_rule(table: Table, column: Column, name: str, around: Surroundings) -> Treatment:
    if name == "keep":
        return _clear(table, column, "configured")
    found = treatments.by_name(name, column)
    if found is None or (name == "null" and column.not_null):
        raise BadSanitiseRule(
            f'"{table.identity}.{column.name}" cannot have the mask "{name}": it is {column.type}'
            f"{' and takes no NULL' if column.not_null else ''}.",
            f"Masks: {', '.join(treatments.KNOWN)}.",
        )
    return _treatment(table, column, found[0], "configured", found[1], around)


def _masked(table: Table, column: Column, around: Surroundings, reason: str) -> Treatment:
    found = treatments.by_type(column)
    if found is not None:
        return _treatment(table, column, found[0], reason, found[1], around)
    if column.not_null:
        raise Unmaskable(f"{table.identity}.{column.name}", column.type)
    return _treatment(table, column, "null", f"no mask knows the type {column.type}", masks.mask("null"), around)


def _clear(table: Table, column: Column, reason: str) -> Treatment:
    record = ColumnTreatment(table=table.identity, column=column.name, mask="keep", reason=reason, keeps=_ALL)
    return Treatment(column=column, record=record, mask=None, domain="")


def _treatment(table: Table, column: Column, name: str, reason: str, mask: Mask, around: Surroundings) -> Treatment:
    kept = treatments.keeps(name, column)
    record = ColumnTreatment(table=table.identity, column=column.name, mask=name, reason=reason, keeps=kept)
    domain = around.domains.get((column.relation, column.name)) or semantic_class(column.name) or column.name
    return Treatment(column=column, record=record, mask=mask, domain=domain)
