"""Items of the dump's last part that failed: explained by masked data, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable

import psycopg

from rehearse.stages import dump as dumps
from rehearse.stages.deviation import Deviation
from rehearse.stages.dump import Dump, Failure
from rehearse.stages.errors import StageFailed
from rehearse.stages.toc import Entry

_NAME = r'(?:"(?:[^"]|"")+"|[^\s".]+)'
_CONSTRAINT_OF = re.compile(
    rf"^ALTER TABLE (?:ONLY )?(?P<table>{_NAME}\.{_NAME})\s+ADD CONSTRAINT (?P<name>{_NAME}) ", re.MULTILINE
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


def restore(connection: psycopg.Connection, dump: Dump, failed: Iterable[Failure]) -> tuple[Deviation, ...]:
    """Try failed items once more, one by one: foreign keys NOT VALID, others missing where data explain it.

    Raises StageFailed naming every item that nothing explains.
    """
    found: list[Deviation] = []
    unexplained: list[str] = []
    for failure in failed:
        entry = failure.entry
        text = dumps.script(dump, [entry], connection.info.server_version // 10000)
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
        sentence=f"Masked or sampled rows break {entry.label}: it is NOT VALID on the stage ({_said(error)}).",
        touched=_identities(text)[:1],
    )


def _missing(entry: Entry, text: str, error: psycopg.Error) -> Deviation:
    return Deviation(
        sentence=f"Masked or sampled rows do not allow {entry.label}: the stage does without it ({_said(error)}).",
        touched=_identities(text),
    )


def _identities(text: str) -> tuple[str, ...]:
    r"""Return the constraint or index a script makes, and its table.

    >>> _identities('ALTER TABLE ONLY public."A b"\n    ADD CONSTRAINT k UNIQUE (x);')
    ('public."A b".k', 'public."A b"')
    """
    if match := _CONSTRAINT_OF.search(text):
        return (f"{match['table']}.{match['name']}", match["table"])
    if match := _INDEX_OF.search(text):
        return (f"{match['schema']}.{match['name']}", match["table"])
    return ()


def _said(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)
