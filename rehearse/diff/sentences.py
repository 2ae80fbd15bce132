"""Changes in words, one line an object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rehearse.model.change import SchemaChange
from rehearse.model.json import JSON

# What says most about an object in a few words; of other kinds the name has to do.
_ESSENCE = {"column": "type", "constraint": "definition", "domain": "type", "extension": "version"}
_SHORT = 60  # characters of a value that still fit a line


def sentences(changes: Iterable[SchemaChange]) -> tuple[str, ...]:
    """Say each change in a line; what came or went with its table is only counted, on the table's line."""
    told = tuple(changes)
    parts: dict[tuple[str, str], Counter[str]] = {
        (change.action, change.object): Counter() for change in told if _is_whole_table(change)
    }
    lines: list[SchemaChange] = []
    for change in told:
        if not _is_whole_table(change) and (change.action, change.table or "") in parts:
            parts[change.action, change.table or ""][change.kind] += 1
        else:
            lines.append(change)
    return tuple(
        sentence(change, parts[change.action, change.object] if _is_whole_table(change) else None) for change in lines
    )


def sentence(change: SchemaChange, parts: Mapping[str, int] | None = None) -> str:
    """Say one change in a line, with the number of parts of each kind that came or went along.

    >>> from functools import partial
    >>> note = partial(SchemaChange, kind="column", object="public.orders.note", table="public.orders")
    >>> sentence(note(action="added", before=None, after={"type": "text"}))
    'public.orders: column note text added'
    >>> sentence(note(action="altered", before={"not_null": False}, after={"not_null": True}))
    'public.orders: column note altered: not null no -> yes'
    """
    subject = f"{change.kind.replace('-', ' ')} {_name(change)}".rstrip()
    place = f"{change.table}: " if change.table is not None else ""
    if change.action == "altered":
        return f"{place}{subject} {_alterations(change)}"
    essence = _plain((change.before or change.after or {}).get(_ESSENCE.get(change.kind, "")))
    hint = f", perhaps renamed to {change.perhaps_renamed_to}" if change.perhaps_renamed_to else ""
    return f"{place}{subject}{f' {essence}' if essence != 'none' else ''} {change.action}{_with(parts or {})}{hint}"


def _is_whole_table(change: SchemaChange) -> bool:
    return change.kind == "table" and change.action != "altered"


def _name(change: SchemaChange) -> str:
    """Return the object's name as it is read after its table's; nothing for the table itself."""
    if change.object == change.table:
        return ""
    return change.object.removeprefix(f"{change.table}.")


def _alterations(change: SchemaChange) -> str:
    before, after = change.before or {}, change.after or {}
    said = [_alteration(name, before, after) for name in before if name != "name"]
    if change.renamed_to is None:
        return f"altered: {', '.join(said)}"
    return ", ".join([f"renamed to {change.renamed_to}", *said])


def _alteration(name: str, before: Mapping[str, JSON], after: Mapping[str, JSON]) -> str:
    words = name.replace("_", " ")
    old, new = _plain(before.get(name)), _plain(after.get(name))
    if len(old) > _SHORT or len(new) > _SHORT or "\n" in old + new:
        return f"{words} changed"
    return f"{words} {old} -> {new}"


def _plain(value: JSON) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_plain(inner) for inner in value) or "none"
    return str(value)


def _with(parts: Mapping[str, int]) -> str:
    """Say what came or went along: " with 3 columns, 1 index"."""
    counted = ", ".join(f"{number} {_plural(kind.replace('-', ' '), number)}" for kind, number in sorted(parts.items()))
    return f" with {counted}" if counted else ""


def _plural(noun: str, number: int) -> str:
    """Return the noun as it is counted.

    >>> _plural("policy", 2), _plural("index", 2), _plural("column", 1), _plural("statistics", 2)
    ('policies', 'indexes', 'column', 'statistics')
    """
    if number == 1 or noun.endswith("s"):
        return noun
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("x") else f"{noun}s"
