"""From what a rehearsal saw to its report; no database is needed for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from rehearse import forecast, judge, registry
from rehearse.checkout.base import Base
from rehearse.migrators import remarks
from rehearse.model.baseline import Baseline
from rehearse.model.declaration import declared
from rehearse.model.evidence import Evidence
from rehearse.model.policy import Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.report import Report


def judged(
    rehearsal: Rehearsal, policy: Policy, today: date, *, base: Base | None = None, baseline: Baseline | None = None
) -> Report:
    """Scale what a rehearsal saw to production's size, check it and weigh what the checks found.

    The comments of the steps count as they are in a base commit, if one is given, and so they are in the report: it
    can be judged again without that commit. Raises NotUnderstood.
    """
    if base is not None:
        steps = tuple(remarks.against(rehearsal.migration.steps, base))
        rehearsal = replace(rehearsal, migration=replace(rehearsal.migration, steps=steps))
    said = declared({step.id: step.remarks for step in rehearsal.migration.steps}, registry.check_names())
    policy = replace(
        policy,
        acknowledgements=(*policy.acknowledgements, *said.acknowledgements),
        notes=(*policy.notes, *said.notes),
    )
    predictions = forecast.predict(rehearsal, policy)
    evidence = Evidence(
        rehearsal=rehearsal,
        policy=policy,
        predictions=predictions,
        advice=forecast.advise(rehearsal, predictions, policy),
        expectations=said.expectations,
    )
    findings, crashed = registry.run_checks(evidence)
    return replace(judge.judge(evidence, findings, crashed, today, baseline), rules=registry.rules())
