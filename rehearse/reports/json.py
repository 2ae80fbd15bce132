"""The report as one JSON object, for machines; its keys may grow, never shrink or change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from rehearse.model.advice import Advice
from rehearse.model.calibration import Calibration, Line
from rehearse.model.change import RowCount, SchemaChange
from rehearse.model.downgrade import Downgrade
from rehearse.model.evidence import Prediction
from rehearse.model.failure import Failure, Remnant
from rehearse.model.finding import Finding
from rehearse.model.json import JSON
from rehearse.model.migration import ForeignConnection, StepRun, Stopped
from rehearse.model.rehearsal import Fidelity
from rehearse.model.report import Report
from rehearse.model.setting import SettingChange, Standing
from rehearse.model.timeline import (
    LockWindow,
    NestedCommand,
    RebuiltIndex,
    SizeChange,
    Statement,
    TableSize,
    Wait,
    Work,
)
from rehearse.reports import weighing

SCHEMA_VERSION = 1


def render(report: Report) -> str:
    """Return the JSON object as text, stable for equal evidence but for its times."""
    return json.dumps(as_object(report), indent=2, ensure_ascii=False)


def as_object(report: Report) -> Mapping[str, JSON]:
    """Return the report in the published shape."""
    rehearsal = report.rehearsal
    return {
        "schema_version": SCHEMA_VERSION,
        "run": rehearsal.id or None,
        "started_at": rehearsal.started_at.isoformat(),
        "verdict": report.verdict.value,
        "reasons": list(report.reasons),
        "findings": [_finding(found) for found in report.findings],
        "steps": [_step(report, step) for step in rehearsal.migration.steps],
        "expectations": [weighing.of_expectation(found) for found in report.fulfilments],
        "policy": weighing.of_policy(report),
        "schema_changes": [_change(change) for change in rehearsal.changes],
        "row_counts": [_count(count) for count in rehearsal.row_counts],
        "settings": [_setting(change) for change in rehearsal.settings],
        "fidelity": _fidelity(rehearsal.fidelity, rehearsal.migration.notes),
        "inputs": dict(rehearsal.inputs),
        "timings": {name: _seconds(span) for name, span in rehearsal.timings.items()},
        "waits": [_wait(found) for found in rehearsal.timeline.waits],
        "sizes": [_sizes(found) for found in rehearsal.timeline.sizes],
        "rebuilt_indexes": [_rebuilt(found) for found in rehearsal.timeline.rebuilt],
        "outside_steps": [
            _statement(found, _of(report, found)) for found in rehearsal.timeline.statements if found.step is None
        ],
        "calibration": None if rehearsal.calibration is None else _calibration(rehearsal.calibration),
        "connections": [_connection(found) for found in rehearsal.migration.connections],
        "stopped": None if rehearsal.migration.stopped is None else _stopped(rehearsal.migration.stopped),
        "notes": [*rehearsal.timeline.notes, *rehearsal.migration.notes],
        "heads": {
            "before": {table: list(heads) for table, heads in rehearsal.heads_before.items()},
            "after": {table: list(heads) for table, heads in rehearsal.heads_after.items()},
            "targets": list(rehearsal.migration.targets),
        },
    }


def _finding(found: Finding) -> JSON:
    return {
        "check": found.check,
        "family": found.family.value,
        "severity": found.severity.value,
        "step": found.step,
        "object": found.object,
        "message": found.message,
        "remedy": found.remedy,
        "evidence": dict(found.evidence),
        "acknowledged": found.acknowledged,
        **weighing.of_finding(found),
    }


def _step(report: Report, step: StepRun) -> JSON:
    rehearsal, timeline = report.rehearsal, report.rehearsal.timeline
    return {
        "id": step.id,
        "title": step.title,
        "source": step.source,
        "seconds": _seconds(step.duration),
        "outcome": step.outcome.value,
        "error": step.error,
        "location": step.location,
        "failure": _failure(failure) if (failure := rehearsal.failure) and failure.step == step.id else None,
        "downgrade": next((_downgrade(found) for found in rehearsal.downgrades if found.step == step.id), None),
        "statements": [_statement(found, _of(report, found)) for found in timeline.statements if found.step == step.id],
        "locks": [_lock(lock) for lock in timeline.locks if lock.step == step.id],
        "advice": next((_advice(found) for found in report.advice if found.step == step.id), None),
    }


def _of(report: Report, statement: Statement) -> tuple[Prediction, ...]:
    return tuple(found for found in report.predictions if found.statement.number == statement.number)


def _advice(found: Advice) -> JSON:
    return {
        "lock_timeout_ms": _milliseconds(found.lock_timeout),
        "tries": found.tries,
        "pause_seconds": _seconds(found.pause),
        "quiet_window": found.quiet_window,
        "told": found.told,
    }


def _stopped(found: Stopped) -> JSON:
    return {
        "step": found.step,
        "limit": found.limit,
        "seconds": _seconds(found.after),
        "busy_with": found.busy_with,
        "location": found.location,
    }


def _downgrade(found: Downgrade) -> JSON:
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
        "failure": None if found.failure is None else _failure(found.failure),
        "together_with": [step for step in found.together if step != found.step],
        "seconds": _seconds(found.took),
    }


def _failure(failure: Failure) -> JSON:
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


def _calibration(found: Calibration) -> JSON:
    return {
        "steps": [
            {
                "step": each.step,
                "samples": [
                    {"rows": point.rows, "work": point.work, "seconds": _seconds(point.took)} for point in each.points
                ],
                "time": None if each.time is None else _line(each.time),
                "work": None if each.work is None else _line(each.work),
            }
            for each in found.steps
        ],
        "notes": list(found.notes),
    }


def _line(found: Line) -> JSON:
    return {"fixed": found.fixed, "per_row": found.per_row, "error": found.error}


def _statement(found: Statement, predictions: tuple[Prediction, ...]) -> JSON:
    scaled = {prediction.work: prediction for prediction in predictions}
    forecast = next((prediction.forecast for prediction in predictions), None)
    return {
        "sql": found.sql,
        "seconds": _seconds(found.duration),
        "forecast_seconds": None if forecast is None else list(forecast.seconds),
        "work": [_scaled(work, scaled.get(work)) for work in found.work],
        "tag": found.tag,
        "transaction": found.transaction,
        "outcome": found.outcome.value,
        "sqlstate": found.sqlstate,
        "number": found.number,
        "rows": found.rows,
        "wal_bytes": found.wal_bytes,
        "production_wal_bytes": next((prediction.production_wal_bytes for prediction in predictions), None),
        "temp_bytes": found.temp_bytes,
        "lock_timeout_ms": _milliseconds(found.lock_timeout),
        "statement_timeout_ms": _milliseconds(found.statement_timeout),
        "nested": [_nested(command) for command in found.nested],
    }


def _nested(found: NestedCommand) -> JSON:
    return {
        "tag": found.tag,
        "sql": found.sql,
        "seconds": _seconds(found.ended - found.started),
        "work": [_work(work) for work in found.work],
    }


def _scaled(work: Work, prediction: Prediction | None) -> JSON:
    """Return work beside what it is in production, which is not told of the migration tool's own tables."""
    return {
        **_work(work),
        "production_rows": None if prediction is None else prediction.production_rows,
        "production_bytes": None if prediction is None else prediction.production_bytes,
        "sort_bytes": None if prediction is None else prediction.sort_bytes,
        "sort_memory_bytes": None if prediction is None else prediction.sort_memory,
    }


def _work(work: Work) -> dict[str, JSON]:
    return {
        "kind": work.kind.value,
        "object": work.object,
        "rows": work.rows,
        "detail": work.detail,
        "existed_before": work.existed_before,
    }


def _lock(lock: LockWindow) -> JSON:
    return {
        "object": lock.object,
        "mode": lock.mode.value,
        "held_ms": round(lock.held.total_seconds() * 1000, 1),
        "blocks": list(lock.mode.blocks),
        "on_index": lock.on_index,
        "modelled": lock.is_modelled,
        "lock_timeout_ms": _milliseconds(lock.lock_timeout),
        "statement_timeout_ms": _milliseconds(lock.statement_timeout),
        "acquired": lock.acquired.isoformat(),
        "released": lock.released.isoformat(),
    }


def _wait(found: Wait) -> JSON:
    return {
        "session": found.session,
        "holders": list(found.holders),
        "statement": found.statement,
        "mode": found.mode,
        "awaited": found.awaited,
        "started": found.started.isoformat(),
        "waited_ms": _milliseconds(found.duration),
        "was_granted": found.was_granted,
    }


def _sizes(found: SizeChange) -> JSON:
    after = None if found.after is None else _size(found.after)
    return {"object": found.object, "before": _size(found.before), "after": after}


def _size(found: TableSize) -> JSON:
    return {"table_bytes": found.table, "index_bytes": found.indexes, "toast_bytes": found.toast}


def _rebuilt(found: RebuiltIndex) -> JSON:
    return {"object": found.object, "table": found.table, "old_oid": found.old_oid, "new_oid": found.new_oid}


def _change(change: SchemaChange) -> JSON:
    return {
        "action": change.action,
        "kind": change.kind,
        "object": change.object,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
        "renamed_to": change.renamed_to,
    }


def _count(count: RowCount) -> JSON:
    return {
        "table": count.table,
        "before": count.before,
        "after": count.after,
        "production": count.production,
        "production_exact": count.production_exact,
    }


def _setting(change: SettingChange) -> JSON:
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


def _fidelity(fidelity: Fidelity, notes: Sequence[str]) -> JSON:
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


def _connection(found: ForeignConnection) -> JSON:
    return {"target": found.target, "redirected": found.redirected, "location": found.location}


def _milliseconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds() * 1000


def _seconds(span: timedelta) -> float:
    return round(span.total_seconds(), 4)
