"""The stage as JSON: what changed there, and how far it was production's twin."""

from __future__ import annotations

from collections.abc import Sequence

from rehearse.model.change import RowCount, SchemaChange
from rehearse.model.json import JSON
from rehearse.model.rehearsal import Fidelity
from rehearse.model.setting import SettingChange, Standing


def of_change(change: SchemaChange) -> JSON:
    """Return one object that is not described as before."""
    return {
        "action": change.action,
        "kind": change.kind,
        "object": change.object,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
        "renamed_to": change.renamed_to,
    }


def of_row_count(count: RowCount) -> JSON:
    """Return the rows of a table before and after, and in production."""
    return {
        "table": count.table,
        "before": count.before,
        "after": count.after,
        "production": count.production,
        "production_exact": count.production_exact,
    }


def of_setting(change: SettingChange) -> JSON:
    """Return a changed setting beside production's."""
    return {
        "name": change.name,
        "production": change.production,
        "new": change.new,
        "unchanged": change.is_unchanged,
        "unit": change.unit,
        "context": change.context,
        "needs": change.needs,
        "accepted": {Standing.ACCEPTED: True, Standing.REFUSED: False, Standing.OPEN: None}[change.standing],
        "applied_on_stage": change.applied,
        "error": change.error,
        "overridden": list(change.overridden),
        "origin": change.origin,
    }


def of_fidelity(fidelity: Fidelity, notes: Sequence[str]) -> JSON:
    """Return how far the stage was production's twin; `notes` are on the migrating process."""
    return {
        "observation": fidelity.observation,
        "source_version": fidelity.source_version,
        "stage_version": fidelity.stage_version,
        "versions_differ": fidelity.versions_differ,
        "data_taken_at": fidelity.data_taken_at.isoformat(),
        "tables_whole": fidelity.tables_whole,
        "tables_sampled": fidelity.tables_sampled,
        "tables_schema_only": fidelity.tables_schema_only,
        "sampled_fraction": fidelity.sampled_fraction,
        "masked_columns": [f"{found.table}.{found.column}: {found.mask}" for found in fidelity.masked],
        "deviations": list(fidelity.deviations),
        "isolation": list(fidelity.isolation),
        "migrating_role": fidelity.migrating_role,
        "superuser_in_production": fidelity.superuser_in_production,
        "allow_superuser": list(fidelity.allowed),
        "notes": list(notes),  # on the migrating process: what did not keep it in, among others
    }
