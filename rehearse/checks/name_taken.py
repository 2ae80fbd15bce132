"""IF NOT EXISTS succeeds although what is there is not what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.catalog import CatalogObject
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import NAME, QUALIFIED, folded, split
from rehearse.model.index import Shape, shape, shape_of
from rehearse.model.quantity import listing
from rehearse.model.timeline import Outcome, Statement

FAMILY = Family.HYGIENE
HAZARDS = ("D3", "F13")
CONDITION = (
    "CREATE INDEX or CREATE TABLE ... IF NOT EXISTS did nothing, as the name was taken: by an index that is INVALID, "
    "is of another table, is not unique or has other columns, or by a table that lacks columns of the statement."
)
EFFECT = "The migration reports success, and what code and later steps count on is not there."
REMEDY = (
    "Drop an INVALID index first (DROP INDEX CONCURRENTLY IF EXISTS); otherwise find out where production's object "
    "comes from, and create the new one under a name of its own."
)
_INDEX = re.compile(
    rf"^\s*CREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?IF\s+NOT\s+EXISTS\s+(?P<name>{QUALIFIED})"
    rf"\s+ON\s+(?:ONLY\s+)?(?P<table>{QUALIFIED})(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TABLE = re.compile(
    rf"^\s*CREATE\s+(?:UNLOGGED\s+)?TABLE\s+IF\s+NOT\s+EXISTS\s+(?P<name>{QUALIFIED})\s*(?P<rest>\(.*)",
    re.IGNORECASE | re.DOTALL,
)
_NO_COLUMN = re.compile(r"(?:CONSTRAINT|PRIMARY|UNIQUE|CHECK|FOREIGN|EXCLUDE|LIKE|NOT)\b", re.IGNORECASE)
_LEADING_NAME = re.compile(NAME)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each INVALID index that was taken for built, a warning for what is merely something else."""
    for statement in evidence.rehearsal.timeline.statements:
        if statement.outcome is Outcome.APPLIED:
            yield from _of_index(evidence, statement)
            yield from _of_table(evidence, statement)


def _of_index(evidence: Evidence, statement: Statement) -> Iterator[Finding]:
    said = _INDEX.match(statement.sql)
    found = _untouched(evidence, "index", said["name"]) if said else None
    if said is None or found is None:
        return
    wanted, there = shape(said["rest"], unique=bool(said["unique"])), shape_of(found)
    if found.attributes.get("valid") is False:
        yield _finding(
            statement,
            found,
            severity=Severity.BLOCK,
            message=f"{found.identity} is there already and INVALID, so IF NOT EXISTS built nothing: no query uses it"
            f"{', and it guarantees no unique values' if found.attributes.get('unique') else ''}.",
            remedy=f"Before the statement: DROP INDEX CONCURRENTLY IF EXISTS {found.identity};",
        )
    elif wanted and there and (differs := _difference(wanted, there, folded(said["table"])[-1], found)):
        yield _finding(
            statement,
            found,
            severity=Severity.WARN,
            message=f"{found.identity} is there already and another one, so IF NOT EXISTS built nothing: {differs}.",
            remedy=f"Give the new index a name of its own, or replace {found.identity}: build the new one "
            f"CONCURRENTLY under another name, DROP INDEX CONCURRENTLY {found.identity}, ALTER INDEX ... RENAME TO.",
        )


def _of_table(evidence: Evidence, statement: Statement) -> Iterator[Finding]:
    said = _TABLE.match(statement.sql)
    found = _untouched(evidence, "table", said["name"]) if said else None
    if said is None or found is None or found.identity in evidence.rehearsal.facts.history:
        return
    columns = [column for column in evidence.rehearsal.after.of_kind("column") if column.table == found.identity]
    there = {split(column.identity)[-1] for column in columns}
    wanted = shape(said["rest"], unique=False)
    lacking = tuple(name for name in _column_names(wanted) if name not in there)
    if lacking:
        yield _finding(
            statement,
            found,
            severity=Severity.WARN,
            message=f"{found.identity} is there already, so IF NOT EXISTS created nothing: it lacks "
            f"{listing(lacking)}, which the statement declares.",
            remedy=f"Add what is missing: ALTER TABLE {found.identity} "
            f"{', '.join(f'ADD COLUMN IF NOT EXISTS {name} ...' for name in lacking)}; or take another name.",
        )


def _untouched(evidence: Evidence, kind: str, name: str) -> CatalogObject | None:
    """Return the object of a name that was there before the migration and still is."""
    rehearsal = evidence.rehearsal
    before, after = (catalog.named(kind, folded(name)) for catalog in (rehearsal.before, rehearsal.after))
    return after if before and after and before.physical == after.physical else None


def _difference(wanted: Shape, there: Shape, table: str, found: CatalogObject) -> str:
    """Say in what the index there is another one, as far as plain columns tell."""
    if split(found.table or "")[-1] != table:
        return f"it is one of {found.table}"
    if wanted.unique and not there.unique:
        return "it is not unique"
    if bool(wanted.predicate) != bool(there.predicate):
        return "it holds only rows that satisfy a condition" if there.predicate else "it holds every row"
    asked, given = _plain(wanted), _plain(there)
    if None not in (*asked, *given) and asked != given:
        return f"it is of ({', '.join(there.keys)}), not of ({', '.join(wanted.keys)})"
    return ""


def _plain(of: Shape) -> tuple[tuple[str, ...] | None, ...]:
    return tuple(None if column is None else folded(column) for column in of.columns)


def _column_names(wanted: Shape | None) -> Iterator[str]:
    for part in wanted.keys if wanted else ():
        name = _LEADING_NAME.match(part)
        if name and not _NO_COLUMN.match(part):
            yield folded(name[0])[0]


def _finding(statement: Statement, found: CatalogObject, *, severity: Severity, message: str, remedy: str) -> Finding:
    return Finding(
        check="name-taken",
        family=FAMILY,
        severity=severity,
        step=statement.step,
        object=found.identity,
        message=message,
        remedy=remedy,
        evidence={"sql": statement.sql, "definition": found.text("definition") or None},
    )
