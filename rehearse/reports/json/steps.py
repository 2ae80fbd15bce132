"""The steps as JSON: their statements, locks and work, beside what it is in production."""

from __future__ import annotations

from rehearse.model.advice import Advice
from rehearse.model.evidence import Prediction
from rehearse.model.json import JSON
from rehearse.model.migration import StepRun
from rehearse.model.report import Report
from rehearse.model.timeline import LockWindow, NestedCommand, Statement, Work
from rehearse.reports.json.failures import of_downgrade, of_failure
from rehearse.reports.json.spans import milliseconds, seconds


def of_step(report: Report, step: StepRun) -> JSON:
    """Return a step with all that it did, and how to run it in production."""
    rehearsal, timeline = report.rehearsal, report.rehearsal.timeline
    return {
        "id": step.id,
        "title": step.title,
        "source": step.source,
        "file": step.file,
        "line": step.line,
        "seconds": seconds(step.duration),
        "outcome": step.outcome.value,
        "error": step.error,
        "location": step.location,
        "failure": of_failure(failure) if (failure := rehearsal.failure) and failure.step == step.id else None,
        "downgrade": next((of_downgrade(found) for found in rehearsal.downgrades if found.step == step.id), None),
        "statements": of_statements(report, step.id),
        "locks": [_lock(lock) for lock in timeline.locks if lock.step == step.id],
        "advice": next((_advice(found) for found in report.advice if found.step == step.id), None),
    }


def of_statements(report: Report, step: str | None) -> list[JSON]:
    """Return the statements of a step with their work, here and in production; None: those outside of every step."""
    return [
        _statement(found, tuple(each for each in report.predictions if each.statement.number == found.number))
        for found in report.rehearsal.timeline.statements
        if found.step == step
    ]


def _advice(found: Advice) -> JSON:
    return {
        "lock_timeout_ms": milliseconds(found.lock_timeout),
        "tries": found.tries,
        "pause_seconds": seconds(found.pause),
        "quiet_window": found.quiet_window,
        "told": found.told,
    }


def _statement(found: Statement, predictions: tuple[Prediction, ...]) -> JSON:
    scaled = {prediction.work: prediction for prediction in predictions}
    forecast = next((prediction.forecast for prediction in predictions), None)
    return {
        "sql": found.sql,
        "seconds": seconds(found.duration),
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
        "lock_timeout_ms": milliseconds(found.lock_timeout),
        "statement_timeout_ms": milliseconds(found.statement_timeout),
        "nested": [_nested(command) for command in found.nested],
    }


def _nested(found: NestedCommand) -> JSON:
    return {
        "tag": found.tag,
        "sql": found.sql,
        "seconds": seconds(found.ended - found.started),
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
        "lock_timeout_ms": milliseconds(lock.lock_timeout),
        "statement_timeout_ms": milliseconds(lock.statement_timeout),
        "acquired": lock.acquired.isoformat(),
        "released": lock.released.isoformat(),
    }
