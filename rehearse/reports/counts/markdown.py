"""Counts as Markdown, for a pull request or a page: what differs as a table, the rest folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Row
from rehearse.reports.counts import words

_SIGN = {Status.EQUAL: "✅", Status.DIFFERENT: "❌", Status.UNKNOWN: "❓", Status.SKIPPED: "➖"}  # noqa: RUF001 - signs
_MOST_LOCATED = 50


def render(counts: Counts) -> str:
    """Return the comparison as GitHub-flavoured Markdown."""
    return "\n".join(line for part in _parts(counts) for line in (*part, "")).rstrip()


def _parts(counts: Counts) -> Iterator[Sequence[str]]:
    yield [f"### {_SIGN[counts.status]} Counts: {counts.status.value}"]
    yield [_escaped(words.summary(counts))]
    listed = [*counts.with_status(Status.DIFFERENT), *counts.with_status(Status.UNKNOWN)]
    if listed:
        yield list(_table(counts, listed))
    for row in listed:
        for found in row.located:
            lines = [f"- {_escaped(words.located_row(one))}" for one in found.rows[:_MOST_LOCATED]]
            more = len(found.rows) - _MOST_LOCATED
            yield [
                f"**{_escaped(row.label)}**, {_escaped(words.located(found))}",
                "",
                *lines,
                *([f"- and {more} more"] if more > 0 else []),
            ]
    equal = [row for row in counts.rows if row not in listed]
    if equal:
        yield ["<details><summary>The others</summary>", "", *_table(counts, equal), "", "</details>"]
    yield [f"- {_escaped(f'{side.name}: {words.side(side)}')}" for side in counts.sides]
    if counts.notes:
        yield [f"- {_escaped(note)}" for note in counts.notes]
    yield [_escaped(f"Next: {words.next_step(counts)}")]


def _table(counts: Counts, rows: Sequence[Row]) -> Iterator[str]:
    sides = [side.name for side in counts.sides]
    yield f"| | {' | '.join(map(_escaped, sides))} | status | |"
    yield f"|---|{'---:|' * len(sides)}---|---|"
    for row in rows:
        numbers = " | ".join(words.number(row.cells[side]) for side in sides)
        yield f"| {_escaped(row.label)} | {numbers} | {row.status.value} | {_escaped(words.told(row))} |"


def _escaped(text: str) -> str:
    r"""Return text that Markdown and HTML leave as it is.

    >>> _escaped("a|b_c <d>")
    'a\\|b\\_c &lt;d&gt;'
    """
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{sign}" if sign in "\\`*_[]|~" else sign for sign in plain).replace("\n", " ")
