"""The parity of servers, for a terminal: what differs side by side, what matters most first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from textwrap import wrap

from rehearse.model.comparison import Side, Status
from rehearse.model.parity import Compared, Importance, Parity
from rehearse.model.quantity import listing
from rehearse.reports.parity.cells import cell, subject
from rehearse.reports.parity.table import columns

_WIDTH = 100
_MOST_NAMES = 12
_LONGEST_NAME = 20  # of a side that still heads a column
_TITLES = {
    Importance.RESULTS: "Changes results",
    Importance.PLANS: "Changes plans",
    Importance.LOCKS: "Changes locks and limits",
    Importance.ACCESS: "Changes who may do what",
    Importance.OTHER: "Other differences",
}
_NEXT = {
    Status.SKIPPED: "Name sides that hold the same topics.",
    Status.EQUAL: "Nothing: what was tried on one side meets the same server on the other.",
    Status.DIFFERENT: "Align what differs, from the top down; accept what is meant to differ with --ignore "
    "'TOPIC.NAME', or under [parity] ignore in rehearse.toml.",
    Status.UNKNOWN: "See to what could not be read, then compare again: unknown is neither equal nor different.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What is written, how wide, and what the sides are called: a letter where a name is too long for a column."""

    parity: Parity
    width: int
    labels: Mapping[str, str]

    def sentence(self, text: str, indent: str = "") -> Iterator[str]:
        hanging = indent + ("  " if text.startswith("- ") else "")
        yield from wrap(text, self.width, initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False)

    def table(self, rows: Sequence[Sequence[str]]) -> Iterator[str]:
        return (f"  {line}" for line in columns(rows, self.width - 2))

    def called(self, sides: Iterable[str]) -> str:
        return listing(tuple(self.labels[side] for side in sides), 8)

    @property
    def answered(self) -> tuple[str, ...]:
        return tuple(side.name for side in self.parity.sides if side.failure is None)


def render(parity: Parity, *, width: int = _WIDTH) -> str:
    """Return the answer as text of a given width."""
    page = _Page(parity=parity, width=width, labels=_labels(parity.sides))
    sections = (
        _head(page),
        _sides(page),
        _unknown(page),
        *(_differences(page, importance) for importance in _TITLES),
        _remarks(page),
        _information(page),
        _left_out(page),
        _equal(page),
        page.sentence(f"Next: {_NEXT[parity.status]}"),
    )
    return "\n\n".join(filter(None, ("\n".join(section) for section in sections))) + "\n"


def _labels(sides: Sequence[Side]) -> dict[str, str]:
    if len(sides) > len(ascii_uppercase) or all(len(side.name) <= _LONGEST_NAME for side in sides):
        return {side.name: side.name for side in sides}
    return {side.name: letter for side, letter in zip(sides, ascii_uppercase, strict=False)}


def _head(page: _Page) -> Iterator[str]:
    parity = page.parity
    yield parity.status.value.upper()
    names, same = page.called(page.answered), sum(parity.equal.values())
    counted = Counter(found.importance for found in parity.differences)
    weights = ", ".join(f"{number} {importance.value}" for importance, number in counted.items())
    if parity.differences:
        verb = "differs" if len(parity.differences) == 1 else "differ"
        yield from page.sentence(
            f"{names}: {_things(len(parity.differences))} {verb} ({weights}), {same} compared equal."
        )
    elif same:
        yield from page.sentence(f"{names}: {_things(same)} compared equal, none differs.")
    else:
        yield "Nothing could be compared."


def _things(number: int) -> str:
    return "1 property" if number == 1 else f"{number} properties"


def _sides(page: _Page) -> Iterator[str]:
    yield "Sides"
    yield from page.table(
        [
            (
                page.labels[side.name],
                f"PostgreSQL {side.server_version}" if side.failure is None else "failed",
                _where(side),
            )
            for side in page.parity.sides
        ]
    )


def _where(side: Side) -> str:
    standby = ", a standby" if side.in_recovery else ""
    read = f"read {side.read_at:%Y-%m-%d %H:%M %Z}{standby}" if side.read_at else ""
    return "\n".join(filter(None, (side.place, " ".join((side.failure or "").split()), read)))


def _unknown(page: _Page) -> Iterator[str]:
    if page.parity.unknown:
        yield "Not known"
    for found in page.parity.unknown:
        said = f"{page.labels[found.side]}: {found.topic} could not be read: {found.text}."
        yield from page.sentence(said, "  ")


def _differences(page: _Page, importance: Importance) -> Iterator[str]:
    found = [difference for difference in page.parity.differences if difference.importance is importance]
    if found:
        yield _TITLES[importance]
        yield from _side_by_side(page, found)


def _side_by_side(page: _Page, found: Iterable[Compared]) -> Iterator[str]:
    head = ("", *(page.labels[name] for name in page.answered))
    return page.table([head, *((subject(item), *(cell(item, name) for name in page.answered)) for item in found)])


def _remarks(page: _Page) -> Iterator[str]:
    if page.parity.remarks:
        yield "On one side alone"
    for found in page.parity.remarks:
        about = f"{found.topic.replace('-', ' ')} {found.name}"
        yield from page.sentence(f"- {page.labels[found.side]}: {about} {found.text}.", "  ")


def _information(page: _Page) -> Iterator[str]:
    found = [item for item in page.parity.information if item.importance is Importance.INFORMATION]
    if found:
        yield "For information"
        yield from _side_by_side(page, found)


def _left_out(page: _Page) -> Iterator[str]:
    """Say what was not compared, and why."""
    said = [*_silent(page), *_gaps(page), *_ignored(page.parity), *_alone(page), *_places(page.parity)]
    if said:
        yield "Not compared"
    for sentence in said:
        yield from page.sentence(f"- {sentence}", "  ")


def _silent(page: _Page) -> Iterator[str]:
    """Say what may not be read, reason by reason; what a side does not hold at all is told by topic."""
    gaps = {(gap.side, gap.topic) for gap in page.parity.gaps}
    names: dict[str, dict[str, None]] = {}
    sides: dict[str, dict[str, None]] = {}
    for item in page.parity.skipped:
        for side, why in item.silent.items():
            if (side, item.topic) not in gaps:
                names.setdefault(why, {})[_short(item)] = None
                sides.setdefault(why, {})[side] = None
    for why, found in names.items():
        yield f"On {page.called(sides[why])}, {why}: {listing(tuple(found), _MOST_NAMES)}."


def _gaps(page: _Page) -> Iterator[str]:
    topics: dict[tuple[str, str], list[str]] = {}
    for gap in page.parity.gaps:
        topics.setdefault((gap.side, gap.text), []).append(gap.topic)
    for (side, why), found in topics.items():
        yield f"On {page.labels[side]}, {why}: {', '.join(found)}."


def _ignored(parity: Parity) -> Iterator[str]:
    if parity.ignored:
        verb = "differs and is" if len(parity.ignored) == 1 else "differ and are"
        names = listing(tuple(item.key for item in parity.ignored), _MOST_NAMES)
        yield f"{_things(len(parity.ignored))} {verb} ignored by rule: {names}."
    for rule in parity.unused_rules:
        yield f'The ignore rule "{rule}" matches nothing here.'


def _alone(page: _Page) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for item in page.parity.alone:
        names.setdefault(page.called(item.unaware), []).append(_short(item))
    for unaware, found in names.items():
        yield f"The server of {unaware} does not know {listing(tuple(found), _MOST_NAMES)}."


def _places(parity: Parity) -> Iterator[str]:
    places = sum(item.importance is Importance.PLACE for item in parity.information)
    if places:
        yield f"{places} settings say where a server lives: ports, paths, names."


def _short(item: Compared) -> str:
    """Return a property's name; of settings, which are many, without the topic."""
    return item.name if item.topic == "setting" else subject(item)


def _equal(page: _Page) -> Iterator[str]:
    if page.parity.equal:
        yield "Equal"
        yield from page.table([(topic, f"{number:>5}") for topic, number in sorted(page.parity.equal.items())])
