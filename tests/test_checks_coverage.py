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


def test_a_hazard_is_left_for_one_of_the_reasons_and_each_reason_is_needed():
    assert {hazard.left for hazard in coverage.hazards()} == {None, *coverage.reasons()}
    assert [hazard.id for hazard in coverage.hazards() if hazard.left and hazard.by] == []


def test_the_table_has_a_line_for_each_hazard_and_its_sums():
    lines = list(coverage.table(registry.checks(), whole=True))

    assert [line.split()[0] for line in lines[: len(coverage.hazards())]] == [each.id for each in coverage.hazards()]
    assert next(line for line in lines if line.startswith("A1 ")).split()[-1] == "table-rewrite"
    assert next(line for line in lines if line.startswith("F19 ")).endswith("- (style)")
    assert next(line for line in lines if line.startswith("D9 ")).endswith("duplicate-index; for the rest - (workload)")
    assert lines[len(coverage.hazards())].endswith(f"of {len(coverage.hazards())} hazards are decided.")


def test_the_table_of_one_check_has_its_own_rows_only():
    check = registry.check("column-dropped")

    lines = list(coverage.table({"column-dropped": check}, whole=False))

    assert [line.split()[0] for line in lines] == list(coverage.decided_by(check))
