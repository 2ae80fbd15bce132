"""Renames that may have happened between two databases: the same thing under another name, once on each side."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Mapping

from rehearse.diff.renames import last
from rehearse.model.catalog import Catalog, CatalogObject

_NAMED_AFTER_OTHERS = frozenset({"comment", "grant", "default-privilege", "security-label", "setting", "user-mapping"})


def renames(
    left: Catalog, removed: Collection[CatalogObject], right: Catalog, added: Collection[CatalogObject]
) -> Mapping[tuple[str, str], str]:
    """Return, by kind and identity of what is gone, what it may be called now.

    Only the stage's oids prove a rename. Here it takes one object gone and one come that are alike but for
    the name: of a table, the names and types of its columns count.
    """
    gone, come = _alike(left, removed), _alike(right, added)
    return {
        (gone[shape][0].kind, gone[shape][0].identity): come[shape][0].identity
        for shape in gone.keys() & come.keys()
        if len(gone[shape]) == len(come[shape]) == 1
    }


def _alike(catalog: Catalog, objects: Collection[CatalogObject]) -> Mapping[str, list[CatalogObject]]:
    tables = {each.identity for each in objects if each.kind == "table"}
    columns: dict[str | None, list[tuple[str, str]]] = defaultdict(list)
    for column in catalog.of_kind("column"):
        if column.table in tables:
            columns[column.table].append((last(column.identity), column.text("type")))
    found = defaultdict(list)
    for each in objects:
        if each.kind == "table":
            found[json.dumps([each.kind, sorted(columns[each.identity])])].append(each)
        elif each.kind not in _NAMED_AFTER_OTHERS:
            found[_shape(each)].append(each)
    return found


def _shape(found: CatalogObject) -> str:
    """Return everything about an object but its own name, and what keeps an old one."""
    attributes = {name: value for name, value in found.attributes.items() if name != "not_null_name"}
    own = rf"(?<![\w$]){re.escape(last(found.identity))}(?![\w$])"
    table = found.table if found.table != found.identity else None
    return json.dumps([found.kind, table, re.sub(own, "?", json.dumps(attributes, sort_keys=True))])
