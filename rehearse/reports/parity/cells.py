"""What stands in one cell: a property of one side, as short as the difference allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rehearse.model.json import JSON
from rehearse.model.parity import Compared, Entry
from rehearse.model.quantity import size

_PLAIN = frozenset({"value", "version", "bytes"})  # attributes whose name the subject says already
_LONG = 200  # characters of a value
# Where a topic lists only what somebody has changed, what is not listed is there all the same.
_ABSENT = {
    "database-setting": "not set",
    "role-setting": "not set",
    "privilege": "as by default",
    "default-privilege": "as by default",
}


def subject(item: Compared) -> str:
    """Return the name of a property as people say it."""
    return f"{item.topic.replace('-', ' ')} {item.name}"


def cell(item: Compared, side: str) -> str:
    """Return what a side holds of a property: the attributes that differ, or all of them.

    An absence says its kind: not there, not to be read, or unknown to such a server.
    """
    if side in item.unaware:
        return "not known to it"
    if side in item.silent:
        return "not readable"
    entry = item.values.get(side)
    if entry is None:
        return _ABSENT.get(item.topic, "not there")
    others = [other for name, other in item.values.items() if name != side and other is not None]
    return "\n".join(_lines(entry, item.attributes, others)) or "there"


def _lines(entry: Entry, attributes: Sequence[str], others: Sequence[Entry]) -> list[str]:
    held = entry.compared or {}
    source = entry.told.get("source")
    if source is not None:
        waiting = ["restart pending"] if held.get("pending_restart") else []
        return [_said("value", held.get("value"), []), *waiting, f"({source})"]
    return [_line(name, held, others) for name in attributes or _telling(held)]


def _telling(held: Mapping[str, JSON]) -> Sequence[str]:
    """Return the attributes that say something of a thing that others do not have at all."""
    return [name for name, value in held.items() if value not in (None, False, [])] or list(held)


def _line(name: str, held: Mapping[str, JSON], others: Sequence[Entry]) -> str:
    if name not in held:
        return f"{_words(name)}: not known to it"
    said = _said(name, held[name], [(other.compared or {}).get(name) for other in others])
    return said if name in _PLAIN else f"{_words(name)}: {said}"


def _said(name: str, value: JSON, others: Sequence[JSON]) -> str:
    if name == "bytes" and isinstance(value, int):
        return size(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _besides(value, others)
    text = _plain(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def _besides(value: Sequence[JSON], others: Sequence[JSON]) -> str:
    """Return the elements of a list that not all sides have; of equal lists, all.

    >>> _besides(["0001", "0002", "0003"], [["0001", "0002"]])
    '0003, 2 in common'
    """
    lists = [other for other in others if isinstance(other, Sequence) and not isinstance(other, str)]
    common = [element for element in value if lists and all(element in other for other in lists)]
    own = [_plain(element) for element in value if element not in common]
    if not own or not common:
        return _cut(", ".join(own or [_plain(element) for element in common])) or "none"
    return f"{_cut(', '.join(own))}, {len(common)} in common"


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def _plain(value: JSON) -> str:
    if value is None or value == "":
        return "none" if value is None else "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
