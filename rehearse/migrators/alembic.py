"""Alembic: the project's own, unmodified env.py, in the project's own interpreter, against the stage only."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rehearse.errors import RehearseError, RequestError
from rehearse.migrators import gathering, origin, project
from rehearse.migrators.journal import EnvFailure, Journal
from rehearse.migrators.process import output, variables
from rehearse.migrators.process.limits import Limits
from rehearse.migrators.process.run import Ended, ground, run
from rehearse.model.migration import Migration, MigrationPlan, StepRun
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome

_UNKNOWN = re.compile(r"Can't locate revision identified by '([^']+)'")
_REFUSAL = re.compile(r"(?m)^(?:\S*\bFAILED: |alembic\.util\.exc\.CommandError: )(.+(?:\n(?!\S*Error).+)*)")
_NO_ALEMBIC = re.compile(r"No module named '?alembic(\.__main__)?'?")
_HINTS = (
    ("Multiple head revisions", "Name one with --to BRANCH@head, or leave the target out: then every head is played."),
    ("script_location", "Check script_location in the alembic configuration; pyproject.toml needs alembic 1.16."),
    ("config file", "Name it with --alembic path/to/alembic.ini."),
)


_UNPLAYED = (
    "The configuration has another script tree, [{0}], which was not played: "
    "name a command that plays every tree in migrations.command."
)


class UnknownRevision(RequestError):
    """The target is no revision of the project."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"The target revision {target!r} is not among the project's revisions.",
            "`alembic history` lists them.",
        )


class DatabaseAhead(RequestError):
    """The database is at a revision that the checkout does not contain."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database is at revision {revision!r}, which this checkout does not contain.",
            "Check out or merge the branch that was deployed last, then rehearse again.",
        )


class NoAlembic(RequestError):
    """The interpreter has no alembic."""

    def __init__(self, program: str) -> None:
        super().__init__(
            f"{program} has no alembic installed.",
            "Set migrations.python to the project's interpreter, or migrations.command to its own command.",
        )


class OnlyUpwards(RehearseError):
    """The project's own command is all there is, and nobody knows how it goes back."""

    def __init__(self, command: str) -> None:
        super().__init__(
            f"The project is migrated by {command!r}, which is not known to go back, and has no alembic.ini.",
            "Name a configuration in migrations.config to have its downgrades rehearsed.",
        )


class AlembicRefused(RequestError):
    """Alembic itself refused the request."""

    def __init__(self, sentence: str) -> None:
        hint = next(
            (hint for part, hint in _HINTS if part in sentence), "Check the target and the alembic configuration."
        )
        super().__init__(f"Alembic refused: {sentence}", hint)


class EnvRaised(RehearseError):
    """env.py failed before the first revision."""

    def __init__(self, failure: EnvFailure) -> None:
        where = f" ({failure.location})" if failure.location else ""
        said = f"{failure.error}: {failure.message}".rstrip(": ")
        super().__init__(
            f"{failure.source} stopped before the first revision: {said}{where}.",
            "The migrating process sees no secrets and no network: name the variables it needs in migrations.env.",
        )


class StoppedEarly(RehearseError):
    """The project's command failed before any revision ran."""

    def __init__(self, command: str, status: int, last_line: str) -> None:
        super().__init__(
            f"{command!r} ended with status {status} before the first revision: {last_line or 'it printed nothing'}",
            "Run it by hand; it sees no secrets and no network here: name the variables it needs in migrations.env.",
        )


def play(plan: MigrationPlan, stage: Stage, *, environ: Mapping[str, str] = os.environ) -> Migration:
    """Play the pending revisions; a failing revision is reported, not raised.

    Raises RequestError (no configuration, no alembic, unknown revision, ...), EnvRaised and StoppedEarly.
    """
    config = project.configuration(plan)
    python = project.own_interpreter(plan, config, environ)
    command = plan.command
    if not command and config is not None:
        command = project.alembic_command(plan, config, python, "upgrade", plan.target or "heads")
    with ground(plan, stage, environ, declared=project.ini_urls(config), interpreter=python) as on:
        ended = run(on, command, Limits.of(plan))
    secrets = variables.secrets(environ, plan.env)
    journal = Journal.of(ended, secrets)
    steps = journal.steps(ended)
    left = [found for found in (*journal.connections, *ended.connections) if not found.redirected]
    if ended.status and not ended.stopped and not left and not _began(steps):
        _raise_for(ended, journal, plan, command)
    played = migration("alembic", ended, journal, steps, plan, unseen=origin.unseen(command, plan))
    trees = () if plan.command else project.further_trees(config)
    return replace(played, notes=(*played.notes, *(_UNPLAYED.format(name) for name in trees)))


def move(plan: MigrationPlan, stage: Stage, verb: str, revision: str, *, environ: Mapping[str, str]) -> Migration:
    """Bring the stage to a revision: `verb` is "upgrade" or "downgrade". Raises what `play` does, and OnlyUpwards."""
    config = project.configuration(plan)
    if config is None:
        raise OnlyUpwards(shlex.join(plan.command))
    command = project.alembic_command(plan, config, project.own_interpreter(plan, config, environ), verb, revision)
    return play(replace(plan, command=command, config=config, target=revision), stage, environ=environ)


def migration(
    tool: str,
    ended: Ended,
    journal: Journal,
    steps: tuple[StepRun, ...],
    plan: MigrationPlan,
    *,
    unseen: tuple[str, ...],
) -> Migration:
    """Put a run of alembic, seen by the hook, into words."""
    gathered = gathering.from_journal(journal.events, plan, unseen=unseen)
    return Migration(
        tool=tool,
        steps=steps,
        exit_status=ended.status,
        output_tail=output.tail(ended.output, journal.secrets),
        observed=journal.loaded and bool(journal.plans),
        known_revisions=journal.known_revisions,
        targets=journal.targets,
        connections=(*journal.connections, *ended.connections),
        open_points=(*_open_points(ended, journal), *gathered.open_points),
        notes=(*ended.notes, *_notes(journal)),
        versions=journal.versions,
        stopped=ended.stopped,
        isolation=(*ended.isolation, *(("connection guard",) if journal.loaded else ())),
        origins=journal.origins,
        material=gathered.material,
    )


def _open_points(ended: Ended, journal: Journal) -> Iterator[str]:
    if not journal.loaded:
        yield (
            "The hook was not loaded: Python runs with -I, -E or -S, or without the variables it was given (env -i). "
            "Where the steps begin and what they ask for is unknown; start it without these, or give PYTHONPATH and "
            "REHEARSE_HOOK on."
        )
    elif not journal.plans and not ended.status:
        yield "env.py ran no migrations: what is pending is unknown."
    for plan in journal.plans:
        if plan["known"] == 0:
            yield f"No revisions were found in {plan['directory']}: whether something is pending is unknown."
        if plan["offline"]:
            yield "env.py ran in offline mode: it printed SQL and changed nothing."
    for event in journal.named("patch-failed"):
        yield f"The hook does not fit this version of {event['module']}: {event['error']}."


def _notes(journal: Journal) -> Iterator[str]:
    for option in dict.fromkeys(str(event["option"]) for event in journal.named("placeholder")):
        yield f"{option} in the configuration is no PostgreSQL URL; it was read as the stage's."
    yield from journal.sought


def _began(steps: tuple[StepRun, ...]) -> bool:
    return any(step.outcome is not Outcome.SKIPPED for step in steps)


def _raise_for(ended: Ended, journal: Journal, plan: MigrationPlan, command: tuple[str, ...]) -> None:
    """Raise what explains a run that failed before its first step; return if nothing is known of it."""
    unknown = _UNKNOWN.search(ended.output)
    if unknown:
        raise UnknownRevision(unknown[1]) if unknown[1] in (plan.target or "") else DatabaseAhead(unknown[1])
    if _NO_ALEMBIC.search(ended.output):
        raise NoAlembic(command[0])
    refusal = _REFUSAL.search(ended.output)
    if refusal:
        raise AlembicRefused(output.without_passwords(" ".join(refusal[1].split()), journal.secrets))
    if journal.env_failure:
        raise EnvRaised(journal.env_failure)
    if journal.loaded:
        last = output.without_passwords(ended.output.rstrip().rpartition("\n")[2], journal.secrets)
        raise StoppedEarly(output.without_passwords(" ".join(command)), ended.status, last)
