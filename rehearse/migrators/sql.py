"""SQL scripts: each file a step, played by psql as it stands, its own BEGIN and COMMIT respected."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from rehearse.engine.binaries import client_tools
from rehearse.errors import RequestError
from rehearse.migrators.process import output, variables
from rehearse.migrators.process.limits import Limits
from rehearse.migrators.process.run import Ended, Ground, ground, run
from rehearse.model.migration import Migration, MigrationPlan, StepRun
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

_ERROR = re.compile(r"(?m)^psql:(?P<place>.+:\d+): (?:ERROR|FATAL):\s+(?P<message>.+)$")
_STATEMENT = re.compile(r"(?ms)^psql:.+?:\d+: STATEMENT:\s+(?P<sql>.+)\Z")
_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_NAME_LENGTH = 63  # NAMEDATALEN - 1: a longer application_name is cut off


class ScriptMissing(RequestError):
    """A script is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The SQL script {path} does not exist or cannot be read.", "Check the path given with --sql.")


def play(plan: MigrationPlan, stage: Stage, *, environ: Mapping[str, str] = os.environ) -> Migration:
    """Play the scripts in order until one fails; raises ScriptMissing."""
    steps = list(_planned(plan))
    psql = client_tools(stage.server_major).bin_dir / "psql"
    runs: list[Ended] = []
    started_at = time.monotonic()
    with ground(plan, stage, environ) as on:
        for number, (step, path) in enumerate(zip(steps, plan.files, strict=True)):
            limits = Limits.of(plan, step=step.id, spent=timedelta(seconds=time.monotonic() - started_at))
            started = datetime.now(UTC)
            ended = _run(on, psql, limits, path)
            runs.append(ended)
            steps[number] = _after(replace(step, started=started, ended=datetime.now(UTC)), ended, plan)
            if ended.status:
                break
    return _migration(tuple(steps), runs, variables.secrets(environ, plan.env))


def _planned(plan: MigrationPlan) -> list[StepRun]:
    names = Counter(path.name for path in plan.files)
    return [
        StepRun(
            id=path.name if names[path.name] == 1 else _source(path, plan),
            title=_title(path),
            source=_source(path, plan),
            started=None,
            ended=None,
            outcome=Outcome.SKIPPED,
        )
        for path in plan.files
    ]


def _title(path: Path) -> str:
    """Return the first comment line, if the script begins with one."""
    try:
        with path.open(encoding="utf-8", errors="replace") as script:
            first = next((line.strip() for line in script if line.strip()), "")
    except OSError:
        raise ScriptMissing(path) from None
    return first.lstrip("-").strip() if first.startswith("--") else ""


def _source(path: Path, plan: MigrationPlan) -> str:
    return str(path.relative_to(plan.directory)) if path.is_relative_to(plan.directory) else str(path)


def _run(on: Ground, psql: Path, limits: Limits, path: Path) -> Ended:
    name = f"rehearse:{limits.step}"
    quoted = name.replace("'", "''")
    # PostgreSQL cuts long names off and replaces what is not ASCII: such a name is said in a statement as well.
    said = () if len(name) <= _NAME_LENGTH and name.isascii() else ("-c", f"SET application_name = '{quoted}'")
    command = (str(psql), "-X", "-v", "ON_ERROR_STOP=1", "-v", "ECHO=errors", *said, "-f", str(path))
    return run(on, command, limits, extra={"PGAPPNAME": name})


def _after(step: StepRun, ended: Ended, plan: MigrationPlan) -> StepRun:
    if not ended.status:
        return replace(step, outcome=Outcome.APPLIED)
    if ended.stopped:
        return replace(step, outcome=Outcome.FAILED, error="stopped at the time limit")
    found = _ERROR.search(ended.output)
    last = output.tail(ended.output, lines=1)
    return replace(
        step,
        outcome=Outcome.FAILED,
        error=output.message(found["message"]) if found else output.message(last) or f"status {ended.status}",
        location=_location(found["place"], ended.output, plan) if found else None,
    )


def _location(place: str, printed: str, plan: MigrationPlan) -> str:
    """Return file:line where the statement begins; psql itself names the line where it ends."""
    path, line = place.rsplit(":", 1)
    told = _STATEMENT.search(printed)
    sql = told["sql"].rstrip() if told else ""
    while comment := _COMMENT.match(sql):
        sql = sql[comment.end() :]
    first, *more = sql.strip().split("\n")
    return f"{_source(Path(path), plan)}:{_line_of(plan.directory / path, first, max(int(line) - len(more), 1))}"


def _line_of(path: Path, text: str, latest: int) -> int:
    """Return the last line that holds a text, up to a latest one: psql swallows the empty lines of a statement."""
    lines: list[str] = []
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as script:
        lines = list(islice(script, latest))
    return next((number for number in range(len(lines), 0, -1) if text in lines[number - 1]), latest)


def _migration(steps: tuple[StepRun, ...], runs: list[Ended], secrets: tuple[str, ...]) -> Migration:
    return Migration(
        tool="sql",
        steps=steps,
        exit_status=runs[-1].status if runs else 0,
        output_tail=output.tail("".join(ended.output for ended in runs), secrets),
        observed=True,
        notes=tuple(dict.fromkeys(note for ended in runs for note in ended.notes)),
        stopped=runs[-1].stopped if runs else None,
        isolation=runs[0].isolation if runs else (),
    )
