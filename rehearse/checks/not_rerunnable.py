"""A step that stops half-way cannot simply be run again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rehearse.model.evidence import Evidence
from rehearse.model.failure import Failure
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import QUALIFIED
from rehearse.model.json import JSON
from rehearse.model.migration import StepRun
from rehearse.model.quantity import listing, shortened
from rehearse.model.timeline import Outcome, Statement, WorkKind

FAMILY = Family.HYGIENE
HAZARDS = ("F13",)
CONDITION = (
    "A step failed after a part of it had been committed. Or it commits in several parts, a later one reads or writes "
    "rows of tables that existed before, or runs CONCURRENTLY, and so may fail, and an earlier one cannot be repeated: "
    "CREATE, ADD, DROP or RENAME without IF [NOT] EXISTS, INSERT without ON CONFLICT."
)
EFFECT = (
    "The part that was committed stays and is recorded nowhere: the next attempt fails at its first statement, and "
    "somebody has to finish or undo the step by hand."
)
REMEDY = (
    "One thing a step: what commits by itself (CONCURRENTLY, batches) in a step of its own, the rest in one "
    "transaction; or make the first part repeatable: ADD COLUMN IF NOT EXISTS, ON CONFLICT, and before constraints and "
    "indexes DROP ... IF EXISTS (IF NOT EXISTS would take an INVALID index for built)."
)
_ONCE_ONLY = re.compile(
    r"^\s*(?:CREATE|DROP|INSERT)\b|\b(?:ADD|RENAME)\b|\bDROP\b(?!\s+(?:NOT\s+NULL|DEFAULT|EXPRESSION|IDENTITY)\b)",
    re.IGNORECASE,
)
_GUARDED = re.compile(r"\bIF\s+(?:NOT\s+)?EXISTS\b|\bOR\s+REPLACE\b|\bON\s+CONFLICT\b", re.IGNORECASE)
_CLEARS = re.compile(r"\bDROP\b.*\bIF\s+EXISTS\b", re.IGNORECASE | re.DOTALL)
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_MADE = re.compile(
    r"\b(?P<kind>INDEX|TABLE|VIEW|TYPE|SEQUENCE|FUNCTION|TRIGGER|POLICY|ADD\s+CONSTRAINT|ADD(?:\s+COLUMN)?)"
    rf"\s+(?:CONCURRENTLY\s+)?(?P<name>{QUALIFIED})",
    re.IGNORECASE,
)
_LASTING = ("CREATE", "ALTER", "DROP", "REINDEX", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE", "DO")
_ON_ROWS = (WorkKind.REWRITE, WorkKind.SCAN, WorkKind.INDEX_BUILD, WorkKind.ROWS)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for a step that is half done, a note for one that could be."""
    failure = evidence.rehearsal.failure
    half_done = failure.half_done if failure else ()
    for step in evidence.rehearsal.migration.steps:
        if failure is not None and step.id in half_done:
            yield from _half_done(step, failure)
        elif step.outcome is Outcome.APPLIED:
            yield from _at_risk(step, _parts(evidence, step))


def _half_done(step: StepRun, failure: Failure) -> Iterator[Finding]:
    left = tuple(found.told for found in failure.remnants if found.step == step.id and not found.invalid)
    if left:
        yield _finding(
            step,
            Severity.WARN,
            f"Step {step.id} stopped half-way and left behind what is recorded nowhere, and running it again meets: "
            f"{listing(left)}.",
            {"left": list(left)},
        )


def _at_risk(step: StepRun, parts: Sequence[Sequence[Statement]]) -> Iterator[Finding]:
    for number, part in enumerate(parts[1:], start=1):
        risky = next((found for found in part if _may_fail(found)), None)
        earlier = [found for before in parts[:number] for found in before]
        before = [found for found in earlier if _is_once_only(found) and not _is_cleared(found, earlier)]
        if risky is not None and before:
            yield _finding(
                step,
                Severity.NOTE,
                f"Step {step.id} commits in {len(parts)} parts: if it is cut short at {_shown(risky)}, running it "
                f"again fails at {_shown(before[0])}, which is done then and recorded nowhere.",
                {"sql": risky.sql, "done": [found.sql for found in before]},
                f"Put {_shown(risky)} into a step of its own, or make what comes before it repeatable: "
                f"{_repeatable(before[0])}.",
            )
            return


def _parts(evidence: Evidence, step: StepRun) -> tuple[tuple[Statement, ...], ...]:
    """Return the statements of a step that left something, by transaction."""
    found: dict[str, list[Statement]] = {}
    for statement in evidence.rehearsal.timeline.statements:
        if statement.step == step.id:
            found.setdefault(statement.transaction, []).append(statement)
    kept = (part for part in found.values() if not any(each.tag == "ROLLBACK" for each in part))
    matter = (tuple(each for each in part if _matters(evidence, each)) for part in kept)
    return tuple(part for part in matter if part)


def _matters(evidence: Evidence, statement: Statement) -> bool:
    objects = {work.object for work in statement.work}
    history = evidence.rehearsal.facts.history | set(evidence.rehearsal.heads_after)
    if statement.outcome is not Outcome.APPLIED or (objects and objects <= history):
        return False
    return statement.tag.startswith(_LASTING) or _may_fail(statement)


def _is_once_only(statement: Statement) -> bool:
    is_ddl = statement.tag.startswith(("CREATE", "ALTER", "DROP", "INSERT"))
    return is_ddl and _ONCE_ONLY.search(statement.sql) is not None and not _GUARDED.search(statement.sql)


def _is_cleared(statement: Statement, earlier: Sequence[Statement]) -> bool:
    """Say whether what a statement makes is dropped before it, if it is there."""
    name = _made(statement)
    dropped = (found.sql for found in earlier if found.number < statement.number and _CLEARS.search(found.sql))
    return name is not None and any(name in sql for sql in dropped)


def _made(statement: Statement) -> str | None:
    """Return the name of what a statement makes: of ALTER TABLE the part, not the table."""
    made = list(_MADE.finditer(statement.sql))
    return made[-1 if statement.tag.startswith("ALTER") else 0]["name"] if made else None


def _repeatable(statement: Statement) -> str:
    words, name = statement.sql.upper().split(), _made(statement)
    if statement.tag.startswith("INSERT"):
        return "INSERT ... ON CONFLICT DO NOTHING"
    if "CONSTRAINT" in words and "ADD" in words:
        return f"DROP CONSTRAINT IF EXISTS {name} before it"
    if statement.tag == "CREATE INDEX":
        return f"DROP INDEX CONCURRENTLY IF EXISTS {name}; before it (IF NOT EXISTS takes an INVALID one for built)"
    if "RENAME" in words:
        return "a look at the catalog"
    return "IF EXISTS" if "DROP" in words else "IF NOT EXISTS"


def _shown(statement: Statement) -> str:
    return shortened(statement.sql.strip().rstrip(";"), 60)


def _may_fail(statement: Statement) -> bool:
    if statement.tag.startswith(("CREATE", "DROP", "REINDEX", "ALTER")) and _CONCURRENTLY.search(statement.sql):
        return True
    return any(work.kind in _ON_ROWS and work.rows and work.existed_before for work in statement.work)


def _finding(
    step: StepRun, severity: Severity, message: str, evidence: Mapping[str, JSON], remedy: str = REMEDY
) -> Finding:
    return Finding(
        check="not-rerunnable",
        family=FAMILY,
        severity=severity,
        step=step.id,
        object=step.source,
        message=message,
        remedy=remedy,
        evidence=evidence,
    )
