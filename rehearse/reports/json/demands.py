"""What the project itself asked of the migrated stage, as JSON."""

from __future__ import annotations

from rehearse.model.json import JSON
from rehearse.model.own_check import Answer, CommandRun, OldReleaseRun
from rehearse.model.rehearsal import Rehearsal


def of_checks(rehearsal: Rehearsal) -> list[JSON]:
    """Return the own checks."""
    return [
        {
            "name": found.check.name,
            "standing": found.standing.value,
            "sql": found.check.sql,
            "before": None if found.before is None else _answer(found.before),
            "after": None if found.after is None else _answer(found.after),
            "command": None if found.run is None else _run(found.run),
        }
        for found in rehearsal.own_checks
    ]


def of_old_release(found: OldReleaseRun | None) -> JSON:
    """Return what became of the old release, None where it was not tried."""
    if found is None:
        return None
    return {
        "release": found.release,
        "standing": found.standing.value,
        "command": None if found.run is None else _run(found.run),
    }


def _answer(answer: Answer) -> JSON:
    return {"rows": answer.rows, "more": answer.more, "keys": list(answer.keys), "error": answer.error}


def _run(run: CommandRun) -> JSON:
    return {
        "command": run.words,
        "exit_status": run.exit_status,
        "seconds": round(run.took.total_seconds(), 3),
        "stopped": run.stopped,
        "output": run.output_tail,
        "refused": [found.target for found in run.connections if not found.redirected],
        "isolation": list(run.isolation),
    }
