"""Counts as Markdown, for a pull request or a page: what differs as a table, the rest folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rehearse.model.comparison import Status
from rehearse.model.counts import Counts, Located, Row
from rehearse.reports.counts import figures, words
from rehearse.reports.counts.limits import limits

_SIGN = {Status.EQUAL: "✅", Status.DIFFERENT: "❌", Status.UNKNOWN: "❓", Status.SKIPPED: "➖"}  # noqa: RUF001 - signs
_MOST_LOCATED = 50
_LONGEST_HEAD = 30


def render(counts: Counts) -> str:
    """Return the comparison as GitHub-flavoured Markdown."""
    return "\n".join(line for part in _parts(counts) for line in (*part, "")).rstrip()


def _parts(counts: Counts) -> Iterator[Sequence[str]]:
    yield [f"### {_SIGN[counts.status]} Counts: {words.heading(counts)}"]
    yield [_escaped(words.summary(counts))]
    listed = words.listed(counts)
    if listed:
        yield list(_table(counts, listed))
    for row in listed:
        for found in row.located:
            yield list(_located(row, found))
    yield from _folded(counts)
    if counts.since is not None:
        changed = (f"{change.side}: {change.label} {figures.change(change)}" for change in counts.since.changes)
        yield _list(f"Since {figures.moment(counts.since.counted_at)}", [*changed, words.unchanged(counts.since)])
    yield _list("Sides", map(words.named_side, counts.sides, _heads(counts)))
    notes = [*limits(counts), *counts.notes]
    if notes:
        yield _list("Notes", notes)
    yield [f"**Next:** {_escaped(words.next_step(counts))}"]


def _table(counts: Counts, rows: Sequence[Row]) -> Iterator[str]:
    heads = [_escaped(head) for head in _heads(counts)]
    apart = ["apart"] if any(figures.apart(row) for row in rows) else []
    told = ["what is known"] if any(words.told(row) for row in rows) else []
    yield _line(["table", *heads, *apart, "status", *told])
    yield f"|---|{'---:|' * len(heads + apart)}---|{'---|' * len(told)}"
    for row in rows:
        numbers = [_escaped(figures.number(row.cells[side.name])) for side in counts.sides]
        difference = [_escaped(figures.apart(row)) for _ in apart]
        says = [_escaped(words.told(row)) for _ in told]
        yield _line([_escaped(row.label), *numbers, *difference, words.status(row), *says])


def _heads(counts: Counts) -> Sequence[str]:
    names = [side.name for side in counts.sides]
    return names if all(len(name) <= _LONGEST_HEAD for name in names) else words.letters(counts)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _located(row: Row, found: Located) -> Iterator[str]:
    yield f"**{_escaped(row.label)}**, {_escaped(words.located(found))}"
    if found.rows:
        yield ""
    for one in found.rows[:_MOST_LOCATED]:
        yield f"- {_escaped(words.located_row(one))}"
    if len(found.rows) > _MOST_LOCATED:
        yield f"- and {len(found.rows) - _MOST_LOCATED} more (all of them with --format json)"


def _folded(counts: Counts) -> Iterator[Sequence[str]]:
    equal = counts.with_status(Status.EQUAL)
    if equal:
        summary = f"<details><summary>{words.equal(counts)}</summary>"
        yield [summary, "", *_table(counts, equal), "", "</details>"]
    left_out = words.left_out(counts)
    if left_out:
        names = (f"- {_escaped(row.label)}: {_escaped(row.reason)}" for row in left_out)
        yield [f"<details><summary>{len(left_out):,} not compared.</summary>", "", *names, "", "</details>"]


def _list(title: str, items: Iterable[str]) -> Sequence[str]:
    return [f"**{title}**", "", *(f"- {_escaped(item)}" for item in items)]


def _escaped(text: str) -> str:
    r"""Return text that Markdown and HTML leave as it is.

    >>> _escaped("a|b_c <d> $e")
    'a\\|b\\_c &lt;d&gt; \\$e'
    """
    shown = figures.plain(text.replace("\n", " "))
    safe = shown.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{sign}" if sign in "`*_[]|~$" else sign for sign in safe)
