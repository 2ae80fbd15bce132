"""Rows that share a key, that differ by case or blanks only, or that share its NULLs. Told by ctid, never by value."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable, Composed

from rehearse.catalog.relations import Column
from rehearse.model.snapshot import Coverage
from rehearse.sanitise.treatments import INTEGERS, base_name
from rehearse.snapshot.categories import is_text, value_of
from rehearse.snapshot.keys import Key
from rehearse.snapshot.searching import DECLINED, Asking, Found, NotSought, Patience, parts

_EACH = 3  # groups of a kind that are kept
# As no column is called: a project's condition names columns without their table.
_LOOKED_UP, _ALIKE = "hash that is looked up", "hash of all that are alike"
# Nearly every row is a group of its own: sorting takes two thirds of the time of hashing, and half the memory.
_SETTINGS = {"enable_hashagg": "off"}
_FEW = SQL(
    "few AS MATERIALIZED (SELECT s.e AS h, s.e FROM (SELECT {exact} AS e FROM ONLY {table} AS t WHERE {within} "
    "OFFSET 0) AS s WHERE (s.e & {mask}) = {part} GROUP BY s.e HAVING pg_catalog.count(*) > 1 LIMIT {each})"
)
_FEW_VARIED = SQL(
    "twice AS MATERIALIZED (SELECT s.h, s.e, pg_catalog.min(s.e) AS least, pg_catalog.max(s.e) AS greatest "
    "FROM (SELECT {folded} AS h, {exact} AS e FROM ONLY {table} AS t WHERE {within} OFFSET 0) AS s "
    "WHERE (s.h & {mask}) = {part} GROUP BY GROUPING SETS ((s.h, s.e), (s.h)) "
    "HAVING pg_catalog.count(*) > 1 AND (s.e IS NOT NULL OR pg_catalog.min(s.e) <> pg_catalog.max(s.e))), "
    "few AS MATERIALIZED (SELECT v.h, pg_catalog.unnest(ARRAY[v.least, v.greatest]) AS e "
    "FROM (SELECT w.h, w.least, w.greatest FROM twice AS w WHERE w.e IS NULL LIMIT {each}) AS v "
    "UNION (SELECT w.h, w.e FROM twice AS w WHERE w.e IS NOT NULL LIMIT {each}))"
)


def seek(
    connection: psycopg.Connection, key: Key, among: Composable, patience: Patience, *, wanted: bool = True
) -> Found:
    """Find rows that share a key; valid within the transaction's snapshot only."""
    if not wanted:
        return Found(coverage=_coverage(key, frozenset(), dict.fromkeys(key.kinds, DECLINED["duplicates"])))
    rows: set[str] = set()
    present: set[str] = set()
    reasons: dict[str, str] = {}
    for kinds, search in (({"duplicates", "case variants"}, _alike), ({"duplicates of NULL"}, _null)):
        sought = kinds & set(key.kinds)
        if not sought:
            continue
        try:
            kept, kinds_found = patience.search(connection, partial(search, key, among), _SETTINGS)
        except NotSought as end:
            reasons |= dict.fromkeys(sought, end.reason)
            continue
        rows |= kept
        present |= kinds_found
    return Found(coverage=_coverage(key, present, reasons), rows={key.table.oid: frozenset(rows)} if rows else {})


def _coverage(key: Key, present: set[str] | frozenset[str], reasons: Mapping[str, str]) -> Coverage:
    return Coverage(
        kind="key",
        table=key.table.identity,
        name=key.name,
        present=tuple(kind for kind in key.kinds if kind in present),
        absent=tuple(kind for kind in key.kinds if kind not in present and kind not in reasons),
        not_sought={kind: reasons[kind] for kind in key.kinds if kind in reasons and kind not in present},
    )


def _alike(key: Key, among: Composable, asking: Asking) -> tuple[set[str], set[str]]:
    """Return rows that are alike, part by part of the hashes until there are some of each kind, and the kinds."""
    rows: set[str] = set()
    present: set[str] = set()
    wanted = set(key.kinds) & {"duplicates", "case variants"}
    filled = SQL(" AND ").join(SQL("{} IS NOT NULL").format(value_of(column)) for column in key.columns)
    number = parts(key.table.estimate or 0)
    for part in range(number):
        groups: dict[object, list[tuple[str, str]]] = {}
        for group, least, greatest in asking.rows(_twice(key, SQL("({}) AND {}").format(among, filled), number, part)):
            groups.setdefault(group, []).append((str(least), str(greatest)))
        for pairs in groups.values():
            kinds = {"duplicates"} if any(least != greatest for least, greatest in pairs) else set()
            kinds |= {"case variants"} if len(pairs) > 1 else set()
            present |= kinds
            rows |= {row for pair in pairs[:_EACH] for row in pair}
        if wanted <= present:
            break
    return rows, present & wanted


def _null(key: Key, among: Composable, asking: Asking) -> tuple[set[str], set[str]]:
    """Return two rows whose keys are equal where NULL equals NULL."""
    empty = SQL("({}) AND ({})").format(
        among, SQL(" OR ").join(SQL("{} IS NULL").format(value_of(column)) for column in key.columns)
    )
    if len(key.columns) == 1:
        statement = SQL("SELECT t.ctid::pg_catalog.text FROM ONLY {} AS t WHERE {} LIMIT 2").format(
            key.table.name, empty
        )
        rows = {str(ctid) for (ctid,) in asking.rows(statement)}
    else:
        found = asking.rows(_twice(key, empty, 1, 0))
        rows = {str(ctid) for _, *pair in found if pair[0] != pair[1] for ctid in pair}
    return (rows, {"duplicates of NULL"}) if len(rows) > 1 else (set(), set())


def _twice(key: Key, within: Composable, number: int, part: int) -> Composed:
    """Return the query for groups of rows that are alike: their number, and the first and last row of one spelling.

    Groups are told by 64 bits of a hash, so that memory does not depend on how long the keys are; of each kind a few
    are looked up again, and told apart by their exact values. OFFSET 0 keeps the hash from being computed twice.
    """
    varied = "case variants" in key.kinds
    return SQL(
        "WITH {few} "
        "SELECT pg_catalog.dense_rank() OVER (ORDER BY g.h), g.least::pg_catalog.text, g.greatest::pg_catalog.text "
        "FROM (SELECT o.{alike} AS h, pg_catalog.min(t.ctid) AS least, pg_catalog.max(t.ctid) AS greatest "
        "FROM ONLY {table} AS t JOIN few AS o ({alike}, {looked_up}) ON o.{looked_up} = {exact} WHERE {within} "
        "GROUP BY o.{alike}, {columns}) AS g "
        "ORDER BY 1, 2"
    ).format(
        few=(_FEW_VARIED if varied else _FEW).format(
            folded=_hash(key, "folded"),
            exact=_hash(key, "exact"),
            table=key.table.name,
            within=within,
            mask=sql.Literal(number - 1),
            part=sql.Literal(part),
            each=sql.Literal(_EACH),
        ),
        exact=_hash(key, "exact"),
        columns=SQL(", ").join(map(value_of, key.columns)),
        table=key.table.name,
        within=within,
        alike=sql.Identifier(_ALIKE),
        looked_up=sql.Identifier(_LOOKED_UP),
    )


def _hash(key: Key, how: str) -> Composable:
    """Return 64 bits of a key, as it is or without regard to case and blanks at its ends."""
    hashes = [_hash_of(column, how) for column in key.columns]
    if len(hashes) == 1:
        return hashes[0]
    return SQL("pg_catalog.hash_record_extended(ROW({}), 0)").format(SQL(", ").join(hashes))


def _hash_of(column: Column, how: str) -> Composable:
    """Return 64 bits of a value, the same for all that its type holds equal."""
    value, base = value_of(column), base_name(column.base)
    if is_text(column):
        text = SQL("{}::pg_catalog.text").format(value)
        if how == "folded":
            return SQL("pg_catalog.hashbpcharextended({}::pg_catalog.bpchar, 0)").format(_folded(text))
        return SQL('pg_catalog.hashtextextended({} COLLATE pg_catalog."C", 0)').format(text)
    if base in INTEGERS:
        return SQL("pg_catalog.hashint8extended({}::pg_catalog.int8, 0)").format(value)
    if base == "uuid":
        return SQL("pg_catalog.uuid_hash_extended({}, 0)").format(value)
    return SQL("pg_catalog.hash_record_extended(ROW({}), 0)").format(value)


def _folded(text: Composable) -> Composable:
    """Return a text in lower case, without blanks before it; ASCII, which most keys are, the quick way.

    The hash of bpchar leaves blanks after it out (manual 8.3, Character Types), which costs less than btrim().
    """
    return SQL(
        "(CASE WHEN pg_catalog.octet_length({text}) = pg_catalog.length({text}) "
        'THEN pg_catalog.lower({begun} COLLATE pg_catalog."C") COLLATE pg_catalog."C" '
        'ELSE pg_catalog.lower({begun} COLLATE pg_catalog."default") COLLATE pg_catalog."C" END)'
    ).format(
        text=text,
        begun=SQL(
            "(CASE WHEN {text} < '!' COLLATE pg_catalog.\"C\" THEN pg_catalog.ltrim({text}) ELSE {text} END)"
        ).format(text=text),
    )
