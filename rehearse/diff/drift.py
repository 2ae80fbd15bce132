"""Compare the schemas of two environments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from rehearse.diff.schema import differences
from rehearse.diff.sentences import sentences
from rehearse.model.catalog import Catalog
from rehearse.model.change import SchemaChange
from rehearse.model.comparison import Side
from rehearse.model.drift import Drift

Read = tuple[Side, Catalog | None]  # None: the side says why it could not be read


def compare(first: Read, other: Read, ignore: Sequence[str] = ()) -> Drift:
    """Return how the second schema differs from the first; of sides that were not both read, nothing.

    Rules are "kind.object" with * and ? as in file names: "grant.*", "column.public.orders.note".
    """
    (left, before), (right, after) = first, other
    if before is None or after is None:
        return Drift(sides=(left, right), changes=())
    found = differences(before, after)
    added = sum(change.action == "added" for change in found)
    return told((left, right), found, ignore, objects=len(before.objects) + added)


def told(
    sides: tuple[Side, Side],
    found: Iterable[SchemaChange],
    ignore: Sequence[str] = (),
    *,
    objects: int,
    notes: tuple[str, ...] = (),
) -> Drift:
    """Return what was found as an answer: what rules ignore set apart, the rest in sentences."""
    found = tuple(found)
    ignored = tuple(change for change in found if _is_ignored(change, ignore))
    changes = tuple(change for change in found if not _is_ignored(change, ignore))
    return Drift(
        sides=sides,
        changes=changes,
        told=tuple(sorted(sentences(changes))),  # so that what belongs to one table stands together
        ignored=ignored,
        unused_rules=tuple(
            rule for rule in dict.fromkeys(ignore) if not any(_is_ignored(one, [rule]) for one in found)
        ),
        objects=objects,
        notes=notes,
    )


def _is_ignored(change: SchemaChange, rules: Iterable[str]) -> bool:
    return any(fnmatchcase(f"{change.kind}.{change.object}", rule) for rule in rules)
