"""Draw rows: small tables whole, of large ones a sample from all over, by the rules a project has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import Table
from rehearse.db.said import said
from rehearse.errors import RequestError
from rehearse.model.facts import TableFacts
from rehearse.model.patterns import without_match
from rehearse.model.sampling import SampleRules, TableRule

Chosen = dict[int, set[str]]  # table or leaf partition -> ctids, as text

_CHUNK = 5_000  # ctids in one statement
_READ_WHOLE_UP_TO = 64 * 1024 * 1024  # bytes of heap: rows are drawn one by one, from larger tables page by page
_NEWEST_PAGES = 2
_LEAST_OF_A_LEAF = 20


class BadTableRule(RequestError):
    """A rule of [snapshot.tables] that means nothing."""


def check_rules(connection: psycopg.Connection, rules: SampleRules, tables: Iterable[Table]) -> None:
    """Refuse rules that name no table, or of which PostgreSQL cannot make sense; reads no row. Raises BadTableRule."""
    known = tuple(tables)
    identities = {name for table in known for name in (table.identity, table.whole_name)}
    for pattern, hint in without_match(rules.tables, identities, "Tables are written schema.table."):
        raise BadTableRule(f'[snapshot.tables] "{pattern}" matches no table.', hint)
    for table in known:
        rule = rule_of(table, rules)
        if table.readable and (rule.where or rule.newest):
            _explain(connection, table, rule)


def _explain(connection: psycopg.Connection, table: Table, rule: TableRule) -> None:
    try:
        with connection.transaction():
            # in binary, so that it can be one statement only
            connection.execute(SQL("EXPLAIN {}").format(_by_rule(table, rule, 1)), binary=True)
    except psycopg.Error as error:
        raise BadTableRule(
            f"[snapshot.tables] of {table.identity}: PostgreSQL says: {said(error)}.",
            "where is an SQL condition over its columns, written without the table; newest is the name of one.",
        ) from None


def rule_of(table: Table, rules: SampleRules) -> TableRule:
    return rules.of(table.identity, table.whole_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many rows tables have, counted or estimated."""

    rows: Mapping[str, int | None]  # by table; None: not known
    of_root: Mapping[str, int]  # by the partitioned table at the top: the rows of its leaves
    empty: frozenset[str] = frozenset()  # tables that were counted, and hold no row

    @classmethod
    def of(cls, facts: Iterable[TableFacts]) -> Sizes:
        listed, of_root = tuple(facts), Counter[str]()
        for found in listed:
            if found.root is not None:
                of_root[found.root] += found.rows or 0
        return cls(
            rows={found.table: found.rows for found in listed},
            of_root=of_root,
            empty=frozenset(found.table for found in listed if found.rows_exact and not found.rows),
        )


def whole_tables(tables: Iterable[Table], sizes: Sizes, history: frozenset[str], rules: SampleRules) -> frozenset[int]:
    """Return the tables of which every row is kept: those with no more than is wanted, and version tables."""
    return frozenset(table.oid for table in tables if table.identity in history or _is_small(table, sizes, rules))


def _is_small(table: Table, sizes: Sizes, rules: SampleRules) -> bool:
    if rule_of(table, rules).where is not None:
        return False
    rows = sizes.rows.get(table.identity)
    return rows is not None and rows <= quota(table, sizes, rules)


def quota(table: Table, sizes: Sizes, rules: SampleRules) -> int:
    """Return how many rows of a table are kept: a leaf partition gets its share of its root's."""
    rows = rules.quota(table.identity, table.whole_name)
    if table.root is None:
        return rows
    own, total = sizes.rows.get(table.identity) or 0, sizes.of_root.get(table.root, 0)
    return rows if total <= rows or not own else max(_LEAST_OF_A_LEAF, rows * own // total)


def drawn(connection: psycopg.Connection, table: Table, sizes: Sizes, rules: SampleRules) -> Iterator[str]:
    """Draw rows as the table's rule says, else spread over the table and the newest from its physical end."""
    wanted, rule = quota(table, sizes, rules), rule_of(table, rules)
    if rule.where or rule.newest:
        yield from _ctids(connection, _by_rule(table, rule, wanted))
        return
    newest = max(1, wanted // 20)
    pages = table.heap_bytes // 8192
    yield from _ctids(
        connection,
        SQL("SELECT ctid FROM ONLY {} WHERE ctid >= {}::pg_catalog.tid ORDER BY ctid DESC LIMIT {}").format(
            table.name, sql.Literal(f"({max(0, pages - _NEWEST_PAGES)},0)"), sql.Literal(newest)
        ),
    )
    known = sizes.rows.get(table.identity) or table.estimate or 0
    share = min(100.0, 120 * wanted / known) if known else 100.0
    method = "BERNOULLI" if table.heap_bytes <= _READ_WHOLE_UP_TO else "SYSTEM"
    yield from _ctids(
        connection,
        SQL("SELECT ctid FROM ONLY {} TABLESAMPLE {} ({}) REPEATABLE (1) LIMIT {}").format(
            table.name, SQL(method), sql.Literal(share), sql.Literal(wanted - newest)
        ),
    )


def _by_rule(table: Table, rule: TableRule, quota: int) -> sql.Composed:
    """Return the query for rows of which a project says which: the newest, or some from all over those that may be."""
    order: Composable = SQL("pg_catalog.hashtid(t.ctid)")
    if rule.newest is not None:
        order = SQL("{} DESC NULLS LAST").format(sql.Identifier(rule.newest))
    return SQL("SELECT t.ctid FROM ONLY {} AS t WHERE ({}) ORDER BY {} LIMIT {}").format(
        table.name, admitted(rule), order, sql.Literal(quota)
    )


def admitted(rule: TableRule) -> Composable:
    """Return what rows t of a table must satisfy, in the project's own words."""
    return SQL(rule.where or "true")


def _ctids(connection: psycopg.Connection, asking: sql.Composed) -> list[str]:
    return [str(ctid) for (ctid,) in connection.execute(asking)]


def chunks(ctids: set[str] | None) -> Iterator[Composable | None]:
    """Yield arrays of ctids, a few thousand each; a single None for every row of a table."""
    if ctids is None:
        yield None
        return
    ordered = in_order(ctids)
    for start in range(0, len(ordered), _CHUNK):
        yield array_of(ordered[start : start + _CHUNK])


def in_order(ctids: Iterable[str]) -> list[str]:
    """Return ctids as the rows lie.

    >>> in_order({"(10,1)", "(9,2)"})
    ['(9,2)', '(10,1)']
    """
    return sorted(ctids, key=lambda ctid: tuple(int(part) for part in ctid.strip("()").split(",")))


def among(ctids: Sequence[str]) -> Composable:
    """Return what the rows t with one of these ctids satisfy."""
    return SQL("t.ctid = ANY ({}::pg_catalog.tid[])").format(array_of(ctids))


def array_of(ctids: Sequence[str]) -> Composable:
    r"""Write ctids as an array.

    >>> array_of(["(0,1)"]).as_string()
    '\'{"(0,1)"}\''
    """
    quoted = ",".join(f'"{ctid}"' for ctid in ctids)
    return sql.Literal("{" + quoted + "}")
