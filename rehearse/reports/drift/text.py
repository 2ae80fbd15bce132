"""The drift of two schemas, for a terminal: a line an object, those of a table together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from rehearse.model.change import SchemaChange
from rehearse.model.comparison import Status
from rehearse.model.drift import Drift

_WIDTH = 100
_NEXT = {
    Status.EQUAL: "Nothing: a migration meets the same schema on both sides.",
    Status.DIFFERENT: "Align what differs, or accept it with --ignore 'KIND.OBJECT', or under [drift] ignore in "
    "rehearse.toml.",
    Status.UNKNOWN: "See to the side that could not be read, then compare again.",
}


def render(drift: Drift, *, width: int = _WIDTH) -> str:
    """Return the answer as text of a given width."""
    sections = (_head(drift), (f"  {line}" for line in drift.told), _left_out(drift), _sides(drift))
    paragraphs = ["\n".join(line for text in section for line in _wrapped(text, width)) for section in sections]
    closing = "\n".join(_wrapped(f"Next: {_next(drift)}", width))
    return "\n\n".join(filter(None, [*paragraphs, closing])) + "\n"


def _next(drift: Drift) -> str:
    if drift.status is Status.EQUAL and drift.notes:
        return "Nothing: what was compared is the same."
    return _NEXT[drift.status]


def _wrapped(text: str, width: int) -> list[str]:
    indent = text[: len(text) - len(text.lstrip())]
    return wrap(text, width, subsequent_indent=f"{indent}  ", break_on_hyphens=False, break_long_words=False)


def _head(drift: Drift) -> Iterator[str]:
    yield drift.status.value.upper()
    first, other = (side.name for side in drift.sides)
    if drift.status is Status.EQUAL:
        limits = ", as far as they were compared" if drift.notes else ""
        yield f"{first} and {other} have the same schema, of {drift.objects:,} objects{limits}."
    if drift.status is Status.DIFFERENT:
        yield f"From {first} to {other}, {_objects(drift.changes)} of {drift.objects:,} differ:"


def _left_out(drift: Drift) -> Iterator[str]:
    if drift.ignored:
        yield f"Ignored by rule: {_objects(drift.ignored)} that differ."
    for rule in drift.unused_rules:
        yield f'The rule "{rule}" matches nothing that differs.'
    versions = {side.server_version.partition(".")[0] for side in drift.sides if side.server_version}
    if drift.changes and len(versions) > 1:
        yield "The servers' versions differ: each words views, rules and expressions in its own way."
    yield from drift.notes


def _sides(drift: Drift) -> Iterator[str]:
    yield "Sides"
    for side in drift.sides:
        if side.failure is not None:
            yield f"  {side.name}: {side.place}: {side.failure}"
        else:
            server = f", PostgreSQL {side.server_version}" if side.server_version else ""
            moment = f", as of {side.read_at:%Y-%m-%d %H:%M:%S} UTC" if side.read_at else ""
            yield f"  {side.name}: {side.place}{server}{moment}"


def _objects(changes: Iterable[SchemaChange]) -> str:
    number = len({(change.kind, change.object) for change in changes})
    return f"{number:,} object{'' if number == 1 else 's'}"
