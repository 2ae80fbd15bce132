"""What pg_restore complains about is understood, whoever of its workers was interrupted by another."""

from __future__ import annotations

import pytest

from rehearse.stages.dump import _FAILED

ONE = """could not execute query: ERROR:  could not create unique index "one"
DETAIL:  Key (x)=(1) is duplicated.
Command was: ALTER TABLE ONLY s.a
    ADD CONSTRAINT one UNIQUE (x);


"""
OTHER = """could not execute query: ERROR:  there is no unique constraint
Command was: ALTER TABLE ONLY s.b
    ADD CONSTRAINT other FOREIGN KEY (x) REFERENCES s.a(x);


"""
END = "pg_restore: warning: errors ignored on restore: 2\n"


@pytest.mark.parametrize(
    "complaints",
    [
        f"pg_restore: error: {ONE}pg_restore: error: {OTHER}{END}",
        f"pg_restore:pg_restore:  error: error: {ONE}{OTHER}{END}",
        f"pg_restore: pg_restore: error: {ONE}error: {OTHER}{END}",
        f"pg_restore: error: pg_restore: {ONE} error: {OTHER}{END}",
    ],
)
def test_every_failure_is_found_with_its_command(complaints: str):
    found = [(match["said"], match["command"].strip()) for match in _FAILED.finditer(complaints)]

    assert found == [
        (
            'ERROR:  could not create unique index "one"',
            "ALTER TABLE ONLY s.a\n    ADD CONSTRAINT one UNIQUE (x);",
        ),
        (
            "ERROR:  there is no unique constraint",
            "ALTER TABLE ONLY s.b\n    ADD CONSTRAINT other FOREIGN KEY (x) REFERENCES s.a(x);",
        ),
    ]
