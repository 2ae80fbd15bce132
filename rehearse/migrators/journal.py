"""The hook's journal, read: steps and what became of them, connections, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from rehearse.migrators.process import output
from rehearse.migrators.process.run import Ended
from rehearse.model.migration import ForeignConnection, StepRun
from rehearse.model.timeline import Outcome

Event = Mapping[str, object]
_ENDED_INSIDE = "the process ended inside this step"
_COMMIT = "the run failed after its last step, at the commit or in env.py"


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
    def versions(self) -> tuple[tuple[str, str], ...]:
        python = [("python", str(event["python"])) for event in self.named("hello")]
        others = [(str(event["name"]), str(event["version"])) for event in self.named("version")]
        return tuple(dict.fromkeys((*others, *python[:1])))

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
                steps.update({step.id: step for step in _planned(event)})
            elif str(event.get("id")) in steps:
                identity = str(event["id"])
                steps[identity] = self._after(steps[identity], event)
        return tuple(_settled(steps.values(), ended, self._failure_of_the_run()))

    def _after(self, step: StepRun, event: Event) -> StepRun:
        at = datetime.fromisoformat(str(event["at"]))
        if event["event"] == "step-start":
            return replace(step, started=at, outcome=Outcome.FAILED, error=_ENDED_INSIDE)
        if event["event"] == "step-end":
            return replace(step, ended=at, outcome=Outcome.APPLIED, error=None)
        location = cast("str | None", event["location"])
        return replace(step, ended=at, outcome=Outcome.FAILED, error=self._sentence(event), location=location)

    def _sentence(self, event: Event) -> str:
        cleaned = output.message(f"{event['error']}: {event['message']}", secrets=self.secrets)
        return cleaned.rstrip(": ")

    def _failure_of_the_run(self) -> str:
        failed = self.named("env-failed")
        return self._sentence(failed[-1]) if failed else _COMMIT


def _planned(plan: Event) -> Iterable[StepRun]:
    for step in cast("list[dict[str, str]]", plan["steps"]):
        yield StepRun(
            id=step["id"],
            title=step["title"],
            source=step["source"],
            started=None,
            ended=None,
            outcome=Outcome.SKIPPED,
        )


def _settled(steps: Iterable[StepRun], ended: Ended, failure: str) -> list[StepRun]:
    """Say of an unfinished step why, and of the last one that a failure after it (a deferred constraint) is its own."""
    settled = list(steps)
    for number, step in enumerate(settled):
        if step.outcome is Outcome.FAILED and step.ended is None:
            why = "stopped at the time limit" if ended.timed_out else f"{_ENDED_INSIDE} (status {ended.status})"
            settled[number] = replace(step, error=why)
    played = [number for number, step in enumerate(settled) if step.outcome is Outcome.APPLIED]
    if ended.status and played and not any(step.outcome is Outcome.FAILED for step in settled):
        settled[played[-1]] = replace(settled[played[-1]], outcome=Outcome.FAILED, error=failure)
    return settled
