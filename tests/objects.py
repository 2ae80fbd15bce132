"""Objects of catalogs for tests of pure thought, with what the queries under sql/catalog/ tell of them."""

from __future__ import annotations

from builders import ORDERS, rehearsal

from rehearse.diff.schema import changes
from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.json import JSON
from rehearse.model.rehearsal import Rehearsal


def entry(
    kind: str, name: str, /, *, table: str | None = None, physical: str = "", **attributes: JSON
) -> CatalogObject:
    return CatalogObject(
        kind=kind, identity=name, table=table, physical=physical or f"{kind} {name}", attributes=attributes
    )


def table(identity: str = ORDERS, **attributes: JSON) -> CatalogObject:
    plain: dict[str, JSON] = {
        "owner": "shop",
        "partition_bound": None,
        "row_security": False,
        "row_security_forced": False,
        "replica_identity": "default",
    }
    return entry("table", identity, table=identity, physical=f"table {identity}", **{**plain, **attributes})


def column(name: str, number: int = 1, *, table: str = ORDERS, **attributes: JSON) -> CatalogObject:
    plain: dict[str, JSON] = {
        "type": "integer",
        "not_null": False,
        "default": None,
        "identity": None,
        "generated": None,
    }
    return entry(
        "column", f"{table}.{name}", table=table, physical=f"table {table}.{number}", **{**plain, **attributes}
    )


def index(name: str, definition: str, **attributes: JSON) -> CatalogObject:
    plain: dict[str, JSON] = {"unique": False, "primary": False, "valid": True, "replica_identity": False}
    return entry("index", f"public.{name}", table=ORDERS, **{**plain, "definition": definition, **attributes})


def constraint(name: str, of_type: str, definition: str, *columns: str, **attributes: JSON) -> CatalogObject:
    told: dict[str, JSON] = {"type": of_type, "definition": definition, "columns": list(columns), **attributes}
    return entry("constraint", f"{ORDERS}.{name}", table=ORDERS, **told)


def turned(before: list[CatalogObject], after: list[CatalogObject], **fields: object) -> Rehearsal:
    """Return a rehearsal that turned one catalog into another."""
    old, new = Catalog(objects=tuple(before)), Catalog(objects=tuple(after))
    return rehearsal(before=old, after=new, changes=changes(old, new), **fields)
