"""How far a stage was production's twin."""

from __future__ import annotations

from rehearse.model.allowance import told_of
from rehearse.model.migration import Migration
from rehearse.model.rehearsal import Fidelity
from rehearse.model.setting import Trial
from rehearse.model.snapshot import Snapshot
from rehearse.model.stage import Stage
from rehearse.model.timeline import Timeline


def fidelity(snapshot: Snapshot, stage: Stage, migration: Migration, timeline: Timeline, trial: Trial) -> Fidelity:
    """Return what a rehearsal rests on."""
    samples = snapshot.manifest.samples
    production = [found.rows for found in snapshot.facts.tables if found.table in {sample.table for sample in samples}]
    kept = sum(sample.rows for sample in samples)
    total = None if None in production else sum(rows or 0 for rows in production)
    return Fidelity(
        observation=stage.observation,
        source_version=snapshot.facts.server_version,
        stage_version=stage.server_version,
        data_taken_at=snapshot.manifest.taken_at,
        tables_whole=sum(1 for sample in samples if sample.whole),
        tables_sampled=sum(1 for sample in samples if not sample.whole and sample.file),
        tables_schema_only=sum(1 for sample in samples if not sample.file),
        sampled_fraction=kept / total if total else None,
        masked=tuple(found for found in snapshot.manifest.treatments if not found.is_clear),
        deviations=(
            *snapshot.manifest.notes,
            *stage.deviations,
            *trial.remarks,
            *told_of(stage, timeline),
        ),
        touched=stage.touched,
        isolation=(*migration.isolation, *stage.isolation),
        migrating_role=stage.address.user,
        superuser_in_production=stage.superuser_in_production,
        allowed=stage.allowed,
    )
