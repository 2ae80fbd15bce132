"""What alembic proposes, as plain values: what is added, removed or altered, by name, with its before and after."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_NAMED = re.compile(r'^CONSTRAINT ("(?:[^"]|"")+"|\S+) ')
_TYPES = {
    "PrimaryKeyConstraint": "primary key",
    "UniqueConstraint": "unique",
    "ForeignKeyConstraint": "foreign key",
    "ExcludeConstraint": "exclusion",
}


def told(differences: Iterable[Any], default_schema: str) -> Iterator[dict[str, Any]]:
    """Yield a plain value for each object that alembic would create, drop or change."""
    teller = _Teller(default_schema)
    for difference in differences:
        for one in difference if isinstance(difference, list) else [difference]:
            yield from teller.told(one)


def counted(metadata: Any) -> int:
    """Count what the models declare: tables, columns, indexes and the constraints that are compared or told."""
    return sum(
        1 + len(table.columns) + len(table.indexes) + sum(1 for one in table.constraints if _is_told(one))
        for table in metadata.tables.values()
    )


def _is_told(constraint: Any) -> bool:
    return type(constraint).__name__ in _TYPES and len(constraint.columns) > 0


class _Teller:
    """Puts alembic's tuples into words, in PostgreSQL's spelling."""

    def __init__(self, default_schema: str) -> None:
        self.default_schema = default_schema
        # a dialect of its own: the drivers' double every percent sign
        self.dialect: Any = importlib.import_module("sqlalchemy.dialects.postgresql").dialect(paramstyle="named")
        self.compiler: Any = self.dialect.ddl_compiler(self.dialect, None)

    def told(self, one: Any) -> Iterator[dict[str, Any]]:
        action, _, kind = one[0].partition("_")
        tellers: dict[str, Callable[[str, Any], Iterator[dict[str, Any]]]] = {
            "table": self._table,
            "column": self._column,
            "index": self._index,
            "constraint": self._constraint,
            "fk": self._constraint,
            "table_comment": self._table_comment,
        }
        if action == "modify":
            yield from self._modified(kind, one)
        elif kind in tellers:
            yield from tellers[kind]({"add": "added", "remove": "removed"}[action], one)
        else:
            yield _change("added", "operation", "", None, f"{one[0]} {one[1]}"[:200], {})

    def _table(self, action: str, one: Any) -> Iterator[dict[str, Any]]:
        table = one[1]
        schema, name = self._schema(table.schema), str(table.name)
        yield _change(action, "table", schema, name, None, {})
        for column in table.columns:
            yield _change(action, "column", schema, name, str(column.name), self._described(column))
        for constraint in table.constraints:
            if _is_told(constraint):
                yield from self._constraint(action, (None, constraint))

    def _column(self, action: str, one: Any) -> Iterator[dict[str, Any]]:
        _, schema, table, column = one
        yield _change(action, "column", self._schema(schema), str(table), str(column.name), self._described(column))

    def _index(self, action: str, one: Any) -> Iterator[dict[str, Any]]:
        index = one[1]
        _know_included_columns(index)
        create: Any = importlib.import_module("sqlalchemy.schema").CreateIndex(index)
        definition = " ".join(str(create.compile(dialect=self.dialect)).split())
        name = _unquoted(self.dialect.identifier_preparer.format_index(index))
        yield _change(
            action, "index", self._schema(index.table.schema), str(index.table.name), name, {"definition": definition}
        )

    def _constraint(self, action: str, one: Any) -> Iterator[dict[str, Any]]:
        constraint = one[1]
        _know_included_columns(constraint)
        table, columns = constraint.table, [str(column.name) for column in constraint.columns]
        name = self.dialect.identifier_preparer.format_constraint(constraint) if constraint.name else None
        definition = _NAMED.sub("", " ".join(self.compiler.process(constraint).split()))
        kind = _TYPES.get(type(constraint).__name__, "check")
        described = {"type": kind, "definition": definition}
        told = _change(
            action, "constraint", self._schema(table.schema), str(table.name), name and _unquoted(name), described
        )
        yield {**told, "columns": columns}

    def _table_comment(self, action: str, one: Any) -> Iterator[dict[str, Any]]:
        table, old = one[1], one[2] if one[2:] else None
        place = self._schema(table.schema), str(table.name)
        if action == "added" and old is not None:
            yield _altered("comment", *place, None, {"text": old}, {"text": table.comment})
        else:
            yield _change(action, "comment", *place, None, {"text": table.comment})

    def _modified(self, what: str, one: Any) -> Iterator[dict[str, Any]]:
        _, schema, table, column, _, old, new = one
        place = self._schema(schema), str(table), str(column)
        if what == "comment":
            if old is None or new is None:
                yield _change("removed" if new is None else "added", "comment", *place, {"text": old or new})
            else:
                yield _altered("comment", *place, {"text": old}, {"text": new})
        elif what == "nullable":
            yield _altered("column", *place, {"not_null": not old}, {"not_null": not new})
        elif what == "type":
            yield _altered("column", *place, {"type": self._type(old)}, {"type": self._type(new)})
        else:
            yield _altered("column", *place, {what: self._default(old)}, {what: self._default(new)})

    def _described(self, column: Any) -> dict[str, Any]:
        return {
            "type": self._type(column.type),
            "not_null": not column.nullable,
            "default": self._default(column.server_default),
        }

    def _type(self, kind: Any) -> str:
        try:
            written = str(kind.compile(dialect=self.dialect))
        except Exception:  # noqa: BLE001 -- a type without a name in SQL, as that of a column nobody could reflect
            return "unknown"
        return written if '"' in written else written.lower()

    def _default(self, clause: Any) -> Any:
        if clause is None or clause is False:
            return None
        if hasattr(clause, "sqltext"):
            return f"generated always as ({clause.sqltext})"
        if type(clause).__name__ == "Identity":
            return f"generated {'always' if clause.always else 'by default'} as identity"
        given = getattr(clause, "arg", clause)
        if isinstance(given, str):
            return "'" + given.replace("'", "''") + "'"
        if hasattr(given, "text"):
            return given.text.replace("\\:", ":")
        try:
            return str(given.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True}))
        except Exception:  # noqa: BLE001 -- a value without a literal in SQL
            return str(given)

    def _schema(self, name: Any) -> str:
        return str(name or self.default_schema)


def _know_included_columns(thing: Any) -> None:
    """Give the columns of an INCLUDE to the table that alembic made up for an index or a constraint to be dropped."""
    schema: Any = importlib.import_module("sqlalchemy.schema")
    for name in thing.dialect_kwargs.get("postgresql_include") or ():
        if isinstance(name, str) and name not in thing.table.c:
            thing.table.append_column(schema.Column(name))


def _change(action: str, kind: str, schema: str, table: Any, name: Any, described: dict[str, Any]) -> dict[str, Any]:
    before, after = (None, described) if action == "added" else (described, None)
    return {
        "action": action, "kind": kind, "schema": schema, "table": table, "name": name, "columns": [],
        "before": before, "after": after,
    }  # fmt: skip


def _altered(
    kind: str, schema: str, table: str, name: Any, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    return {**_change("altered", kind, schema, table, name, {}), "before": before, "after": after}


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else str(name)
