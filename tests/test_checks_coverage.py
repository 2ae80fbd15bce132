"""The coverage table is the checks' own word, and every known hazard has an answer or a reason."""

from __future__ import annotations

from rehearse import registry
from rehearse.cli import coverage


def test_every_check_says_which_hazards_it_decides():
    assert [name for name, check in registry.checks().items() if not hasattr(check, "HAZARDS")] == []


def test_checks_name_hazards_that_there_are_and_each_once():
    known = {hazard.id for hazard in coverage.hazards()}

    for name, check in registry.checks().items():
        decided = coverage.decided_by(check)
        assert set(decided) <= known, name
        assert len(set(decided)) == len(decided), name


def test_a_hazard_is_decided_or_left_for_one_of_the_reasons():
    checks = registry.checks()
    decided = {identifier for check in checks.values() for identifier in coverage.decided_by(check)}

    for hazard in coverage.hazards():
        assert hazard.left is None or hazard.left in coverage.reasons(), hazard.id
        assert not (hazard.left and (hazard.by or hazard.id in decided)), hazard.id


def test_the_table_has_a_line_for_each_hazard_and_its_sums():
    lines = list(coverage.table(registry.checks(), whole=True))

    assert [line.split()[0] for line in lines[: len(coverage.hazards())]] == [each.id for each in coverage.hazards()]
    assert next(line for line in lines if line.startswith("A1 ")).split()[-1] == "table-rewrite"
    assert next(line for line in lines if line.startswith("F19 ")).endswith("- (style)")
    assert lines[len(coverage.hazards())].endswith(f"of {len(coverage.hazards())} hazards are decided.")


def test_the_table_of_one_check_has_its_own_rows_only():
    check = registry.check("column-dropped")

    lines = list(coverage.table({"column-dropped": check}, whole=False))

    assert [line.split()[0] for line in lines] == list(coverage.decided_by(check))
