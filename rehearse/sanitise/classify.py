"""Decide, for every column, whether its values may leave, and behind which mask. In doubt they may not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

import psycopg
from psycopg import sql
from psycopg.sql import Composable

from rehearse.catalog.relations import Column, Table
from rehearse.errors import RequestError
from rehearse.model.patterns import most_specific, without_match
from rehearse.model.quantity import count
from rehearse.model.snapshot import ColumnTreatment
from rehearse.sanitise import evidence, kinds, masks, meaning, treatments
from rehearse.sanitise.evidence import Seen
from rehearse.sanitise.masks import Mask
from rehearse.sanitise.meaning import Meaning
from rehearse.sanitise.names import semantic_class
from rehearse.sanitise.proposal import block
from rehearse.sanitise.rules import BadSanitiseRule, SanitiseRules
from rehearse.sanitise.surroundings import Surroundings, surroundings
from rehearse.sanitise.vocabulary import MEANINGS

__all__ = ["Surroundings", "Treatment", "Unclassified", "Unmaskable", "check_rules", "surroundings", "treat"]

UNCLASSIFIED = "unclassified"
_CERTAIN = ("configured", "migration history", "surrogate key", "enum")
_ALL = masks.templates()["keep"].keeps


class Unmaskable(RequestError):
    """A column has a type that no mask knows, and may not be NULL."""

    def __init__(self, column: str, type_: str) -> None:
        super().__init__(
            f"{column} has type {type_}, which rehearse cannot mask, and takes no NULL.",
            f'Decide it under [sanitise.columns]: "{column}" = "keep" if its values may leave production in clear.',
        )


class Unclassified(RequestError):
    """The policy refuses to go on while columns are unclassified."""

    def __init__(self, columns: tuple[ColumnTreatment, ...]) -> None:
        names = ", ".join(sorted({found.identity for found in columns}))
        super().__init__(
            f'sanitise.unclassified is "refuse", and nothing says what {len(columns)} columns hold: {names}.',
            f'Decide each ("keep", "text", "null", ...) in rehearse.toml:\n\n{block(columns)}',
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


def treat(
    connection: psycopg.Connection, table: Table, columns: Iterable[Column], around: Surroundings
) -> tuple[Treatment, ...]:
    """Decide every column of one table that is copied; generated columns compute themselves again.

    Looks at values only inside the source, and brings home none but established codes. Raises Unmaskable and
    BadSanitiseRule.
    """
    copied = [column for column in columns if not column.generated]
    coded = frozenset(column.name for column in copied if _may_be_coded(table, column, around))
    open_ = [column for column in copied if not _is_small_key(column, around)]
    seen = evidence.gather(connection, table, open_, coded)
    return tuple(_decided(table, column, around, seen.get(column.name, Seen())) for column in copied)


def foreseen(table: Table, columns: Iterable[Column], around: Surroundings) -> tuple[Treatment, ...]:
    """Decide every column as `treat` does for an empty table: no value is looked at."""
    return tuple(_decided(table, column, around, Seen()) for column in columns if not column.generated)


def check_rules(rules: SanitiseRules, identities: frozenset[str]) -> None:
    """Refuse rules that name a mask nobody knows or a column that is not there."""
    for pattern, mask in rules.columns.items():
        if mask not in treatments.KNOWN:
            raise BadSanitiseRule(
                f'The mask "{mask}" of "{pattern}" is unknown.', f"Masks: {', '.join(treatments.KNOWN)}."
            )
    for pattern, hint in without_match(rules.columns, identities, "Columns are written schema.table.column."):
        raise BadSanitiseRule(f'[sanitise.columns] "{pattern}" matches no column.', hint)


def refuse_unclassified(decided: Iterable[ColumnTreatment]) -> None:
    """Stop where a policy of refusing meets a column nobody has classified; raises Unclassified."""
    open_ = tuple(found for found in decided if found.reason == UNCLASSIFIED)
    if open_:
        raise Unclassified(open_)


def _is_small_key(column: Column, around: Surroundings) -> bool:
    """Say whether the column is a surrogate key that has no room for a number people have."""
    known = (column.relation, column.name) in around.surrogates
    return known or (kinds.is_surrogate(column) and column.base != "bigint")


def of_whole(record: ColumnTreatment, table: Table) -> ColumnTreatment:
    """Return a treatment under the name that people know the table by: of a partition, that of its root."""
    return replace(record, table=table.whole_name)


def _may_be_coded(table: Table, column: Column, around: Surroundings) -> bool:
    """Say whether the column's values may come home, should they be codes."""
    return (
        kinds.is_text(column)
        and around.rules.unclassified != "mask-all"
        and _configured(table, column, around.rules) is None
        and (column.relation, column.name) not in around.domains
        and (column.relation, column.name) not in around.labels
        and meaning.named_by(column, table.whole_name) is None
    )


def _decided(table: Table, column: Column, around: Surroundings, seen: Seen) -> Treatment:
    judged = meaning.of_column(column, table.whole_name, seen, degrees=(column.relation, column.name) in around.degrees)
    found = _by_order(table, column, around, judged) or _by_meaning(table, column, around, judged, seen)
    record = replace(
        found.record,
        type=column.type,
        meaning=found.record.meaning or judged.what or "",
        confidence=found.record.confidence or judged.confidence,
        found=judged.found,
        proven=judged.proven,
    )
    return replace(found, record=record)


def _by_order(table: Table, column: Column, around: Surroundings, judged: Meaning) -> Treatment | None:
    """Decide by rule, by label or by key; None where it is for the column itself to say."""
    rules, place = around.rules, (column.relation, column.name)
    configured = _configured(table, column, rules)
    if configured is not None:
        return _by_rule(table, column, configured, around, judged)
    if table.identity in around.history:
        return _clear(table, column, "migration history")
    label = around.labels.get(place)
    if label is not None and label.masked:
        return _by_label(table, column, around, judged)
    if place in around.surrogates or _is_surrogate(column, place, around, judged):
        return _clear(table, column, "surrogate key")
    if rules.unclassified == "mask-all":
        return _masked(table, column, around, judged, "everything is masked")
    if place in around.plain:
        return _clear(table, column, "key of numbers, dates or codes")
    if place in around.domains:
        return _masked(table, column, around, judged, "natural key")
    if label is not None and not judged.proven:
        return _clear(table, column, "its security label says NOT MASKED")
    return None


def _is_surrogate(column: Column, place: tuple[int, str], around: Surroundings, judged: Meaning) -> bool:
    return place not in around.domains and kinds.is_surrogate(column) and (judged.what is None or judged.weak)


def _by_meaning(table: Table, column: Column, around: Surroundings, judged: Meaning, seen: Seen) -> Treatment:
    if judged.is_personal:
        if column.base == "boolean" or kinds.is_enum(column):
            return _clear(table, column, "few values")
        return _masked(table, column, around, judged, judged.reason)
    if seen.codes is not None:
        return _coded(table, column, around, seen, seen.codes)
    if kinds.is_enum(column):
        return _clear(table, column, "enum")
    if kinds.is_plain(column):
        if kinds.is_number(column) and seen.is_identifier:
            return _masked(table, column, around, judged, "near-unique numbers of seven digits or more")
        return _clear(table, column, "number" if kinds.is_number(column) else "number, date or boolean")
    return _masked(table, column, around, judged, UNCLASSIFIED)


def _coded(table: Table, column: Column, around: Surroundings, seen: Seen, codes: tuple[str, ...]) -> Treatment:
    reason = f"{len(codes)} codes, each in {count(seen.smallest)} rows or more of those examined"
    found = _treatment(table, column, "code", reason, partial(masks.code, codes), around)
    record = replace(found.record, codes=len(codes), smallest_group=seen.smallest, confidence="medium")
    return replace(found, record=record)


def _by_label(table: Table, column: Column, around: Surroundings, judged: Meaning) -> Treatment:
    label = around.labels[column.relation, column.name]
    reason = f"its security label says {label.words}"
    if label.to_null and not column.not_null:
        return _treatment(table, column, "null", reason, masks.mask("null"), around)
    told = replace(judged, what=label.meaning or judged.what)
    found = _masked(table, column, around, told, reason)
    record = replace(found.record, meaning=told.what or "", confidence="high" if label.meaning else "")
    return replace(found, record=record)


def _configured(table: Table, column: Column, rules: SanitiseRules) -> str | None:
    """Return the mask of the most specific pattern that names the column, of a partition also by its root."""
    pattern = most_specific(rules.columns, f"{table.identity}.{column.name}", f"{table.whole_name}.{column.name}")
    return None if pattern is None else rules.columns[pattern]


def _by_rule(table: Table, column: Column, name: str, around: Surroundings, judged: Meaning) -> Treatment:
    if name == "keep":
        return _clear(table, column, "configured")
    if name == "mask":
        return _masked(table, column, around, judged, "configured")
    found = treatments.by_name(name, column)
    if found is None or (name == "null" and column.not_null):
        raise BadSanitiseRule(
            f'"{table.identity}.{column.name}" cannot have the mask "{name}": it is {column.type}'
            f"{' and takes no NULL' if column.not_null else ''}.",
            f"Masks: {', '.join(treatments.KNOWN)}.",
        )
    return _treatment(table, column, found[0], "configured", found[1], around)


def _masked(table: Table, column: Column, around: Surroundings, judged: Meaning, reason: str) -> Treatment:
    found = treatments.by_meaning(column, _shared_meaning(column, around, judged))
    if found is not None:
        return _treatment(table, column, found[0], reason, found[1], around)
    if column.not_null:
        raise Unmaskable(f"{table.identity}.{column.name}", column.type)
    return _treatment(table, column, "null", f"no mask knows the type {column.type}", masks.mask("null"), around)


def _shared_meaning(column: Column, around: Surroundings, judged: Meaning) -> str | None:
    """Return what a column means; columns that keys join mean what their domain does, or they would join no more."""
    domain = around.domains.get((column.relation, column.name))
    return judged.what if domain is None else domain if domain in MEANINGS else None


def _clear(table: Table, column: Column, reason: str) -> Treatment:
    sure = "high" if reason in _CERTAIN else "medium"
    record = ColumnTreatment(
        table=table.identity, column=column.name, mask="keep", reason=reason, confidence=sure, keeps=_ALL
    )
    return Treatment(column=column, record=record, mask=None, domain="")


def _treatment(table: Table, column: Column, name: str, reason: str, mask: Mask, around: Surroundings) -> Treatment:
    kept = treatments.keeps(name, column)
    record = ColumnTreatment(table=table.identity, column=column.name, mask=name, reason=reason, keeps=kept)
    domain = around.domains.get((column.relation, column.name)) or semantic_class(column.name) or column.name
    return Treatment(column=column, record=record, mask=mask, domain=domain)
