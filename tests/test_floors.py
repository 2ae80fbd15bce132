"""A module imports from lower floors or its own room, never sideways, never up."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "rehearse"
FLOORS = (
    {"errors", ""},  # the package itself only says its version
    {"model"},
    {"protocols"},
    {"diff", "checks", "forecast", "reports", "judge"},
    {"db", "chain", "checkout"},
    {"config"},
    {"catalog", "archive", "audit", "engine", "forges", "runs", "watch"},
    {"sanitise"},
    {"stages", "migrators", "snapshot", "compare", "observing"},
    {"registry"},
    {"releases"},
    {"request"},
    {"rehearsal", "gate"},
    {"kept_stages"},
    {"cli", "testing"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
DRIVERS = {"psycopg", "sqlalchemy", "alembic"}
TERMINAL = {"typer", "rich"}
# The hook runs in the project's own interpreter and may import nothing of ours, nor be held to our Python.
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "hook" not in path.relative_to(PACKAGE).parts]


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def name(path: Path) -> str:
    parts = ("rehearse", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module the file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            if node.module == "rehearse":
                yield from (f"rehearse.{alias.name}" for alias in node.names if not alias.name.startswith("__"))
            else:
                yield node.module or ""


def faults(path: Path) -> Iterator[str]:
    here = room(name(path))
    for found in imports(path):
        top = found.split(".")[0]
        if top == "rehearse" and room(found) != here and FLOOR[room(found)] >= FLOOR[here]:
            yield f"{found} is not below {here}"
        if top in DRIVERS and not FLOOR["db"] <= FLOOR[here] <= FLOOR["stages"]:
            yield f"{top} is a driver, for the floors from db to stages"
        if top in TERMINAL and here != "cli" and name(path) != "rehearse.reports.text":
            yield f"{top} is for cli/ and reports/text.py"
        if here == "model" and top != "rehearse" and top not in sys.stdlib_module_names:
            yield f"{top} is not in the standard library"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_stands_on_the_floors_below_it(path: Path):
    assert list(faults(path)) == []


def test_every_room_has_a_floor_and_no_module_is_a_drawer_for_everything():
    rooms = {room(name(path)) for path in MODULES}
    drawers = {path.stem for path in MODULES} & {"utils", "util", "helpers", "common", "misc"}

    assert rooms <= set(FLOOR)
    assert drawers == set()


@pytest.mark.parametrize(
    ("place", "line", "fault"),
    [
        ("model/x.py", "import psycopg", "psycopg is a driver, for the floors from db to stages"),
        ("checks/x.py", "from rehearse.diff import changes", "rehearse.diff is not below checks"),
        ("db/x.py", "from rehearse import runs", "rehearse.runs is not below db"),
        ("judge.py", "import rich.table", "rich is for cli/ and reports/text.py"),
    ],
)
def test_a_fault_is_found(place: str, line: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(line, encoding="utf-8")

    assert fault in list(faults(path))
