"""What a snapshot knows of the server it was taken from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearse.compare import side
from rehearse.db.queries import names
from rehearse.model.facts import Facts, RoleFacts
from rehearse.model.json import JSON
from rehearse.model.parity import Entry, Importance, Reading, importance_of
from rehearse.model.snapshot import Snapshot

_WHOLE = frozenset({"extension", "membership", "migration", "role", "server"})
_PARTLY = {
    "setting": "a snapshot holds only settings that differ from their defaults",
    "database": "a snapshot holds the encoding, the locales and the owner only",
    "database-setting": "a snapshot leaves out settings that may be secrets",
    "role-setting": "a snapshot leaves out settings that may be secrets",
}
_NOT_HELD = "a snapshot does not hold this"


def read_snapshot(name: str, snapshot: Snapshot) -> Reading:
    """Return what facts.json holds; the other topics are gaps."""
    facts = snapshot.facts
    topics = {found.removeprefix("parity/") for found in names("parity")} | {"job"}
    return Reading(
        side=side.of_snapshot(name, snapshot),
        entries=tuple(_entries(facts)),
        gaps={topic: _PARTLY.get(topic, _NOT_HELD) for topic in sorted(topics - _WHOLE)},
    )


def _entries(facts: Facts) -> Iterator[Entry]:
    yield _entry("server", "version", Importance.RESULTS, version=facts.server_version.split()[0])
    for name in ("encoding", "collate", "ctype"):
        yield _entry("database", name, Importance.RESULTS, value=getattr(facts, name))
    yield _entry("database", "owner", Importance.ACCESS, value=facts.owner)
    for extension in facts.extensions:
        held = {"version": extension.version, "schema": extension.schema}
        yield _entry("extension", extension.name, Importance.RESULTS, **held)
    for found in facts.version_tables:
        yield _entry("migration", found.table, Importance.RESULTS, tool=found.tool, heads=list(found.heads))
    yield from _settings("setting", "", facts.settings, expected=False)
    yield from _settings("database-setting", "", facts.database_settings)
    for role in facts.roles:
        yield from _role(role)


def _role(role: RoleFacts) -> Iterator[Entry]:
    yield _entry(
        "role",
        role.name,
        Importance.ACCESS,
        superuser=role.superuser,
        inherit=role.inherit,
        createrole=role.createrole,
        createdb=role.createdb,
        bypassrls=role.bypassrls,
    )
    for group in role.member_of:
        yield _entry("membership", f"{role.name} in {group}", Importance.ACCESS)
    yield from _settings("role-setting", f"{role.name}.", role.settings)
    yield from _settings("role-setting", f"{role.name}.", role.database_settings, suffix=" in this database")


def _settings(
    topic: str, prefix: str, settings: Mapping[str, str], *, suffix: str = "", expected: bool = True
) -> Iterator[Entry]:
    for name, value in settings.items():
        yield Entry(
            topic=topic,
            name=f"{prefix}{name}{suffix}",
            importance=importance_of(name),
            compared={"value": value},
            expected=expected,
            told={"setting": name},
        )


def _entry(topic: str, name: str, importance: Importance, **compared: JSON) -> Entry:
    return Entry(
        topic=topic, name=name, importance=importance, compared=compared, expected=topic not in ("server", "database")
    )
