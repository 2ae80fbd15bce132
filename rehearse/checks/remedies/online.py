"""What does the same work while the table stays open: statements for the very object, where the catalog tells it."""

from __future__ import annotations

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.identity import quoted, split
from rehearse.model.index import concurrently

_OUTSIDE = (
    "outside a transaction (Alembic: within op.get_context().autocommit_block(), with postgresql_concurrently=True)"
)
_APART = "in a transaction of its own (a revision of its own with transaction_per_migration=True, or another file)"
_FOREIGN_KEY = "validating foreign key "
_SINCE = 18
_PACKED = ("VACUUM FULL", "CLUSTER")


def index(evidence: Evidence, built: Prediction) -> str | None:
    """Return how the index that was built is built CONCURRENTLY, or None where the catalog does not tell it."""
    rehearsal, name = evidence.rehearsal, built.work.detail
    found = _named(rehearsal.after, "index", built)
    definition = found.text("definition") if found else ""
    if found is None or not definition.startswith("CREATE ") or " ON ONLY " in definition:
        return None
    if built.statement.tag == "REINDEX":
        return f"REINDEX INDEX CONCURRENTLY {found.identity}; {_OUTSIDE}."
    if _named(rehearsal.before, "index", built) is not None:
        return (
            f"Take the index out of the way of the change: DROP INDEX CONCURRENTLY {found.identity}; before it, "
            f"{concurrently(definition)} after it, both {_OUTSIDE}."
        )
    key = _named(rehearsal.after, "constraint", built)
    if key is None:
        return f"{concurrently(definition)} {_OUTSIDE}."
    if key.text("type") not in ("unique", "primary key"):
        return None
    return (
        f"{concurrently(definition)} {_OUTSIDE}; then ALTER TABLE {key.table} ADD CONSTRAINT {quoted(name)} "
        f"{key.text('type').upper()} USING INDEX {quoted(name)};"
    )


def validation(evidence: Evidence, proven: Prediction) -> str | None:
    """Return how the constraint that was proven is added and proven apart, or None where the catalog does not tell."""
    key = _constraint(evidence, proven)
    if key is not None:
        name, table = quoted(split(key.identity)[-1]), key.table
        proof = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};"
        if "VALIDATE" in proven.statement.sql.upper():
            return f"Commit before {proof} it needs {_APART}, so that no stronger lock is held meanwhile."
        return (
            f"ALTER TABLE {table} ADD CONSTRAINT {name} {key.text('definition')} NOT VALID; commit; {proof} {_APART}."
        )
    column = _not_null(evidence, proven)
    if column is None:
        return None
    table, name = proven.work.object, quoted(split(column)[-1])
    check = quoted(f"{split(column)[-1]}_not_null")
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID; commit; ALTER TABLE {table} "
        f"VALIDATE CONSTRAINT {check}; {_APART}; then ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL, which now "
        f"reads no row; DROP CONSTRAINT {check} last."
    )


def rewrite(written: Prediction) -> str | None:
    """Return what to do instead of writing a table anew that gets no other column by it, or None."""
    table, why = written.work.object, written.work.detail
    if why.startswith(_PACKED):
        return (
            f"Use pg_repack on {table}, which keeps it open, or plain VACUUM, which makes its dead space usable again."
        )
    if why == "refresh":
        return (
            f"REFRESH MATERIALIZED VIEW CONCURRENTLY {table}, which leaves it readable and needs a unique index on it."
        )
    return None


def _named(catalog: Catalog, kind: str, built: Prediction) -> CatalogObject | None:
    found = catalog.of_table(kind, built.work.object)
    return next((each for each in found if split(each.identity)[-1] == built.work.detail), None)


def _constraint(evidence: Evidence, proven: Prediction) -> CatalogObject | None:
    """Return the foreign key the server spoke of, or the only CHECK of the table that the statement can mean."""
    before, after = evidence.rehearsal.before, evidence.rehearsal.after
    name = proven.work.detail.removeprefix(_FOREIGN_KEY)
    if name != proven.work.detail:
        tables = [work.object for work in proven.statement.work]
        keys = (each for table in tables for each in after.of_table("constraint", table))
        found = next((each for each in keys if split(each.identity)[-1] == name), None)
        return None if found is not None and _takes_no_proof_later(evidence, found) else found
    older = {found.identity for found in before.of_table("constraint", proven.work.object) if _is_valid(found)}
    checks = [
        found
        for found in after.of_table("constraint", proven.work.object)
        if found.text("type") == "check" and _is_valid(found)
        if found.identity not in older and split(found.identity)[-1] in proven.statement.sql
    ]
    return checks[0] if len(checks) == 1 else None


def _takes_no_proof_later(evidence: Evidence, key: CatalogObject) -> bool:
    """Say whether it is a foreign key of a partitioned table, which before PostgreSQL 18 is never NOT VALID."""
    facts = evidence.rehearsal.facts
    return facts.server_major < _SINCE and any(table.root == key.table for table in facts.under(key.table or ""))


def _is_valid(constraint: CatalogObject) -> bool:
    return constraint.attributes.get("validated") is True


def _not_null(evidence: Evidence, proven: Prediction) -> str | None:
    columns = [
        column.identity
        for column in evidence.rehearsal.after.of_table("column", proven.work.object)
        if column.attributes.get("not_null") is True and split(column.identity)[-1] in proven.statement.sql
        if (old := evidence.rehearsal.before.find("column", column.identity)) is not None
        and old.attributes.get("not_null") is False
    ]
    return columns[0] if len(columns) == 1 else None
