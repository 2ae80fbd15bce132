"""Where findings point to: the line that sent the statement they are about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from builders import NOON, ORDERS, evidence, lock, migration, rehearsal, statement, step, timeline
from projects import toys
from test_migrators_alembic import play, stage  # noqa: F401 - a fixture

from rehearse import watch
from rehearse.judge import judge
from rehearse.migrators import command, places
from rehearse.model.finding import Family, Finding, Severity
from rehearse.model.migration import MigrationPlan
from rehearse.model.origin import Origin, beginning, lines
from rehearse.model.report import Report
from rehearse.model.stage import Stage
from rehearse.reports.places import Place, Places


def origin(line: int, sql: str, times: int = 1) -> Origin:
    return Origin(step="0001", line=line, words=beginning(sql), times=times)


def sent(*texts: str) -> list[int | None]:
    """Return the lines of statements, against origins in lines 1, 2 and 3 that send "A a", "B = x" twice and "A a"."""
    origins = [origin(1, "A a"), origin(2, "B = %(x)s", times=2), origin(3, "A a")]
    found = lines(origins, [statement(number, sql=sql) for number, sql in enumerate(texts)])
    return [found.get(number) for number in range(len(texts))]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("A a", "B = 1", "B = 2", "A a"), [1, 2, 2, 3]),
        (("a  A ; ", "SHOW x", "b = 'y'"), [1, None, 2]),
        (("A -- why\n a;",), [1]),
        (("A a", "A a", "A a"), [1, 3, None]),  # what was sent elsewhere has no line
        (("A a b",), [None]),  # another statement that begins alike
        (("B = 1", "B = 2", "B = 3"), [2, 2, None]),
        (("B", "A a"), [None, 1]),
    ],
)
def test_a_statement_has_the_line_that_sends_its_words_in_its_order(texts: tuple[str, ...], expected: list[int | None]):
    assert sent(*texts) == expected


def test_ten_thousand_statements_find_their_lines_in_a_second():
    origins = [origin(number, f"UPDATE t SET a = 1 WHERE id = {number}") for number in range(10_000)]
    played = [statement(number, sql=f"UPDATE t SET a = 1 WHERE id = {number}") for number in range(10_000)]

    assert lines(origins, played)[9_999] == 9_999


def test_the_statements_of_a_script_begin_where_their_words_do():
    script = (
        "-- UPDATE t;\n\nUPDATE t SET a = ';'; DROP TABLE u;\n"
        "COPY t FROM stdin;\n;\n\\.\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\nSELECT 3\n"
    )

    found = places.of_script(script, "0001")

    assert [(each.line, each.words.split()[0]) for each in found] == [
        (3, "update"),
        (3, "drop"),
        (4, "copy"),
        (7, "create"),
        (8, "select"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"""def upgrade"""\n\ndef upgrade() -> None:\n', 3),
        ("class Migration(migrations.Migration):\n", 1),
        ("import x\nasync def upgrade():\n", 2),
        ("def downgrade():\n  pass\n", 1),
    ],
)
def test_a_revision_begins_at_its_way_up(text: str, line: int, tmp_path: Path):
    (tmp_path / "r.py").write_text(text, encoding="utf-8")

    assert places.of_upgrade(tmp_path / "r.py") == line


def test_a_file_has_its_name_in_the_repository(tmp_path: Path):
    inside = tmp_path / "backend" / "versions" / "r.py"

    outside = places.in_repository(inside, "versions/r.py")
    (tmp_path / ".git").mkdir()

    assert outside == "versions/r.py"
    assert places.in_repository(inside, "versions/r.py") == "backend/versions/r.py"
    assert places.in_repository(Path("/r.py"), "/r.py") is None


def finding(**fields: object) -> Finding:
    plain: dict[str, object] = {
        "check": "table-rewrite",
        "family": Family.BLOCKING,
        "severity": Severity.BLOCK,
        "step": "0001",
        "object": ORDERS,
        "message": "It was written anew.",
        "remedy": "Do not.",
        "evidence": {},
    }
    return Finding(**{**plain, **fields})  # type: ignore[arg-type]  # fields are named by the tests


def report(*findings: Finding, file: str | None = "db/0001.py") -> Report:
    played = (
        statement(1, sql="ALTER TABLE orders ADD COLUMN note text"),
        statement(2, sql="UPDATE orders SET note = 'x'"),
        lock(statement=1),
    )
    origins = (origin(11, "ALTER TABLE orders ADD COLUMN note text"), origin(12, "UPDATE orders SET note = 'x'"))
    done = migration(replace(step(), file=file, line=9), origins=origins)
    judged = judge(evidence(rehearsal(timeline=timeline(*played), migration=done)), (), (), NOON.date())
    return replace(judged, findings=findings)


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (finding(evidence={"sql": "UPDATE orders SET note = 'x'"}), 12),
        (finding(evidence={"location": "versions/0001.py:31"}), 31),
        (finding(evidence={"location": "env.py:31"}), 11),
        (finding(object=f"{ORDERS}.note"), 11),  # one statement locked that table
        (finding(object="public.others"), 9),
        (finding(step=None, object="max_connections"), 9),
        (finding(step="0002"), 9),
    ],
)
def test_a_finding_points_at_its_statement_or_where_its_step_begins(found: Finding, line: int):
    assert Places.of(report(found)).of_finding(found) == Place(file="db/0001.py", line=line)


def test_a_command_that_is_no_file_has_no_place():
    assert Places.of(report(file=None)).of_finding(finding()) is None


UPGRADE = """
op.create_table("notes", sa.Column("id", sa.Integer))
op.execute("SET LOCAL lock_timeout = '2s'")
op.add_column("notes", sa.Column("body", sa.Text))
for number in range(3):
    op.get_bind().execute(sa.text("INSERT INTO notes (id) VALUES (:id)"), {"id": number})
op.execute(
    "DELETE FROM notes WHERE id = 1; DELETE FROM notes WHERE id = 2"
)
clear()
"""
CLEAR = 'def clear():\n    op.execute("DROP TABLE notes")\n'


def test_the_lines_of_a_revision_are_noted_as_it_is_played(tmp_path: Path, stage: Stage):  # noqa: F811 - the fixture
    ini = toys.project(tmp_path, revisions=[toys.revision("a1", None, UPGRADE, more=CLEAR)])
    (revision,) = (tmp_path / "migrations" / "versions").glob("*.py")
    text = revision.read_text(encoding="utf-8").splitlines()

    with watch.watching(stage) as watched:
        found = play(ini, stage)
        timeline = watched.timeline(command.known_steps(found))

    assert found.exit_status == 0, found.output_tail
    numbers = lines(found.origins, [each for each in timeline.statements if each.step == "a1"])
    told = {each.sql.split(" (")[0]: numbers[each.number] for each in timeline.statements if each.number in numbers}
    assert {sql: text[line - 1].strip() for sql, line in told.items()} == {
        "\nCREATE TABLE notes": 'op.create_table("notes", sa.Column("id", sa.Integer))',
        "SET LOCAL lock_timeout = '2s'": "op.execute(\"SET LOCAL lock_timeout = '2s'\")",
        "ALTER TABLE notes ADD COLUMN body TEXT": 'op.add_column("notes", sa.Column("body", sa.Text))',
        "INSERT INTO notes": 'op.get_bind().execute(sa.text("INSERT INTO notes (id) VALUES (:id)"), {"id": number})',
        "DELETE FROM notes WHERE id = 1": "op.execute(",
        "DELETE FROM notes WHERE id = 2": "op.execute(",
        "DROP TABLE notes": 'op.execute("DROP TABLE notes")',
    }
    assert [each.times for each in found.origins if each.words.startswith("insert")] == [3]
    assert found.steps[0].line == text.index("def upgrade():") + 1


def test_the_lines_of_a_script_are_known_with_its_file(tmp_path: Path, stage: Stage):  # noqa: F811 - the fixture
    from rehearse.migrators import sql  # noqa: PLC0415 - one test plays scripts

    script = tmp_path / "1.sql"
    plan = MigrationPlan(tool="sql", directory=tmp_path, files=(script,))
    script.write_text("CREATE TABLE a (id int);\n\n-- why\nALTER TABLE a\n  ADD b int;\n", encoding="utf-8")

    with watch.watching(stage) as watched:
        found = sql.play(plan, stage, environ={"PATH": "/usr/bin"})
        timeline = watched.timeline(command.known_steps(found))

    numbers = lines(found.origins, [each for each in timeline.statements if each.step == "1.sql"])
    assert {each.tag: numbers.get(each.number) for each in timeline.statements if each.step == "1.sql"} == {
        "CREATE TABLE": 1,
        "ALTER TABLE": 4,
    }
    assert found.steps[0].file == "1.sql"
