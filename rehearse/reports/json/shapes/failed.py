"""What is told where no rehearsal came about."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from rehearse.model.json import JSON


class Failed(TypedDict):
    """Why there is nothing to judge, and what to do next."""

    message: str
    remedy: str


class NotRehearsed(TypedDict):
    """The source, the stage or the tool failed: nothing was judged, so that every list is empty."""

    schema_version: Literal[1]
    run: None
    verdict: Literal["undecided"]
    reasons: list[str]
    findings: list[JSON]
    steps: list[JSON]
    schema_changes: list[JSON]
    row_counts: list[JSON]
    fidelity: dict[str, JSON]
    inputs: dict[str, JSON]
    timings: dict[str, float]
    failed: Failed
