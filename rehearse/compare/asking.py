"""Turn flags and configuration into what is asked; what contradicts itself is refused before anything is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

from rehearse.compare.asked import TIME_COLUMNS, Asked, By
from rehearse.compare.by_hand import one_piece
from rehearse.compare.flags import Flags
from rehearse.config import Configuration, NotADuration, parse_duration
from rehearse.errors import RequestError, did_you_mean
from rehearse.model.counts import Tolerance
from rehearse.model.environment import Environment
from rehearse.sanitise import SanitiseRules

UNITS = ("hour", "day", "week", "month", "year")
_TOLERANCE = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,15})?)\s*(?P<percent>%?)", re.ASCII)
_CAP = 100


class Contradiction(RequestError):
    """Two wishes that exclude one another."""


class BadCount(RequestError):
    """A flag that says nothing that can be counted."""


def asked(environments: tuple[Environment, ...], flags: Flags, configuration: Configuration, now: datetime) -> Asked:
    """Return what is asked; raises RequestError."""
    _check(environments, flags)
    configured, sanitise = configuration.counts, configuration.sanitise
    return Asked(
        environments=environments,
        tables=tuple(flags.tables or ()),
        exclude=(*configured.exclude, *(flags.exclude or ())),
        views=flags.views,
        elements={
            name: one_piece(text.strip().rstrip(";"), f'[elements] "{name}"')
            for name, text in configuration.elements.items()
        },
        where=_predicate(flags.where),
        by=None if flags.by is None else _by(flags.by),
        before=None if flags.since is None else _moment(flags.since, now),
        time_columns=tuple(flags.time_columns or ()) or configured.time_columns or TIME_COLUMNS,
        tolerance=Tolerance() if flags.tolerance is None else _tolerance(flags.tolerance),
        estimate=flags.estimate,
        content=flags.content or flags.locate,
        locate=flags.locate,
        cap=flags.limit or _CAP,
        show_keys=flags.show_keys,
        masked=_masked(environments, flags.masked or ()),
        jobs=flags.jobs or configured.jobs,
        timeout=configured.timeout if flags.timeout is None else parse_duration(flags.timeout),
        recheck=None if flags.recheck is None else parse_duration(flags.recheck),
        max_lag=configured.max_lag,
        sanitise=SanitiseRules(
            unclassified="mask" if sanitise.unclassified == "refuse" else sanitise.unclassified,
            columns=sanitise.columns,
            key=sanitise.key.encode() if sanitise.key is not None else None,
        ),
    )


def _check(environments: tuple[Environment, ...], flags: Flags) -> None:
    patterns = (*(flags.tables or ()), *(flags.exclude or ()), *(flags.time_columns or ()))
    for text in (*patterns, flags.where or "", flags.by or ""):
        if not text.isprintable() and not _is_utf8(text):
            raise BadCount("A word of the command line is not UTF-8 text.", "Set LANG to a UTF-8 locale.")
    content = flags.content or flags.locate
    reads_rows = content or flags.where or flags.by or flags.since
    if flags.estimate and reads_rows:
        raise Contradiction("--estimate reads no rows, and another flag asks for some.", "Leave --estimate out.")
    if flags.by and content:
        raise Contradiction("--by counts groups, --content and --locate compare rows.", "Give one of them.")
    if flags.tolerance and content:
        raise Contradiction("--tolerance is about numbers, --content about every value.", "Give one of them.")
    if flags.limit is not None and not flags.locate:
        raise Contradiction("--limit says how many rows --locate names.", "Add --locate, or leave --limit out.")
    if len(environments) < 2 and (content or flags.recheck or flags.tolerance):  # noqa: PLR2004 - a comparison is of two
        raise Contradiction("There is one environment, and nothing to compare it with.", "Name a second one.")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _predicate(text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise BadCount("--where is empty.", "Give a condition, as --where \"status = 'paid'\".")
    return None if text is None else one_piece(text, "--where")


def _by(text: str) -> By:
    """Return the column, and the unit of time after its last colon.

    >>> _by("created_at:month")
    By(column='created_at', unit='month')
    """
    column, colon, unit = text.rpartition(":")
    if not colon:
        return By(column=text)
    if unit not in UNITS:
        raise BadCount(f'"{unit}" is no unit to group by{did_you_mean(unit, UNITS)}', f"Units: {', '.join(UNITS)}.")
    return By(column=column, unit=unit)


def _moment(text: str, now: datetime) -> datetime:
    """Return a moment: an age, or a date and time, of UTC unless it says otherwise.

    >>> _moment("10min", datetime(2026, 11, 25, 12, tzinfo=UTC)).isoformat()
    '2026-11-25T11:50:00+00:00'
    >>> _moment("2026-11-25 08:00", datetime(2026, 11, 25, 12, tzinfo=UTC)).isoformat()
    '2026-11-25T08:00:00+00:00'
    """
    try:
        return now - parse_duration(text)
    except NotADuration:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadCount(
            f'"{text}" is neither an age nor a moment.', 'Write --since as "10min" or "2026-11-25 08:00".'
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _tolerance(text: str) -> Tolerance:
    """Return a number of rows, or a share of them.

    >>> _tolerance("0.1%").admits(999, 1_000), _tolerance("0.1%").admits(998, 1_000), _tolerance("5").rows
    (True, False, 5)
    """
    match = _TOLERANCE.fullmatch(text.strip())
    if match is None or (not match["percent"] and "." in match["number"]):
        raise BadCount(f'"{text}" is no tolerance.', 'Write it as "0.1%" of the rows, or as "100" rows.')
    if match["percent"]:
        return Tolerance(share=Fraction(match["number"]) / 100)
    return Tolerance(rows=int(match["number"]))


def _masked(environments: tuple[Environment, ...], named: Sequence[str]) -> frozenset[str]:
    names = {environment.name for environment in environments}
    for name in named:
        if name not in names:
            raise BadCount(f'--masked names "{name}", which is not compared{did_you_mean(name, names)}', "Name a side.")
    return frozenset(named) | {environment.name for environment in environments if environment.masked}
