"""A value of an enum that running code knows is gone, or is called otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.json import JSON
from rehearse.model.naming import naming
from rehearse.model.quantity import listing

FAMILY = Family.CONTRACT
HAZARDS = ("F2",)
CONDITION = (
    "An enum type that is still there under its name lacks a value it had, because the value was renamed or the type "
    "made anew without it. Another order of the same values is only noted: it changes ORDER BY, < and >."
)
EFFECT = (
    "The release that is running while the migration is deployed still writes and compares with the old value: "
    "invalid input value for enum."
)
REMEDY = (
    "Add the new value (ALTER TYPE ... ADD VALUE), release code that takes both and writes the new one, UPDATE the "
    "rows in batches; leave the old value in the type, where it harms nobody."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a warning for each enum that lost a value, a note for one in another order.

    An enum is what goes by its name, be it altered or made anew; of one that is called otherwise now, itself.
    """
    renamed = {change.object: change.renamed_to for change in evidence.rehearsal.changes if change.kind == "type"}
    after = {found.identity: found for found in evidence.rehearsal.after.of_kind("type")}
    for enum in evidence.rehearsal.before.of_kind("type"):
        found = after.get(enum.identity) or after.get(renamed.get(enum.identity) or "")
        old, new = _labels(enum.attributes), _labels(found.attributes if found else None)
        if not old or not new:
            continue
        gone = tuple(label for label in old if label not in new)
        if gone:
            yield _gone(evidence, enum.identity, old, new, gone)
        elif [label for label in new if label in old] != list(old):
            told = f"{enum.identity} has its values in another order: ORDER BY, < and > on it give other answers."
            remedy = "Keep the order there was; ALTER TYPE ... ADD VALUE ... BEFORE puts new values where they belong."
            yield _finding(evidence, enum.identity, Severity.NOTE, told, remedy, old, new)


def _labels(attributes: Mapping[str, JSON] | None) -> Sequence[str]:
    labels = (attributes or {}).get("labels")
    return [str(label) for label in labels] if isinstance(labels, list | tuple) else []


def _gone(evidence: Evidence, enum: str, old: Sequence[str], new: Sequence[str], gone: tuple[str, ...]) -> Finding:
    renamed = {label: new[place] for place, label in enumerate(old) if label in gone} if len(old) == len(new) else {}
    names = tuple(f"{label!r} (renamed to {renamed[label]!r})" if label in renamed else repr(label) for label in gone)
    table = next((found for found in evidence.rehearsal.before.of_kind("column") if found.text("type") == enum), None)
    where = f" in {table.identity}" if table is not None else ""
    told = f"{enum} no longer has {listing(names)}: code that still writes or asks for it{where} fails."
    remedy = f"Keep {gone[0]!r} in the type until the old release is gone"
    if renamed:
        added = renamed[gone[0]]
        remedy += (
            f": instead of renaming, ALTER TYPE {enum} ADD VALUE {added!r}, move the code, then the rows in batches"
        )
    else:
        remedy += "; a value that no row and no code uses harms nobody"
    return _finding(evidence, enum, Severity.WARN, told, f"{remedy}.", old, new)


def _finding(
    evidence: Evidence,
    enum: str,
    severity: Severity,
    told: str,
    remedy: str,
    old: Sequence[str],
    new: Sequence[str],
) -> Finding:
    statement = naming(evidence.rehearsal, enum)
    return Finding(
        check="enum-value-gone",
        family=FAMILY,
        severity=severity,
        step=statement.step if statement else None,
        object=enum,
        message=told,
        remedy=remedy,
        evidence={
            "sql": statement.sql if statement else None,
            "before": list(old),
            "after": list(new),
        },
    )
