"""The shapes of a finding, and of what policy, declarations and baseline say to it."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from rehearse.model.json import JSON


class Acceptance(TypedDict):
    """Why a finding counts for nothing in the verdict."""

    ground: Literal["acknowledged", "expected", "baseline"]
    reason: str
    owner: str | None
    expires: str | None
    place: str


class Acknowledgement(TypedDict):
    """Somebody's word that the findings of a check on an object are meant."""

    check: str
    object: str
    reason: str
    owner: str | None
    expires: str | None
    place: str
    step: str | None


class Override(TypedDict):
    """The policy's word that gave a finding its severity."""

    severity_of_check: str | None
    reason: str
    place: str


class Place(TypedDict):
    """A line of a file, from the root of the repository."""

    file: str
    line: int


class Finding(TypedDict):
    """One claim of one check about one object in one step."""

    check: str
    family: Literal["blocking", "failing", "loss", "contract", "hygiene", "fidelity"]
    severity: Literal["block", "warn", "note"]
    step: str | None
    object: str
    message: str
    remedy: str
    evidence: dict[str, JSON]
    acknowledged: str | None
    place: Place | None
    acceptance: Acceptance | None
    expired: list[Acknowledgement]
    override: Override | None


class Expectation(TypedDict):
    """A change that a step declares; `kept` is null where it is open or was not played."""

    step: str
    expected: str
    place: str
    object: str | None
    kept: bool | None
    told: str


Policy = TypedDict(
    "Policy",
    {
        "from": str | None,
        "environment": str | None,
        "baseline": str | None,
        "notes": list[str],
        "unused": list[Acknowledgement],
    },
)
