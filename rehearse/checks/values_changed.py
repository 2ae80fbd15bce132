"""Values that were there before are other values afterwards, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.catalog import Catalog
from rehearse.model.causes import Cause, Origin, origin
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.quantity import count, listing, rows, shortened
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.values import ValueChange

FAMILY = Family.LOSS
HAZARDS = ("B7", "F5")
CONDITION = (
    "A column that is still there holds other values than before, or NULL where it held a value: cut by a new type, "
    "emptied by a foreign key, written by a trigger. Values are compared row by row on the stage, those of a column "
    "that has another type after casting them back. A NULL that got a value is no loss; what an UPDATE of the "
    "migration itself sets is only noted."
)
EFFECT = "The old values are gone once the migration commits, and no downgrade brings them back."
REMEDY = (
    "Keep the old values beside the new ones (a column of the new type, filled by an UPDATE) until nobody needs them, "
    "or choose a type that holds them; if the change is meant, acknowledge it in the policy with the reason."
)
_TEXT = re.compile(r'^(?:text|citext|public\.citext|character|"char")')
_MOMENT = re.compile(r"^(?:date|timestamp|time)\b")
_ZONE = re.compile(r"\bAT\s+TIME\s+ZONE\b", re.IGNORECASE)
_EXPRESSION = re.compile(r"\bUSING\b.*(?:[(*/+|]|\bCASE\b|-\s)", re.IGNORECASE | re.DOTALL)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each column that lost values without a word about it, a note for what was said."""
    for change in evidence.rehearsal.value_changes:
        yield _finding(evidence.rehearsal, change)


def _finding(rehearsal: Rehearsal, change: ValueChange) -> Finding:
    found = origin(rehearsal, change)
    statement = found.statement
    severity, how = _weighed(change, found, rehearsal.before)
    mask = _mask(rehearsal, change, found) if severity is Severity.BLOCK else None
    return Finding(
        check="values-changed",
        family=FAMILY,
        severity=severity if mask is None else Severity.NOTE,
        step=statement.step if statement else None,
        object=change.column,
        message=f"{change.column} {_what(change)}{_in_production(rehearsal, change)}: {_why(change, found)}{how}"
        f"{'; the values here are masked, so they prove nothing of those in production' if mask else ''}.",
        remedy=_remedy(change, found),
        evidence={
            "sql": statement.sql if statement else None,
            "cause": found.cause.value,
            "changed": change.changed,
            "nulled": change.nulled,
            "rows": change.rows,
            "exact": change.exact,
        },
        open_point=None if mask is None else _open(change, found, mask),
    )


def _weighed(change: ValueChange, found: Origin, before: Catalog) -> tuple[Severity, str]:
    """Return how grave a change is, and what makes it so if that is not plain."""
    if found.cause in (Cause.DECLARED, Cause.FOLLOWED):
        return Severity.NOTE, ""
    if found.types is not None:
        return _by_type(change, *found.types, found.statement.sql if found.statement else "")
    column = before.find("column", change.column)
    if found.cause is Cause.TRIGGER and column is not None and _MOMENT.match(column.text("type")):
        return Severity.WARN, ", which moves it to the time of the migration"
    return Severity.BLOCK, ""


def _by_type(change: ValueChange, old: str, new: str, sql: str) -> tuple[Severity, str]:
    if _is_zone_change(old, new):
        named = _ZONE.search(sql) is not None
        zone = "the time zone the statement names" if named else "the time zone the session happens to have"
        return Severity.NOTE if named else Severity.WARN, f", read in {zone}"
    same_family = any(family.match(old) and family.match(new) for family in (_TEXT, _MOMENT))
    if change.one_to_one and not change.nulled and not same_family and _EXPRESSION.search(sql):
        return Severity.NOTE, ", translated one to one by its USING"
    return (
        Severity.BLOCK,
        ", and values that differed are equal now" if change.changed and not change.one_to_one else "",
    )


def _mask(rehearsal: Rehearsal, change: ValueChange, found: Origin) -> ColumnTreatment | None:
    """Return the mask that may have made the values a new type does not hold; lengths most of them keep."""
    if found.types is None:
        return None
    tables = {change.table, *(facts.table for facts in rehearsal.facts.tables if facts.root == change.table)}
    name = split(change.column)[-1]
    masked = [mask for mask in rehearsal.fidelity.masked if mask.table in tables and mask.column == name]
    about_length = all(_TEXT.match(each) for each in found.types)
    return next((mask for mask in masked if not about_length or "length" not in mask.keeps), None)


def _open(change: ValueChange, found: Origin, mask: ColumnTreatment) -> str:
    where = f"Step {found.statement.step}" if found.statement and found.statement.step else "A step"
    _, new = found.types or ("", "another type")
    return (
        f"{where} makes {change.column} {new}, which changed masked values here: whether production's values stay what "
        f"they are is open. Keep the column clear if it may be ([sanitise.columns] {mask.rule_to_keep}), or "
        f"acknowledge values-changed for {change.column} with the reason."
    )


def _is_zone_change(old: str, new: str) -> bool:
    return {_without_precision(old), _without_precision(new)} == {
        "timestamp with time zone",
        "timestamp without time zone",
    }


def _without_precision(type_name: str) -> str:
    return re.sub(r"\(\d+\)", "", type_name)


def _what(change: ValueChange) -> str:
    least = "" if change.exact else "at least "
    parts = []
    if change.changed:
        parts.append(f"holds another value in {least}{count(change.changed)}")
    if change.nulled:
        parts.append(f"lost its value in {least}{count(change.nulled)}")
    return f"{' and '.join(parts)} of {rows(change.rows)} here"


def _in_production(rehearsal: Rehearsal, change: ValueChange) -> str:
    found = next((found for found in rehearsal.row_counts if found.table == change.table), None)
    if found is None or found.production is None or found.production == found.before:
        return ""
    return f" (production has {rows(found.production)})"


def _why(change: ValueChange, found: Origin) -> str:
    said = shortened(found.statement.sql.rstrip(" ;\n")) if found.statement else ""
    at = f" at {said}" if said else ""
    if found.cause is Cause.TYPE and found.types is not None:
        old, new = found.types
        return f"its type was made anew as {new}" if old == new else f"its type went from {old} to {new}"
    if found.cause in (Cause.KEY, Cause.FOLLOWED):
        return f"the foreign key {found.names[0]} ({found.clause}) set it{at}"
    if found.cause is Cause.TRIGGER:
        return f"the trigger {listing(found.names)} wrote it{at}"
    if found.cause is Cause.REMADE:
        return f"{change.table} was made anew"
    return f"set by {said}" if found.cause is Cause.DECLARED else f"no statement sets it, it happened{at}"


def _remedy(change: ValueChange, found: Origin) -> str:
    table, name = change.table, split(change.column)[-1]
    column, accept = quoted(name), f"If it is meant, acknowledge values-changed for {change.column} with the reason."
    if found.types is not None and _is_zone_change(*found.types):
        return (
            f"Say which zone the times are in: ALTER TABLE {table} ALTER COLUMN {column} TYPE {found.types[1]} USING "
            f"{column} AT TIME ZONE 'UTC' (or the zone in which the application writes)."
        )
    if found.types is not None:
        old, new = found.types
        return (
            f"Choose a type that holds every value, or keep both for a release: ALTER TABLE {table} ADD COLUMN "
            f"{quoted(f'{name}_new')} {new}, filled in batches, with {column} ({old}) beside it until nobody asks for "
            f"the old values. {accept}"
        )
    if found.cause is Cause.TRIGGER:
        off = ", ".join(f"DISABLE TRIGGER {quoted(trigger)}" for trigger in found.names)
        return (
            f"Keep the trigger out of it: ALTER TABLE {table} {off}; write the rows; ALTER TABLE {table} "
            f"{off.replace('DISABLE', 'ENABLE')}; in one short transaction with a lock_timeout. {accept}"
        )
    if found.cause is Cause.KEY:
        return f"Give those rows of {table} another {column} before their parents go, or keep the parents. {accept}"
    return f"Keep a copy of {table} first (CREATE TABLE ... AS TABLE {table}). {accept}"
