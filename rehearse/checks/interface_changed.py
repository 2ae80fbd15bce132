"""A view or function that code calls by name answers otherwise, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rehearse.model.catalog import CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.json import JSON
from rehearse.model.naming import naming
from rehearse.model.quantity import listing

FAMILY = Family.CONTRACT
HAZARDS = ("E1",)
CONDITION = (
    "A view or materialized view was dropped by name, lost a column, gives one another type or another place; or a "
    "function was dropped by name, or returns another type, and no function of its name takes the same call. Columns "
    "added at the end are fine. What CASCADE took, dropped-along tells."
)
EFFECT = "The release that is running while the migration is deployed reads the view or calls the function, and fails."
REMEDY = (
    "Give the new form a new name, move the code, drop the old one a release later; add columns of a view at its end "
    "(CREATE OR REPLACE VIEW), arguments of a function with a default."
)
_VIEWS = ("view", "materialized-view")


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for each interface that old code may miss; whether it uses it, the database cannot know."""
    for change in evidence.rehearsal.changes:
        told = _told(evidence, change)
        if told:
            yield _finding(evidence, change, told)


def _told(evidence: Evidence, change: SchemaChange) -> str:
    """Say what of an interface has changed; the empty string if nothing old code would notice."""
    if change.kind in _VIEWS and change.action == "removed":
        return "" if _is_replaced(evidence, change) or not _is_said(evidence, change) else "is gone: who reads it fails"
    if change.kind in _VIEWS and change.action == "altered":
        return _columns((change.before or {}).get("columns"), (change.after or {}).get("columns"))
    if change.kind == "function" and change.action == "removed":
        gone = not _is_trigger(change.before) and not _is_answered(evidence, change) and _is_said(evidence, change)
        return "is gone: who calls it fails" if gone else ""
    if change.kind == "function" and change.action == "altered" and "returns" in (change.before or {}):
        return f"returns {(change.after or {}).get('returns')}, not {(change.before or {}).get('returns')}"
    return ""


def _is_said(evidence: Evidence, change: SchemaChange) -> bool:
    return naming(evidence.rehearsal, change.object.partition("(")[0], r"\bDROP\b") is not None


def _is_replaced(evidence: Evidence, change: SchemaChange) -> bool:
    return any(
        found.identity == change.object and found.kind in ("table", "foreign-table", *_VIEWS)
        for found in evidence.rehearsal.after.objects
    )


def _columns(before: JSON, after: JSON) -> str:
    old, new = _named(before), _named(after)
    gone = tuple(name for name in old if name not in new)
    if gone:
        return f"no longer has {listing(gone)}"
    retyped = tuple(f"{name} ({new[name]}, was {old[name]})" for name in old if new[name] != old[name])
    if retyped:
        return f"gives another type for {listing(retyped)}"
    if list(new)[: len(old)] != list(old):
        return "has its columns in another order, which is wrong for whoever reads or inserts by position"
    return ""


def _named(columns: JSON) -> dict[str, str]:
    found = columns if isinstance(columns, list | tuple) else ()
    return {str(column["name"]): str(column["type"]) for column in found if isinstance(column, Mapping)}


def _is_trigger(attributes: Mapping[str, JSON] | None) -> bool:
    return (attributes or {}).get("returns") in ("trigger", "event_trigger")


def _is_answered(evidence: Evidence, change: SchemaChange) -> bool:
    """Say whether a function of the same name takes the same arguments, and more only with defaults."""
    name, _, arguments = change.object.removesuffix(")").partition("(")
    wanted = _split(arguments)
    for found in evidence.rehearsal.after.of_kind("function"):
        other, _, taken = found.identity.removesuffix(")").partition("(")
        if (
            other == name
            and _split(taken)[: len(wanted)] == wanted
            and _has_defaults(found, _split(taken)[len(wanted) :])
        ):
            return True
    return False


def _split(arguments: str) -> Sequence[str]:
    return [part for part in arguments.split(", ") if part]


def _has_defaults(function: CatalogObject, more: Sequence[str]) -> bool:
    return function.text("arguments").count(" DEFAULT ") >= len(more)


def _finding(evidence: Evidence, change: SchemaChange, told: str) -> Finding:
    statement = naming(evidence.rehearsal, change.object.partition("(")[0])
    kind = change.kind.replace("-", " ")
    again = f"CREATE a {kind} of another name for the new release and leave {change.object} to the old one"
    return Finding(
        check="interface-changed",
        family=FAMILY,
        severity=Severity.WARN,
        step=statement.step if statement else None,
        object=change.object,
        message=f"The {kind} {change.object} {told}: the running release still uses it as it was.",
        remedy=f"{again}; drop it a release later.",
        evidence={"sql": statement.sql if statement else None, "kind": change.kind},
    )
