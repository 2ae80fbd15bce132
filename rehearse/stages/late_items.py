"""Items of the dump's last part that failed: explained by masked data, by the stage's version, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable

import psycopg

from rehearse.db.said import said
from rehearse.stages import dump as dumps
from rehearse.stages.deviation import Deviation
from rehearse.stages.dump import Dump, Failure
from rehearse.stages.errors import StageFailed
from rehearse.stages.toc import Entry

_NAME = r'(?:"(?:[^"]|"")+"|[^\s".]+)'
_CONSTRAINT_OF = re.compile(
    rf"^ALTER TABLE (?:ONLY )?(?P<table>(?P<schema>{_NAME})\.{_NAME})\s+"
    rf"ADD CONSTRAINT (?P<name>{_NAME}) (?P<kind>\w+) ",
    re.MULTILINE,
)
_INDEX_OF = re.compile(
    rf"^CREATE (?:UNIQUE )?INDEX (?P<name>{_NAME}) ON (?:ONLY )?(?P<table>(?P<schema>{_NAME})\.{_NAME}) ", re.MULTILINE
)
_ADD_CONSTRAINT = re.compile(r"(?P<command>ADD CONSTRAINT .+);$", re.MULTILINE)
# Masked or sampled rows can break what production's rows satisfy (appendix A: integrity and data exceptions,
# an index row that became too long).
_BY_DATA = re.compile(r"^(22|23)|^54000$")
# What is missing for lack of something above: undefined objects, no unique constraint to refer to, grouping by
# a primary key that is not there.
_BY_ABSENCE = frozenset({"42704", "42P01", "42830", "42803", "42P10", "42809"})
# What a function calls cannot be found: from PostgreSQL 17 on, indexes are built and views refreshed with a
# search_path of pg_catalog alone (release notes 17, Migration).
_NOT_FOUND = frozenset({"42883", "42P01", "42704", "42703", "3F000"})
_FIRST_WITH_SAFE_PATH = 17
_NO_PATH = "SELECT pg_catalog.set_config('search_path', '', false);"


def restore(
    connection: psycopg.Connection, dump: Dump, failed: Iterable[Failure], source_major: int
) -> tuple[Deviation, ...]:
    """Try failed items once more, one by one: foreign keys NOT VALID, others missing where something explains it.

    They are tried with the session's search_path, where production's functions find what they call; pg_restore
    has none. Raises StageFailed naming every item that nothing explains.
    """
    major = connection.info.server_version // 10000
    only_there = source_major < _FIRST_WITH_SAFE_PATH <= major
    found: list[Deviation] = []
    unexplained: list[str] = []
    for failure in failed:
        entry = failure.entry
        text = dumps.script(dump, [entry], major).replace(_NO_PATH, "")
        try:
            connection.execute(text)
        except psycopg.Error as error:
            if (
                entry.is_a("FK CONSTRAINT")
                and _BY_DATA.match(error.sqlstate or "")
                and _add_not_valid(connection, text)
            ):
                found.append(_not_valid(entry, text, error))
            elif _BY_DATA.match(error.sqlstate or "") or (found and error.sqlstate in _BY_ABSENCE):
                found.append(_missing(entry, text, error))
            elif only_there and error.sqlstate in _NOT_FOUND:
                found.append(_not_found(entry, text, error, major))
            else:
                unexplained.append(f"{entry.label}: {failure.said}")
    if unexplained:
        raise StageFailed("items of the schema could not be restored.", unexplained)
    return tuple(found)


def _add_not_valid(connection: psycopg.Connection, text: str) -> bool:
    try:
        connection.execute(_ADD_CONSTRAINT.sub(r"\g<command> NOT VALID;", text))
    except psycopg.Error:
        return False
    return True


def _not_valid(entry: Entry, text: str, error: psycopg.Error) -> Deviation:
    return Deviation(
        sentence=f"Masked or sampled rows break {_called(entry, text)}: it is NOT VALID on the stage ({said(error)}).",
        touched=_identities(text)[:1],
    )


def _missing(entry: Entry, text: str, error: psycopg.Error) -> Deviation:
    return Deviation(
        sentence=f"Masked or sampled rows do not allow {_called(entry, text)}: the stage does without it "
        f"({said(error)}).",
        touched=_identities(text),
    )


def _not_found(entry: Entry, text: str, error: psycopg.Error, major: int) -> Deviation:
    return Deviation(
        sentence=f"The stage does without {_called(entry, text)}: a function it calls relies on search_path, which "
        f"PostgreSQL {major} does not use there ({said(error)}).",
        touched=_identities(text),
    )


def _identities(text: str) -> tuple[str, ...]:
    r"""Return the constraint or index a script makes, its table, and the index behind a constraint.

    >>> _identities('ALTER TABLE ONLY public."A b"\n    ADD CONSTRAINT k UNIQUE (x);')
    ('public."A b".k', 'public."A b"', 'public.k')
    """
    if match := _CONSTRAINT_OF.search(text):
        index = () if match["kind"] == "FOREIGN" else (f"{match['schema']}.{match['name']}",)
        return (f"{match['table']}.{match['name']}", match["table"], *index)
    if match := _INDEX_OF.search(text):
        return (f"{match['schema']}.{match['name']}", match["table"])
    return ()


def _called(entry: Entry, text: str) -> str:
    return next(iter(_identities(text)), entry.label)
