"""What does the same work while the table stays open: statements for the very object, where the catalog tells it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.evidence import Evidence, Prediction
from rehearse.model.identity import last, quoted, split
from rehearse.model.index import concurrently
from rehearse.model.quantity import listing
from rehearse.model.timeline import WorkKind

_OUTSIDE = (
    "outside a transaction (Alembic: within op.get_context().autocommit_block(), with postgresql_concurrently=True)"
)
_APART = "in a transaction of its own (a revision of its own with transaction_per_migration=True, or another file)"
_FOREIGN_KEY = "validating foreign key "
_SINCE = 18
_MOST_TOLD = 3  # partitions
_EXCLUSION = (
    "What an EXCLUDE constraint rests on is never built while the table takes writes: do it in a quiet window under a "
    "lock_timeout, or fill a new table that has the constraint, and switch over."
)
_PACKED = ("VACUUM FULL", "CLUSTER")


def index(evidence: Evidence, built: Prediction) -> str | None:
    """Return how the index that was built is built CONCURRENTLY, or None where the catalog does not tell it."""
    rehearsal = evidence.rehearsal
    found = _named(rehearsal.after, "index", built)
    if found is None or found.text("partition_of"):
        return _of_partitions(evidence, built)
    definition = found.text("definition")
    if not definition.startswith("CREATE ") or " ON ONLY " in definition:
        return None
    key = _named(rehearsal.after, "constraint", built)
    if key is not None and key.text("type") == "exclusion":
        return _EXCLUSION
    if built.statement.tag == "REINDEX":
        return f"REINDEX INDEX CONCURRENTLY {found.identity}; {_OUTSIDE}."
    if _named(rehearsal.before, "index", built) is not None:
        return _around(found)
    first = _columns_first(evidence, built)
    if key is None:
        return f"{first}{concurrently(definition)} {_OUTSIDE}."
    return (
        f"{first}{_proofs(evidence, key)}{concurrently(definition)} {_OUTSIDE}; then ALTER TABLE {key.table} ADD "
        f"CONSTRAINT {last(key.identity)} {key.text('type').upper()} "
        f"USING INDEX {last(found.identity)}{_deferral(key)};"
    )


def _around(rebuilt: CatalogObject) -> str:
    """Say how to change what an index is built on without its table being locked while it is built again."""
    if rebuilt.text("constraint"):
        return (
            f"The index {rebuilt.identity} belongs to the constraint {rebuilt.text('constraint')} and cannot be taken "
            "away alone: add a column of the new type beside the old one, fill it in batches, build its own constraint "
            "CONCURRENTLY, and switch over."
        )
    return (
        f"Take the index out of the way of the change: DROP INDEX CONCURRENTLY {rebuilt.identity}; before it, "
        f"{concurrently(rebuilt.text('definition'))} after it, both {_OUTSIDE}."
    )


def _of_partitions(evidence: Evidence, built: Prediction) -> str | None:
    """Return how a new index of a partitioned table is built partition by partition (manual 5.12.2.2)."""
    after = evidence.rehearsal.after
    names = {(work.object, work.detail) for work in built.statement.work if work.kind is WorkKind.INDEX_BUILD}
    made = [found for found in after.of_kind("index") if (found.table, split(found.identity)[-1]) in names]
    wholes = {found.text("partition_of") for found in made}
    whole = after.find("index", wholes.pop()) if len(wholes) == 1 else None
    if whole is None or evidence.rehearsal.before.find("index", whole.identity):
        return None
    parts = [found for found in after.of_kind("index") if found.text("partition_of") == whole.identity]
    if whole.text("partition_of") or any(" ON ONLY " in found.text("definition") for found in parts):
        return None
    if whole.text("constraint"):
        return _key_of_partitions(evidence, whole, parts)
    told = [
        f"{concurrently(part.text('definition'))} ALTER INDEX {whole.identity} ATTACH PARTITION {part.identity};"
        for part in parts
    ]
    return f"{whole.text('definition')}; then for each partition, {_OUTSIDE}: {_several(told)}"


def _key_of_partitions(evidence: Evidence, whole: CatalogObject, parts: Sequence[CatalogObject]) -> str | None:
    """Return how the key of a partitioned table finds its indexes built: it takes over those that are keys already."""
    key = evidence.rehearsal.after.find("constraint", f"{whole.table}.{whole.text('constraint')}")
    if key is None or key.text("type") not in ("unique", "primary key"):
        return None
    name, kind, deferral = last(key.identity), key.text("type").upper(), _deferral(key)
    told = [
        f"{concurrently(part.text('definition'))} ALTER TABLE {part.table} ADD CONSTRAINT {part.text('constraint')} "
        f"{kind} USING INDEX {last(part.identity)}{deferral};"
        for part in parts
    ]
    return (
        f"{_proofs(evidence, key)}For each partition, {_OUTSIDE}: {_several(told)} Then ALTER TABLE {key.table} ADD "
        f"CONSTRAINT {name} {key.text('definition')}; which builds nothing any more."
    )


def _several(told: Sequence[str]) -> str:
    more = f" And so for the {len(told) - _MOST_TOLD} others." if len(told) > _MOST_TOLD else ""
    return " ".join(told[:_MOST_TOLD]) + more


def _columns_first(evidence: Evidence, worked: Prediction) -> str:
    """Say that a column is to be added by itself, where the statement that did the work added one."""
    before, after = evidence.rehearsal.before, evidence.rehearsal.after
    new = tuple(
        last(column.identity)
        for column in after.of_table("column", worked.work.object)
        if before.find("column", column.identity) is None and split(column.identity)[-1] in worked.statement.sql
    )
    is_added = bool(new) and "ADD" in worked.statement.sql.upper() and worked.statement.tag == "ALTER TABLE"
    return f"Add {listing(new)} to {worked.work.object} without it first; then " if is_added else ""


def _proofs(evidence: Evidence, key: CatalogObject) -> str:
    return "".join(f"{_never_null(evidence, column)} then " for column in _nullable(evidence, key))


def _nullable(evidence: Evidence, key: CatalogObject) -> tuple[str, ...]:
    """Return the columns of a new primary key that took NULL before: it would read all rows to prove that none is."""
    columns = key.attributes.get("columns")
    if key.text("type") != "primary key" or not isinstance(columns, (list, tuple)):
        return ()
    known = (evidence.rehearsal.before.find("column", f"{key.table}.{column}") for column in columns)
    return tuple(found.identity for found in known if found and found.attributes.get("not_null") is False)


def _deferral(key: CatalogObject) -> str:
    if key.attributes.get("deferrable") is not True:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if key.attributes.get("deferred") is True else " DEFERRABLE"


def validation(evidence: Evidence, proven: Prediction) -> str | None:
    """Return how the constraint that was proven is added and proven apart, or None where the catalog does not tell."""
    key = _constraint(evidence, proven)
    if key is None:
        column = _not_null(evidence, proven)
        return None if column is None else _never_null(evidence, column)
    name, table = last(key.identity), key.table
    proof = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};"
    if "VALIDATE" in proven.statement.sql.upper():
        return f"Commit before {proof} it needs {_APART}, so that no stronger lock is held meanwhile."
    first = _columns_first(evidence, proven)
    added = f"ALTER TABLE {table} ADD CONSTRAINT {name} {key.text('definition')} NOT VALID;"
    return f"{first}{added} commit; {proof} {_APART}."


def _never_null(evidence: Evidence, column: str) -> str:
    """Say how a column is made NOT NULL without its rows being read under a lock."""
    described = evidence.rehearsal.after.find("column", column) or evidence.rehearsal.before.find("column", column)
    table = described.table if described else None
    taken = {split(found.identity)[-1] for found in evidence.rehearsal.before.of_table("constraint", table)}
    names = (f"{split(column)[-1]}_not_null{number or ''}" for number in count())
    name, check = last(column), quoted(next(each for each in names if each not in taken))
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID; commit; ALTER TABLE {table} "
        f"VALIDATE CONSTRAINT {check}; {_APART}; then ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL; which now "
        f"reads no row; last, ALTER TABLE {table} DROP CONSTRAINT {check};"
    )


def rewrite(written: Prediction) -> str | None:
    """Return what to do instead of writing a table anew that gets no other column by it, or None."""
    table, why = written.work.object, written.work.detail
    if why.startswith(_PACKED):
        return (
            f"Use pg_repack on {table}, which keeps it open, or plain VACUUM, which makes its dead space usable again."
        )
    if why == "refresh":
        return f"REFRESH MATERIALIZED VIEW CONCURRENTLY {table}; leaves it readable, and needs a unique index on it."
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
        if found.text("type") == "check" and _is_valid(found) and found.identity not in older
    ]
    named = [found for found in checks if split(found.identity)[-1] in proven.statement.sql]
    if not named and "CHECK" in proven.statement.sql.upper():
        named = checks
    return named[0] if len(named) == 1 else None


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
