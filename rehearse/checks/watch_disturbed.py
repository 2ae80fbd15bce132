"""A step tried to remove, silence or deceive what observes it."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.allowance import SET
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.quantity import shortened
from rehearse.model.timeline import Aim, Disturbance

FAMILY = Family.FIDELITY
HAZARDS: tuple[str, ...] = ()  # the truth table is about migrations
CONDITION = (
    "A statement of the migration names the event triggers, the schema or the role of the watch, switches off logging "
    "or event triggers (log_statement, log_min_messages, event_triggers, ...), or writes lines into the server's log "
    "that look like the watch's own; also where it catches the error. session_replication_role = replica warns."
)
EFFECT = (
    "PostgreSQL refuses it to a role that is no superuser, and everything was observed to the end. In production the "
    "step fails there, too, or, run by a superuser, it goes on unseen by those who rely on the log."
)
REMEDY = (
    "Take the statement out of the migration. A setting that production's server is to have belongs in its "
    "configuration: rehearse it with --set or --settings. A password stays out of the log if it is sent as its SCRAM "
    "verifier, as psql's \\password does."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for each attempt; a warning where only triggers and foreign keys were to be switched off."""
    allowed = evidence.rehearsal.fidelity.allowed
    for found in evidence.rehearsal.timeline.disturbances:
        if f"{SET}{found.object}" not in allowed:
            yield _finding(found)


def _finding(found: Disturbance) -> Finding:
    who = f"Step {found.step}" if found.step else "The migration"
    return Finding(
        check="watch-disturbed",
        family=FAMILY,
        severity=Severity.WARN if found.aim is Aim.TRIGGERS else Severity.BLOCK,
        step=found.step,
        object=found.object,
        message=f"{who} tried to {found.told}: {shortened(found.sql.rstrip('; '))}. {_answer(found)}",
        remedy=REMEDY,
        evidence={"sql": found.sql, "aim": found.aim.value, "refused": found.said},
    )


def _answer(found: Disturbance) -> str:
    if found.said is not None:
        return f"PostgreSQL refused it ({found.said.rstrip('.')})."
    if found.aim is Aim.TRIGGERS:
        return "It takes a superuser: what followed ran with triggers and foreign keys in force."
    return "It had no effect: nothing was lost that the watch rests on."
