"""Queries that find the rows a constraint or a type refuses, for people to run in production; never sent by us."""

from __future__ import annotations

from collections.abc import Sequence

from rehearse.model.catalog import Catalog, CatalogObject

_SOME = "LIMIT 20"


def nulls(table: str, column: str) -> str:
    """Write the query for rows without a value.

    >>> nulls("public.orders", "note")
    'SELECT * FROM public.orders WHERE note IS NULL LIMIT 20;'
    """
    return _query("SELECT *", table, f"{column} IS NULL")


def duplicates(table: str, keys: Sequence[str], predicate: str = "") -> str:
    """Write the query for values that several rows have.

    >>> duplicates("public.orders", ["code"])
    'SELECT code, count(*) FROM public.orders GROUP BY code HAVING count(*) > 1 LIMIT 20;'
    """
    listed = ", ".join(keys)
    return _query(f"SELECT {listed}, count(*)", table, predicate, f" GROUP BY {listed} HAVING count(*) > 1")


def orphans(table: str, columns: Sequence[str], parent: str, parent_columns: Sequence[str]) -> str:
    """Write the query for rows that refer to none.

    >>> orphans("cats", ["owner"], "men", ["id"]).partition(" AND ")[2]
    'NOT EXISTS (SELECT FROM men AS p WHERE p.id = c.owner) LIMIT 20;'
    """
    given = " AND ".join(f"c.{column} IS NOT NULL" for column in columns)
    alike = " AND ".join(f"p.{there} = c.{here}" for here, there in zip(columns, parent_columns, strict=False))
    return _query("SELECT *", f"{table} AS c", f"{given} AND NOT EXISTS (SELECT FROM {parent} AS p WHERE {alike})")


def violating(table: str, check: str) -> str:
    """Write the query for rows of which a CHECK is false.

    >>> violating("public.orders", "CHECK ((price > 0))")
    'SELECT * FROM public.orders WHERE NOT ((price > 0)) LIMIT 20;'
    """
    condition = check.removeprefix("CHECK ").removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
    return _query("SELECT *", table, f"NOT {condition}")


def too_long(table: str, column: str, most: int) -> str:
    """Write the query for texts that do not fit.

    >>> too_long("public.orders", "note", 10)
    'SELECT * FROM public.orders WHERE length(note) > 10 LIMIT 20;'
    """
    return _query("SELECT *", table, f"length({column}) > {most}")


def out_of_range(table: str, column: str, least: int, most: int) -> str:
    """Write the query for numbers that do not fit.

    >>> out_of_range("public.orders", "id", -32768, 32767)
    'SELECT * FROM public.orders WHERE id NOT BETWEEN -32768 AND 32767 LIMIT 20;'
    """
    return _query("SELECT *", table, f"{column} NOT BETWEEN {least} AND {most}")


def no_input_of(table: str, column: str, type_: str) -> str:
    """Write the query for texts that a type does not take; PostgreSQL 16 and newer can be asked.

    >>> no_input_of("public.orders", "code", "integer")
    "SELECT * FROM public.orders WHERE NOT pg_input_is_valid(code::text, 'integer') LIMIT 20;"
    """
    return _query("SELECT *", table, f"NOT pg_input_is_valid({column}::text, '{type_}')")


def of_constraint(constraint: CatalogObject, catalog: Catalog) -> str:
    """Write the query for rows that violate a CHECK, a foreign key, or a unique or primary key of a catalog."""
    table, definition, columns = constraint.table or "", constraint.text("definition"), columns_of(constraint)
    if constraint.text("type") == "check":
        return violating(table, definition)
    if constraint.text("type") == "foreign key":
        parent = constraint.text("references")
        return orphans(table, columns, parent, _referenced(definition) or key_of(parent, catalog))
    return duplicates(table, columns)


def columns_of(constraint: CatalogObject) -> tuple[str, ...]:
    """Return the columns of a constraint, quoted."""
    columns = constraint.attributes.get("columns")
    return tuple(str(column) for column in columns) if isinstance(columns, list | tuple) else ()


def key_of(table: str, catalog: Catalog) -> tuple[str, ...]:
    """Return the columns of a table's primary key."""
    keys = (found for found in catalog.of_kind("constraint") if found.text("type") == "primary key")
    return next((columns_of(found) for found in keys if found.table == table), ())


def _referenced(definition: str) -> tuple[str, ...]:
    """Return the columns that a foreign key's definition names of the other table."""
    inside = definition.partition(" REFERENCES ")[2].partition("(")[2].partition(")")[0]
    return tuple(name.strip() for name in inside.split(",")) if inside else ()


def _query(what: str, table: str, which: str, grouped: str = "") -> str:
    where = f" WHERE {which}" if which else ""
    return f"{what} FROM {table}{where}{grouped} {_SOME};"
