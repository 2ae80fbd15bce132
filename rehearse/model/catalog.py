"""A catalog: the description of every object in a database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rehearse.model.identity import split
from rehearse.model.json import JSON
from rehearse.model.same import Same


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogObject:
    """One object of a database, described by the query file of its kind."""

    kind: str  # the file under sql/catalog/ that describes it: "column", "index", ...
    identity: str  # quoted as PostgreSQL quotes: "public.orders.note"
    table: str | None  # the relation it belongs to (itself, for a relation): "public.orders"
    physical: str  # survives a rename: the oid, or "oid.attnum" of a column
    attributes: Mapping[str, JSON]  # everything else; two objects are equal when these are

    def text(self, attribute: str) -> str:
        """Return an attribute as text, the empty string where it is null or unknown."""
        value = self.attributes.get(attribute)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Every object of one database, sorted by kind and identity."""

    objects: tuple[CatalogObject, ...]

    def of_kind(self, kind: str) -> Iterator[CatalogObject]:
        return iter(_places(Same(self)).get((kind, None), ()))

    def of_table(self, kind: str, table: str | None) -> Iterator[CatalogObject]:
        """Return the objects of a kind that belong to a table."""
        return iter(_places(Same(self)).get((kind, table), ()) if table is not None else ())

    def find(self, kind: str, identity: str) -> CatalogObject | None:
        return _names(Same(self)).get((kind, identity))

    def named(self, kind: str, names: tuple[str, ...]) -> CatalogObject | None:
        """Return the one object of a name without or with its schema; of several the one in public, or none."""
        found = [each for each in self.of_kind(kind) if split(each.identity)[-len(names) :] == names]
        in_public = [each for each in found if split(each.identity)[0] == "public"]
        return found[0] if len(found) == 1 else next(iter(in_public), None)

    @property
    def digests(self) -> Mapping[str, str]:
        """Return a short digest of each object, by kind and identity: "column public.orders.note"."""
        return {
            f"{found.kind} {found.identity}": hashlib.sha256(
                json.dumps(found.attributes, sort_keys=True, ensure_ascii=True).encode()
            ).hexdigest()[:8]
            for found in self.objects
        }

    @property
    def fingerprint(self) -> str:
        """Return a sha256 over kinds, identities and attributes; oids do not count."""
        plain = [[found.kind, found.identity, found.attributes] for found in self.objects]
        return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


@lru_cache(maxsize=4)
def _places(catalog: Same[Catalog]) -> Mapping[tuple[str, str | None], Sequence[CatalogObject]]:
    """Return the objects by kind and table, and by kind alone."""
    found: dict[tuple[str, str | None], list[CatalogObject]] = {}
    for each in catalog.value.objects:
        found.setdefault((each.kind, None), []).append(each)
        if each.table is not None:
            found.setdefault((each.kind, each.table), []).append(each)
    return found


@lru_cache(maxsize=4)
def _names(catalog: Same[Catalog]) -> Mapping[tuple[str, str], CatalogObject]:
    return {(each.kind, each.identity): each for each in reversed(catalog.value.objects)}
