"""A refusal: the stage let a statement not do what production may allow, because of who runs it, or where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model import allowance
from rehearse.model.quantity import shortened
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Aim, Outcome, Statement

_INSUFFICIENT_PRIVILEGE = "42501"
_NEEDS_SUPERUSER = re.compile(
    r"superuser|permission denied to (create (extension|event trigger|tablespace|foreign-data wrapper)|set parameter"
    r"|COPY)|permission denied for (function (pg_read|pg_ls|lo_im|lo_ex|pg_reload|pg_rotate))",
    re.IGNORECASE,
)
_OF_THE_MACHINE = ("53", "58")  # insufficient resources, system errors (manual, Appendix A)
_OF_THE_WATCH = re.compile(r"\b_rehearse")
_ENDS_CONNECTIONS = re.compile(r"(terminate|cancel)\b.* (process|query)", re.IGNORECASE)
_BEFOREHAND = "run that step's privileged part beforehand, and rehearse the rest"


def because_of_the_stage(rehearsal: Rehearsal, statement: Statement | None, message: str) -> str | None:
    """Complete "step x ..." where a statement was refused that production may let through, or return None.

    A full disk is the stage's own. A role that is no superuser in production is refused there as well, so that is
    no fault of the stage's.
    """
    if statement is None or statement.sqlstate is None:
        return None
    if statement.sqlstate.startswith(_OF_THE_MACHINE):
        return (
            "failed for want of something on the stage's machine, which says nothing about production's: "
            f"{message} (give the stage more room, TMPDIR says where it lies, and rehearse again)"
        )
    if statement.sqlstate != _INSUFFICIENT_PRIVILEGE:
        return None
    if _OF_THE_WATCH.search(message) and not _OF_THE_WATCH.search(statement.sql):
        return (
            f"came upon what observes it, which production does not have: {message} (leave out schemas and event "
            "triggers of other owners)"
        )
    if _ENDS_CONNECTIONS.search(message):
        return (
            f"wanted to end connections, those of the rehearsal among them, so whether it may in production is open: "
            f"{message} (end those of its own role only: WHERE usename = current_user)"
        )
    there = rehearsal.fidelity.superuser_in_production
    if there is False or (there is None and not _NEEDS_SUPERUSER.search(message)):
        return None
    advice = _advice(rehearsal, statement)
    return f"needs a superuser, and on the stage migrations never run as one: {message} ({advice})"


def also_in_production(rehearsal: Rehearsal, statement: Statement | None, message: str) -> str:
    """Return a sentence for a step that lacks a superuser's rights on the stage and in production; else nothing."""
    fidelity = rehearsal.fidelity
    lacks = statement is not None and statement.sqlstate == _INSUFFICIENT_PRIVILEGE
    if not lacks or fidelity.superuser_in_production is not False or not _NEEDS_SUPERUSER.search(message):
        return ""
    wanted = statement and allowance.wanted_by(statement.sql)
    other = f'; if it may do this there all the same, say so: allow_superuser = ["{wanted}"] under [migrations]'
    return f' "{fidelity.migrating_role}" is no superuser in production, either{other if wanted else ""}.'


def passed_over(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield what the stage refused and production, where the role is a superuser, would have done.

    The migration went on, so that what followed ran under other circumstances than it will in production.
    """
    if rehearsal.fidelity.superuser_in_production is not True:
        return
    failed = {step.id for step in rehearsal.migration.failed}
    caught = {found.statement for found in rehearsal.timeline.disturbances if found.aim is Aim.TRIGGERS}
    for statement in rehearsal.timeline.statements:
        refused = statement.outcome is Outcome.FAILED and statement.sqlstate == _INSUFFICIENT_PRIVILEGE
        wanted = allowance.wanted_by(statement.sql)
        caught_here = statement.number in caught and wanted not in rehearsal.fidelity.allowed
        if (refused or caught_here) and statement.step not in failed:
            yield (
                f"Step {statement.step or '?'} went on after the stage had refused what takes a superuser, which "
                f'"{rehearsal.fidelity.migrating_role}" is in production: {shortened(statement.sql)} '
                f"({_advice(rehearsal, statement)})."
            )


def _advice(rehearsal: Rehearsal, statement: Statement) -> str:
    wanted = allowance.wanted_by(statement.sql)
    silencing = {found.statement for found in rehearsal.timeline.disturbances if found.aim is Aim.LOG}
    if wanted in rehearsal.fidelity.allowed or statement.number in silencing:
        return "a stage keeps such settings to itself: leave the statement out, and rehearse a configuration with --set"
    return f'set allow_superuser = ["{wanted}"] under [migrations]' if wanted else _BEFOREHAND
