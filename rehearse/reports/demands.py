"""What the project itself asked of the migrated stage, as people and machines read it."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.json import JSON
from rehearse.model.own_check import Answer, CommandRun, OldReleaseRun, OwnCheckRun, Standing
from rehearse.model.rehearsal import Rehearsal

_LINES = 10  # of what a command printed


def lines(rehearsal: Rehearsal) -> Iterator[str]:
    """Yield a line for each own check and for the old release, and what a command that failed printed last."""
    for found in rehearsal.own_checks:
        yield f"{found.check.name}: {found.standing.value}{_told(found)}"
        yield from _printed(found.run)
    old = rehearsal.old_release
    if old is not None:
        told = "" if old.run is None else f" ({old.run.words}: {old.run.told})"
        yield f"the old release {old.release}: {old.standing.value}{told}"
        yield from _printed(old.run)


def of_checks(rehearsal: Rehearsal) -> list[JSON]:
    """Return the own checks in the published shape."""
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
    """Return what became of the old release in the published shape, None where it was not tried."""
    if found is None:
        return None
    return {
        "release": found.release,
        "standing": found.standing.value,
        "command": None if found.run is None else _run(found.run),
    }


def _told(found: OwnCheckRun) -> str:
    if found.run is not None:
        return f" ({found.run.words}: {found.run.told})"
    if found.standing is Standing.NOT_RUN:
        return ""
    before, after = found.before or Answer(), found.after or Answer()
    return f" ({before.told} before, {after.told} after)"


def _printed(run: CommandRun | None) -> Iterator[str]:
    if run is not None and (run.exit_status or run.stopped):
        yield from (f"  | {line}" for line in run.output_tail.splitlines()[-_LINES:])


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
