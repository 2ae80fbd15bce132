"""SQL scripts: each pending file a step, played by psql in the transaction its tool would give it."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol

import psycopg

from rehearse.db.connect import connect_stage
from rehearse.engine.binaries import client_tools
from rehearse.migrators import gathering, places, remarks
from rehearse.migrators.process import output, variables
from rehearse.migrators.process.limits import Limits
from rehearse.migrators.process.run import Ended, Ground, ground, run
from rehearse.migrators.scripts import dbmate, flyway, golang_migrate, inclusions, plain
from rehearse.migrators.scripts.script import Pending, Script, text_of
from rehearse.model.migration import Migration, MigrationPlan, StepRun
from rehearse.model.origin import Origin
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome


class Convention(Protocol):
    """A module of `rehearse.migrators.scripts`: how one tool names, orders, wraps and records its files."""

    def recognises(self, files: Iterable[Path]) -> bool: ...

    def script(self, path: Path) -> Script: ...

    def pending(self, folder: Path, connection: psycopg.Connection) -> Pending: ...


_CONVENTIONS: tuple[Convention, ...] = (flyway, golang_migrate, dbmate, plain)  # the last takes what is left
_ERROR = re.compile(r"(?m)^(?:psql:(?P<place>.+:\d+): )?(?:ERROR|FATAL):\s+(?P<message>.+)$")
_STATEMENT = re.compile(r"(?ms)^psql:.+?:\d+: STATEMENT:\s+(?P<sql>.+)\Z")
_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_REMARK = re.compile(r"--+\s*rehearse:")
_NAME_LENGTH = 63  # NAMEDATALEN - 1: a longer application_name is cut off


def play(plan: MigrationPlan, stage: Stage, *, environ: Mapping[str, str] = os.environ) -> Migration:
    """Play the pending scripts in order until one fails.

    Files named one by one are all played; of a folder those that the tool's own history, as production's snapshot
    holds it, does not know. Nothing is recorded in that history. Raises what the conventions in `scripts` raise.
    """
    pending = _pending(plan, stage)
    before = _gathered(plan, pending)
    steps = list(_planned(plan, pending))
    psql = client_tools(stage.server_major).bin_dir / "psql"
    runs: list[Ended] = []
    started_at = time.monotonic()
    with ground(plan, stage, environ) as on:
        for number, (step, script) in enumerate(zip(steps, pending.scripts, strict=True)):
            limits = Limits.of(plan, step=step.id, spent=timedelta(seconds=time.monotonic() - started_at))
            started = datetime.now(UTC)
            ended = _placed(_run(on, psql, limits, script), step)
            runs.append(ended)
            steps[number] = _after(replace(step, started=started, ended=datetime.now(UTC)), ended, plan)
            if ended.status:
                break
    played = _migration(tuple(steps), runs, pending, variables.secrets(environ, plan.env))
    material = gathering.compared(before, _gathered(plan, pending))
    return replace(
        played,
        material=material.material,
        origins=_origins(steps, pending),
        open_points=(*played.open_points, *material.open_points),
    )


def _gathered(plan: MigrationPlan, pending: Pending) -> gathering.Gathered:
    """Return the scripts that are played, what they include, and what else their folder holds."""
    read = inclusions.read_by((script.path for script in pending.scripts), plan.directory)
    return gathering.from_scripts(read.files, plan.folder, plan, unseen=read.unseen)


def _pending(plan: MigrationPlan, stage: Stage) -> Pending:
    files = plan.files if plan.folder is None else tuple(sorted(plan.folder.rglob("*.sql")))
    convention = next(each for each in _CONVENTIONS if each.recognises(files))
    if plan.folder is None:
        found = Pending(scripts=tuple(convention.script(path) for path in files))
    else:
        with connect_stage(stage.admin) as connection:
            found = convention.pending(plan.folder, connection)
    if convention is plain and plan.single_transaction:
        return replace(found, scripts=tuple(replace(each, one_transaction=True) for each in found.scripts))
    return found


def unrecorded(folder: Path) -> tuple[Path, ...] | None:
    """Return the files of a folder, in their order, that no tool keeps a record of; None where one does."""
    is_recorded = any(each.recognises(sorted(folder.rglob("*.sql"))) for each in _CONVENTIONS if each is not plain)
    return None if is_recorded else plain.files(folder)


def _planned(plan: MigrationPlan, pending: Pending) -> list[StepRun]:
    names = Counter(script.path.name for script in pending.scripts)
    return [
        StepRun(
            id=path.name if names[path.name] == 1 else source_of(path, plan),
            title=_title(path),
            source=source_of(path, plan),
            file=places.in_repository(path, source_of(path, plan)),
            remarks=remarks.of_sql(_upwards(script), path, source_of(path, plan)),
            started=None,
            ended=None,
            outcome=Outcome.SKIPPED,
        )
        for script in pending.scripts
        for path in (script.path,)
    ]


def _origins(steps: list[StepRun], pending: Pending) -> tuple[Origin, ...]:
    """Return where the statements of the scripts that were played stand."""
    return tuple(
        origin
        for step, script in zip(steps, pending.scripts, strict=True)
        if step.outcome is not Outcome.SKIPPED
        for origin in places.of_script(_upwards(script), step.id)
    )


def _title(path: Path) -> str:
    """Return the first comment line, if the script begins with one."""
    lines = (line.strip() for line in text_of(path).splitlines())
    first = next((line for line in lines if line and not _REMARK.match(line)), "")
    is_words = first.startswith("--") and not first.startswith("-- migrate:")
    return first.lstrip("-").strip() if is_words else ""


def _upwards(script: Script) -> str:
    """Return the text of a script up to where its way back begins."""
    text = text_of(script.path)
    return text if script.section is None else "\n".join(text.splitlines()[: script.section.count("\n")])


def source_of(path: Path, plan: MigrationPlan) -> str:
    """Return a script's path as people know it: relative to where the migration is started, if it is below."""
    return str(path.relative_to(plan.directory)) if path.is_relative_to(plan.directory) else str(path)


def _run(on: Ground, psql: Path, limits: Limits, script: Script) -> Ended:
    name = f"rehearse:{limits.step}"
    quoted = name.replace("'", "''")
    # PostgreSQL cuts long names off and replaces what is not ASCII: such a name is said in a statement as well.
    said = () if len(name) <= _NAME_LENGTH and name.isascii() else ("-c", f"SET application_name = '{quoted}'")
    together = ("--single-transaction",) if script.one_transaction else ()
    asked = (
        "-X",
        "-v",
        "ON_ERROR_STOP=1",
        "-v",
        "ECHO=errors",
        *together,
        *said,
        "-f",
        str(_played(script, on.private)),
    )
    return run(on, (str(psql), *asked), limits, extra={"PGAPPNAME": name})


def _played(script: Script, private: Path) -> Path:
    """Return the file psql is given: the script, or its section under the same name, lines where they were."""
    if script.section is None:
        return script.path
    written = private / script.path.name
    written.write_text(script.section, encoding="utf-8", errors="surrogateescape")
    return written


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
        location=_location(found["place"], ended.output, step, plan) if found and found["place"] else None,
    )


def _placed(ended: Ended, step: StepRun) -> Ended:
    """Name the step's own file where psql was given a copy of a section of it."""
    name = Path(step.source).name
    placed = tuple(
        replace(found, location=f"{step.source}:{found.location.rpartition(':')[2]}")
        if found.location and Path(found.location.rpartition(":")[0]).name == name
        else found
        for found in ended.connections
    )
    return replace(ended, connections=placed)


def _location(place: str, printed: str, step: StepRun, plan: MigrationPlan) -> str:
    """Return file:line where the statement begins; psql itself names the line where it ends.

    The file is another than the step's where one was included.
    """
    path, line = place.rsplit(":", 1)
    told = _STATEMENT.search(printed)
    sql = told["sql"].rstrip() if told else ""
    while comment := _COMMENT.match(sql):
        sql = sql[comment.end() :]
    first, *more = sql.strip().split("\n")
    source = step.source if Path(path).name == Path(step.source).name else source_of(Path(path), plan)
    return f"{source}:{_line_of(plan.directory / path, first, max(int(line) - len(more), 1))}"


def _line_of(path: Path, text: str, latest: int) -> int:
    """Return the last line that holds a text, up to a latest one: psql swallows the empty lines of a statement."""
    lines: list[str] = []
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as script:
        lines = list(islice(script, latest))
    return next((number for number in range(len(lines), 0, -1) if text in lines[number - 1]), latest)


def _migration(steps: tuple[StepRun, ...], runs: list[Ended], pending: Pending, secrets: tuple[str, ...]) -> Migration:
    return Migration(
        tool="sql",
        steps=steps,
        exit_status=runs[-1].status if runs else 0,
        output_tail=output.tail("".join(ended.output for ended in runs), secrets),
        observed=True,
        connections=tuple(dict.fromkeys(found for ended in runs for found in ended.connections)),
        open_points=pending.open_points,
        notes=(*pending.notes, *dict.fromkeys(note for ended in runs for note in ended.notes)),
        stopped=runs[-1].stopped if runs else None,
        isolation=runs[0].isolation if runs else (),
    )
