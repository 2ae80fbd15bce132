"""Compare what two or more sides said of themselves, property by property."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rehearse.model.comparison import Status
from rehearse.model.json import JSON
from rehearse.model.parity import Compared, Entry, Parity, Reading, Remark

_AT_LEAST = 2  # sides that speak, for a comparison


def compare(readings: Sequence[Reading], ignore: Sequence[str] = ()) -> Parity:
    """Return where the sides part. A side that failed is told, and the others are compared.

    Rules are "topic.name" with * and ? as in file names. A property that some side may not read is skipped,
    never equal.
    """
    answered = [reading for reading in readings if reading.side.failure is None]
    found = tuple(_everything(answered))
    ignored = {item.key for item in found if _matches(item.key, ignore)}
    kept = tuple(item for item in found if item.key not in ignored)
    return Parity(
        sides=tuple(reading.side for reading in readings),
        differences=_weighed(item for item in kept if item.status is Status.DIFFERENT),
        ignored=_weighed(item for item in found if item.key in ignored and item.status is Status.DIFFERENT),
        skipped=tuple(
            item for item in kept if item.status is Status.SKIPPED and item.silent and item.importance.is_compared
        ),
        alone=tuple(item for item in kept if item.unaware and item.importance.is_compared),
        information=tuple(item for item in kept if not item.importance.is_compared),
        remarks=_remarks(answered, ignored),
        unknown=_topics(answered, ignore, failed=True),
        gaps=_topics(answered, ignore, failed=False),
        equal=Counter(item.topic for item in kept if item.status is Status.EQUAL),
        unused_rules=_unused(ignore, found, answered),
    )


def _everything(readings: Sequence[Reading]) -> Iterator[Compared]:
    held = [(reading, {entry.key: entry for entry in reading.entries}) for reading in readings]
    first: dict[str, Entry] = {}
    for _, entries in held:
        for key, entry in entries.items():
            first.setdefault(key, entry)
    for key in sorted(first, key=lambda key: (first[key].topic, first[key].name)):
        yield _compared(first[key], [(reading, entries.get(key)) for reading, entries in held])


def _compared(entry: Entry, held: Iterable[tuple[Reading, Entry | None]]) -> Compared:
    said = _said(entry, held)
    attributes = _differing([found.compared for found in said.values.values() if found and found.compared is not None])
    partly = len({found is None for found in said.values.values()}) > 1
    return Compared(
        topic=entry.topic,
        name=entry.name,
        importance=entry.importance,
        status=_status(entry, said, differs=partly or bool(attributes)),
        values=said.values,
        attributes=attributes,
        silent=said.silent,
        unaware=said.unaware,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """Who has a property, who does not, who cannot say, and whose server does not know of it."""

    values: Mapping[str, Entry | None]
    silent: Mapping[str, str]
    unaware: tuple[str, ...]


def _said(entry: Entry, held: Iterable[tuple[Reading, Entry | None]]) -> _Said:
    values: dict[str, Entry | None] = {}
    silent: dict[str, str] = {}
    unaware: list[str] = []
    for reading, found in held:
        side = reading.side.name
        why = reading.failures.get(entry.topic) or reading.gaps.get(entry.topic) or ""
        if found is not None and found.compared is not None:
            values[side] = found
        elif found is not None or why:
            silent[side] = (found.remark if found else None) or why or "may not be read"
        elif entry.expected:
            values[side] = None
        else:
            unaware.append(side)
    return _Said(values=values, silent=silent, unaware=tuple(unaware))


def _status(entry: Entry, said: _Said, *, differs: bool) -> Status:
    if not entry.importance.is_compared:
        return Status.SKIPPED
    if differs:
        return Status.DIFFERENT
    return Status.SKIPPED if said.silent or len(said.values) < _AT_LEAST else Status.EQUAL


def _differing(found: Sequence[Mapping[str, JSON]]) -> tuple[str, ...]:
    """Return the attributes that differ between any two that have them: what a version does not know is no difference.

    >>> _differing([{"admin": True, "set": True}, {"admin": True}, {"admin": False}])
    ('admin',)
    """
    names = dict.fromkeys(name for attributes in found for name in attributes)
    return tuple(name for name in names if _parts([entry[name] for entry in found if name in entry]))


def _parts(values: Sequence[JSON]) -> bool:
    return any(value != values[0] for value in values)


def _weighed(found: Iterable[Compared]) -> tuple[Compared, ...]:
    return tuple(sorted(found, key=lambda item: (item.importance.rank, item.topic, item.name)))


def _matches(key: str, rules: Iterable[str]) -> bool:
    return any(fnmatchcase(key, rule) for rule in rules)


def _remarks(readings: Iterable[Reading], ignored: Iterable[str]) -> tuple[Remark, ...]:
    """Return what deserves attention on a side by itself; of what may not be read, nothing."""
    left_out = frozenset(ignored)
    return tuple(
        Remark(side=reading.side.name, topic=entry.topic, name=entry.name, text=entry.remark)
        for reading in readings
        for entry in reading.entries
        if entry.remark and entry.compared is not None and entry.key not in left_out
    )


def _topics(readings: Iterable[Reading], rules: Sequence[str], *, failed: bool) -> tuple[Remark, ...]:
    return tuple(
        Remark(side=reading.side.name, topic=topic, name="", text=text)
        for reading in readings
        for topic, text in (reading.failures if failed else reading.gaps).items()
        if not _matches(f"{topic}.*", rules)
    )


def _unused(rules: Iterable[str], found: Iterable[Compared], readings: Iterable[Reading]) -> tuple[str, ...]:
    keys = [item.key for item in found]
    keys += [f"{topic}.*" for reading in readings for topic in (*reading.failures, *reading.gaps)]
    return tuple(rule for rule in dict.fromkeys(rules) if not any(fnmatchcase(key, rule) for key in keys))
