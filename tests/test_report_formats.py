"""The formats for forges, editors and CI: valid by the schemas of others, escaped, and never longer than they take."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema
from builders import (
    NOON,
    ORDERS,
    evidence,
    facts,
    lock,
    migration,
    rehearsal,
    row_count,
    setting,
    statement,
    step,
    table,
    timeline,
    verdict,
    work,
)
from markdown_it import MarkdownIt

from rehearse import registry
from rehearse.errors import RehearseError
from rehearse.judge import judge
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.calibration import Calibration, Line, Point, StepCalibration
from rehearse.model.downgrade import Downgrade, Loss, Way
from rehearse.model.failure import Failure, Remnant
from rehearse.model.finding import Acceptance, Family, Finding, Ground, Severity
from rehearse.model.migration import ForeignConnection, Stopped
from rehearse.model.policy import Policy
from rehearse.model.report import Report, Verdict
from rehearse.model.severity import Override
from rehearse.model.timeline import NestedCommand, Outcome, RebuiltIndex, SizeChange, TableSize, Wait, WorkKind
from rehearse.reports import github, gitlab, junit, markdown, markup, plain, sarif
from rehearse.reports import json as json_report
from rehearse.reports.json.schema import schema

SCHEMAS = Path(__file__).parent / "schemas"
HOSTILE = 'public."a|b`c`<script>@anna #12 $x$ _y_ **z**\n::error::\x1b[31m\u202e%25"'

HOSTILE_PROPERTY = 'public."a|b`c`<script>@anna #12 $x$ _y_ **z**%0A%3A%3Aerror%3A%3A\\x1b[31m\\u202e%2525"'


def finding(number: int = 0, severity: Severity = Severity.BLOCK, **fields: object) -> Finding:
    plain: dict[str, object] = {
        "check": "table-rewrite",
        "family": Family.BLOCKING,
        "severity": severity,
        "step": "0001",
        "object": ORDERS,
        "message": f"{ORDERS} was written anew, {number} rows of it.",
        "remedy": "Add the column nullable.",
        "evidence": {},
    }
    return Finding(**{**plain, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def having(*findings: Finding, **fields: object) -> Report:
    """Return an unsafe report of these findings."""
    reasons = tuple(found.message for found in findings if found.blocks)
    return replace(unsafe(), findings=findings, reasons=reasons, **fields)  # type: ignore[arg-type]  # as above


def unsafe(policy: Policy | None = None) -> Report:
    """Return what the checks say of a table that was written anew."""
    rewrite = statement(work=(work(WorkKind.REWRITE, 1_000, detail="default"),))
    given = rehearsal(
        id="20261128-020653-84a9ec",
        facts=facts(table(212_000_000)),
        row_counts=(row_count(1_000, 1_000, 212_000_000),),
        timeline=timeline(rewrite, lock(timeout=timedelta(0)), sizes=(_grown(),)),
        migration=migration(replace(step(), file="db/0001.py", line=9)),
        changes_told=(f"{ORDERS}: column note text added",),
    )
    return replace(verdict(given, policy), rules=registry.rules())


def safe() -> Report:
    return judge(evidence(rehearsal()), (), (), NOON.date())


def undecided(*points: str) -> Report:
    done = migration(replace(step(), file="db/0001.py"), open_points=points or ("The log is incomplete.",))
    return judge(evidence(rehearsal(migration=done)), (), (), NOON.date())


def accepted() -> Report:
    entry = Acknowledgement(
        check="table-rewrite", object="*", reason="done on Sunday", owner="anna", expires=date(2027, 1, 31)
    )
    return unsafe(Policy(acknowledgements=(entry,)))


def expired() -> Report:
    entry = Acknowledgement(check="table-rewrite", object="*", reason="long ago", expires=date(2026, 1, 31))
    return unsafe(Policy(acknowledgements=(entry,)))


def failed() -> Report:
    """Return a run of which everything that a report may hold is there."""
    remnant = Remnant(kind="index", object="public.i", step="0001", told="an index", invalid=True)
    failure = Failure(
        step="0001",
        sqlstate="23505",
        message="could not create unique index",
        statement="CREATE UNIQUE INDEX i ON orders (a)",
        location="versions/0001.py:3",
        undone=("0001",),
        remnants=(remnant,),
        heads={"public.alembic_version": ("0000",)},
    )
    steps = (
        replace(step(outcome=Outcome.FAILED, error="UniqueViolation: no"), file="db/0001.py", line=9),
        replace(step("0002", Outcome.SKIPPED), started=None, ended=None, file="db/0002.py"),
    )
    nested = NestedCommand(tag="ALTER TABLE", sql=None, started=NOON, ended=NOON, work=(work(WorkKind.SCAN, 7),))
    wait = Wait(
        session="a.1",
        holders=("a.2",),
        statement=1,
        mode="ShareLock",
        awaited=ORDERS,
        started=NOON,
        ended=NOON,
        was_granted=False,
    )
    loss = Loss(kind="rows", object=ORDERS, table=ORDERS, told=f"{ORDERS}: 1 row of 3 gone")
    line = Line(fixed=0.1, per_row=0.2, error=0.3)
    point = Point(rows=1, work=1, took=timedelta(seconds=1))
    given = rehearsal(
        timeline=timeline(
            replace(statement(), nested=(nested,)),
            statement(2, step=None),
            lock(),
            waits=(wait,),
            sizes=(_grown(), SizeChange(object="public.gone", before=_grown().before, after=None)),
            rebuilt=(RebuiltIndex(object="public.i", table=ORDERS, old_oid=1, new_oid=2),),
        ),
        migration=migration(
            *steps,
            exit_status=1,
            stopped=Stopped(step="0001", limit="max_seconds", after=timedelta(seconds=1), busy_with="at work"),
            connections=(ForeignConnection(target="postgresql://app@db/shop", redirected=True),),
        ),
        failure=failure,
        settings=(setting(),),
        downgrades=(Downgrade(step="0001", way=Way.LOSSY, losses=(loss,), failure=failure),),
        calibration=Calibration(
            steps=(StepCalibration(step="0001", points=(point,), time=line, work=None),), notes=("noise",)
        ),
    )
    return judge(evidence(given), (finding(),), ("The check x crashed.",), NOON.date())


def weighed() -> Report:
    """Return a report of findings that count, count less and do not count."""
    acceptance = Acceptance(ground=Ground.BASELINE, reason="already in the baseline", place="base.json")
    override = Override(check="table-rewrite", severity=Severity.WARN, reason="it is small", place="rehearse.toml:3")
    return having(
        finding(step=None, object="max_connections"),
        finding(severity=Severity.WARN, override=override, severity_of_check=Severity.BLOCK),
        finding(severity=Severity.NOTE),
        finding(acceptance=acceptance),
    )


def unrehearsed() -> Report:
    told = ["production got an unrehearsed release on 2026-11-27 23:10 UTC, by anna: disk is *filling*."]
    return judge(evidence(rehearsal(inputs={"unrehearsed": told})), (), (), NOON.date())


def hostile() -> Report:
    return having(
        finding(object=HOSTILE, message=f"{HOSTILE} is lost.", remedy=f"Mind {HOSTILE}."),
        rehearsal=rehearsal(
            migration=migration(replace(step(HOSTILE), title=HOSTILE, file=f"db/{HOSTILE}.py")),
            changes_told=(HOSTILE,),
        ),
    )


def _grown() -> SizeChange:
    size = TableSize(table=8192, indexes=16384, toast=0)
    return SizeChange(object=ORDERS, before=size, after=replace(size, table=65536))


REPORTS = [safe, unsafe, undecided, accepted, expired, failed, weighed, unrehearsed, hostile]


# Schemas of others


@pytest.mark.parametrize("made", REPORTS)
def test_junit_is_valid(made: type[Report]):
    _junit().validate(junit.render(made()))


@pytest.mark.parametrize("made", REPORTS)
def test_sarif_is_valid(made: type[Report]):
    _sarif().validate(json.loads(sarif.render(made())))


@pytest.mark.parametrize("made", REPORTS)
def test_json_is_what_its_schema_says_and_nothing_more(made: type[Report]):
    _json().validate(json.loads(json_report.render(made())))


def test_a_failure_in_json_is_undecided_and_in_the_schema():
    told = json.loads(json_report.render_failure(RehearseError("The server is gone.", "Start it.")))
    _json().validate(told)

    assert (told["verdict"], told["reasons"], told["findings"]) == ("undecided", ["The server is gone."], [])
    assert told["failed"] == {"message": "The server is gone.", "remedy": "Start it."}
    assert not _json().is_valid({**told, "verdict": "safe"})


def test_the_schema_asks_for_every_published_key_and_admits_more():
    found = json.loads(json_report.render(safe()))
    without = {key: value for key, value in found.items() if key != "timings"}
    validator = jsonschema.Draft202012Validator(schema())

    assert validator.is_valid({**found, "later": 1})
    assert not validator.is_valid(without)
    assert not validator.is_valid({**found, "verdict": "maybe"})


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


@cache
def _sarif() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_bytes()))


@cache
def _json() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_closed(schema()))


def _closed(part: object) -> object:
    """Return a schema that admits no key it does not describe."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    more = {"additionalProperties": False} if "properties" in part else {}
    return {**{key: _closed(value) for key, value in part.items()}, **more}


# JUnit


def _parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


def outcomes(text: str) -> dict[str, list[str]]:
    """Return what became of each test, by its name."""
    root = _parsed(text)
    return {str(case.get("name")): [each.tag for each in case] for case in root.iter("testcase")}


def test_junit_has_a_test_for_each_step_and_each_check():
    found = outcomes(junit.render(unsafe()))

    assert set(found) == {"nothing is open", "every release was rehearsed", "0001 a step", *registry.check_names()}
    assert found["table-rewrite"] == ["failure"]
    assert found["0001 a step"][0] == "failure"
    assert found["nothing is open"] == found["column-dropped"] == []


def test_junit_calls_open_points_errors_and_counts_them():
    root = _parsed(junit.render(undecided("One point.", "Another.")))

    (error,) = root.iter("error")
    assert (error.get("message"), error.text) == ("One point. (and 1 more)", "One point.\n\nAnother.")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "0", "1")


def test_junit_skips_what_was_not_played():
    found = outcomes(junit.render(failed()))

    assert found["0002 a step"] == ["skipped"]
    assert found["0001 a step"] == ["failure"]


def test_junit_lets_an_accepted_finding_pass_and_prints_it():
    root = _parsed(junit.render(accepted()))

    case = next(each for each in root.iter("testcase") if each.get("name") == "table-rewrite")
    assert [each.tag for each in case] == ["system-out"]
    assert "acknowledged: done on Sunday (anna, until 2027-01-31)" in str(case[0].text)


# SARIF, GitHub and GitLab


def run_of(report: Report) -> dict[str, list[dict[str, object]]]:
    (run,) = json.loads(sarif.render(report))["runs"]
    return cast("dict[str, list[dict[str, object]]]", run)


def test_sarif_explains_every_rule_and_points_into_the_repository():
    run = run_of(unsafe())

    rules = run["tool"]["driver"]["rules"]  # type: ignore[call-overload]  # any JSON
    result = next(each for each in run["results"] if each["ruleId"] == "table-rewrite")
    rewrite = rules[result["ruleIndex"]]
    assert {rule["id"] for rule in rules} == {*registry.check_names(), "undecided"}
    assert (rewrite["id"], rewrite["help"]["text"]) == ("table-rewrite", registry.check("table-rewrite").REMEDY)
    assert result["level"] == "error"
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "db/0001.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 9},
            }
        }
    ]


def test_sarif_writes_a_path_as_a_uri():
    done = migration(replace(step(), file="db/a b%ü.py"))
    (result,) = run_of(having(finding(), rehearsal=rehearsal(migration=done)))["results"]

    assert '"uri": "db/a%20b%25%C3%BC.py"' in json.dumps(result)


def test_sarif_suppresses_what_is_accepted():
    (result,) = (each for each in run_of(accepted())["results"] if each["ruleId"] == "table-rewrite")

    assert result["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "done on Sunday (anna), until 2027-01-31"}
    ]


@pytest.mark.parametrize("made", [undecided, failed])
def test_what_is_open_is_an_error_everywhere(made: type[Report]):
    report = made()

    assert [each["level"] for each in run_of(report)["results"] if each["ruleId"] == "undecided"][:1] == ["error"]
    assert "blocker" in [
        each["severity"] for each in json.loads(gitlab.render(report)) if each["check_name"] == "undecided"
    ]
    assert any(line.startswith("::error") and "undecided" in line for line in github.render(report).splitlines())


def test_a_release_that_nobody_rehearsed_is_shown_and_changes_no_verdict():
    report = unrehearsed()
    case = next(case for case in _parsed(junit.render(report)).iter("testcase") if case.get("name", "")[:5] == "every")
    (*_, notification) = run_of(report)["invocations"][0]["toolExecutionNotifications"]
    comment = markdown.render(report)

    sentence = "production got an unrehearsed release on 2026-11-27 23:10 UTC, by anna: disk is *filling*."
    assert [(each.tag, each.text) for each in case] == [("skipped", sentence)]
    assert notification == {"level": "warning", "message": {"text": sentence}}
    assert "Not rehearsed" in comment
    assert "- production got an unrehearsed release on 2026-11-27 23:10 UTC, by anna: disk is \\*filling\\*." in comment
    assert comment.index("Not rehearsed") < comment.index("**Next:**")
    assert outcomes(junit.render(safe()))["every release was rehearsed"] == []
    assert "Not rehearsed" not in markdown.render(safe())


def test_fingerprints_survive_other_numbers_and_tell_findings_apart():
    first = json.loads(gitlab.render(having(finding(1), finding(2), finding(object="public.t"))))
    second = json.loads(gitlab.render(having(finding(3), finding(4), finding(object="public.t"))))

    prints = [each["fingerprint"] for each in first]
    assert len(set(prints)) == 3
    assert prints == [each["fingerprint"] for each in second]


def test_gitlab_has_what_code_quality_asks_for():
    (entry,) = json.loads(gitlab.render(having(finding(severity=Severity.WARN))))

    assert entry.pop("fingerprint")
    assert entry == {
        "description": f"{ORDERS} was written anew, 0 rows of it.",
        "check_name": "table-rewrite",
        "severity": "minor",
        "location": {"path": "db/0001.py", "lines": {"begin": 9}},
    }


def test_github_says_the_verdict_first_and_marks_the_line():
    lines = github.render(weighed()).splitlines()

    assert lines[0].startswith("::error title=rehearse%3A unsafe::")
    assert lines[1].startswith("::error file=db/0001.py,line=9,title=table-rewrite%3A max_connections::")
    assert [line.split(" ")[0] for line in lines[2:]] == ["::warning", "::notice", "::notice"]
    assert "%0Awarn by policy, block by the check: it is small (rehearse.toml:3)%0ADo: Add" in lines[2]
    assert github.render(safe()).startswith("::notice title=rehearse%3A safe::")


def test_github_lets_no_name_write_a_command_of_its_own():
    lines = github.render(hostile()).splitlines()

    assert len(lines) == 2
    assert all(line.startswith("::error ") for line in lines)
    assert lines[1].split("::")[1].endswith(",title=table-rewrite in step 0001%3A " + HOSTILE_PROPERTY)
    assert "%2525" in lines[1]


# Markdown


def page(text: str) -> str:
    """Return the HTML a forge makes of it."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


def test_markdown_begins_with_marker_verdict_and_a_plain_sentence():
    lines = markdown.render(unsafe()).split("\n\n")

    assert lines[0] == "<!-- rehearse: report -->"
    assert lines[1] == "### ❌ Rehearsal: unsafe"
    assert lines[2] == markup.escaped(plain.paragraph(unsafe()))
    assert markdown.render(safe()).split("\n\n")[1] == "### ✅ Rehearsal: safe"
    assert markdown.render(undecided()).split("\n\n")[1] == "### ❓ Rehearsal: undecided"


def test_markdown_tells_findings_with_their_place_and_folds_what_to_do():
    text = markdown.render(unsafe())

    assert "❌ **table-rewrite in step 0001**\n\n- public.orders was locked against reads and writes" in text
    assert "in production. (`db/0001.py:9`)\n\n<details><summary>What to do</summary>\n\nAdd a new nullable" in text


def test_markdown_has_a_row_for_each_step():
    text = markdown.render(unsafe())

    (row,) = (line for line in text.splitlines() if line.startswith("| `0001`"))
    assert row.split(" | ")[:5] == [
        "| `0001`<br>a step",
        "1.0&nbsp;s",
        "public.orders: no reads or writes, 200 ms",
        "rewrite public.orders: 1,000 rows",
        "public.orders: +56 kB",
    ]
    assert row.split(" | ")[5].startswith("rewrite public.orders: 212 M rows (19.7 GB)")


def test_markdown_tells_what_is_accepted_and_what_has_expired():
    assert "_acknowledged: done on Sunday (anna, until 2027-01-31)_" in markdown.render(accepted())
    assert "<summary>1 accepted finding</summary>" in markdown.render(accepted())
    assert "_acknowledged until 2026-01-31, which has passed: long ago_" in markdown.render(expired())


def test_markdown_tells_what_is_open():
    assert "#### Open\n\n- The log is incomplete." in markdown.render(undecided())
    assert "#### Open besides\n\n" in markdown.render(failed())


@pytest.mark.parametrize("made", REPORTS)
def test_markdown_is_well_formed(made: type[Report]):
    shown = page(markdown.render(made()))

    for tag in ("details", "table", "sub", "li", "td"):
        assert len(re.findall(f"<{tag}[ >]", shown)) == shown.count(f"</{tag}>"), tag


def test_markdown_shows_any_name_and_does_nothing_it_says():
    text = markdown.render(hostile())
    shown = page(text)

    assert "<script>" not in shown
    assert "<em>y</em>" not in shown
    assert "<strong>z</strong>" not in shown
    assert not re.search(r"@anna", re.sub(r"<code>.*?</code>", "", shown.replace("&#8203;", "")))
    assert not re.search(r"#12", re.sub(r"<code>.*?</code>", "", shown))
    assert "\x1b" not in text
    assert "\u202e" not in text
    (row,) = re.findall(r"<tbody>.*</tbody>", shown, re.DOTALL)
    assert row.count("<td") == 6


@pytest.mark.parametrize(
    "text", ["a", "a|b", "`", "``x`", "a\nb", "<b>", "\\|", " x ", "@anna", "&lt;", "https://x.org", "***"]
)
def test_markup_shows_a_text_as_it_is(text: str):
    line = " ".join(text.split())

    cells = page(f"{markup.row(['h', 'h'])}\n|---|---|\n{markup.row([markup.escaped(text), markup.code(text)])}")

    told = [cell.replace("\u200b", "") for cell in re.findall(r"<td>(.*)</td>", cells)]
    html = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert told == [html, f"<code>{html}</code>"] or line == "\\|"  # a table's own parser takes that backslash in code


def test_markdown_stays_within_its_limit_and_leaves_out_what_weighs_least():
    many = tuple(
        finding(number, severity, check=f"{severity.value}-{number}", object=f"public.t{number}", message="x" * 300)
        for severity in Severity
        for number in range(100)
    )
    report = having(*many)

    text = markdown.render(report)

    assert 59_000 < len(text) <= 60_000
    assert text.count("**block-") == 100
    assert text.count("**note-") == 0
    assert "100 more groups (all of them with `--format json`)" in text
    shown = text.count("**warn-")
    assert f"{100 - shown} more groups (all of them with `--format json`)" in text
    assert 0 < shown < 100


def test_markdown_tells_what_is_alike_once():
    text = markdown.render(having(*(finding(number, object=f"public.t{number}") for number in range(300))))

    assert text.count("was written anew") == 5
    assert "- The same of public.t5, public.t6" in text
    assert "and 275 more (each with `--format json`)." in text
    assert text.count("What to do") == 1


def test_one_thing_that_is_left_out_is_one():
    report = having(finding(message="y" * 70_000))

    assert "1 more group (all of them with `--format json`)" in markdown.render(report)


def test_markdown_of_everything_too_long_still_says_the_verdict():
    huge = tuple(finding(number, check=f"c{number}", message="y" * 70_000) for number in range(3))
    steps = tuple(replace(step(f"s{number}"), title="z" * 3_000) for number in range(40))
    report = having(*huge, rehearsal=rehearsal(migration=migration(*steps)))

    text = markdown.render(report)

    assert len(text) <= 60_000
    assert "unsafe" in text
    assert "3 more groups" in text


@pytest.mark.parametrize("name", ["markdown", "junit", "sarif", "github", "gitlab"])
def test_each_format_is_found_by_its_name(name: str):
    assert registry.report_format(name).render(safe())


def test_every_check_has_a_rule():
    assert [rule.check for rule in registry.rules()] == list(registry.check_names())


def test_the_verdict_of_the_reports_above_is_what_they_are_called():
    assert [made().verdict for made in (safe, unsafe, undecided, accepted, expired)] == [
        Verdict.SAFE,
        Verdict.UNSAFE,
        Verdict.UNDECIDED,
        Verdict.SAFE,
        Verdict.UNSAFE,
    ]
