"""What a column's treatment depends on besides the column: rules, keys that join it to others, labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rehearse.catalog.relations import Column, ForeignKey, Relation
from rehearse.sanitise.kinds import KEYS, is_enum, is_plain
from rehearse.sanitise.labels import Label
from rehearse.sanitise.names import pairs_of_degrees, semantic_class
from rehearse.sanitise.rules import SanitiseRules

Place = tuple[int, str]  # a column: its table's oid and its name


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a column's treatment depends on besides the column."""

    rules: SanitiseRules
    domains: Mapping[Place, str]  # columns joined by foreign keys, by table and name: their common domain
    surrogates: frozenset[Place]  # those of them that are surrogate keys
    plain: frozenset[Place]  # those of them that are numbers, dates or enums, by no sensitive name
    history: frozenset[str]  # version tables
    degrees: frozenset[Place] = frozenset()  # latitudes and longitudes, by their pairs
    labels: Mapping[Place, Label] = field(default_factory=dict)  # what PostgreSQL Anonymizer was told


def surroundings(
    rules: SanitiseRules,
    keys: Iterable[ForeignKey],
    relations: Mapping[int, Relation],
    columns: Mapping[int, tuple[Column, ...]],
    history: frozenset[str],
    labels: Mapping[Place, Label] | None = None,
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
        if all(member.base in KEYS for member in members):
            surrogates |= group
        elif all(is_enum(member) or is_plain(member) for member in members):
            plain |= group
    return Surroundings(
        rules=rules,
        domains=domains,
        surrogates=frozenset(surrogates),
        plain=frozenset(plain),
        history=history,
        degrees=frozenset(_degrees(columns)),
        labels={**dict(_inherited(labels or {}, relations, columns)), **(labels or {})},
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


def _degrees(columns: Mapping[int, tuple[Column, ...]]) -> Iterator[Place]:
    for relation, listed in columns.items():
        for name in pairs_of_degrees(frozenset(column.name for column in listed)):
            yield relation, name


def _inherited(
    labels: Mapping[Place, Label], relations: Mapping[int, Relation], columns: Mapping[int, tuple[Column, ...]]
) -> Iterator[tuple[Place, Label]]:
    """Give the columns of partitions the labels of their root."""
    for relation, listed in columns.items():
        root = relations[relation].root if relation in relations else None
        for column in listed:
            if root is not None and (root, column.name) in labels:
                yield (relation, column.name), labels[root, column.name]
