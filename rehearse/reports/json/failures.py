"""What did not end well, as JSON: a step that failed, a run that was stopped, a way back."""

from __future__ import annotations

from rehearse.model.downgrade import Downgrade
from rehearse.model.failure import Failure, Remnant
from rehearse.model.json import JSON
from rehearse.model.migration import Stopped
from rehearse.reports.json.spans import seconds


def of_failure(failure: Failure) -> JSON:
    """Return what failed, where, and how the database was left."""
    return {
        "sqlstate": failure.sqlstate,
        "message": failure.message,
        "statement": failure.statement,
        "location": failure.location,
        "undone": list(failure.undone),
        "kept": list(failure.kept),
        "half_done": list(failure.half_done),
        "left_behind": [_remnant(remnant) for remnant in failure.remnants],
        "heads": None if failure.heads is None else {table: list(heads) for table, heads in failure.heads.items()},
    }


def _remnant(remnant: Remnant) -> JSON:
    return {
        "kind": remnant.kind,
        "object": remnant.object,
        "step": remnant.step,
        "told": remnant.told,
        "invalid": remnant.invalid,
    }


def of_stopped(found: Stopped) -> JSON:
    """Return where a run was ended at a limit."""
    return {
        "step": found.step,
        "limit": found.limit,
        "seconds": seconds(found.after),
        "busy_with": found.busy_with,
        "location": found.location,
    }


def of_downgrade(found: Downgrade) -> JSON:
    """Return the way back from a step."""
    return {
        "label": found.way.value,
        "reason": found.reason,
        "losses": [
            {
                "kind": loss.kind,
                "object": loss.object,
                "table": loss.table,
                "told": loss.told,
                "upgraded_again": loss.upgraded_again,
            }
            for loss in found.losses
        ],
        "failure": None if found.failure is None else of_failure(found.failure),
        "together_with": [step for step in found.together if step != found.step],
        "seconds": seconds(found.took),
    }
