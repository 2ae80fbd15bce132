"""The HTML report: everything is there, nothing is markup that should be text, and every reader can use it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from benchmarks.html_report import MOST_BYTES, MOST_SECONDS, large
from builders import (
    NOON,
    ORDERS,
    evidence,
    facts,
    fidelity,
    lock,
    migration,
    rehearsal,
    row_count,
    seconds,
    setting,
    statement,
    step,
    table,
    timeline,
    verdict,
    work,
)

from rehearse import registry
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.baseline import Baseline
from rehearse.model.calibration import Calibration, Line, Point, StepCalibration
from rehearse.model.change import SchemaChange
from rehearse.model.downgrade import Downgrade, Loss, Way
from rehearse.model.expectation import Bounds, Expectation, Subject
from rehearse.model.failure import Failure, Remnant
from rehearse.model.finding import Acceptance, Family, Finding, Ground, Severity
from rehearse.model.fulfilment import Fulfilment
from rehearse.model.migration import ForeignConnection
from rehearse.model.policy import Limit, Policy
from rehearse.model.report import Report, Verdict
from rehearse.model.setting import Standing
from rehearse.model.severity import Override
from rehearse.model.snapshot import ColumnTreatment
from rehearse.model.timeline import LockMode, Outcome, SizeChange, TableSize, Wait, WorkKind
from rehearse.reports import acts, html, plain, steps
from rehearse.reports.html import bars, changes, folding, lanes, outlook, picture
from rehearse.reports.html.lanes import Stop

HOSTILE = 'public."</script><img src=x onerror=alert(1)>"'
LONG = "public.a_name_of_sixty_three_characters_which_is_as_long_as_they_can_get_"
ARABIC = 'public."جدول_الطلبات"'
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser makes of a page; an element that is closed out of turn is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.headings: list[int] = []
        self.said = ""
        self._within: list[str] = []
        self.feed(page)
        assert self._within == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self._within.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._within.pop() == tag, f"{tag} is closed out of turn"
        self.said += "" if tag in ("code", "span") else " "

    def handle_data(self, data: str) -> None:
        if "style" not in self._within:
            self.said += data

    def values(self, wanted: str) -> list[str]:
        return [value or "" for _, name, value in self.attributes if name == wanted]


def finding(name: str = ORDERS, **fields: object) -> Finding:
    plain_one: dict[str, object] = {
        "check": "table-rewrite",
        "family": Family.BLOCKING,
        "severity": Severity.BLOCK,
        "step": "0001",
        "object": name,
        "message": f"{name} was written anew.",
        "remedy": "Do it in batches.",
        "evidence": {"sql": f"ALTER TABLE {name}", "rows": 2_000, "lock": None},
    }
    return Finding(**{**plain_one, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def report(*findings: Finding, verdict: Verdict = Verdict.UNSAFE, **fields: object) -> Report:
    given = rehearsal(**fields)
    return Report(verdict=verdict, reasons=("why it is so",), findings=findings, rehearsal=given)


def judged() -> Report:
    given = rehearsal(
        facts=facts(table(20_000)),
        row_counts=(row_count(2_000, 2_000, 20_000),),
        timeline=timeline(statement(work=(work(WorkKind.REWRITE, 2_000),)), lock(timeout=timedelta(0))),
    )
    return verdict(given)


def full() -> Report:
    """Return a report in which every section has something to say."""
    size = TableSize(table=8192, indexes=16384, toast=0)
    failure = Failure(
        step="0002",
        sqlstate="23505",
        message="there are duplicates",
        statement="ALTER TABLE x",
        location="versions/2.py:7",
        undone=("0002",),
        kept=("0001",),
        half_done=("0002",),
        remnants=(Remnant(kind="index", object="public.i", step="0002", told="index public.i is there"),),
        heads={"public.alembic_version": ("0001",)},
    )
    lost = Loss(kind="rows", object="o", table="o", told="1 row gone")
    accepted = Acceptance(
        ground=Ground.ACKNOWLEDGED, reason="it is night then", owner="anna", expires=date(2027, 1, 31), place="r.toml:3"
    )
    expired = Acknowledgement(check="rows-lost", object="*", reason="long ago", expires=date(2025, 1, 31))
    override = Override(check="rows-lost", severity=Severity.WARN, reason="we have copies", place="r.toml:9")
    expectation = Expectation(
        step="0001", subject=Subject.ROWS, said=f"rows {ORDERS} -1", place="1.py:3", bounds=Bounds.read("-1")
    )
    given = rehearsal(
        id="20261128-015200-3f2a9c",
        timeline=timeline(
            statement(1, work=(work(WorkKind.REWRITE),)),
            statement(2, step="0002", outcome=Outcome.FAILED, message="there are duplicates", sqlstate="23505"),
            lock(),
            lock(LockMode.ROW_EXCLUSIVE),
            sizes=(SizeChange(object=ORDERS, before=size, after=None),),
            waits=(
                Wait(
                    session="a",
                    holders=("b",),
                    statement=1,
                    mode="ShareLock",
                    awaited=ORDERS,
                    started=NOON,
                    ended=seconds(1),
                    was_granted=False,
                ),
            ),
            notes=("a note of the timeline",),
        ),
        migration=migration(
            step(),
            step("0002", Outcome.FAILED),
            step("0003", Outcome.SKIPPED),
            connections=(
                ForeignConnection(target="postgresql://other", redirected=False, location="env.py:4"),
                ForeignConnection(target="postgresql://prod", redirected=True),
            ),
            output_tail="the last line",
            versions=(("alembic", "1.20.1"),),
        ),
        changes=(
            SchemaChange(
                action="altered", kind="column", object="c", table="t", before={"type": "a"}, after={"type": "b"}
            ),
        ),
        changes_told=("t: column c altered: type a -> b",),
        row_counts=(row_count(5, 3, 12_000_000), row_count(None, 7, None, name="new"), row_count(1, 1, 1, name="same")),
        failure=failure,
        settings=(setting(), setting(name="shared", standing=Standing.OPEN, error="nobody knows", context=None)),
        calibration=Calibration(
            steps=(
                StepCalibration(
                    step="0001",
                    points=(Point(rows=1, work=1, took=timedelta(seconds=1)),),
                    time=Line(fixed=0, per_row=1, error=0),
                    work=Line(fixed=0, per_row=1, error=0),
                ),
            )
        ),
        downgrades=(
            Downgrade(step="0001", way=Way.LOSSY, losses=(lost,)),
            Downgrade(step="0002", way=Way.FAILING, failure=failure),
        ),
        fidelity=fidelity(
            masked=(ColumnTreatment(table=ORDERS, column="email", mask="email", reason="its name", keeps=("null",)),),
            deviations=("a stand-in was used",),
            isolation=("network namespace",),
            migrating_role="app",
            superuser_in_production=False,
            allowed=("CREATE EXTENSION",),
        ),
        heads_before={"public.alembic_version": ("0000",)},
        heads_after={"public.alembic_version": ("0001",)},
        inputs={
            "commit": "abc123",
            "versions": {"rehearse": "0.1.0"},
            "rows": 1000,
            "target": None,
            "files": ["a", "b"],
        },
        timings={"migration": timedelta(seconds=2), "downgrade": timedelta(seconds=3), "calibration": timedelta(0)},
    )
    seen = evidence(given)
    return Report(
        verdict=Verdict.UNSAFE,
        reasons=("it is written anew", "and something is open"),
        findings=(
            finding(message="it is written anew", expired=(expired,)),
            finding(
                "t", severity=Severity.WARN, override=override, severity_of_check=Severity.BLOCK, check="rows-lost"
            ),
            finding("u", acceptance=accepted, check="rows-lost", step=None),
        ),
        rehearsal=given,
        predictions=seen.predictions,
        advice=seen.advice,
        policy=Policy(
            environment="production",
            source="commit 1f",
            overrides=(override,),
            limits=(Limit(object="public.big*", max_blocking=timedelta(seconds=3), environment="production"),),
            notes=("a note of the policy",),
        ),
        baseline=Baseline(place="main.json", findings=()),
        fulfilments=(
            Fulfilment(expectation=expectation, holds=False, object=ORDERS, told="it lost 2 rows"),
            Fulfilment(expectation=expectation, holds=None, object=ORDERS, told="", was_played=False),
        ),
        unused=(expired,),
    )


def test_every_section_says_what_there_is_to_say():
    said = " ".join(Page(html.render(full())).said.split())

    for words_of_it in (
        "Unsafe to promote",
        "2026-11-24 12:00 UTC",
        "abc123",
        "rehearse 0.1.0",
        "20261128-015200-3f2a9c",
        "and something is open",
        "it is written anew",
        "Do it in batches.",
        "acknowledged until 2025-01-31, which has passed: long ago",
        "warn by policy, block by the check: we have copies (r.toml:9)",
        "acknowledged, block",
        "it is night then (anna, until 2027-01-31, r.toml:3)",
        "ACCESS EXCLUSIVE",
        "neither reads nor writes",
        "given up",
        "there are duplicates (23505)",
        "gone (-24 kB)",
        "t: column c altered: type a -> b",
        "- type: a + type: b",
        "12 M",
        f"0001: rows {ORDERS} -1 (1.py:3): missed, it lost 2 rows",
        "not played",
        "1 row gone",
        "there are duplicates (SQLSTATE 23505)",
        "index public.i is there",
        "4MB",
        "nobody knows",
        "exact at the largest by the smaller two",
        "a stand-in was used",
        "postgresql://other at env.py:4: refused",
        "asked for postgresql://prod and was given the stage instead",
        "public.orders.email",
        "app, no superuser in production; with a superuser's rights for CREATE EXTENSION",
        "a note of the timeline",
        "a note of the policy",
        "at most 3.0 s in production",
        "main.json, 0 findings",
        "Acknowledged, though nothing of the kind was found: rows-lost *.",
        "files a, b",
        "alembic, of the project 1.20.1",
        "the last line",
    ):
        assert words_of_it in said


def medium() -> Report:
    return large(12, 4, 9)


def empty() -> Report:
    return report(verdict=Verdict.SAFE, migration=migration(), row_counts=())


@pytest.mark.parametrize("made", [judged, full, medium, empty])
def test_a_page_is_for_every_reader(made: Callable[[], Report]):
    page = Page(html.render(made()))

    assert ("html", "lang", "en") in page.attributes
    assert [page.opened.count(tag) for tag in ("h1", "header", "nav", "main", "footer")] == [1, 1, 1, 1, 1]
    assert page.headings[0] == 1
    assert all(later <= earlier + 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    referred = {part for value in page.values("aria-labelledby") for part in value.split()}
    assert referred | {link.removeprefix("#") for link in page.values("href") if link != "data:,"} <= set(identifiers)
    assert page.opened.count("caption") == page.opened.count("table")
    assert page.opened.count("th") == len(page.values("scope"))
    assert page.opened.count("summary") == page.opened.count("details")


@pytest.mark.parametrize("made", [full, medium])
def test_a_page_asks_nothing_of_anybody(made: Callable[[], Report]):
    shown = html.render(made())

    page = Page(shown)
    assert "script" not in page.opened
    assert not {"src", "srcset", "action", "data", "poster"} & {name for _, name, _ in page.attributes}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert all(link == "data:," or link.startswith("#") for link in page.values("href"))
    assert set(re.findall(r"url\(([^)]*)\)", shown)) <= {"#hatch", "#dots"}
    assert "@import" not in shown
    assert "default-src 'none'" in shown


@pytest.mark.parametrize("name", [HOSTILE, LONG, ARABIC, "x' onmouseover='y", 'a"b', "{{ 7 * 7 }}"])
def test_a_name_is_shown_fully_and_is_never_markup(name: str):
    given = report(
        finding(name),
        timeline=timeline(
            statement(sql=f"ALTER TABLE {name}", work=(work(WorkKind.SCAN, name=name),)), lock(name=name)
        ),
        migration=migration(replace(step(name), title=name, source=f"{name}.py")),
        changes=(SchemaChange(action="added", kind=name, object=name, table=name, before=None, after={name: name}),),
        changes_told=(name,),
        row_counts=(row_count(1, 2, 3, name=name),),
        inputs={name: name},
    )

    page = Page(html.render(given))

    assert not {"script", "img"} & set(page.opened)
    assert not [attribute for _, attribute, _ in page.attributes if attribute.startswith("on")]
    assert page.said.count(name) > 10


def test_signs_that_deceive_a_reader_are_written_out():
    shown = html.render(report(finding("public.\u202eevil\x00\x1b[2J")))

    assert not re.search("[\u202e\x00\x1b]", shown)
    assert r"public.\u202eevil\x00\x1b[2J" in shown


def test_every_finding_is_there_or_counted():
    many = tuple(finding(f"public.t{number}", step=f"{number // 300:04}") for number in range(900))

    said = Page(html.render(report(*many))).said

    told = [found for found in many if f"{found.object} was written anew" in said]
    assert many[0] in told
    assert len(told) == 375
    assert sum(int(number) for number in re.findall(r"And ([\d,]+) more \(all of them", said)) == 900 - 375


def test_findings_of_one_check_share_room_in_order():
    groups = [tuple(finding(f"{group}.{number}") for number in range(60)) for group in range(12)]

    found = list(folding.folds(groups))

    assert [len(fold.open) + len(fold.folded) for fold in found] == [25, 25, 25, 25, 0, 0, 0, 0, 0, 0, 0, 0]
    assert [len(fold.brief) for fold in found] == [35, 35, 35, 35, 60, 60, 40, 1, 1, 1, 1, 1]
    assert all(fold.number == 60 for fold in found)


@pytest.mark.parametrize(
    ("mode", "done", "stop"),
    [
        (LockMode.ACCESS_EXCLUSIVE, WorkKind.REWRITE, Stop.ALL),
        (LockMode.ACCESS_EXCLUSIVE, WorkKind.METADATA, Stop.ALL_BRIEFLY),
        (LockMode.SHARE, WorkKind.INDEX_BUILD, Stop.WRITES),
        (LockMode.SHARE_ROW_EXCLUSIVE, None, Stop.WRITES_BRIEFLY),
        (LockMode.SHARE_UPDATE_EXCLUSIVE, WorkKind.INDEX_BUILD, None),
    ],
)
def test_a_lock_is_drawn_by_what_it_stops(mode: LockMode, done: WorkKind | None, stop: Stop | None):
    given = rehearsal(timeline=timeline(statement(work=(work(done),) if done else ()), lock(mode)))

    found = lanes.lanes(given)

    assert [lane.worst for lane in found] == ([stop] if stop else [])


def test_work_after_a_lock_was_given_back_is_not_under_it():
    held = replace(lock(), released_by=1)
    given = rehearsal(timeline=timeline(statement(1), statement(2, work=(work(WorkKind.ROWS),)), held))

    assert lanes.lanes(given)[0].worst is Stop.ALL_BRIEFLY


def test_locks_that_overlap_are_drawn_once_by_the_strongest():
    given = rehearsal(
        timeline=timeline(
            statement(1, work=(work(WorkKind.ROWS),)),
            lock(LockMode.SHARE, held=3.0),
            replace(lock(held=1.0), acquired=seconds(2), released=seconds(3)),
        )
    )

    (lane,) = lanes.lanes(given)

    assert [(each.stop, each.started, each.ended) for each in lane.stretches] == [
        (Stop.WRITES, seconds(1), seconds(2)),
        (Stop.ALL, seconds(2), seconds(3)),
        (Stop.WRITES, seconds(3), seconds(4)),
    ]
    assert lane.blocked == timedelta(seconds=3)


def test_the_picture_is_in_proportion_to_the_timeline():
    played = (replace(step("0001"), ended=seconds(5)), replace(step("0002"), started=seconds(5), ended=seconds(10)))
    given = rehearsal(
        migration=migration(*played),
        timeline=timeline(statement(1, took=2.0, work=(work(WorkKind.REWRITE),)), lock(held=4.0)),
    )

    found = picture.picture(given)

    assert found is not None
    assert found.took == timedelta(seconds=10)
    assert [(bar.x, bar.width, bar.told) for bar in found.steps] == [(0.0, 480.0, "1"), (480.0, 480.0, "2")]
    assert [(bar.x, bar.width, bar.kind) for bar in found.statements] == [(96.0, 192.0, "work")]
    assert [(bar.x, bar.width, bar.kind) for bar in found.rows[0].bars] == [(96.0, 384.0, "all")]
    assert found.rows[0].told == "reads and writes blocked while rows are worked on, 4.0 s"
    shown = html.render(replace(report(), rehearsal=given))
    assert re.search(r'<rect class="bar all" x="96.0" y="[\d.]+" width="384.0"', shown)
    assert re.search(r'<rect class="bar work" x="96.0" y="45" width="192.0"', shown)


def test_what_is_too_thin_is_drawn_all_the_same_and_within_the_edges():
    last = replace(lock(statement=9, held=0.0), acquired=seconds(10), released=seconds(10))
    given = rehearsal(migration=migration(replace(step(), ended=seconds(10))), timeline=timeline(lock(held=0.0), last))

    found = picture.picture(given)

    assert found is not None
    assert [(bar.x, bar.width) for bar in found.rows[0].bars] == [(96.0, 2.0)]
    assert found.rows[0].bars[-1].x + found.rows[0].bars[-1].width <= picture.WIDTH


def test_a_statement_of_thousands_is_one_bar_where_they_touch():
    played = tuple(statement(1 + number, took=1.0) for number in range(5_000))
    given = rehearsal(timeline=timeline(*played))

    found = picture.picture(given)

    assert found is not None
    assert [bar.told for bar in found.statements] == ["5000 that touch"]


def test_nothing_played_is_nothing_drawn():
    given = rehearsal(migration=migration())

    assert picture.picture(given) is None
    assert '<section id="timeline"' not in html.render(report(migration=migration()))


def test_a_forecast_is_drawn_from_nothing_to_its_least_and_its_most():
    given = judged()

    found = outlook.drawing(outlook.outlooks(given))

    assert found is not None
    (row,) = found.rows
    span = row.outlook.forecast
    assert span is not None
    assert row.high == picture.WIDTH
    assert row.low == pytest.approx(picture.WIDTH * (span.low / span.high), abs=0.01)
    assert row.measured == pytest.approx(picture.WIDTH * (timedelta(seconds=0.1) / span.high), abs=0.01)
    assert span.told in Page(html.render(given)).said


def test_bars_of_rows_are_logarithmic():
    counts = (row_count(10, 0, 100_000), row_count(None, 1_000, None, name="new"))

    end = bars.most(counts)

    assert end == 100_000
    assert [bars.share(number, end) for number in (None, 0, 10, 1_000, 100_000)] == [0.0, 0.0, 20.0, 60.0, 100.0]
    assert bars.marks(end) == ((0.0, "1"), (40.0, "100"), (80.0, "10 k"))


def test_a_changed_definition_is_told_line_by_line():
    change = SchemaChange(
        action="altered",
        kind="view",
        object="v",
        table=None,
        before={"definition": "SELECT a\nFROM t", "owner": "x"},
        after={"definition": "SELECT b\nFROM t", "owner": None},
    )

    assert [(line.sign, line.text) for line in changes.lines(change)] == [
        (" ", "..."),
        (" ", "definition:"),
        ("-", "  SELECT a"),
        ("+", "  SELECT b"),
        (" ", "  FROM t"),
        ("-", "owner: x"),
        ("+", "owner: none"),
    ]


def test_what_came_is_told_without_what_says_nothing():
    change = SchemaChange(
        action="added",
        kind="column",
        object="c",
        table="t",
        before=None,
        after={"type": "text", "not_null": False, "default": None},
    )

    assert [(line.sign, line.text) for line in changes.lines(change)] == [("+", "type: text")]


def test_the_paragraph_names_cause_and_smallest_fix_without_a_technical_word():
    lost = finding("public.coupons", family=Family.LOSS, check="rows-lost", step="0002")

    told = plain.paragraph(report(finding(), lost))

    assert "must not go to production as it is" in told
    assert "Whoever uses orders would have to wait while the change works through the data." in told
    assert "Data that is there today would be gone or changed (coupons)." in told
    assert told.endswith(
        "The smallest fix: keep a copy of what goes, or let its owner agree that it may go; do the heavy part of step "
        "0001 in small pieces, or in a way that lets others carry on."
    )
    assert not re.search(r"lock|index|DDL|schema|transaction|ACCESS|rewrite|migration", told)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (report(verdict=Verdict.SAFE), "This change can go to production. Its one step was played"),
        (report(verdict=Verdict.SAFE, migration=migration()), "There is nothing to do"),
        (report(verdict=Verdict.SAFE, migration=migration(), settings=(setting(),)), "The new settings were tried"),
        (report(finding(severity=Severity.WARN), verdict=Verdict.SAFE), "One thing was found that deserves a look"),
        (
            report(finding(acceptance=Acceptance(ground=Ground.BASELINE, reason="x")), verdict=Verdict.SAFE),
            "One thing was found that the team has accepted beforehand",
        ),
        (report(verdict=Verdict.UNDECIDED), "close one question that stayed open"),
    ],
)
def test_the_paragraph_of_each_verdict(given: Report, told: str):
    assert told in plain.paragraph(given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (report(verdict=Verdict.SAFE), ["Promote it"]),
        (
            report(finding(severity=Severity.WARN), verdict=Verdict.SAFE),
            [f"Heed the warning about {ORDERS} in step 0001", "Promote it"],
        ),
        (report(verdict=Verdict.UNDECIDED), ["why it is so", "Rehearse again"]),
        (
            report(finding()),
            [
                f"Change step 0001 so that {ORDERS} can be used while it runs",
                "Or acknowledge a finding, with its reason, under [[policy.acknowledge]]",
                "why it is so",
                "Rehearse again",
            ],
        ),
    ],
)
def test_what_to_do_next(given: Report, told: list[str]):
    assert [act.told for act in acts.acts(given)] == told


def test_a_step_that_fails_is_to_be_mended():
    failure = Failure(step="0001", sqlstate=None, message="m", statement=None, location=None)
    given = report(finding("versions/1.py", family=Family.FAILING, check="step-failed"), failure=failure)

    assert acts.acts(given)[0].told == "Mend step 0001, which breaks off with an error"
    assert "Step 0001 breaks off with an error, and the release would stop there." in plain.paragraph(given)


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ((WorkKind.METADATA, WorkKind.REWRITE), [(), ("public.orders: +64 kB",)]),
        ((WorkKind.METADATA, WorkKind.SCAN), [("public.orders: +64 kB",), ()]),
        ((WorkKind.ROWS, WorkKind.INDEX_BUILD), [("public.orders: +64 kB, together with other steps",)] * 2),
    ],
)
def test_a_change_of_size_is_that_of_the_steps_that_made_it(kinds: tuple[WorkKind, WorkKind], told: list[object]):
    size = TableSize(table=8192, indexes=0, toast=0)
    given = rehearsal(
        timeline=timeline(
            statement(1, work=(work(kinds[0]),)),
            statement(2, work=(work(kinds[1]),), step="0002"),
            sizes=(SizeChange(object=ORDERS, before=size, after=replace(size, table=8192 * 9)),),
        )
    )

    assert [steps.sizes(given, step(identifier)) for identifier in ("0001", "0002")] == told


def test_an_act_leads_to_its_finding():
    page = Page(html.render(report(finding(), finding("t", step="0002"))))

    assert {"#finding-1", "#finding-2"} <= set(page.values("href"))
    assert {"finding-1", "finding-2"} <= set(page.values("id"))


@pytest.mark.parametrize(
    ("verdict", "heading"),
    [(Verdict.SAFE, "Safe to promote"), (Verdict.UNSAFE, "Unsafe to promote"), (Verdict.UNDECIDED, "Undecided")],
)
def test_the_heading_is_the_verdict(verdict: Verdict, heading: str):
    shown = registry.report_format("html").render(report(verdict=verdict))

    assert f"<title>{heading}: rehearsal of shop, 2026-11-24 12:00 UTC</title>" in shown
    assert f"<span>{heading}</span></h1>" in shown


@pytest.mark.parametrize(("complete", "times"), [(True, 0), (False, 1)])
def test_what_samples_may_have_missed_is_not_called_nothing(complete: bool, times: int):
    given = report(fidelity=fidelity(observation="sampled"), timeline=timeline(lock(), complete=complete))

    said = Page(html.render(given)).said

    assert said.count("rows may have been worked on where none were seen") == times
    assert ("no work on rows" in said, "not known" in said) == (complete, not complete)


def test_statements_beyond_the_room_are_counted():
    played = tuple(statement(1 + number, sql=f"SELECT {number}") for number in range(700))

    said = Page(html.render(report(timeline=timeline(*played)))).said

    assert said.count("SELECT ") == 400
    assert "And 300 more (all of them with --format json)." in said


def test_a_long_statement_is_cut_with_its_count():
    said = Page(html.render(report(timeline=timeline(statement(sql="SELECT '" + "x" * 9_000 + "'"))))).said

    assert "... (5,009 more characters)" in said


def test_a_large_run_fits_and_is_quickly_written():
    given = large(200, 40, 25)
    took = []
    for _ in range(3):
        started = time.perf_counter()
        page = html.render(given)
        took.append(time.perf_counter() - started)

    assert len(page.encode()) < MOST_BYTES
    assert min(took) < MOST_SECONDS


def test_thousands_of_statements_fit_as_well():
    assert len(html.render(large(200, 40, 60)).encode()) < MOST_BYTES


def test_the_format_is_known_without_the_template_engine():
    known = "import sys; from rehearse import registry; registry.report_format('html'); print('jinja2' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", known], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


@pytest.fixture
def chromium(tmp_path: Path) -> list[str]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    return [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--enable-logging=stderr",
        "--virtual-time-budget=2000",
    ]


@pytest.mark.parametrize("made", [full, medium])
def test_a_browser_has_nothing_to_complain_of(made: Callable[[], Report], chromium: list[str], tmp_path: Path):
    shown = html.render(made())
    page = tmp_path / "report.html"
    page.write_text(shown, encoding="utf-8")

    done = subprocess.run(
        [*chromium, "--dump-dom", f"file://{page}"], capture_output=True, text=True, check=True, timeout=120
    )

    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<section ") == shown.count("<section ")
