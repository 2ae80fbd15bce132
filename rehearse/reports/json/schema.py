"""The JSON Schema of our JSON report, made from the shapes of its objects; keys may be added, none lost or changed."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from rehearse.model.json import JSON
from rehearse.reports.json.shapes.calibration import Calibration
from rehearse.reports.json.shapes.demands import OldRelease, OwnCheck
from rehearse.reports.json.shapes.failed import NotRehearsed
from rehearse.reports.json.shapes.failures import Stopped
from rehearse.reports.json.shapes.findings import Expectation, Finding, Policy
from rehearse.reports.json.shapes.seen import Connection, Heads, RebuiltIndex, SizeChange, Wait
from rehearse.reports.json.shapes.stage import Fidelity, RowCount, SchemaChange, Setting
from rehearse.reports.json.shapes.steps import Statement, Step

_ID = "https://json-schema.org/draft/2020-12/schema"
_TITLE = "A rehearsal, judged, as `rehearse run --format json` prints it"


class Report(TypedDict):
    """The verdict with its reasons, and the evidence it rests on."""

    schema_version: Literal[1]
    run: str | None
    started_at: str
    verdict: Literal["safe", "unsafe", "undecided"]
    reasons: list[str]
    findings: list[Finding]
    steps: list[Step]
    expectations: list[Expectation]
    policy: Policy
    schema_changes: list[SchemaChange]
    row_counts: list[RowCount]
    settings: list[Setting]
    fidelity: Fidelity
    inputs: dict[str, JSON]
    timings: dict[str, float]
    waits: list[Wait]
    sizes: list[SizeChange]
    rebuilt_indexes: list[RebuiltIndex]
    outside_steps: list[Statement]
    calibration: Calibration | None
    connections: list[Connection]
    stopped: Stopped | None
    notes: list[str]
    heads: Heads
    own_checks: list[OwnCheck]
    old_release: OldRelease | None
    unrehearsed: list[str]


def schema() -> dict[str, object]:
    """Return the JSON Schema of a report, and of what is printed where there is nothing to report (draft 2020-12)."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - slow to import, and only a schema needs it

    return {"$schema": _ID, **TypeAdapter(Report | NotRehearsed).json_schema(), "title": _TITLE}
