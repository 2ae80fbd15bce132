"""Allowances: the statements for which a migration may have a superuser's rights on a stage."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.quantity import shortened
from rehearse.model.stage import Stage
from rehearse.model.timeline import Outcome, Timeline

COMMANDS = ("CREATE EXTENSION", "ALTER EXTENSION")
SYSTEM = "ALTER SYSTEM"
SET = "SET "  # and the name of a setting
_NAME = r"SET (?:SESSION |LOCAL )?(?P<name>[a-z_]\w*(?:\.\w+)?)"
_KINDS = "|".join((*COMMANDS, SYSTEM))
_FORM = re.compile(rf"{_KINDS}|{_NAME}", re.IGNORECASE)
_STATEMENT = re.compile(rf"(?:{_KINDS})\b|{_NAME}(?= ?=| TO )", re.IGNORECASE)
_BEFORE = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", re.DOTALL)  # a statement's first word


def normalised(text: str) -> str | None:
    """Return an allowance as it is compared, None for a text that is none.

    >>> normalised("create  extension"), normalised("set Session_Replication_Role"), normalised("DROP TABLE")
    ('CREATE EXTENSION', 'SET session_replication_role', None)
    """
    words = " ".join(text.split())
    match = _FORM.fullmatch(words)
    if match is None:
        return None
    return f"{SET}{match['name'].lower()}" if match["name"] else words.upper()


def wanted_by(sql: str) -> str | None:
    """Return the allowance a statement would need, None where no allowance is made for its kind.

    >>> wanted_by("/* by a superuser */ ALTER SYSTEM SET work_mem = '1GB'"), wanted_by("COPY t TO PROGRAM 'cat'")
    ('ALTER SYSTEM', None)
    """
    start = _BEFORE.match(sql)
    words = " ".join(sql[start.end() if start else 0 :].split())
    match = _STATEMENT.match(words)
    return normalised(match.group()) if match else None


def told_of(stage: Stage, timeline: Timeline) -> tuple[str, ...]:
    """Say of each statement that had a superuser's rights on the stage that it did, and what that means."""
    role = stage.address.user
    there = {
        True: f'in production "{role}" is a superuser',
        False: f'in production "{role}" is none: make sure that it may do this there',
        None: f'whether "{role}" may do this in production is not known: make sure that it may',
    }[stage.superuser_in_production]
    return tuple(
        f"{f'Step {step}' if step else 'The migration'} ran with a superuser's rights, as allowed "
        f"(migrations.allow_superuser): {told}; {there}."
        for step, told in dict.fromkeys(_uses(stage.allowed, timeline))
    )


def _uses(allowed: tuple[str, ...], timeline: Timeline) -> Iterator[tuple[str | None, str]]:
    """Yield each statement that ran with a superuser's rights, and its step; those in blocks of code, too."""
    for statement in timeline.statements:
        if statement.outcome is Outcome.FAILED:
            continue
        if wanted_by(statement.sql) in allowed:
            yield statement.step, shortened(statement.sql.rstrip("; "))
        for command in statement.nested:
            if command.tag in allowed:
                yield statement.step, shortened(command.sql or command.tag)
