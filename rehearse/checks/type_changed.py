"""What a reader or writer meets in a column changes: another type, a shorter one, or NULL where none was."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.identity import quoted, split
from rehearse.model.naming import naming
from rehearse.model.partitions import told_once

FAMILY = Family.CONTRACT
HAZARDS = ("A11", "B12")
CONDITION = (
    "A column that existed before has a type that drivers hand over as another one, compare by other rules, or that "
    "takes less (integer to text, timestamp with to without time zone, text to an enum, a shorter varchar). Types that "
    "old code cannot tell apart are exempt: integer to bigint, varchar to text, a higher limit, a domain of the same "
    "type. That a column takes NULL, and that json, which knows no equality, joins a table, is only noted."
)
EFFECT = (
    "The release that is running while the migration is deployed reads values of a type it does not expect, sends "
    "parameters PostgreSQL refuses to compare (operator does not exist), or writes values that do not fit any more."
)
REMEDY = (
    "Expand, then contract: add a column of the new type, keep both in step with a trigger, backfill in batches, move "
    "the code, drop the old column a release later."
)
_LENGTH = re.compile(r"^(?:character varying|character|bit varying|bit)\((\d+)\)")
_DIGITS = re.compile(r"^numeric\((\d+),(-?\d+)\)")
_MODIFIER = re.compile(r"\([\d,-]+\)")
# What the same code reads and writes without noticing, whatever the modifiers (manual 8.1, 8.3, 8.9, 10.4)
_SAME_TO_CODE = frozenset(
    {
        ("smallint", "integer"),
        ("smallint", "bigint"),
        ("integer", "bigint"),
        ("real", "double precision"),
        ("character", "character varying"),
        ("character", "text"),
        ("character varying", "text"),
        ("character varying", "citext"),
        ("text", "character varying"),
        ("text", "citext"),
        ("cidr", "inet"),
        ("json", "jsonb"),
    }
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for what old code may stumble over, a note for what few queries notice."""
    for change in told_once(evidence.rehearsal):
        if change.kind != "column":
            continue
        before, after = change.before or {}, change.after or {}
        if change.action == "altered" and "type" in before:
            yield from _of_type(evidence, change, str(before["type"]), str(after["type"]))
        elif change.action == "altered" and before.get("not_null") is True and after.get("not_null") is False:
            told = "takes NULL from now on: code that reads it meets NULL once new code writes one"
            yield _finding(evidence, change, Severity.NOTE, told, "Have the code that reads it cope with NULL first.")
        elif change.action == "added" and after.get("type") == "json" and _had_table(evidence, change.table):
            told = f"joins {change.table} as json, which knows no equality: SELECT DISTINCT * and UNION over it fail"
            yield _finding(evidence, change, Severity.NOTE, told, "Make it jsonb, which compares by content.")


def _had_table(evidence: Evidence, table: str | None) -> bool:
    return any(found.identity == table for found in evidence.rehearsal.before.of_kind("table"))


def _of_type(evidence: Evidence, change: SchemaChange, old: str, new: str) -> Iterator[Finding]:
    rehearsal = evidence.rehearsal
    difference = _difference(_beneath(rehearsal.before, old), _beneath(rehearsal.after, new))
    if difference:
        told = f"changes from {old} to {new}: {difference}"
        yield _finding(evidence, change, Severity.WARN, told, _expand(change, new))


def _beneath(catalog: Catalog, type_name: str) -> str:
    """Return the type beneath a domain, for that is what a driver meets."""
    domain = catalog.find("domain", type_name)
    return _beneath(catalog, domain.text("type")) if domain is not None else type_name


def _difference(old: str, new: str) -> str:
    """Say in words what code notices of a change of type; the empty string if it notices nothing.

    >>> _difference("integer", "bigint"), _difference("character varying(20)", "character varying(10)")
    ('', 'values longer than 10 are refused from now on')
    """
    was, now = _plain(old), _plain(new)
    if was.endswith("[]") and now.endswith("[]"):
        return _difference(old.removesuffix("[]"), new.removesuffix("[]"))
    if was != now and (was, now) not in _SAME_TO_CODE:
        return "the running release reads values of another type, and its comparisons may fail (no such operator)"
    limit, had = _LENGTH.match(new), _LENGTH.match(old)
    if limit and (had is None or int(limit[1]) < int(had[1])):
        return f"values longer than {limit[1]} are refused from now on"
    digits, places = _DIGITS.match(new), _DIGITS.match(old)
    room = int(digits[1]) - int(digits[2]) if digits else 0
    if digits and (places is None or room < int(places[1]) - int(places[2])):
        return f"numbers of more than {room} digits before the point are refused from now on"
    return ""


def _plain(type_name: str) -> str:
    bare = _MODIFIER.sub("", type_name)
    return "citext" if split(bare)[-1] == "citext" else bare


def _finding(evidence: Evidence, change: SchemaChange, severity: Severity, told: str, remedy: str) -> Finding:
    statement = naming(evidence.rehearsal, change.object)
    return Finding(
        check="type-changed",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=change.object,
        message=f"{change.object} {told}.",
        remedy=remedy,
        evidence={
            "sql": statement.sql if statement else None,
            "before": (change.before or {}).get("type"),
            "after": (change.after or {}).get("type"),
        },
    )


def _expand(change: SchemaChange, new: str) -> str:
    name = split(change.object)[-1]
    return (
        f"Expand, then contract: ALTER TABLE {change.table} ADD COLUMN {quoted(f'{name}_new')} {new}; a trigger that "
        f"keeps it in step with {quoted(name)}; a backfill in batches; code that uses it; DROP COLUMN {quoted(name)} a "
        "release later."
    )
