"""Changes of the schema as a difference: what was there and what is there, line by line."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rehearse.model.change import SchemaChange
from rehearse.model.json import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a difference."""

    sign: str  # "+", "-" or " "
    text: str


def lines(change: SchemaChange) -> tuple[Line, ...]:
    """Return what differs; of what came or went everything that says something."""
    return tuple(_lines(change.before or {}, change.after or {}, is_altered=change.action == "altered"))


def _lines(before: Mapping[str, JSON], after: Mapping[str, JSON], *, is_altered: bool) -> Iterator[Line]:
    for name in dict.fromkeys((*before, *after)):
        old = _written(name, before[name]) if name in before and (is_altered or _says(before[name])) else []
        new = _written(name, after[name]) if name in after and (is_altered or _says(after[name])) else []
        if len(old) > 1 or len(new) > 1:
            yield from _compared(old, new)
        else:
            yield from (Line(sign="-", text=text) for text in old)
            yield from (Line(sign="+", text=text) for text in new)


def _compared(old: list[str], new: list[str]) -> Iterator[Line]:
    """Yield what differs of a text of several lines, with three lines around it."""
    for text in itertools.islice(difflib.unified_diff(old, new, lineterm="", n=3), 2, None):  # after two headings
        yield Line(sign=" ", text="...") if text.startswith("@@") else Line(sign=text[0], text=text[1:])


def _says(value: JSON) -> bool:
    return value not in (None, "", False) and value not in ([], (), {})


def _written(name: str, value: JSON) -> list[str]:
    """Write an attribute: "type: text", one of several lines below its name."""
    title = name.replace("_", " ")
    if isinstance(value, str):
        rows = value.split("\n")
        return [f"{title}: {value}"] if len(rows) == 1 else [f"{title}:", *(f"  {row}" for row in rows)]
    if value is None or isinstance(value, bool):
        return [f"{title}: {'none' if value is None else 'yes' if value else 'no'}"]
    return [f"{title}: {json.dumps(value, ensure_ascii=False)}"]
