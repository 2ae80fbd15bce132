"""Counts in every format: the same words and numbers, whatever a name holds."""

from __future__ import annotations

import csv as csv_module
import json as json_module
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from html.parser import HTMLParser
from io import StringIO

import pytest

from rehearse import registry
from rehearse.model.comparison import Side, Status
from rehearse.model.counts import Cell, Change, Counts, Kind, Located, LocatedRow, Row, Since
from rehearse.model.json import JSON
from rehearse.protocols import CountsFormat
from rehearse.registry import UnknownPlugin
from rehearse.reports.counts import csv, figures, html, json, markdown, text, words
from rehearse.reports.counts.limits import limits

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
URL = "postgresql://application_reader@db-primary.eu-central-1.rds.example.com:5432/shop_production"
HOSTILE = 'public."<script>alert(1)</script>"'
LINES_BESIDE_DIFFERENCES = 15


def side(name: str, **varied: object) -> Side:
    given: dict[str, object] = {"place": f"postgresql://app@{name}/shop", "server_version": "18.6", "read_at": NOON}
    return Side(name=name, **(given | varied))  # type: ignore[arg-type]  # named by the tests


def row(
    name: str,
    *numbers: int | Cell,
    status: Status = Status.EQUAL,
    sides: tuple[str, ...] = ("production", "stage"),
    kind: str = "table",
    **varied: object,
) -> Row:
    cells = {
        side: number if isinstance(number, Cell) else Cell(rows=number)
        for side, number in zip(sides, numbers, strict=True)
    }
    return Row(name=name, kind=kind, cells=cells, status=status, **varied)  # type: ignore[arg-type]  # as above


def different(name: str, *numbers: int | Cell, **varied: object) -> Row:
    return row(name, *numbers, status=Status.DIFFERENT, **({"differs": ("rows",)} | varied))  # type: ignore[arg-type]  # as above


def counts(*rows: Row, sides: tuple[Side, ...] | None = None, asked: Mapping[str, JSON] | None = None) -> Counts:
    names = tuple(rows[0].cells) if rows else ("production", "stage")
    asked = {"content": True} if asked is None else asked
    return Counts(counted_at=NOON, sides=sides or tuple(map(side, names)), rows=rows, asked=asked)


def located(*rows: LocatedRow, **varied: object) -> Located:
    given: dict[str, object] = {"key": ("id",), "cap": 100, "complete": True, "where": ""}
    return Located(first="production", other="stage", rows=rows, **(given | varied))  # type: ignore[arg-type]  # as above


def medium() -> Counts:
    """Return one of everything."""
    rows = (
        LocatedRow(kind=Kind.MISSING, key={"id": "7"}, moment=NOON - timedelta(minutes=3)),
        LocatedRow(kind=Kind.EXTRA, key={"id": None}),
        LocatedRow(kind=Kind.CHANGED, key={"id": "9"}, columns=("email", "status")),
    )
    found = counts(
        row("public.customers", 100, 100),
        different("public.orders", 500, 499, differs=("rows", "content", "email"), located=(located(*rows),)),
        different("public.gone", 12, Cell(absent=True)),
        row(
            "public.secret",
            40,
            Cell(problem="permission denied"),
            status=Status.UNKNOWN,
            reason="stage: permission denied",
        ),
        row(
            "public.visits",
            1_000_000,
            Cell(rows=900_000, exact=False),
            status=Status.UNKNOWN,
            reason="stage: an estimate, which proves nothing",
        ),
        row("public.carts", 3, 3, reason="differed at first, equal 5.0 s later: rows were in flight"),
        row("public.active", Cell(), Cell(), status=Status.SKIPPED, kind="view", reason="a view: --views compares it"),
        sides=(
            side("production", lsn="0/16B3748"),
            side("stage", in_recovery=True, lag=timedelta(seconds=3)),
        ),
        asked={"content": True, "located_up_to": 100, "exclude": ["audit.*"]},
    )
    changes = (
        Change(side="production", label="public.orders", before=480, after=500),
        Change(side="stage", label="public.old", before=7, after=None),
    )
    earlier = Since(counted_at=NOON - timedelta(days=1), changes=changes, compared=9)
    return replace(found, notes=("stage holds masked values.",), since=earlier)


MEDIUM = """\
UNKNOWN
Of 7 tables: 2 different, 2 unknown, 2 equal, 1 not compared.

               production     stage      apart
public.orders         500       499         -1  different  differs in email
public.gone            12         -             different  not on stage
public.secret          40         ?             unknown  stage: permission denied
public.visits   1,000,000  ~900,000  ~-100,000  unknown  stage: an estimate, which proves nothing

public.orders
  production against stage: 1 missing, 1 extra, 1 changed
    missing id=7 (2026-11-25 11:57:00 UTC)
    extra id=NULL
    changed id=9: email and status

  equal, public.carts: differed at first, equal 5.0 s later: rows were in flight
  2 equal, 103 rows on each side.
  1 not compared: a view: --views compares it.

Since 2026-11-24 12:00:00 UTC
  production: public.orders 480 -> 500 (+20)
  stage: public.old 7 -> -
  7 numbers are as they were.

Sides
  production: postgresql://app@production/shop, PostgreSQL 18.6, as of 2026-11-25 12:00:00 UTC at
    0/16B3748
  stage: postgresql://app@stage/shop, PostgreSQL 18.6, as of 2026-11-25 12:00:00 UTC, a standby 3.0
    s behind

Notes
  What matches audit.* was left out.
  Keys are masked where the policy says so; --show-keys shows them.
  stage holds masked values.

Next: Close what is unknown and count again: unknown is neither equal nor different.
"""


def test_text_tells_everything_differences_first_and_equal_folded():
    assert text.render(medium()) == MEDIUM


def test_text_of_a_hundred_tables_is_as_long_as_what_differs():
    equal = [row(f"public.t{number}", number, number) for number in range(98)]
    found = counts(different("public.a", 1, 2), *equal, different("public.b", 3, 4))

    lines = text.render(found).splitlines()

    assert len(lines) <= LINES_BESIDE_DIFFERENCES + 2
    assert [line.split()[0] for line in lines[4:6]] == ["public.a", "public.b"]
    assert "  98 equal, 4,753 rows on each side." in lines


def test_text_stands_letters_for_names_that_are_too_long_and_says_whose():
    names = (URL, URL.replace("primary", "replica"))
    found = counts(different("public.orders", 500, 499, sides=names))

    lines = text.render(found).splitlines()

    assert lines[3].split() == ["A", "B", "apart"]
    assert any(line.startswith(f"  A is {URL}: PostgreSQL 18.6") or line == f"  A is {URL}:" for line in lines)
    assert not any(line.endswith("db-primary.eu-") for line in lines)


def test_text_keeps_names_that_have_room():
    names = ("production", "stage", "qa", "dev", "load")
    found = counts(different("public.orders", 5, 5, 5, 5, 4, sides=names))

    assert text.render(found).splitlines()[3].split() == [*names, "apart"]


def test_text_gives_a_long_reason_lines_of_its_own():
    found = counts(row("public.t", 1, Cell(), status=Status.UNKNOWN, reason="stage: " + "why " * 40))

    lines = text.render(found, width=80).splitlines()

    assert max(map(len, lines)) <= 80
    assert lines[4].endswith("unknown")
    assert lines[5].startswith("    stage: why why")


def test_text_says_once_why_a_side_could_not_be_read():
    why = "connection refused\n\tIs the server running?"
    unread = [
        row(name, 1, Cell(problem=why), status=Status.UNKNOWN, reason=f"stage: {why}")
        for name in ("public.a", "public.b")
    ]
    found = counts(*unread, sides=(side("production"), side("stage", failure=why)))

    shown = text.render(found)

    assert shown.count("connection refused Is the server running?") == 1
    assert shown.count("stage: could not be read (see Sides)") == 2


def test_text_never_cuts_a_long_table_name_and_lets_it_widen_nothing():
    name = f"public.{'x' * 63}"
    found = counts(different(name, 1, 2), different("public.b", 3, 4))

    lines = text.render(found, width=80).splitlines()

    assert lines[4] == name
    assert lines[5].split() == ["1", "2", "+1", "different"]
    assert lines[6].startswith("public.b           3")


def test_text_lets_no_name_steer_a_terminal():
    shown = text.render(counts(different("public.a\x1b[31m\nb", 1, 2)))

    assert "\x1b" not in shown
    assert r"public.a\x1b[31m\nb" in shown


def test_located_rows_are_shared_among_the_pairs_of_a_table():
    rows = [LocatedRow(kind=Kind.EXTRA, key={"id": str(number)}) for number in range(30)]
    one = counts(different("public.t", 1, 31, located=(located(*rows),)))
    four = counts(different("public.t", 1, 31, located=(located(*rows),) * 4))

    assert text.render(one).count("    extra id=") == 20
    assert "and 10 more (all of them with --format json)" in text.render(one)
    assert text.render(four).count("    extra id=") == 20


@pytest.mark.parametrize(
    ("found", "summary"),
    [
        (counts(row("t", 1, 1)), "Of 1 table: 1 equal."),
        (counts(row("t", 1, 1), row("open", 1, 1, kind="element")), "Of 2 tables and elements: 2 equal."),
        (counts(row("t", 1, 1, group="a"), row("t", 1, 1, group="b")), "Of 2 groups: 2 equal."),
        (
            counts(row("t", 1, 1), sides=(side("production"), side("stage", failure="gone"))),
            "Of 1 table: 1 equal. stage could not be read to the end.",
        ),
    ],
)
def test_the_summary_says_of_what_and_which_sides_failed(found: Counts, summary: str):
    assert words.summary(found) == summary


@pytest.mark.parametrize("shown", [text, markdown, html])
def test_one_side_alone_is_counted_and_not_skipped(shown: CountsFormat):
    alone = {"sides": ("production",), "status": Status.SKIPPED}
    found = counts(
        row("public.orders", 1_234, reason="nothing to compare with", **alone),  # type: ignore[arg-type]  # as above
        row("public.active", Cell(problem="it was not read"), reason="a view: --views compares it", **alone),  # type: ignore[arg-type]
    )

    answer = shown.render(found)

    assert words.summary(found) == "Of 2 tables: 1 counted, 1 not compared."
    assert "1,234" in answer
    assert "a view: --views compares it" in answer
    assert "nothing to compare with" not in answer


def test_what_lies_within_a_tolerance_has_no_sum_for_each_side():
    assert words.equal(counts(row("a", 5, 6), row("b", 1, 1))) == "2 equal."
    assert words.equal(counts(row("a", 1, 1), row("e", 7, 7, kind="element"))) == "2 equal, 1 row on each side."
    assert words.equal(counts(different("a", 1, 2))) == ""


@pytest.mark.parametrize(
    ("found", "apart", "share"),
    [
        (row("t", 8, 6), "-2", Fraction(1, 4)),
        (row("t", 6, 8), "+2", Fraction(1, 4)),
        (row("t", 6, 6), "", 0),
        (row("t", 6, Cell(absent=True)), "", 1),
        (row("t", 0, Cell(absent=True)), "", 0),
        (row("t", 6, Cell(problem="why")), "", 0),
        (row("t", 8, Cell(rows=6, exact=False)), "~-2", Fraction(1, 4)),
        (row("t", 4, 1, 3, sides=("a", "b", "c")), "3", Fraction(3, 4)),
    ],
)
def test_how_far_sides_lie_apart(found: Row, apart: str, share: Fraction):
    assert figures.apart(found) == apart
    assert figures.share(found) == share


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {},
            ["Only numbers were compared: equal ones may hide different contents, which --content compares."],
        ),
        ({"content": True}, []),
        ({"content": True, "tolerance": "0"}, []),
        ({"content": True, "tolerance": "100"}, ["Numbers that lie 100 rows apart or less pass as equal."]),
        ({"content": True, "tolerance": "0.1%"}, ["Numbers that lie 0.1% apart or less pass as equal."]),
        ({"estimate": True}, ["Only the planner's estimates were read."]),
        ({"content": True, "where": "id > 7"}, ["Only rows of which this holds: id > 7."]),
        (
            {"content": True, "before": "2026-11-25T12:00:00+00:00", "tables": ["a", "b.*"]},
            ["Only what matches a and b.* was asked for.", "Only rows written before 2026-11-25 12:00:00 UTC."],
        ),
    ],
)
def test_what_was_asked_limits_what_the_answer_means(asked: Mapping[str, JSON], told: list[str]):
    assert list(limits(counts(row("t", 1, 1), asked=asked))) == told


def test_json_keeps_its_keys():
    found = json_module.loads(json.render(medium()))

    orders = found["rows"][1]
    assert list(found) == ["schema_version", "status", "counted_at", "sides", "rows", "notes", "asked", "since"]
    assert list(found["sides"][0]) == [
        "name", "place", "server_version", "read_at", "lsn", "in_recovery", "lag_seconds", "failure",
    ]  # fmt: skip
    assert list(orders) == ["table", "kind", "group", "status", "reason", "differs", "counts", "located"]
    assert list(orders["counts"]["stage"]) == ["rows", "exact", "estimated_at", "absent", "problem", "marks"]
    assert orders["located"][0]["changed"] == [
        {"key": {"id": "9"}, "columns": ["email", "status"], "copies": 1, "moment": None}
    ]
    assert found["since"]["changes"][1] == {"side": "stage", "label": "public.old", "before": 7, "after": None}


def test_json_gives_the_numbers_back():
    given = medium()

    found = json.parsed(json.render(given))

    assert (found.counted_at, [name.name for name in found.sides]) == (NOON, ["production", "stage"])
    assert [(back.label, back.status, numbers(back)) for back in found.rows] == [
        (there.label, there.status, numbers(there)) for there in given.rows
    ]


def numbers(found: Row) -> list[tuple[str, int | None, bool]]:
    return [(name, cell.rows, cell.exact) for name, cell in found.cells.items()]


def test_csv_has_a_line_for_each_row_and_quotes_any_name():
    name = 'public."a, ""b"""'
    found = counts(
        different(name, 1_000, Cell(absent=True), differs=("rows", "email: NULLs")),
        row("public.t", Cell(rows=7, exact=False), Cell(problem="why"), status=Status.UNKNOWN, reason="stage: why"),
    )

    head, *lines = csv_module.reader(StringIO(csv.render(found)))

    assert head == [
        "table", "kind", "group", "status", "differs",
        "production rows", "production counted", "stage rows", "stage counted", "reason",
    ]  # fmt: skip
    assert lines == [
        [name, "table", "", "different", "rows; email: NULLs", "1000", "exactly", "", "absent", ""],
        ["public.t", "table", "", "unknown", "", "7", "estimated", "", "unknown", "stage: why"],
    ]


def test_markdown_is_a_table_whatever_a_name_holds():
    found = counts(different("public.a|b`<c>_d$", 1, 2), different("public.e\nf", 3, 4))

    lines = markdown.render(found).splitlines()

    assert lines[:3] == ["### ❌ Counts: different", "", "Of 2 tables: 2 different."]
    assert lines[4:8] == [
        "| table | production | stage | apart | status |",
        "|---|---:|---:|---:|---|",
        r"| public.a\|b\`&lt;c&gt;\_d\$ | 1 | 2 | +1 | different |",
        "| public.e f | 3 | 4 | +1 | different |",
    ]


def test_markdown_tells_located_rows_what_changed_sides_notes_and_the_next_step():
    lines = markdown.render(medium()).splitlines()

    assert "- missing id=7 (2026-11-25 11:57:00 UTC)" in lines
    assert "<details><summary>2 equal, 103 rows on each side.</summary>" in lines
    assert "- public.active: a view: --views compares it" in lines
    assert "- production: public.orders 480 -&gt; 500 (+20)" in lines
    assert "- stage holds masked values." in lines
    assert lines[-1].startswith("**Next:** Close what is unknown")


class Page(HTMLParser):
    """What a browser makes of a page: its elements, and the text of its cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.names: list[str] = []
        self._within: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "th" and ("scope", "row") in attrs:
            self.names.append("")
        if tag not in ("meta", "link"):
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._within.pop() == tag, f"{tag} is closed out of turn"

    def handle_data(self, data: str) -> None:
        if "th" in self._within and "tbody" in self._within:
            self.names[-1] += data

    def values(self, wanted: str) -> Iterator[str]:
        return (value or "" for _, name, value in self.attributes if name == wanted)


def test_html_holds_every_row_and_every_word_that_text_holds():
    shown = html.render(medium())

    names = {name.split()[0] for name in Page(shown).names}
    assert {found.name for found in medium().rows} <= names
    for told in (
        "Of 7 tables: 2 different, 2 unknown, 2 equal, 1 not compared.",
        "stage: permission denied",
        "differed at first, equal 5.0 s later: rows were in flight",
        "production against stage: 1 missing, 1 extra, 1 changed.",
        "email and status",
        "2 equal, 103 rows on each side.",
        "a view: --views compares it",
        "a standby 3.0 s behind",
        "stage holds masked values.",
        "What matches audit.* was left out.",
        "480 -&gt; 500 (+20)",
        words.next_step(medium()),
    ):
        assert told in shown


def test_html_asks_nothing_of_anybody():
    shown = html.render(medium())

    page = Page(shown)
    assert "script" not in page.opened
    assert not re.search(r"https?:|\bsrc=|@import|url\(", shown)
    assert set(page.values("href")) == {"data:,", "#rows-1"}
    assert "default-src 'none'" in shown


def test_html_is_for_every_reader():
    shown = html.render(medium())

    page = Page(shown)
    assert ("html", "lang", "en") in page.attributes
    assert "<title>Unknown: counts of production, stage</title>" in shown
    assert page.opened.count("caption") == page.opened.count("table") == 6
    assert all(("th", "scope", scope) in page.attributes for scope in ("row", "col"))
    assert page.opened.count("th") == sum(tag == "th" and name == "scope" for tag, name, _ in page.attributes)
    assert page.opened.count("h1") == page.opened.count("main") == 1
    identifiers = list(page.values("id"))
    assert len(identifiers) == len(set(identifiers))
    assert set(page.values("aria-labelledby")) <= set(identifiers)
    for media in ("prefers-color-scheme: dark", "print", "max-width"):
        assert f"@media {media}" in shown or f"@media ({media}" in shown


def test_html_says_a_status_in_words_and_what_a_sign_means():
    shown = html.render(medium())

    assert '<span aria-hidden="true">≠</span> different</span>' in shown
    assert '<span aria-hidden="true">-</span><span class="unseen">no such table</span>' in shown
    assert '<span aria-hidden="true">~900,000</span><span class="unseen">estimate 900,000</span>' in shown


def test_html_shows_how_much_of_a_table_lies_apart():
    shown = html.render(counts(different("public.t", 8, 6)))

    assert "25%" in shown
    assert '<span class="bar" aria-hidden="true"><span style="width:25.0%"></span></span>' in shown


def test_html_takes_no_name_for_markup():
    row_of_it = LocatedRow(kind=Kind.MISSING, key={"<b>": "</table>"})
    found = counts(
        different(HOSTILE, 1, 2, sides=("<i>a", '"b'), located=(located(row_of_it),), reason="<u>"),
        row(HOSTILE, 1, 1, sides=("<i>a", '"b'), group="\x00<s>"),
    )

    shown = html.render(replace(found, notes=("<em>",)))

    page = Page(shown)
    assert not {"script", "b", "i", "u", "s", "em"} & set(page.opened)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "\x00" not in shown


@pytest.mark.parametrize("number", [1, 2, 6])
def test_html_holds_one_to_six_sides_and_two_hundred_tables(number: int):
    sides = tuple(f"side{place}" for place in range(number))
    status = Status.SKIPPED if number == 1 else Status.EQUAL
    found = counts(*(row(f"public.t{n}", *[n] * number, sides=sides, status=status) for n in range(200)))

    page = Page(html.render(found))

    assert page.names == [*(f"public.t{n}" for n in range(200)), *sides]


@pytest.mark.parametrize("shown", [text, json, csv, markdown, html])
def test_every_format_says_that_nothing_could_be_compared(shown: CountsFormat):
    failed = (side("production"), Side(name="stage", place="x", failure="it refuses connections"))

    answer = shown.render(counts(sides=failed))

    assert shown is csv or "it refuses connections" in answer


@pytest.mark.parametrize("name", ["text", "json", "csv", "markdown", "html"])
def test_a_format_has_the_name_of_its_module(name: str):
    module = registry.counts_format(name)

    assert module.render(counts(row("public.t", 1, 1)))


def test_there_are_five_formats_and_no_other():
    with pytest.raises(UnknownPlugin) as raised:
        registry.counts_format("words")

    assert "csv, html, json, markdown, text." in raised.value.hint


def test_formats_are_known_without_the_template_engine():
    known = "import sys; from rehearse import registry; registry.counts_format('html'); print('jinja2' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", known], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
