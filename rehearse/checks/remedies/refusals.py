"""What to do about a statement that PostgreSQL refuses whatever the rows, by SQLSTATE (manual, Appendix A)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from rehearse.checks.remedies.failed import Failed
from rehearse.model.identity import split
from rehearse.model.quantity import listing

_DROPPED = re.compile(r"cannot drop (?P<kind>[a-z ]+?) (?P<name>\S+)(?: (?:of|on) table (?P<table>\S+))? because")
_MISSING = re.compile(r'(?P<kind>relation|table|view|column) "(?P<name>[^"]+)"(?: of relation "[^"]+")? does not exist')
_RELATIONS = ("table", "view", "materialized-view", "foreign-table", "sequence")
_BY_ITSELF = (
    "Alembic: put it alone into `with op.get_context().autocommit_block():`, in a revision of its own; SQL files: into "
    "a file that the tool runs outside of a transaction"
)


def advice(failed: Failed) -> str | None:
    """Return what to do about a refused statement; None where its SQLSTATE says too little."""
    find = _ADVICE.get(failed.statement.sqlstate or "")
    return find(failed) if find else None


def _in_transaction(failed: Failed) -> str:
    return f"{failed.statement.tag or 'It'} cannot run inside a transaction. {_BY_ITSELF}."


def _new_label(_failed: Failed) -> str:
    return (
        "A new value of an enum can be used once the transaction that adds it has committed. "
        f"ALTER TYPE ... ADD VALUE IF NOT EXISTS first, committed: {_BY_ITSELF}."
    )


def _depended_upon(failed: Failed) -> str:
    told = _DROPPED.search(failed.said)
    kind, name, table = (told["kind"], told["name"], told["table"]) if told else ("", failed.table, None)
    of_column = kind.endswith("column")
    oid = f"'{table if of_column else name}'::{'regtype' if kind in ('type', 'domain') else 'regclass'}"
    described = "SELECT pg_describe_object(classid, objid, objsubid)"
    return (
        f"See what depends on it: {described} FROM pg_depend WHERE refobjid = {oid} AND deptype = 'n'; and drop or "
        "change each of these in a statement of its own before this one. CASCADE would take all of them, unseen."
    )


def _not_supported(failed: Failed) -> str:
    table, said = failed.table, failed.said
    if "concurrently" in said:
        return (
            f"{table} is partitioned: CREATE INDEX ... ON ONLY {table} (...), then for each partition CREATE INDEX "
            "CONCURRENTLY and ALTER INDEX ... ATTACH PARTITION; the index of the whole turns valid with the last one."
        )
    dependants = tuple(
        found.identity
        for kind in ("view", "materialized-view", "policy", "trigger", "rule")
        for found in failed.evidence.rehearsal.before.of_kind(kind)
        if all(_names(f"{found.table} {found.attributes}", name) for name in (split(table)[-1], failed.column))
    )
    known = f" ({listing(dependants)})" if dependants else ""
    return (
        f"Something is built on column {failed.column} of {table}{known}: drop it before the type changes and create "
        "it again after, in one transaction, with its grants and comments; a materialised view with its indexes."
    )


def _invalid_definition(failed: Failed) -> str:
    if "view" in failed.said:
        return (
            "CREATE OR REPLACE VIEW may only add columns at the end: DROP VIEW and CREATE VIEW in one transaction, "
            "with its grants, and the views that are built on it."
        )
    return "Look at what the definition asks for that the table has or forbids already, and leave that out."


def _wrong_object(failed: Failed) -> str:
    if "NOT VALID" in failed.said or "NOT VALID" in failed.statement.sql.upper():
        return (
            "Before PostgreSQL 18 a foreign key of a partitioned table cannot be NOT VALID: add it to each partition "
            "NOT VALID, VALIDATE each, and then add it to the whole, which finds them proven."
        )
    return "The object is of another kind than the statement takes: use the command for its kind."


def _wrong_state(failed: Failed) -> str:
    if "default partition" in failed.said:
        return (
            "DETACH PARTITION ... CONCURRENTLY needs a table without DEFAULT partition: detach that first, or detach "
            "without CONCURRENTLY under a lock_timeout."
        )
    return "Bring the object into the state that the message asks for, in a step before this one."


def _exists(_failed: Failed) -> str:
    return (
        "Production has it already, so it is not where its history says: compare it with a database that was migrated "
        "from scratch (rehearse drift) and bring the two together. IF NOT EXISTS would hide that they differ."
    )


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None


def _missing(failed: Failed) -> str:
    return (
        f"{_nearest(failed)}Production does not have it, so it is not where its history says, or the name needs its "
        "schema: compare it with a database that was migrated from scratch (rehearse drift) and bring the two together."
    )


def _nearest(failed: Failed) -> str:
    """Say which name may have been meant, where one is close to the one that is missing."""
    told = _MISSING.search(failed.said)
    if told is None:
        return ""
    before = failed.evidence.rehearsal.before
    if told["kind"] == "column":
        known = {split(found.identity)[-1]: found for found in before.of_kind("column") if found.table == failed.table}
    else:
        known = {split(found.identity)[-1]: found for kind in _RELATIONS for found in before.of_kind(kind)}
    close = get_close_matches(split(told["name"])[-1], known, n=1, cutoff=0.75)
    return f"Perhaps {known[close[0]].identity} was meant. If not: " if close else ""


def _forbidden(failed: Failed) -> str:
    return (
        "The role that migrates may not do this in production either: let the owner of the object do it, or give the "
        f"role what it lacks (ALTER ... OWNER TO, GRANT) before. It was refused at: {failed.statement.tag}."
    )


def _timed_out(_failed: Failed) -> str:
    return (
        "It ran into a limit on an idle stage, so it will in production: raise lock_timeout or statement_timeout for "
        "this statement, or look which of the migration's own connections holds the lock it waits for."
    )


_ADVICE: Mapping[str, Callable[[Failed], str]] = {
    "0A000": _not_supported,
    "25001": _in_transaction,
    "2BP01": _depended_upon,
    "42501": _forbidden,
    "42701": _exists,
    "42703": _missing,
    "42704": _missing,
    "42710": _exists,
    "42723": _exists,
    "42809": _wrong_object,
    "42883": _missing,
    "42P01": _missing,
    "42P06": _exists,
    "42P07": _exists,
    "42P16": _invalid_definition,
    "55000": _wrong_state,
    "55P03": _timed_out,
    "55P04": _new_label,
    "57014": _timed_out,
}
