"""A role may do less with an object that is still there, or sees fewer of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.evidence import Evidence
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.json import JSON
from rehearse.model.naming import naming
from rehearse.model.quantity import listing
from rehearse.model.rehearsal import Rehearsal

FAMILY = Family.CONTRACT
HAZARDS = ("E14",)
CONDITION = (
    "An object that existed before and still exists has another owner, or grants a role less: by REVOKE, or because it "
    "was dropped and created anew, which forgets every GRANT. Or row security was switched on for a table that others "
    "than its owner read, or one of its policies was dropped."
)
EFFECT = "The application's role gets permission denied, or, with row security, no error but fewer rows."
REMEDY = (
    "Replace instead of dropping (CREATE OR REPLACE VIEW keeps grants), or GRANT again in the same transaction; count "
    "the rows as the application's role (SET ROLE app; SELECT count(*) ...) before row security goes live."
)


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield a block for grants that nobody revoked and that are gone, a warning for what was said."""
    rehearsal = evidence.rehearsal
    stays = _names(rehearsal.before) & _names(rehearsal.after)
    for change in rehearsal.changes:
        if change.kind == "grant":
            yield from _of_grant(rehearsal, change, stays)
        elif change.action == "altered" and "owner" in (change.before or {}):
            yield from _of_owner(rehearsal, change)
        elif change.kind == "table" and (change.after or {}).get("row_security") is True:
            yield from _of_row_security(rehearsal, change)
        elif change.kind == "policy" and change.action == "removed":
            yield from _of_policy(rehearsal, change)


def _of_grant(rehearsal: Rehearsal, change: SchemaChange, stays: set[str]) -> Iterator[Finding]:
    what, _, role = change.object.rpartition(" to ")
    kind, _, name = what.partition(" ")
    lost = tuple(sorted(_privileges(change.before) - _privileges(change.after)))
    if change.action == "added" and not _privileges(change.after):  # what everybody had without being given it
        lost = ("what it had by default",)
    if not lost or _plain(name) not in stays:
        return
    last = name.removeprefix("column ").partition("(")[0]
    revoking = naming(rehearsal, last, r"\bREVOKE\b") or naming(rehearsal, role, r"\bREVOKE\b")
    remaking = naming(rehearsal, last, r"\bDROP\b")
    statement = revoking or remaking
    how = "" if revoking else ", which no REVOKE says: it was made anew, and that forgets its grants"
    yield Finding(
        check="access-lost",
        family=FAMILY,
        severity=Severity.WARN if revoking else Severity.BLOCK,
        step=statement.step if statement else None,
        object=name.removeprefix("column "),
        message=f"{role} has lost {listing(lost)} on {what}{how}: its queries that need it are refused.",
        remedy=f"Append, in the same transaction: GRANT {', '.join(lost)} ON {_target(kind, name)} TO {role}."
        if change.action != "added"
        else f"GRANT it to the roles that need it before it is taken from {role}.",
        evidence={"sql": statement.sql if statement else None, "role": role, "privileges": list(lost)},
    )


def _privileges(attributes: Mapping[str, JSON] | None) -> set[str]:
    found = (attributes or {}).get("privileges")
    return {str(privilege) for privilege in found} if isinstance(found, list | tuple) else set()


def _target(kind: str, name: str) -> str:
    return f"{kind.upper()} {name}" if kind in ("function", "procedure", "schema", "sequence", "type") else name


def _names(catalog: Catalog) -> set[str]:
    return {_plain(found.identity) for found in catalog.objects if found.kind != "grant"}


def _plain(name: str) -> str:
    """Return an identity as both the catalog and pg_identify_object() write it: they space arguments differently."""
    return name.removeprefix("column ").replace(" ", "")


def _of_owner(rehearsal: Rehearsal, change: SchemaChange) -> Iterator[Finding]:
    """Yield a warning where the old owner is not in the new one, and so keeps nothing but what it is granted."""
    old, new = str((change.before or {})["owner"]), str((change.after or {})["owner"])
    roles = {role.name: role for role in rehearsal.facts.roles}
    keeps = old in roles and (roles[old].superuser or new in roles[old].member_of)
    granted = any(found.identity.endswith(f" {change.object} to {old}") for found in rehearsal.after.of_kind("grant"))
    if keeps or granted or change.kind not in ("table", "view", "materialized-view", "sequence", "function", "schema"):
        return
    statement = naming(rehearsal, change.object.partition("(")[0], r"\bOWNER\b")
    yield Finding(
        check="access-lost",
        family=FAMILY,
        severity=Severity.WARN,
        step=statement.step if statement else None,
        object=change.object,
        message=f"{change.object} belongs to {new}, no longer to {old}, which is granted nothing: its "
        f"queries on {change.object} fail with permission denied.",
        remedy=f"GRANT {old} what it needs on {change.object} in the same transaction.",
        evidence={"sql": statement.sql if statement else None, "before": old, "after": new},
    )


def _of_row_security(rehearsal: Rehearsal, change: SchemaChange) -> Iterator[Finding]:
    table = rehearsal.after.find("table", change.renamed_to or change.object)
    if table is None or change.action != "altered" or (change.before or {}).get("row_security") is not False:
        return
    owner = table.text("owner")
    others = tuple(
        sorted(
            {
                found.identity.rpartition(" to ")[2]
                for found in rehearsal.after.of_kind("grant")
                if found.table == table.identity and _privileges(found.attributes)
            }
            - {owner}
        )
    )
    held = others + ((owner,) if table.attributes.get("row_security_forced") is True else ())
    statement = naming(rehearsal, change.object, r"\bROW\s+LEVEL\s+SECURITY\b")
    policies = sum(1 for found in rehearsal.after.of_kind("policy") if found.table == table.identity)
    admits = "its policy admits" if policies == 1 else f"one of its {policies} policies admits"
    rows = f"only rows that {admits}" if policies else "no row at all, for there is no policy"
    yield Finding(
        check="access-lost",
        family=FAMILY,
        severity=Severity.WARN if held else Severity.NOTE,
        step=statement.step if statement else None,
        object=change.object,
        message=f"Row security is on for {change.object}: {listing(held) if held else 'whoever is not its owner'} "
        f"will see {rows}, without an error.",
        remedy=f"Count as the application's role before it goes live: SET ROLE {held[0] if held else '...'}; "
        f"count the rows of {change.object}; and CREATE POLICY first.",
        evidence={"sql": statement.sql if statement else None, "roles": list(held), "policies": policies},
    )


def _of_policy(rehearsal: Rehearsal, change: SchemaChange) -> Iterator[Finding]:
    table = rehearsal.after.find("table", change.table or "")
    statement = naming(rehearsal, change.object, r"\bDROP\b")
    if table is None or table.attributes.get("row_security") is not True or statement is None:
        return
    told = change.before or {}
    admitted = "rows it admitted vanish" if told.get("permissive") is True else "rows it withheld appear"
    yield Finding(
        check="access-lost",
        family=FAMILY,
        severity=Severity.WARN,
        step=statement.step,
        object=change.object,
        message=f"The policy {change.object} is gone while row security stays on: {admitted} for whoever is not "
        f"{table.text('owner')}.",
        remedy=f"Create the policy that takes its place in the same transaction, and count the rows of {change.table} "
        "as the application's role.",
        evidence={"sql": statement.sql, "roles": told.get("roles"), "using": told.get("using")},
    )
