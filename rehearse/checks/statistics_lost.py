"""The planner knows nothing any more about a column of a large table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.naming import mentions, naming
from rehearse.model.partitions import told_once
from rehearse.model.quantity import listing, rows
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome, Statement

FAMILY = Family.LOSS
HAZARDS = ("B8",)
CONDITION = (
    "ALTER COLUMN ... TYPE removed the statistics of a column, as it does even where no row is written, and no ANALYZE "
    "of the table came after; only of tables with 100,000 rows and more in production."
)
EFFECT = (
    "Queries that filter or join by the column are planned blindly until somebody runs ANALYZE; autovacuum does not "
    "come by itself, for no row has changed."
)
REMEDY = "End the migration with ANALYZE table (column): it reads a sample and blocks neither reads nor writes."
_LARGE = 100_000  # rows; below it a plan without statistics does little harm
_ANALYSES = re.compile(r"\bANALY[ZS]E\b", re.IGNORECASE)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a note for each large table with columns whose type changed and that was not analysed afterwards."""
    retyped: dict[str, list[str]] = {}
    for change in told_once(evidence.rehearsal):
        if change.kind == "column" and change.action == "altered" and change.table and "type" in (change.before or {}):
            retyped.setdefault(change.table, []).append(change.object)
    analyses = tuple(_analyses(evidence.rehearsal)) if retyped else ()
    for table, columns in retyped.items():
        count = evidence.rehearsal.row_count(table)
        large = count is not None and (count.production is None or count.production >= _LARGE)
        if large and not _is_analysed(evidence, analyses, table, columns[-1]):
            yield _finding(evidence, table, columns, count.production if count else None)


def _analyses(rehearsal: Rehearsal) -> Iterator[tuple[Statement, str]]:
    """Yield every statement that analyses, with what it says behind that word."""
    for statement in rehearsal.timeline.statements:
        words = _ANALYSES.search(statement.sql) if statement.outcome is Outcome.APPLIED else None
        if words:
            yield statement, statement.sql[words.end() :]


def _is_analysed(evidence: Evidence, analyses: tuple[tuple[Statement, str], ...], table: str, column: str) -> bool:
    """Say whether an ANALYZE of the table, or of all tables, came after the last change of type."""
    changed = naming(evidence.rehearsal, column, r"\bTYPE\b")
    return any(
        mentions(statement.sql, table) or not re.search(r"\w", rest)
        for statement, rest in analyses
        if changed is None or statement.number >= changed.number
    )


def _finding(evidence: Evidence, table: str, columns: list[str], production: int | None) -> Finding:
    statement = naming(evidence.rehearsal, columns[0], r"\bTYPE\b")
    names = tuple(quoted(split(column)[-1]) for column in columns)
    size = "an unknown number of rows" if production is None else rows(production)
    return Finding(
        check="statistics-lost",
        family=FAMILY,
        severity=Severity.NOTE,
        step=statement.step if statement else None,
        object=table,
        message=f"The planner's statistics of {listing(names)} in {table} ({size} in production) are gone with the "
        "change of type: until ANALYZE the planner guesses.",
        remedy=f"Append ANALYZE {table} ({', '.join(names)}); it blocks neither reads nor writes.",
        evidence={"sql": statement.sql if statement else None, "columns": list(columns), "production_rows": production},
    )
