"""No migration: a change of configuration is rehearsed alone."""

from __future__ import annotations

from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.stage import Stage


def play(plan: MigrationPlan, stage: Stage) -> Migration:  # noqa: ARG001 - the shape every migrator has
    """Play nothing, and say so."""
    return Migration(
        tool=plan.tool,
        steps=(),
        exit_status=0,
        output_tail="",
        observed=True,
        notes=("No migration was named or configured: the settings were rehearsed alone.",),
    )
