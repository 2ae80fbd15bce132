"""What a migration is made of: the files it reads, as they were then, and the folders it searches."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import toys
from projects.stage import raised

from rehearse.engine.server import Server
from rehearse.migrators import alembic, command, sql
from rehearse.model.material import Material, Part
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.stage import Stage

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.fixture
def stage(server: Server, database: str) -> Iterator[Stage]:
    with raised(server, database) as found:
        yield found


def play(directory: Path, stage: Stage, body: str, *, more: str = "") -> Migration:
    """Play one revision of a project."""
    ini = toys.project(directory, revisions=[toys.revision("a1", None, body, more=more)])
    plan = MigrationPlan(tool="alembic", directory=directory, config=ini, python=Path(sys.executable))
    return alembic.play(plan, stage, environ=ENVIRON)


def parts(material: Material) -> dict[str, Part]:
    return {file.path: file.part for file in material.files}


def test_code_configuration_and_files_are_told_and_nothing_of_libraries_or_the_system(tmp_path: Path, stage: Stage):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "names.py").write_text("NAME = 'orders'\n")
    (tmp_path / "rows.csv").write_text("1;2\n")

    migration = play(
        tmp_path,
        stage,
        "open('rows.csv').read(); op.execute(f'CREATE TABLE {NAME} ()')",
        more="from shop.names import NAME\n",
    )

    material = migration.material
    assert parts(material) == {
        "alembic.ini": Part.CONFIGURATION,
        "migrations/env.py": Part.IMPORTED,
        "migrations/versions/r1.py": Part.REVISION,
        "rows.csv": Part.OPENED,
        "shop/__init__.py": Part.IMPORTED,
        "shop/names.py": Part.IMPORTED,
    }
    rows = next(file for file in material.files if file.path == "rows.csv")
    assert rows.sha256 == hashlib.sha256(b"1;2\n").hexdigest()
    assert [(folder.path, folder.names) for folder in material.folders] == [("migrations/versions", ("r1.py",))]
    assert (material.unseen, migration.open_points) == ((), ())


def test_the_projects_folders_that_were_passed_on_the_way_to_a_library_are_told(tmp_path: Path, stage: Stage):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    (tmp_path / "second" / "mine.py").write_text("")

    migration = play(
        tmp_path,
        stage,
        "import sys; sys.path[:0] = ['first', 'second']; import colorsys, mine",
    )

    passed = {found.path: found.modules for found in migration.material.passed}
    assert ("colorsys" in passed["first"], "colorsys" in passed["second"]) == (True, True)
    assert ("mine" in passed["first"], "mine" in passed["second"]) == (True, False)
    assert not [path for path in passed if "site-packages" in path]


def test_what_was_compiled_earlier_is_not_what_runs(tmp_path: Path, stage: Stage):
    module = tmp_path / "names.py"
    module.write_text("NAME = 'orders'\n")
    when = module.stat()
    subprocess.run([sys.executable, "-c", "import names"], env={"PYTHONPATH": str(tmp_path)}, check=True)
    module.write_text("NAME = 'stolen'\n")  # of the same length, and made to look as old
    os.utime(module, ns=(when.st_atime_ns, when.st_mtime_ns))

    migration = play(tmp_path, stage, "raise ValueError(NAME)", more="from names import NAME\n")

    assert "stolen" in (migration.steps[0].error or "") + migration.output_tail
    assert list(tmp_path.rglob("__pycache__")) == [tmp_path / "__pycache__"]  # of the process before


def test_a_file_that_changes_while_the_migration_runs_is_an_open_point(tmp_path: Path, stage: Stage):
    (tmp_path / "part.sql").write_text("SELECT 1")
    program = "open('part.sql').read()"

    migration = play(
        tmp_path,
        stage,
        f"""
        import pathlib, subprocess, sys
        pathlib.Path('part.sql').read_text()
        pathlib.Path('part.tmp').write_text('SELECT 2')
        pathlib.Path('part.tmp').replace('part.sql')
        subprocess.run([sys.executable, '-c', {program!r}])
        """,
    )

    assert migration.open_points == ("part.sql was changed while the migration ran: which text was played is unknown.",)


def test_what_the_migration_writes_itself_is_none_of_it(tmp_path: Path, stage: Stage):
    migration = play(
        tmp_path,
        stage,
        """
        import pathlib, tempfile
        pathlib.Path('made.sql').write_text('SELECT 1')
        op.execute(pathlib.Path('made.sql').read_text())
        with open('migration.log', 'a') as log:
            log.write('done')
        """,
    )

    assert {"made.sql", "migration.log"}.isdisjoint(parts(migration.material))


def test_a_file_that_is_written_on_is_one_that_was_read(tmp_path: Path, stage: Stage):
    (tmp_path / "part.sql").write_text("SELECT 1")

    migration = play(tmp_path, stage, "open('part.sql', 'a').close(); op.execute(open('part.sql').read())")

    assert parts(migration.material)["part.sql"] is Part.OPENED


def test_links_are_told_with_where_they_lead(tmp_path: Path, stage: Stage):
    project = tmp_path / "app"
    project.mkdir()
    (tmp_path / "shared.sql").write_text("SELECT 1")
    (project / "link.sql").symlink_to(tmp_path / "shared.sql")

    migration = play(project, stage, "op.execute(open('link.sql').read())")

    link = next(file for file in migration.material.files if file.path == "link.sql")
    assert link.link == str((tmp_path / "shared.sql").resolve())
    assert link.sha256 == hashlib.sha256(b"SELECT 1").hexdigest()


def test_folders_that_a_migration_searches_are_told_with_what_counts_in_them(tmp_path: Path, stage: Stage):
    (tmp_path / "rows").mkdir()
    for name in ("a.csv", "b.csv", "notes.txt", "c.sql"):
        (tmp_path / "rows" / name).write_text("")

    migration = play(tmp_path, stage, "import glob; [open(name).read() for name in glob.glob('rows/*.csv')]")

    folder = next(folder for folder in migration.material.folders if folder.path == "rows")
    assert folder.names == ("a.csv", "b.csv", "c.sql")


def test_a_program_that_nobody_sees_into_is_told_and_the_files_named_to_it(tmp_path: Path, stage: Stage):
    (tmp_path / "part.sql").write_text("SELECT 1")

    migration = play(tmp_path, stage, "import subprocess; subprocess.run(['cat', 'part.sql'], check=True)")

    assert migration.material.unseen == ("cat",)
    assert "part.sql" in parts(migration.material)


@pytest.mark.parametrize(
    ("words", "unseen"),
    [
        (("python", "-c", "print(1)"), ()),
        (("alembic", "--version"), ()),  # a script of Python's
        (("env", "python", "-c", "print(1)"), ()),
        (("sh", "-c", "true"), ("sh",)),
        (("true",), ("true",)),
    ],
)
def test_a_command_is_seen_into_where_it_is_python(
    words: tuple[str, ...], unseen: tuple[str, ...], tmp_path: Path, stage: Stage
):
    plan = MigrationPlan(tool="command", directory=tmp_path, command=words, python=Path(sys.executable))

    assert command.play(plan, stage, environ=ENVIRON).material.unseen == unseen


def test_scripts_are_told_with_what_they_include_and_what_else_their_folder_holds(tmp_path: Path, stage: Stage):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001.sql").write_text("\\ir more/tables.sql\n\\i common.sql\n\\copy t FROM 'rows.csv'\n")
    (folder / "more").mkdir()
    (folder / "more" / "tables.sql").write_text("CREATE TABLE t (a text);\n")
    (tmp_path / "common.sql").write_text("SELECT 1;\n")
    (tmp_path / "rows.csv").write_text("1\n")
    plan = MigrationPlan(tool="sql", directory=tmp_path, files=(folder / "001.sql",))

    migration = sql.play(plan, stage, environ=ENVIRON)

    assert migration.exit_status == 0, migration.output_tail
    assert parts(migration.material) == {
        "common.sql": Part.REVISION,
        "migrations/001.sql": Part.REVISION,
        "migrations/more/tables.sql": Part.REVISION,
        "rows.csv": Part.OPENED,
    }
    assert migration.material.unseen == ()


@pytest.mark.parametrize(
    ("line", "unseen"),
    [
        ("\\! true", "\\! in 001.sql"),
        ("\\set now `date`", "a program in 001.sql"),
        ("\\copy (SELECT 1) TO PROGRAM 'cat > /dev/null'", None),
    ],
)
def test_programs_that_psql_starts_are_not_seen_into(line: str, unseen: str | None, tmp_path: Path, stage: Stage):
    (tmp_path / "001.sql").write_text(f"SELECT 1;\n{line}\n")
    plan = MigrationPlan(tool="sql", directory=tmp_path, files=(tmp_path / "001.sql",))

    assert sql.play(plan, stage, environ=ENVIRON).material.unseen == (() if unseen is None else (unseen,))
