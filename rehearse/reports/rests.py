"""What a verdict rests on: how near production the stage was, in lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from rehearse.model.quantity import listing
from rehearse.model.rehearsal import Fidelity, Rehearsal
from rehearse.model.report import Report
from rehearse.reports import sentences


def versions(fidelity: Fidelity) -> str:
    """Say which PostgreSQL the stage ran, and which production runs."""
    told = f"stage runs PostgreSQL {fidelity.stage_version}, production {fidelity.source_version}"
    return f"{told}{': the versions differ' if fidelity.versions_differ else ''}."


def data(fidelity: Fidelity) -> str:
    """Say of when the data was, how much of it there was and how many columns were masked."""
    fraction = "" if fidelity.sampled_fraction is None else f", {fidelity.sampled_fraction:.1%} of all rows"
    only = f", {fidelity.tables_schema_only} without data" if fidelity.tables_schema_only else ""
    whole = "1 table" if fidelity.tables_whole == 1 else f"{fidelity.tables_whole} tables"
    return (
        f"data of {fidelity.data_taken_at:%Y-%m-%d %H:%M} UTC: {whole} whole, "
        f"{fidelity.tables_sampled} sampled{only}{fraction}; {len(fidelity.masked)} columns masked."
    )


def observation(fidelity: Fidelity) -> str:
    """Say how the migration was watched, and what kept it on the stage."""
    return f"observation: {fidelity.observation}; kept in by: {listing(fidelity.isolation, 8) or 'nothing'}."


def remarks(report: Report) -> Iterator[str]:
    """Yield every sentence on where the stage was not production's twin, and on how it was looked at."""
    rehearsal = report.rehearsal
    yield from redirections(rehearsal)
    yield from rehearsal.fidelity.deviations
    yield from rehearsal.migration.notes
    yield from rehearsal.timeline.notes
    yield from report.policy.notes
    yield from sentences.uncovered(report)


def redirections(rehearsal: Rehearsal) -> tuple[str, ...]:
    """Say which declared databases the migration asked for and was given the stage instead."""
    asked = dict.fromkeys(
        (found.target, found.location) for found in rehearsal.migration.connections if found.redirected
    )
    return tuple(
        f"The migration asked for {target}{f' ({location})' if location else ''} and was given the stage instead."
        for target, location in asked
    )
