"""A policy: severities, limits and acknowledgements, where they come from and what they cannot do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from builders import (
    NOON,
    ORDERS,
    evidence,
    facts,
    lock,
    migration,
    rehearsal,
    removed_column,
    row_count,
    setting,
    statement,
    step,
    table,
    timeline,
    verdict,
    work,
)
from tool import tool

from rehearse import registry
from rehearse.checkout.base import Base, NotARepository, UnknownCommit
from rehearse.checks import rows_lost
from rehearse.config import ConfigurationError, load, policy_at
from rehearse.config.baseline import BaselineUnusable, read_baseline
from rehearse.engine.server import Server
from rehearse.errors import Interrupted
from rehearse.judge import judge
from rehearse.migrators import remarks
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.baseline import Baseline, KnownFinding
from rehearse.model.declaration import NotUnderstood, declared
from rehearse.model.finding import Ground, Severity
from rehearse.model.policy import Limit, Policy
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.remark import Remark
from rehearse.model.report import Report, Verdict
from rehearse.model.setting import Standing
from rehearse.model.severity import Override
from rehearse.model.timeline import Outcome, WorkKind
from rehearse.reports import json as json_report
from rehearse.reports import text
from rehearse.request.asked import Asked
from rehearse.request.composition import compose
from rehearse.request.policy import UnknownChecks

TODAY = NOON.date()
LOSS = rehearsal(
    row_counts=(row_count(10, 7, 10),),
    timeline=timeline(
        statement(sql="DELETE FROM orders", tag="DELETE", work=(work(WorkKind.ROWS, 3, detail="delete"),))
    ),
)
NOTE = f"{ORDERS}.note"
DROPPED = rehearsal(
    changes=(removed_column(),),
    lost_values={NOTE: 5},
    timeline=timeline(statement(sql="ALTER TABLE orders DROP COLUMN note"), lock()),
)


def rewritten(rows: int) -> Rehearsal:
    return rehearsal(
        facts=facts(table(rows)),
        row_counts=(row_count(1_000, 1_000, rows),),
        timeline=timeline(statement(work=(work(WorkKind.REWRITE, 1_000),)), lock()),
    )


# Severities and limits


def override(severity: Severity, check: str = "rows-lost", **fields: str) -> Policy:
    entry = Override(check=check, severity=severity, reason="so it is", **fields)
    return Policy(overrides=(entry,))


@pytest.mark.parametrize(
    ("policy", "severity", "expected"),
    [
        (Policy(), Severity.BLOCK, Verdict.UNSAFE),
        (override(Severity.WARN), Severity.WARN, Verdict.SAFE),
        (override(Severity.WARN, object="public.ord*"), Severity.WARN, Verdict.SAFE),
        (override(Severity.WARN, object="public.customers"), Severity.BLOCK, Verdict.UNSAFE),
        (override(Severity.WARN, check="table-dropped"), Severity.BLOCK, Verdict.UNSAFE),
    ],
)
def test_a_policy_lowers_the_severity_of_a_check_on_some_objects(policy: Policy, severity: Severity, expected: Verdict):
    report = verdict(LOSS, policy)

    assert [found.severity for found in report.findings] == [severity]
    assert report.verdict is expected


def test_a_policy_raises_a_warning_to_a_block():
    given = rehearsal(timeline=timeline(statement(), lock(timeout=timedelta(0))))

    report = verdict(given, override(Severity.BLOCK, check="lock-timeout-missing"))

    assert (verdict(given).verdict, report.verdict) == (Verdict.SAFE, Verdict.UNSAFE)
    assert report.findings[0].severity_of_check is Severity.WARN


@pytest.mark.parametrize(
    ("environment", "severity", "expected"),
    [
        ("production", Severity.NOTE, Severity.NOTE),
        ("qa", Severity.NOTE, Severity.WARN),
        (None, Severity.NOTE, Severity.WARN),
        (None, Severity.BLOCK, Severity.BLOCK),
        ("qa", Severity.BLOCK, Severity.WARN),
    ],
)
def test_where_the_environment_is_not_known_the_stricter_word_holds(
    environment: str | None, severity: Severity, expected: Severity
):
    given = rehearsal(timeline=timeline(statement(), lock(timeout=timedelta(0))))
    policy = replace(
        override(severity, check="lock-timeout-missing", environment="production"), environment=environment
    )

    assert [found.severity for found in verdict(given, policy).findings] == [expected]


def test_of_several_entries_the_last_counts():
    entries = (*override(Severity.NOTE).overrides, *override(Severity.WARN, object=ORDERS).overrides)

    assert verdict(LOSS, Policy(overrides=entries)).findings[0].severity is Severity.WARN
    assert verdict(LOSS, Policy(overrides=entries[::-1])).findings[0].severity is Severity.NOTE


@pytest.mark.parametrize(
    ("limit", "rows", "expected"),
    [
        (Limit(object=ORDERS, max_blocking=timedelta(seconds=5)), 50_000, Severity.NOTE),
        (Limit(object=ORDERS, max_blocking=timedelta(seconds=5)), 50_001, Severity.BLOCK),
        (Limit(object="public.customers", max_blocking=timedelta(seconds=5)), 50_000, Severity.BLOCK),
        (Limit(object="public.*", max_blocking=timedelta(0)), 3, Severity.BLOCK),
        (Limit(object=ORDERS, max_blocking=timedelta(seconds=5), environment="qa"), 50_000, Severity.BLOCK),
        (Limit(object=ORDERS, max_blocking=timedelta(0), environment="production"), 3, Severity.BLOCK),
    ],
)
def test_some_tables_have_a_limit_of_their_own(limit: Limit, rows: int, expected: Severity):
    report = verdict(rewritten(rows), Policy(limits=(limit,)))

    assert [found.severity for found in report.findings if found.check == "table-rewrite"] == [expected]


# What no policy can do


EVERYTHING_IS_FINE = Policy(
    acknowledgements=tuple(
        Acknowledgement(check=name, object="*", reason="never mind") for name in registry.check_names()
    ),
    overrides=tuple(
        Override(check=name, severity=Severity.NOTE, reason="never mind") for name in registry.check_names()
    ),
)


@pytest.mark.parametrize(
    "given",
    [
        rehearsal(timeline=timeline(complete=False, gaps=("The log is cut.",))),
        rehearsal(migration=migration(step(), exit_status=3)),
        rehearsal(migration=migration(step(), targets=("0009",))),
        rehearsal(settings=(setting(standing=Standing.OPEN, error="why"),)),
        rehearsal(migration=migration(step(outcome=Outcome.FAILED, error="boom"), exit_status=1)),
        rehearsal(migration=migration(step(outcome=Outcome.FAILED), step("0002", Outcome.SKIPPED), exit_status=1)),
    ],
)
def test_no_policy_closes_what_is_open(given: Rehearsal):
    assert verdict(given, EVERYTHING_IS_FINE).verdict is Verdict.UNDECIDED


def test_an_accepted_failure_says_what_was_never_played():
    steps = (step(outcome=Outcome.FAILED, error="boom"), step("0002", Outcome.SKIPPED), step("0003", Outcome.SKIPPED))

    report = verdict(rehearsal(migration=migration(*steps, exit_status=1)), EVERYTHING_IS_FINE)

    assert report.reasons == (
        "Step 0001 failed, which is accepted; what it and the 2 after it would have done is not known.",
    )


def test_a_check_that_crashes_leaves_it_undecided_however_fine_the_rest_is():
    seen = evidence(LOSS, EVERYTHING_IS_FINE)
    findings, _ = registry.run_checks(seen)

    report = judge(seen, findings, ("The check x crashed.",), TODAY)

    assert (report.verdict, report.reasons) == (Verdict.UNDECIDED, ("The check x crashed.",))


def test_checks_that_crash_hide_no_other_and_keep_what_they_had_found(monkeypatch: pytest.MonkeyPatch):
    def broken(_evidence: object) -> object:
        yield from rows_lost.findings(evidence(LOSS))
        raise ZeroDivisionError("by zero")

    def missing() -> ModuleType:
        raise ImportError("no such plugin")

    plugins: list[tuple[str, Callable[[], ModuleType]]] = [
        ("broken", lambda: cast("ModuleType", SimpleNamespace(findings=broken))),
        ("missing", missing),
        ("no-check", lambda: cast("ModuleType", SimpleNamespace())),
        ("rows-lost", lambda: rows_lost),
    ]
    monkeypatch.setattr(registry, "_plugins", lambda _folder: iter(plugins))

    findings, crashed = registry.run_checks(evidence(LOSS))

    assert registry.check_names() == ("broken", "missing", "rows-lost")
    assert [found.object for found in findings] == [ORDERS, ORDERS]
    assert [sentence.partition(";")[0] for sentence in crashed] == [
        "The check broken crashed (ZeroDivisionError: by zero)",
        "The check missing crashed (ImportError: no such plugin)",
    ]


# As it is written


WRITTEN = """
[environments.production]
url = "postgresql://db/shop"
[policy]
max_blocking = "2s"
[[policy.acknowledge]]
check = "rows-lost"
object = "public.orders"
reason = "archived"
owner = "anna"
expires = 2027-01-31
[[ policy . override ]]
check = "lock-timeout-missing"
object = "audit.*"
environment = "production"
severity = "note"
reason = "nobody reads it by day"
[[policy.limit]]
object = "public.sessions"
max_blocking = "100ms"
"""


def write(directory: Path, said: str = WRITTEN) -> None:
    (directory / "rehearse.toml").write_text(said)


def written(directory: Path, said: str = WRITTEN) -> Policy:
    write(directory, said)
    return load(None, directory, {}).policy


def test_a_policy_is_read_with_the_lines_where_it_stands(tmp_path: Path):
    policy = written(tmp_path)

    (entry,) = policy.acknowledgements
    assert (entry.owner, entry.expires, entry.place) == ("anna", date(2027, 1, 31), "rehearse.toml:6")
    assert policy.overrides == (
        Override(
            check="lock-timeout-missing",
            object="audit.*",
            environment="production",
            severity=Severity.NOTE,
            reason="nobody reads it by day",
            place="rehearse.toml:12",
        ),
    )
    assert policy.limits == (Limit(object="public.sessions", max_blocking=timedelta(milliseconds=100)),)


def test_entries_in_a_row_have_the_file_for_a_place(tmp_path: Path):
    said = 'policy.acknowledge = [{check = "rows-lost", object = "*", reason = "x"}]\n'

    assert written(tmp_path, said).acknowledgements[0].place == "rehearse.toml"


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ('severity = "note"', "policy.override[0].reason: this is missing"),
        (
            'severity = "note"\nreason = "  "',
            "policy.override[0].reason: this must not be empty",
        ),
        ('severity = "off"\nreason = "x"', "policy.override[0].severity: this must be 'block', 'warn' or 'note'"),
        (
            'severity = "note"\nreason = "x"\nenvironment = "prodction"\n[environments.production]',
            'policy.override[0].environment: there is no environment "prodction"; did you mean "production"?',
        ),
        (
            'severity = "note"\nreason = "x"\nobjects = "*"',
            'policy.override[0].objects: there is no such key; did you mean "object"?',
        ),
    ],
)
def test_a_mistake_in_an_override_is_told(tmp_path: Path, said: str, mistake: str):
    with pytest.raises(ConfigurationError) as caught:
        written(tmp_path, f'[[policy.override]]\ncheck = "rows-lost"\n{said}\n')

    assert caught.value.mistakes == (mistake,)


@pytest.mark.parametrize("kind", ["acknowledge", "override"])
def test_a_check_that_there_is_not_is_refused_with_the_nearest_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    severity = 'severity = "warn"\n' if kind == "override" else ""
    write(tmp_path, f'[[policy.{kind}]]\ncheck = "row-lost"\nobject = "*"\nreason = "x"\n{severity}')
    (tmp_path / "one.sql").write_text("SELECT 1;")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UnknownChecks) as caught:
        compose(Asked(source="./snapshot", sql=(Path("one.sql"),)))

    assert 'rehearse.toml:1: there is no check "row-lost"; did you mean "rows-lost"?' in str(caught.value)
    assert caught.value.exit_code == 2


def test_beside_the_policy_of_a_commit_the_working_tree_names_no_url(project: Path, monkeypatch: pytest.MonkeyPatch):
    (project / "one.sql").write_text("SELECT 1;")
    monkeypatch.chdir(project)

    named = compose(Asked(source="production", sql=(Path("one.sql"),), policy_from="main"))
    unnamed = compose(Asked(source="postgresql://db/shop", sql=(Path("one.sql"),), policy_from="main"))

    assert (named.policy.environment, unnamed.policy.environment) == ("production", None)


@pytest.mark.parametrize(
    ("source", "environment"),
    [("production", "production"), (None, "production"), ("postgresql://db/shop", "production"), ("./elsewhere", None)],
)
def test_the_environment_is_known_by_its_name_or_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str | None, environment: str | None
):
    written(tmp_path)
    (tmp_path / "one.sql").write_text("SELECT 1;")
    monkeypatch.chdir(tmp_path)

    found = compose(Asked(source=source, sql=(Path("one.sql"),)))

    told = "What the policy says of production counts where it is stricter: no declared one was named."
    assert (found.policy.environment, found.policy.notes) == (environment, () if environment else (told,))


# Acknowledgements


def acknowledged(said: str, given: str = "0001") -> Acknowledgement:
    remark = Remark(text=said, path=Path("/x/versions/0001.py"), source="versions/0001.py", line=3)
    (found,) = declared({given: (remark,)}, registry.check_names()).acknowledgements
    return found


@pytest.mark.parametrize(
    ("said", "identity", "reason", "owner", "expires"),
    [
        ("public.orders.note: unused since 4.2 until 2027-01-31", NOTE, "unused since 4.2", None, date(2027, 1, 31)),
        ("public.orders.note: unused, owner anna until 2027-01-31", NOTE, "unused", "anna", date(2027, 1, 31)),
        ("public.orders.note: unused until 2027-01-31, owner anna", NOTE, "unused", "anna", date(2027, 1, 31)),
        ("public.orders.note: see ticket: 42", NOTE, "see ticket: 42", None, None),
        ("public.*: kept until the end", "public.*", "kept until the end", None, None),
        ('public."Big: table".x: gone', 'public."Big: table".x', "gone", None, None),
        ("public.f(integer, text): gone", "public.f(integer, text)", "gone", None, None),
    ],
)
def test_an_acknowledgement_in_a_comment_says_reason_owner_and_last_day(
    said: str, identity: str, reason: str, owner: str | None, expires: date | None
):
    assert acknowledged(f"acknowledge column-dropped {said}") == Acknowledgement(
        check="column-dropped",
        object=identity,
        reason=reason,
        owner=owner,
        expires=expires,
        place="versions/0001.py:3",
        step="0001",
    )


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ("acknowledge column-dropped public.orders.note", "an acknowledgement needs an object and a reason"),
        ("acknowledge column-dropped public.orders.note:", "an acknowledgement needs an object and a reason"),
        ("acknowledge column-dropped public.orders.note: until 2027-01-31", "needs an object and a reason"),
        ("acknowledge column-dropped", "an acknowledgement needs an object and a reason"),
        ("acknowledge colum-dropped public.orders.note: x", 'no check "colum-dropped"; did you mean "column-dropped"?'),
        ("acknowledge column-dropped public.orders.note: x until 2027-02-30", '"2027-02-30" is no date'),
        ("acknowlege column-dropped public.orders.note: x", '"acknowlege" is no word of rehearse; did you mean'),
    ],
)
def test_a_comment_that_cannot_be_heeded_is_refused_with_its_place(said: str, mistake: str):
    with pytest.raises(NotUnderstood) as caught:
        acknowledged(said)

    (told,) = caught.value.mistakes
    assert told.startswith("versions/0001.py:3: ")
    assert mistake in told
    assert caught.value.exit_code == 2


def test_every_mistake_is_told_at_once():
    said = (
        Remark(text="nonsense", path=Path("/x"), source="x.py", line=1),
        Remark(text="expect", path=Path("/x"), source="x.py", line=9),
    )

    with pytest.raises(NotUnderstood) as caught:
        declared({"0001": said}, ())

    assert [told.partition(": ")[0] for told in caught.value.mistakes] == ["x.py:1", "x.py:9"]


@pytest.mark.parametrize(
    ("of", "step_of_finding", "expected"),
    [
        ("0001", "0001", Verdict.SAFE),
        ("0002", "0001", Verdict.UNSAFE),
    ],
)
def test_a_comment_covers_findings_of_its_own_step_only(of: str, step_of_finding: str, expected: Verdict):
    policy = Policy(acknowledgements=(acknowledged("acknowledge rows-lost public.orders: archived", of),))
    given = replace(LOSS, migration=migration(step("0001"), step("0002")))

    report = verdict(given, policy)

    assert (report.findings[0].step, report.verdict) == (step_of_finding, expected)


@pytest.mark.parametrize(("steps", "expected"), [(1, Verdict.SAFE), (2, Verdict.UNSAFE)])
def test_a_finding_of_no_known_step_is_the_only_steps(steps: int, expected: Verdict):
    policy = Policy(acknowledgements=(acknowledged("acknowledge rows-lost public.orders: archived"),))
    given = rehearsal(
        row_counts=(row_count(10, 7, 10),), migration=migration(*(step(f"000{n + 1}") for n in range(steps)))
    )

    report = verdict(given, policy)

    assert (report.findings[0].step, report.verdict) == (None, expected)


ARCHIVED = Acknowledgement(
    check="rows-lost",
    object=ORDERS,
    reason="archived",
    owner="anna",
    expires=date(2026, 11, 24),
    place="rehearse.toml:6",
)


def test_reports_show_reason_owner_last_day_and_place():
    report = verdict(LOSS, Policy(acknowledgements=(ARCHIVED,)))

    assert "acknowledged: archived (anna, until 2026-11-24, rehearse.toml:6)" in text.render(report)
    (found,) = json.loads(json_report.render(report))["findings"]
    assert found["acknowledged"] == "archived"
    assert found["acceptance"] == {
        "ground": "acknowledged",
        "reason": "archived",
        "owner": "anna",
        "expires": "2026-11-24",
        "place": "rehearse.toml:6",
    }
    assert report.reasons == ("1 pending step was played; no finding blocks, 1 acknowledged.",)


def test_an_expired_one_stands_beside_the_finding_it_no_longer_covers():
    expired = replace(ARCHIVED, expires=date(2026, 11, 23))

    report = verdict(LOSS, Policy(acknowledgements=(expired,)))

    assert report.verdict is Verdict.UNSAFE
    assert "acknowledged until 2026-11-23, which has passed: archived (anna, rehearse.toml:6)" in text.render(report)
    (found,) = json.loads(json_report.render(report))["findings"]
    assert (found["acknowledged"], found["expired"][0]["place"]) == (None, "rehearse.toml:6")


def test_one_that_covers_nothing_is_named():
    report = verdict(rehearsal(), Policy(acknowledgements=(ARCHIVED,)))

    told = "Acknowledged, though nothing of the kind was found: rows-lost public.orders (rehearse.toml:6)."
    assert told in text.render(report, width=500)
    assert verdict(LOSS, Policy(acknowledgements=(ARCHIVED,))).unused == ()


def test_reports_say_where_the_policy_gave_the_severity():
    report = verdict(LOSS, override(Severity.NOTE))

    assert "note by policy, block by the check: so it is" in text.render(report)
    (found,) = json.loads(json_report.render(report))["findings"]
    assert (found["severity"], found["override"]["severity_of_check"]) == ("note", "block")


# Comments, told from strings


PYTHON = b'''"""Drop the note.

# rehearse: acknowledge rows-lost a.b: in a docstring
"""
revision = "0001"  # rehearse: acknowledge rows-lost a.c: behind code
SQL = "# rehearse: acknowledge rows-lost a.d: in a string"


def upgrade():
    #rehearse:   expect no   data change
    op.execute("""
        -- rehearse: acknowledge rows-lost a.e: SQL in a string
    """)
'''
SCRIPT = """-- Drop the note.
-- rehearse: acknowledge rows-lost a.b: first
SELECT '-- rehearse: acknowledge rows-lost a.c: in a string';
DO $$ BEGIN -- rehearse: acknowledge rows-lost a.d: in a body
END $$;
/* -- rehearse: acknowledge rows-lost a.e: in another comment */
/* rehearse: expect no data change */
\\echo it's done
-- COPY u FROM STDIN;
COPY t (a) FROM STDIN;
-- rehearse: acknowledge rows-lost a.f: in a row
\\.
SELECT 1; -- rehearse: acknowledge rows-lost a.g: last
"""


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "x.py",
            PYTHON,
            [(5, "acknowledge rows-lost a.c: behind code"), (10, "expect no data change")],
        ),
        (
            "x.sql",
            SCRIPT.encode(),
            [
                (2, "acknowledge rows-lost a.b: first"),
                (7, "expect no data change"),
                (13, "acknowledge rows-lost a.g: last"),
            ],
        ),
        ("x.sql", b"-- rehearsed by me\n-- we rehearse: it\n", []),
        ("x.txt", b"# rehearse: expect no data change", []),
    ],
)
def test_only_comments_speak_to_rehearse(name: str, content: bytes, expected: list[tuple[int, str]]):
    found = remarks.of_content(content, Path("/x") / name, name)

    assert [(remark.line, remark.text) for remark in found] == expected


def test_a_file_that_is_no_python_is_refused_if_it_speaks_to_rehearse():
    broken = b"# rehearse: expect no data change\nx = '''never closed\n"

    with pytest.raises(remarks.Unreadable) as caught:
        remarks.of_content(broken, Path("/x/x.py"), "x.py")

    assert caught.value.exit_code == 2
    assert remarks.of_content(b"x = '''never closed\n", Path("/x/x.py"), "x.py") == ()


# The policy of a commit


def git(directory: Path, *words: str) -> str:
    named = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *named, *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path)
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "0001.py").write_text("# rehearse: acknowledge rows-lost public.orders: archived\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_the_policy_of_a_commit_is_not_that_of_the_working_tree(project: Path):
    write(project, '[policy]\nmax_blocking = "1h"\n')

    policy = policy_at(Base.of("main", project), None, project / "versions", {})

    assert policy.max_blocking == timedelta(seconds=2)
    assert [entry.place for entry in policy.acknowledgements] == ["main:rehearse.toml:6"]
    short = git(project, "rev-parse", "HEAD")[:10]
    assert policy.notes == (f"The policy is that of main ({short}), rehearse.toml.",)


def test_a_nearer_file_that_the_commit_does_not_have_changes_nothing(project: Path):
    (project / "versions" / "rehearse.toml").write_text('[policy]\nmax_blocking = "1h"\n')

    policy = policy_at(Base.of("HEAD", project), None, project / "versions", {})

    assert policy.max_blocking == timedelta(seconds=2)


def test_a_commit_without_a_file_has_the_default_policy_and_says_so(project: Path):
    git(project, "rm", "-q", "rehearse.toml")
    git(project, "commit", "-q", "-m", "second")
    write(project)

    policy = policy_at(Base.of("HEAD", project), None, project, {})

    assert (policy.max_blocking, policy.acknowledgements) == (timedelta(seconds=1), ())
    assert policy.notes[0].endswith("has no rehearse.toml: the default policy counts.")


def test_a_mistake_in_the_policy_of_a_commit_names_the_commit(project: Path):
    write(project, "[policy]\nmax_blocking = 'long'\n")
    git(project, "commit", "-qam", "second")

    with pytest.raises(ConfigurationError, match=r"HEAD:rehearse.toml cannot be used:\n  policy.max_blocking"):
        policy_at(Base.of("HEAD", project), None, project, {})


def test_a_commit_or_a_repository_that_there_is_not_is_told(project: Path, tmp_path_factory: pytest.TempPathFactory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    with pytest.raises(UnknownCommit, match='has no commit "origin/main"') as unknown:
        Base.of("origin/main", project)
    with pytest.raises(NotARepository, match="is in no git repository") as outside:
        Base.of("main", elsewhere)

    assert (unknown.value.exit_code, outside.value.exit_code) == (2, 2)


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("0001.py", "# moved down a line\n# rehearse: acknowledge rows-lost public.orders: archived\n", True),
        ("0001.py", "# rehearse: acknowledge rows-lost public.orders: archived for good\n", False),
        ("0002.py", "# rehearse: acknowledge rows-lost public.orders: archived\n", False),
    ],
)
def test_a_comment_counts_if_the_commit_has_it_in_that_file(project: Path, name: str, said: str, expected: bool):
    path = project / "versions" / name
    path.write_text(said)
    played = replace(step("0001"), remarks=remarks.of_file(path, f"versions/{name}"))

    (seen,) = remarks.against((played,), Base.of("main", project))
    found = declared({seen.id: seen.remarks}, registry.check_names())

    assert [entry.check for entry in found.acknowledgements] == (["rows-lost"] if expected else [])
    assert (found.notes == ()) is expected
    assert expected or found.notes[0].startswith(
        "The base commit has no such comment, so it excuses nothing: versions/"
    )


# A baseline


def saved(directory: Path, report: Report) -> Baseline:
    path = directory / "report.json"
    path.write_text(json_report.render(report))
    return read_baseline(path)


def test_what_the_base_branch_has_does_not_block(tmp_path: Path):
    baseline = saved(tmp_path, verdict(DROPPED))
    moved = replace(
        DROPPED,
        timeline=timeline(statement(sql="ALTER TABLE orders DROP COLUMN note", step="0009"), lock()),
        migration=migration(step("0009")),
    )

    report = verdict(moved, baseline=baseline)

    assert report.verdict is Verdict.SAFE
    (found,) = report.findings
    assert found.acceptance is not None
    assert found.acceptance.ground is Ground.BASELINE
    assert f"already in the baseline ({tmp_path}/report.json)" in "".join(text.render(report, width=500))
    assert json.loads(json_report.render(report))["findings"][0]["acknowledged"] == "already in the baseline"


def test_what_the_base_branch_does_not_have_blocks(tmp_path: Path):
    baseline = saved(tmp_path, verdict(DROPPED))

    report = verdict(replace(DROPPED, row_counts=LOSS.row_counts), baseline=baseline)

    assert report.verdict is Verdict.UNSAFE
    assert [found.check for found in report.findings if found.blocks] == ["rows-lost"]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (LOSS, LOSS, Verdict.SAFE),
        (LOSS, replace(LOSS, row_counts=(row_count(10, 6, 10),)), Verdict.UNSAFE),
        (LOSS, replace(LOSS, row_counts=(row_count(10, 8, 10),)), Verdict.SAFE),
        (rewritten(300), rewritten(212_000_000), Verdict.UNSAFE),
        (rewritten(212_000_000), rewritten(212_000_001), Verdict.SAFE),
    ],
)
def test_a_finding_that_got_worse_is_a_new_one(tmp_path: Path, before: Rehearsal, now: Rehearsal, expected: Verdict):
    assert verdict(now, baseline=saved(tmp_path, verdict(before))).verdict is expected


def test_each_finding_of_a_baseline_stands_for_one():
    known = KnownFinding(check="rows-lost", object=ORDERS, severity=Severity.BLOCK, lost=3)
    (found,) = verdict(LOSS).findings

    assert Baseline(place="report.json", findings=(known,)).known((found, found)) == (True, False)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        ("verdict: safe", "it is not JSON"),
        ("[]", "it is no report of `rehearse run`"),
        ('{"schema_version": 1, "tables": []}', "it is no report of `rehearse run`"),
        (
            '{"schema_version": 2, "verdict": "safe", "findings": []}',
            "its schema_version is 2, and this version reads 1",
        ),
        ('{"schema_version": 1, "verdict": "safe", "findings": [{}]}', "its findings are not such as"),
        ('{"schema_version": 1, "verdict": "safe", "findings": 3}', "its findings are not such as"),
        (json_report.render_failure(Interrupted()), "its rehearsal failed, and nothing was judged"),
    ],
)
def test_a_baseline_that_cannot_be_compared_with_is_refused(tmp_path: Path, content: str | None, why: str):
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(BaselineUnusable, match=r"report\.json cannot be used") as caught:
        read_baseline(path)

    assert why in str(caught.value)
    assert caught.value.exit_code == 2


# All of it, played


ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
with create_engine(url).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
LOSING = """
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    {remark}
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE orders DROP COLUMN note")
"""
DECLARING = """-- rehearse: expect rows public.orders -4..-4
-- rehearse: acknowledge column-dropped public.orders.note: unused since 4.2, owner anna until 2999-12-31
-- Four orders, and what was noted.
SET lock_timeout = '2s';
DELETE FROM orders WHERE id > 96;
ALTER TABLE orders DROP COLUMN note;
"""


@pytest.fixture
def shop(server: Server, database: str) -> str:
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")
        connection.execute("INSERT INTO orders SELECT n, 'note' FROM generate_series(1, 100) AS n")
    return f"postgresql://rehearse@/{database}?host={server.socket_dir}"


def run(directory: Path, *words: str | Path) -> tuple[int, dict[str, Any]]:
    done = tool("run", "--no-downgrade", "--format", "json", *words, cwd=directory)
    return done.returncode, json.loads(done.stdout) if done.stdout else {"stderr": done.stderr}


def test_a_pull_request_cannot_excuse_itself_and_what_main_has_does_not_block(shop: str, project: Path):
    said = "# rehearse: acknowledge column-dropped public.orders.note: unused since 4.2 until 2999-12-31"
    (project / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    (project / "env.py").write_text(ENV)
    (project / "versions" / "0001.py").write_text("revision, down_revision = '0001', None\ndef upgrade():\n    pass\n")
    (project / "versions" / "0002.py").write_text(LOSING.format(remark=said))
    asked = ("--from", shop, "--alembic", "alembic.ini")

    excused, report = run(project, *asked)
    refused, judged = run(project, *asked, "--policy-from", "main")
    (project / "main.json").write_text(json.dumps(judged))
    known, again = run(project, *asked, "--policy-from", "main", "--baseline", "main.json")

    assert (excused, refused, known) == (0, 1, 0)
    assert report["findings"][0]["acceptance"]["place"] == "versions/0002.py:5"
    told = "The base commit has no such comment, so it excuses nothing: versions/0002.py:5."
    assert told in judged["policy"]["notes"]
    assert again["findings"][0]["acknowledged"] == "already in the baseline"


def test_a_script_declares_and_acknowledges_for_itself(shop: str, tmp_path: Path):
    (tmp_path / "one.sql").write_text(DECLARING)
    (tmp_path / "two.sql").write_text(DECLARING.replace("-4..-4", "-3..0"))
    (tmp_path / "three.sql").write_text(DECLARING.replace(": unused since 4.2, owner anna until 2999-12-31", ""))

    kept, report = run(tmp_path, "--from", shop, "--sql", "one.sql")
    missed, other = run(tmp_path, "--from", shop, "--sql", "two.sql")
    refused, said = run(tmp_path, "--from", shop, "--sql", "three.sql")

    assert (kept, missed, refused) == (0, 1, 2)
    assert report["steps"][0]["title"] == "Four orders, and what was noted."
    assert {found["check"]: found["acceptance"]["ground"] for found in report["findings"]} == {
        "column-dropped": "acknowledged",
        "rows-lost": "expected",
    }
    assert [found["check"] for found in other["findings"] if found["acknowledged"] is None] == [
        "expectation-missed",
        "rows-lost",
    ]
    assert "three.sql:2: an acknowledgement needs an object and a reason" in said["stderr"]
