"""The hook's journal, read: steps and what became of them, connections, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypedDict, cast

from rehearse.migrators import places, remarks
from rehearse.migrators.process import output
from rehearse.migrators.process.run import Ended
from rehearse.model import wording
from rehearse.model.migration import ForeignConnection, StepRun
from rehearse.model.origin import Origin
from rehearse.model.timeline import Outcome

Event = Mapping[str, object]
_ENDED_INSIDE = "the process ended inside this step"
_COMMIT = "the run failed after its last step, at the commit or in env.py"


class _Planned(TypedDict):
    """A step of the hook's plan."""

    id: str
    title: str
    source: str
    path: str
    parents: list[str] | None
    downgrade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvFailure:
    """What env.py, or something it called, raised."""

    source: str
    error: str  # class of the exception
    message: str
    location: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What the hook saw."""

    events: tuple[Event, ...]
    secrets: tuple[str, ...]

    @classmethod
    def of(cls, ended: Ended, secrets: tuple[str, ...]) -> Journal:
        return cls(events=ended.journal, secrets=secrets)

    @property
    def loaded(self) -> bool:
        return bool(self.named("hello"))

    @property
    def plans(self) -> tuple[Event, ...]:
        return self.named("plan")

    @property
    def known_revisions(self) -> int | None:
        counted = [plan["known"] for plan in self.plans if isinstance(plan["known"], int)]
        return max(counted, default=None)

    @property
    def targets(self) -> tuple[str, ...]:
        """Return where each script directory is to end, in the order they were run."""
        return tuple(dict.fromkeys(name for plan in self.plans for name in cast("list[str]", plan["targets"])))

    @property
    def connections(self) -> tuple[ForeignConnection, ...]:
        found = (
            ForeignConnection(
                target=output.without_passwords(str(event["target"]), self.secrets),
                redirected=event["verdict"] == "redirected",
                location=cast("str | None", event["location"]),
            )
            for event in self.named("connection")
        )
        return tuple(dict.fromkeys(found))

    @property
    def sought(self) -> tuple[str, ...]:
        """Say what was sought on a network, and where in the code."""
        found = dict.fromkeys((str(event["target"]), event["location"]) for event in self.named("outside"))
        return tuple(
            f"The migration sought {target}{f' ({location})' if location else ''}; it has no network but its own."
            for target, location in found
        )

    @property
    def versions(self) -> tuple[tuple[str, str], ...]:
        python = [("python", str(event["python"])) for event in self.named("hello")]
        others = [(str(event["name"]), str(event["version"])) for event in self.named("version")]
        return tuple(dict.fromkeys((*others, *python[:1])))

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Return which lines of the revisions sent the statements, in order."""
        return tuple(
            origin
            for event in self.named("statements")
            for origin in places.of_call(
                str(event["sql"]),
                step=str(event["step"]),
                line=cast("int", event["line"]),
                times=cast("int", event["times"]),
            )
        )

    @property
    def env_failure(self) -> EnvFailure | None:
        for event in self.named("env-failed"):
            return EnvFailure(
                source=str(event["source"]),
                error=str(event["error"]),
                message=output.without_passwords(str(event["message"]), self.secrets),
                location=cast("str | None", event["location"]),
            )
        return None

    def named(self, name: str) -> tuple[Event, ...]:
        return tuple(event for event in self.events if event["event"] == name)

    def steps(self, ended: Ended) -> tuple[StepRun, ...]:
        """Return every planned step; what began and never ended has failed."""
        steps: dict[str, StepRun] = {}
        for event in self.events:
            if event["event"] == "plan":
                steps = {step.id: step for step in _planned(event)} | steps  # env.py may play them schema by schema
            elif (step := steps.get(str(event.get("id")))) and not _has_failed(step):
                steps[step.id] = self._after(step, event)
        return tuple(self._settled(list(steps.values()), ended))

    def _after(self, step: StepRun, event: Event) -> StepRun:
        at = datetime.fromisoformat(str(event["at"]))
        if event["event"] == "step-start":
            return replace(step, started=step.started or at, ended=None, outcome=Outcome.FAILED, error=_ENDED_INSIDE)
        if event["event"] == "step-end":
            return replace(step, ended=at, outcome=Outcome.APPLIED, error=None)
        return replace(self._failed(step, event), ended=at)

    def _failed(self, step: StepRun, event: Event) -> StepRun:
        return replace(
            step,
            outcome=Outcome.FAILED,
            error=self._sentence(event),
            location=cast("str | None", event["location"]),
            is_of_code=event["origin"] == "code",
            sqlstate=cast("str | None", event["sqlstate"]),
            statement=wording.statement(str(event["statement"])) if event["statement"] else None,
        )

    def _sentence(self, event: Event) -> str:
        cleaned = output.message(f"{event['error']}: {event['message']}", secrets=self.secrets)
        return cleaned.rstrip(": ")

    def _settled(self, steps: list[StepRun], ended: Ended) -> list[StepRun]:
        """Say of an unfinished step why; where none failed and the run did, its last step has."""
        for number, step in enumerate(steps):
            if step.outcome is Outcome.FAILED and step.ended is None:
                steps[number] = _stopped(step, ended)
        played = [number for number, step in enumerate(steps) if step.outcome is Outcome.APPLIED]
        if ended.status and not ended.stopped and played and not any(step.outcome is Outcome.FAILED for step in steps):
            steps[played[-1]] = self._ended_in_failure(steps[played[-1]])
        return steps

    def _ended_in_failure(self, step: StepRun) -> StepRun:
        """Give the last step that was played a failure after it: a deferred constraint, or env.py's own."""
        failed = self.named("env-failed")
        return self._failed(step, failed[-1]) if failed else replace(step, outcome=Outcome.FAILED, error=_COMMIT)


def _has_failed(step: StepRun) -> bool:
    """Say whether a step has ended in failure, which nothing mends that is played again for another schema."""
    return step.outcome is Outcome.FAILED and step.ended is not None


def _stopped(step: StepRun, ended: Ended) -> StepRun:
    """Say why a step that began did not end."""
    if ended.stopped is None or ended.stopped.step != step.id or step.started is None:
        return replace(step, error=f"{_ENDED_INSIDE} (status {ended.status})")
    return replace(step, ended=ended.ended_at, error="stopped at the time limit", location=ended.stopped.location)


def _planned(plan: Event) -> Iterable[StepRun]:
    for step in cast("list[_Planned]", plan["steps"]):
        path = Path(step["path"])
        yield StepRun(
            id=step["id"],
            title=step["title"],
            source=step["source"],
            remarks=remarks.of_file(path, step["source"]),
            file=places.in_repository(path, step["source"]),
            line=places.of_upgrade(path),
            parents=None if step["parents"] is None else tuple(step["parents"]),
            downgrade=step["downgrade"],
            started=None,
            ended=None,
            outcome=Outcome.SKIPPED,
        )
