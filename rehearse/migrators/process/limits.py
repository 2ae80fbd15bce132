"""Limits of time: which step runs since when, and whether that is too long."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from rehearse.model.migration import MigrationPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one command may run, and any step of it."""

    run: timedelta
    run_of_all: timedelta  # what `run` is the rest of
    of_step: timedelta
    step: str | None = None  # the step that the command is, unless the hook tells of others

    @classmethod
    def of(cls, plan: MigrationPlan, *, step: str | None = None, spent: timedelta = timedelta(0)) -> Limits:
        """Return the plan's limits, of which some time is spent already."""
        return cls(run=plan.max_seconds - spent, run_of_all=plan.max_seconds, of_step=plan.max_step_seconds, step=step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """A limit that was reached."""

    limit: str  # its name in [migrations]
    step: str | None
    after: timedelta
    path: Path | None  # of the step's revision


@dataclass(slots=True, kw_only=True)
class Pace:
    """A command that runs, as the hook's journal tells it while it is written."""

    limits: Limits
    journal: Path
    step: str | None
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    paths: dict[str, Path] = field(default_factory=dict)  # of the revisions, by id
    _read: int = 0  # bytes of the journal

    def exceeded(self) -> Exceeded | None:
        """Return the limit that has been reached, if one has."""
        for event in self._news():
            self._take(event)
        ran, run = timedelta(seconds=time.monotonic() - self.began), self.limits.run
        at_it = datetime.now(UTC) - self.since
        path = self.paths.get(self.step or "")
        if self.step is not None and at_it >= self.limits.of_step:
            return Exceeded(limit="max_step_seconds", step=self.step, after=at_it, path=path)
        if ran >= run:
            return Exceeded(limit="max_seconds", step=self.step, after=self.limits.run_of_all - run + ran, path=path)
        return None

    def _take(self, event: Mapping[str, object]) -> None:
        match event["event"]:
            case "plan":
                self.step = None
                steps = cast("list[dict[str, str]]", event["steps"])
                self.paths.update({step["id"]: Path(step["path"]) for step in steps})
            case "step-start":
                self.step, self.since = str(event["id"]), datetime.fromisoformat(str(event["at"]))
            case "step-end" | "step-failed":
                self.step = None

    def _news(self) -> list[Mapping[str, object]]:
        if not self.journal.is_file():
            return []
        with self.journal.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        return [json.loads(line) for line in whole.splitlines()]
