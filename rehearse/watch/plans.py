"""Plans that auto_explain logs: how many rows a statement wrote and read, and of which table."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

Node: TypeAlias = Mapping[str, "str | float | list[Node]"]

_SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan", "Tid Range Scan", "Sample Scan")
_PASSING = ("LockRows", "Append", "Merge Append", "Result", "Subquery Scan")  # give on each row they are given
_OF = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+|KEY\s+)?(?:UPDATE|SHARE)\s+OF\s+(\w+(?:\s*,\s*\w+)*)", re.IGNORECASE)
# PostgreSQL writes what a MERGE into a partitioned table counted into the list of partitions, which is no JSON
_MISPLACED = re.compile(r'\},(?P<counts>(?:\s*"Tuples (?:Inserted|Updated|Deleted|Skipped)": \d+,?)+)\s*\]')
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_NO_CONJUNCTION = re.compile(r"\b(?:OR|NOT|CASE)\b|\w\(")
_CONSTANT = r"(?:''(?:::[\w ]+(?:\[\])?)?|-?\d+(?:::[\w ]+)?)"
_EQUALITY = re.compile(rf'\(*(?:[\w"]+\.)?"?(?P<column>\w+)"?\)*(?:::[\w ]+)? = (?:ANY )?\(*{_CONSTANT}\)*')
_MERGED = {"Tuples Inserted": "insert", "Tuples Updated": "update", "Tuples Deleted": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of one table that one plan touched."""

    schema: str
    table: str
    verb: str  # "insert", "update", "delete", "merge"; "read" for a scan
    rows: int
    whole: bool = False  # read until it ends or a row is found: without an index condition, and no LIMIT stops it
    asked: bool = False  # for a subquery that gives one row of those, whichever: EXISTS
    by_index: bool = False  # no counter of the table tells it
    pinned: frozenset[str] = frozenset()  # columns that constants chose the rows by
    from_constants: bool = False  # inserted rows that no table was read for
    alias: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One executed plan."""

    at: datetime  # when it had run
    text: str
    written: tuple[Rows, ...]
    read: tuple[Rows, ...]
    targets: tuple[tuple[str, str], ...]  # schema and name of partitions and children it writes to by their parent
    locking: tuple[Rows, ...]  # what it read under FOR UPDATE, FOR SHARE and the like
    fired: tuple[str, ...]  # triggers, by name
    returned: int  # rows the top node gave
    affected: int | None = None  # rows it returned, or wrote; None: not told exactly
    wal_bytes: int | None = None  # None: not told exactly
    vxid: str = ""


def parse(document: str, at: datetime) -> Plan:
    """Return what a plan in auto_explain's JSON form did. Raises ValueError or KeyError if it is no such plan."""
    plan = json.loads(_MISPLACED.sub(r"}], \g<counts>", document))
    nodes = tuple(_nodes(plan["Plan"]))
    fired = tuple(str(trigger["Trigger Name"]) for trigger in plan.get("Triggers", []) if trigger["Calls"])
    return Plan(
        at=at,
        text=str(plan.get("Query Text", "")),
        written=tuple(rows for node in nodes for rows in _written(node)),
        read=_reads(nodes),
        targets=tuple(
            (str(target.get("Schema", "")), str(target["Relation Name"]))
            for node in nodes
            for target in _list(node, "Target Tables")
        ),
        locking=tuple(_locking(nodes, str(plan.get("Query Text", "")))),
        fired=fired,
        returned=_rows(plan["Plan"]),
        affected=_affected(nodes, fired),
        wal_bytes=None if fired or "WAL Bytes" not in nodes[0] else round(_number(nodes[0], "WAL Bytes")),
    )


def _affected(nodes: tuple[Node, ...], fired: tuple[str, ...]) -> int | None:
    """Return the rows of the command tag, where they are certain.

    A trigger may have left rows out, and a join may have offered the same row twice.
    """
    if nodes[0].get("Node Type") != "ModifyTable":
        return _rows(nodes[0])
    is_joined = nodes[0]["Operation"] != "Insert" and any(
        str(node.get("Node Type")).endswith(("Join", "Nested Loop")) for node in nodes
    )
    if is_joined or not all(name.startswith("RI_ConstraintTrigger_") for name in fired):
        return None
    return sum(rows.rows for rows in _written(nodes[0]))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in _children(node):
        yield from _nodes(child)


def _children(node: Node) -> list[Node]:
    return _list(node, "Plans")


def _list(node: Node, name: str) -> list[Node]:
    found = node.get(name, [])
    return found if isinstance(found, list) else []


def _written(node: Node) -> Iterator[Rows]:
    """Yield the rows a ModifyTable node wrote: those its source gave it, or what MERGE and ON CONFLICT say they did."""
    if node.get("Node Type") != "ModifyTable" or "Relation Name" not in node:
        return
    verb = str(node["Operation"]).lower()
    if verb == "merge":
        for name, done in _MERGED.items():
            if rows := _number(node, name):
                yield _of(node, done, rows)
        return
    scans = [each for each in _nodes(node) if each.get("Node Type") in _SCANS and "Relation Name" in each]
    leaves = {str(each.get("Node Type")) for each in _nodes(node) if not _children(each)}
    pinned = _pinned(scans[0]) if verb != "insert" and len(scans) == 1 and len(leaves) == 1 else frozenset()
    from_constants = verb == "insert" and not scans and leaves <= {"Result", "Values Scan"}
    given = sum(_rows(child) for child in _children(node) if child.get("Parent Relationship") in ("Outer", "Member"))
    conflicting = _number(node, "Conflicting Tuples")
    if conflicting and node.get("Conflict Resolution") == "UPDATE":
        yield _of(node, "update", conflicting)
    yield replace(_of(node, verb, given - conflicting), pinned=pinned, from_constants=from_constants)


def _pinned(scan: Node) -> frozenset[str]:
    """Return the columns that a scan compared with constants, where its conditions are a plain conjunction."""
    said = " AND ".join(_LITERAL.sub("''", str(scan[name])) for name in ("Index Cond", "Filter") if name in scan)
    if _NO_CONJUNCTION.search(said):
        return frozenset()
    found = (_EQUALITY.fullmatch(part) for part in said.split(" AND "))
    return frozenset(match["column"] for match in found if match)


def _locking(nodes: tuple[Node, ...], text: str) -> Iterator[Rows]:
    """Yield the tables under FOR UPDATE or the like: those it is OF, or all it reads."""
    named = {name for clause in _OF.findall(text) for name in re.split(r"\W+", clause.lower())}
    inside = (each for node in nodes if node.get("Node Type") == "LockRows" for each in _nodes(node))
    for node in inside:
        yield from (rows for rows in _reads((node,)) if not named or rows.alias.lower() in named)


def _reads(nodes: Collection[Node]) -> tuple[Rows, ...]:
    """Return what was scanned.

    A LIMIT or an EXISTS stops a scan. Without a condition that is after so many rows, however many the table holds.
    With one it is where a row was found, and nothing tells that production has one as near to the start: what was read
    until then counts as a share of the table, like the reading of all of it that found none.
    """
    stopped = _first_of(nodes, lambda node: node.get("Node Type") == "Limit")
    asked = {id(each) for each in nodes if str(each.get("Subplan Name", "CTE")).startswith(("InitPlan", "SubPlan"))}
    asked |= _first_of(nodes, lambda node: id(node) in asked and _passes(node))
    return tuple(
        replace(_read(node, is_stopped=id(node) in stopped and "Filter" not in node), asked=_gave_one(node, asked))
        for node in nodes
        if node.get("Node Type") in _SCANS and "Relation Name" in node
    )


def _first_of(nodes: Collection[Node], chosen: Callable[[Node], bool]) -> set[int]:
    """Return the nodes below those chosen, as far as each row that one gives is asked for by these."""
    found: set[int] = set()
    for node in nodes:  # those above come first
        if chosen(node) or (id(node) in found and _passes(node)):
            below = (each for each in _children(node) if "Subplan Name" not in each)
            found |= {id(each) for each in below}
    return found


def _passes(node: Node) -> bool:
    return node.get("Node Type") in _PASSING and "Filter" not in node


def _gave_one(node: Node, asked: Collection[int]) -> bool:
    return id(node) in asked and "Filter" not in node and _number(node, "Actual Rows") <= 1


def _read(node: Node, *, is_stopped: bool) -> Rows:
    per_loop = _number(node, "Actual Rows") + sum(
        _number(node, name)
        for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
    )
    rows = round(per_loop * _number(node, "Actual Loops"))
    kind = node.get("Node Type")
    is_whole = kind == "Seq Scan" or (kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node)
    return replace(
        _of(node, "read", rows), whole=is_whole and not is_stopped, by_index=kind != "Seq Scan", pinned=_pinned(node)
    )


def _of(node: Node, verb: str, rows: float) -> Rows:
    return Rows(
        schema=str(node.get("Schema", "")),
        table=str(node["Relation Name"]),
        verb=verb,
        rows=round(rows),
        alias=str(node.get("Alias", "")),
    )


def _rows(node: Node) -> int:
    return round(_number(node, "Actual Rows") * _number(node, "Actual Loops"))


def _number(node: Node, name: str) -> float:
    value = node.get(name, 0)
    return value if isinstance(value, (int, float)) else 0
