"""Whose dates move together: a row is about the person it belongs to, by surrogate key or by the foreign key to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from psycopg import sql
from psycopg.sql import SQL, Composable

from rehearse.catalog.relations import ForeignKey
from rehearse.sanitise import masks
from rehearse.sanitise.classify import Treatment

_PERSONAL = ("email", "name", "phone", "login", "text", "identity", "address", "person")  # masks of who a row is about

Treated = Mapping[int, tuple[Treatment, ...]]


def tie(treated: Treated, keys: Iterable[ForeignKey]) -> dict[int, tuple[Treatment, ...]]:
    """Let the masked dates of each row move by what its subject draws, where one can be established.

    The subject is the row that the table's only foreign key to a table with masked texts refers to, where the key is
    one column and takes no NULL or may; else the row itself, by its surrogate key. Dates that are keys themselves, and
    those of tables with neither, move by their own value.
    """
    keys = tuple(keys)
    joined = {(key.child, name) for key in keys for name in key.child_columns}
    joined |= {(key.parent, name) for key in keys for name in key.parent_columns}
    return {
        oid: tuple(
            _tied(found, subject) if subject and (oid, found.column.name) not in joined else found for found in listed
        )
        for oid, listed in treated.items()
        for subject in (_subject(oid, treated, keys),)
    }


def _tied(found: Treatment, subject: tuple[Composable, str]) -> Treatment:
    dates = found.record.mask == "date" and found.column.category == "base" and not found.column.in_primary_key
    if not dates:
        return found
    kept = tuple(word for word in found.record.keeps if word != "equality")
    return replace(found, mask=partial(_moved, *subject), record=replace(found.record, keeps=kept))


def _moved(subject: Composable, whose: str, value: Composable, _domain: str) -> Composable:
    drawn = SQL("COALESCE({}, {})").format(masks.mac(subject, whose), masks.mac(value, whose))
    return masks.mask("date", {"subject": drawn})(value, whose)


def _subject(oid: int, treated: Treated, keys: Iterable[ForeignKey]) -> tuple[Composable, str] | None:
    """Return what says whose a row of a table is, and the domain of such subjects."""
    owners = [
        key
        for key in keys
        if key.child == oid and key.parent != oid and len(key.child_columns) == 1 and _is_personal(treated, key.parent)
    ]
    if len(owners) == 1:
        return _column(owners[0].child_columns[0]), f"subject|{owners[0].parent}"
    primary = [found for found in treated[oid] if found.column.in_primary_key]
    if len(primary) == 1 and primary[0].mask is None:
        return _column(primary[0].column.name), f"subject|{oid}"
    return None


def _is_personal(treated: Treated, parent: int) -> bool:
    return any(found.record.mask in _PERSONAL for found in treated.get(parent, ()))


def _column(name: str) -> Composable:
    return sql.SQL("t.{}").format(sql.Identifier(name))
