"""What to do about rows that a statement failed on, by SQLSTATE (manual, Appendix A), in SQL for the very object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from rehearse.checks.remedies.failed import Failed
from rehearse.model import offenders
from rehearse.model.identity import QUALIFIED, folded
from rehearse.model.index import shape
from rehearse.model.offenders import columns_of
from rehearse.model.sequence import LIMITS

_LISTED = re.compile(r"\b(?:UNIQUE|PRIMARY\s+KEY)\s*(?P<rest>\(.*)", re.IGNORECASE | re.DOTALL)
_OF_INDEX = re.compile(
    rf"\bON\s+(?:ONLY\s+)?{QUALIFIED}\s*(?P<rest>(?:USING\s+\w+\s*)?\(.*)", re.IGNORECASE | re.DOTALL
)
_CHECK = re.compile(r"\bCHECK\s*(?P<rest>\(.*)", re.IGNORECASE | re.DOTALL)
_REFERS = re.compile(
    rf"\bFOREIGN\s+KEY\s*\((?P<columns>[^)]*)\)\s*REFERENCES\s+(?P<parent>{QUALIFIED})\s*(?:\((?P<there>[^)]*)\))?",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"\((\d+)\)")
_SPELLED = {"int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint"}
_FIRST_TO_TEST_INPUT = 16  # pg_input_is_valid()


def repair(failed: Failed) -> str | None:
    """Return what to do about rows that a statement failed on; None where its SQLSTATE is about no rows."""
    find = _REPAIRS.get(failed.statement.sqlstate or "")
    return find(failed) if find else None


def _nulls(failed: Failed) -> str:
    table, column = failed.table, failed.column
    if not failed.is_ddl:
        return f"The statement writes NULL into {table}.{column}: give it a value there, or the column a DEFAULT."
    if failed.evidence.rehearsal.before.find("column", f"{table}.{column}") is None:
        return (
            f"{table} has rows, and the new column {column} gives them no value: add it with a DEFAULT, or nullable, "
            "fill it in batches, and SET NOT NULL in a later step."
        )
    return (
        f"Find the rows in production: {offenders.nulls(table, column)} Give them a value in a step before this one, "
        f"in batches, and new rows as well: ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT ...;"
    )


def _duplicates(failed: Failed) -> str:
    sql, known = failed.statement.sql, failed.constraint
    written = _LISTED.search(sql) or _OF_INDEX.search(sql)
    found = shape(written["rest"], unique=True) if written and failed.is_ddl else None
    if found is not None:
        query = offenders.duplicates(failed.table, found.keys, found.predicate)
        return f"Find the duplicates in production: {query} Merge or renumber them in a step before this one."
    if known is not None:
        columns = ", ".join(columns_of(known))
        return (
            f"{known.table} has a row with this ({columns}) already: leave it (INSERT ... ON CONFLICT ({columns}) DO "
            "NOTHING), or look whether the sequence of the column is behind: SELECT "
            f"pg_get_serial_sequence('{known.table}', '{columns}');"
        )
    return "Look for the row that is there already, and leave it: INSERT ... ON CONFLICT DO NOTHING."


def _orphans(failed: Failed) -> str:
    known, written = failed.constraint, _REFERS.search(failed.statement.sql)
    if failed.said.startswith("update or delete") and known is not None:
        return (
            f"Rows of {known.table} still refer to what goes: delete them or let them refer elsewhere first, by "
            f"({', '.join(columns_of(known))})."
        )
    if written:
        named = failed.evidence.rehearsal.before.named("table", folded(written["parent"]))
        parent = named.identity if named else written["parent"]
        columns = [name.strip() for name in written["columns"].split(",")]
        there = [name.strip() for name in (written["there"] or "").split(",") if name.strip()]
        keys = there or offenders.key_of(parent, failed.evidence.rehearsal.before)
        query = offenders.orphans(failed.table, columns, parent, keys)
    elif known is not None:
        query = offenders.of_constraint(known, failed.evidence.rehearsal.after)
    else:
        return "Find the rows that refer to none, and delete them, set the reference NULL or create what is missing."
    return (
        f"Find the orphans in production: {query} Delete them, set the reference NULL or create what is missing, in a "
        "step before this one."
    )


def _violations(failed: Failed) -> str:
    known, written = failed.constraint, _CHECK.search(failed.statement.sql)
    if "partition" in failed.said:
        return (
            f"Rows lie outside of the bounds: create the partition they belong to first, or let a DEFAULT partition of "
            f"{failed.table} take them; a DEFAULT partition gives up its rows before another one can claim them."
        )
    found = shape(written["rest"], unique=False) if written and failed.is_ddl else None
    if found is not None:
        query = offenders.violating(failed.table, f"CHECK ({', '.join(found.keys)})")
    elif known is not None:
        query = offenders.of_constraint(known, failed.evidence.rehearsal.after)
    else:
        return "Find the rows that break the rule, and repair them in a step before this one."
    if not failed.is_ddl:
        return f"The statement writes a row that breaks the rule; rows that do already: {query}"
    return f"Find the rows in production: {query} Repair them in a step before this one."


def _conflicts(failed: Failed) -> str:
    known = failed.constraint
    of = f" by ({', '.join(columns_of(known))})" if known else ""
    return (
        f"Find the pairs that conflict: join {failed.table} with itself{of}, with the operators of the EXCLUDE and "
        "a.ctid < b.ctid; repair them in a step before this one. No EXCLUDE can be added NOT VALID."
    )


def _too_long(failed: Failed) -> str:
    altered, length = failed.retyping, _LENGTH.search(failed.said)
    if altered is None or length is None:
        return "Shorten what the statement writes, or widen the column: varchar widens without touching a row."
    query = offenders.too_long(failed.table, altered.column, int(length[1]))
    return (
        f"Find the values in production: {query} Shorten them first, or keep the type and add CHECK "
        f"(length({altered.column}) <= {length[1]}) NOT VALID, which holds for new rows only."
    )


def _out_of_range(failed: Failed) -> str:
    altered = failed.retyping
    type_ = altered.type.lower() if altered else ""
    most = LIMITS.get(_SPELLED.get(type_, type_))
    if altered is None or most is None:
        return "Look for the number that does not fit, and give the column a wider type: bigint, or numeric."
    return (
        f"Find the values in production: {offenders.out_of_range(failed.table, altered.column, -most - 1, most)} "
        "Keep the wider type unless every one of them may go."
    )


def _not_castable(failed: Failed) -> str:
    altered = failed.retyping
    if altered is None or (altered.using and altered.column not in altered.using):
        return "Look for the value that is not of the type, and repair it, or leave it out of the statement."
    column, type_ = altered.column, altered.type
    query = offenders.no_input_of(failed.table, column, type_)
    is_old = failed.evidence.rehearsal.facts.server_major < _FIRST_TO_TEST_INPUT
    instead = " (before PostgreSQL 16: with a regular expression of what the type takes)" if is_old else ""
    return f"Find the values in production: {query}{instead} Repair them, or make USING turn them into NULL."


def _needs_using(failed: Failed) -> str:
    altered, table, column = failed.retyping, failed.table, failed.column
    type_ = altered.type if altered else "..."
    if failed.said.startswith("default for"):
        return (
            f"Take the default away and give it back: ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT, ALTER "
            f"COLUMN {column} TYPE {type_}, ALTER COLUMN {column} SET DEFAULT ...; with the default in the new type."
        )
    return (
        f"Say how to convert: ALTER TABLE {table} ALTER COLUMN {column} TYPE {type_} USING {column}::{type_}; (Alembic "
        f'op.alter_column(..., postgresql_using="{column}::{type_}")). It writes the table anew under a lock.'
    )


_REPAIRS: Mapping[str, Callable[[Failed], str]] = {
    "22001": _too_long,
    "22003": _out_of_range,
    "22007": _not_castable,
    "22008": _not_castable,
    "22P02": _not_castable,
    "23502": _nulls,
    "23503": _orphans,
    "23505": _duplicates,
    "23514": _violations,
    "23P01": _conflicts,
    "42804": _needs_using,
}
