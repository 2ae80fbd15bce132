"""Whether the stage became production's twin: its catalog beside the snapshot's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psycopg

from rehearse import catalog
from rehearse.diff.schema import differences
from rehearse.diff.sentences import sentences
from rehearse.model.change import SchemaChange
from rehearse.model.snapshot import Snapshot
from rehearse.stages import not_null_names
from rehearse.stages.deviation import Deviation

# Kinds that no stage has, and why. Settings are given to the clone, and named where its server does not take them.
_KEPT_AWAY = {
    "publication": "nothing is replicated from a stage",
    "subscription": "it would receive what production receives",
    "user-mapping": "it holds passwords of other servers",
    "security-label": "its provider is a library of production's server",
}
_NAMED_BY_STATEMENTS = frozenset({"publication", "subscription"})  # of mappings the server is, a label is refused
_LATER = "setting"
# What PostgreSQL words anew from a parse tree each time it is asked; not every version does it alike.
_WORDED = frozenset({"definition", "expression", "default", "using", "check", "condition"})
_OF_ROLES = frozenset({"grant", "default-privilege"})
_OWNER = frozenset({"owner"})
_ORDER = frozenset({"column_order"})


def deviations(
    connection: psycopg.Connection, snapshot: Snapshot, known: Iterable[Deviation], *, owners: bool = True
) -> tuple[Deviation, ...]:
    """Return in what a database that was just restored differs from production, but for what is known already.

    Without `owners`, whose what is and who may do what with it is not compared: the stage has other roles.

    NOT NULL constraints that a restore has named otherwise get production's names back. A step that touches what
    differs is undecided; wording and the order of columns are named and distort nothing. Raises CatalogUnreadable.
    """
    major, source_major = connection.info.server_version // 10000, snapshot.facts.server_major
    named = {identity for deviation in known for identity in deviation.touched}
    told = differences(snapshot.catalog, catalog.read(connection, major))
    told = told if owners else tuple(change for change in told if not _is_about_roles(change))
    absent = {_called(change) for change in told if change.action == "removed"}
    found = [
        change
        for change in told
        if change.object not in named and change.kind != _LATER and not _is_about(change, absent)
    ]
    found = [change for change in found if not not_null_names.given_back(connection, change)]
    kept_away = [change for change in found if change.kind in _KEPT_AWAY and change.action == "removed"]
    reworded = [change for change in found if major != source_major and _differs_only_in(_WORDED, change)]
    reordered = [change for change in found if _differs_only_in(_ORDER, change)]
    others = [change for change in found if change not in kept_away + reworded + reordered]
    return (
        *(_kept_away(change) for change in kept_away),
        *_only_named(f"PostgreSQL {major} words differently what it took from production's {source_major}", reworded),
        *_only_named("Columns stand in another order on the stage, as pg_dump writes inherited ones first", reordered),
        *_others(others),
    )


def _kept_away(change: SchemaChange) -> Deviation:
    touched = (change.object,) if change.kind in _NAMED_BY_STATEMENTS else ()
    sentence = f"The stage does without the {_called(change)}: {_KEPT_AWAY[change.kind]}."
    return Deviation(sentence=sentence, touched=touched)


def _only_named(what: str, changes: list[SchemaChange]) -> Iterator[Deviation]:
    if changes:
        yield Deviation(sentence=f"{what}: {', '.join(change.object for change in changes)}.")


def _others(changes: list[SchemaChange]) -> Iterator[Deviation]:
    touched = tuple(change.object for change in changes)
    for told in sentences(changes):
        yield Deviation(sentence=f"Not as in production: {told}.", touched=touched)


def _differs_only_in(attributes: frozenset[str], change: SchemaChange) -> bool:
    return change.action == "altered" and set(change.after or ()) <= attributes


def _is_about_roles(change: SchemaChange) -> bool:
    return change.kind in _OF_ROLES or _differs_only_in(_OWNER, change)


def _is_about(change: SchemaChange, absent: set[str]) -> bool:
    """Say whether the change is a comment on, or a grant of, something that is missing itself, and named."""
    subject = change.object.rpartition(" to ")[0] if change.kind == "grant" else change.object
    return change.kind in ("comment", "grant") and (subject in absent or subject.startswith("large object "))


def _called(change: SchemaChange) -> str:
    return f"{change.kind.replace('-', ' ')} {change.object}"
