"""What the project itself asked of the migrated stage, as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.own_check import Answer, CommandRun, OwnCheckRun, Standing
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
