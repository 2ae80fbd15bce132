"""Whom a statement keeps waiting beside the table it names: judged from what real servers did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import evidence, facts, rehearsal, row_count, table
from grounds import Ground

from rehearse import registry
from rehearse.model.facts import TableFacts
from rehearse.model.policy import Policy

PARENTS, ITEMS, CHILDREN, LOOSE = "public.parents", 'public."Items"', "public.children", "public.loose"
MEASURES, MEASURES_1 = "public.measures", "public.measures_1"
ROWS = {PARENTS: 300, ITEMS: 2_000, CHILDREN: 500, LOOSE: 40, MEASURES_1: 90}
KNOWN = (*(table(rows, name=name) for name, rows in ROWS.items() if name != MEASURES_1),)
LEAF = TableFacts(
    table=MEASURES_1, rows=90, rows_exact=True, heap_bytes=8_192, index_bytes=0, total_bytes=8_192, root=MEASURES
)
FOREIGN_KEY = 'ALTER TABLE "Items" ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parents'
DEFAULT = "CREATE TABLE measures_d PARTITION OF measures DEFAULT"
DOMAIN = "CREATE DOMAIN positive AS int"

CASES = {
    "a foreign key is checked on both sides": (
        (FOREIGN_KEY,),
        {("blocking-validation", ITEMS), ("blocking-validation", PARENTS)},
        {ITEMS, PARENTS},
    ),
    "a foreign key that is dropped": (
        ("ALTER TABLE children DROP CONSTRAINT children_item_id_fkey",),
        set(),
        {CHILDREN, ITEMS},
    ),
    "a table that is dropped, with a foreign key out of it": (("DROP TABLE children",), set(), {CHILDREN, ITEMS}),
    "a new table with a foreign key, filled at once": (
        (
            "BEGIN",
            "CREATE TABLE gifts (parent int REFERENCES parents)",
            "UPDATE loose SET id = id + 1",
            "COMMIT",
        ),
        {("long-blocking-lock", PARENTS)},
        {PARENTS},
    ),
    "a new partition": (
        ("CREATE TABLE measures_3 PARTITION OF measures FOR VALUES FROM (200) TO (300)",),
        set(),
        {MEASURES},
    ),
    "a partition that is detached": (("ALTER TABLE measures DETACH PARTITION measures_1",), set(), {MEASURES}),
    "an index of a partitioned table": (
        ("CREATE INDEX ON measures (id)",),
        {("blocking-index-build", MEASURES_1)},
        {MEASURES},
    ),
    "a constraint of a domain": (
        (
            DOMAIN,
            "ALTER TABLE loose ADD COLUMN size positive",
            "ALTER DOMAIN positive ADD CONSTRAINT more CHECK (VALUE > 0)",
        ),
        {("blocking-validation", LOOSE)},
        {LOOSE},
    ),
    "a constraint of a domain that is not validated": (
        (
            DOMAIN,
            "SET lock_timeout = '2s'",
            "ALTER TABLE loose ADD COLUMN size positive",
            "ALTER DOMAIN positive ADD CONSTRAINT more CHECK (VALUE > 0) NOT VALID",
        ),
        set(),
        set(),
    ),
    "a lock that is kept while another table is read": (
        ("BEGIN", "ALTER TABLE loose ADD COLUMN x int", "SELECT count(*) FROM children", "COMMIT"),
        {("long-blocking-lock", LOOSE)},
        {LOOSE},
    ),
    "a lock that is given up first": (
        ("ALTER TABLE loose ADD COLUMN x int", "SELECT count(*) FROM children"),
        set(),
        {LOOSE},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_everybody_who_waits_is_named(ground: Ground, case: str):
    statements, blocking, without_timeout = CASES[case]

    seen = evidence(
        rehearsal(
            facts=facts(*KNOWN, LEAF),
            row_counts=tuple(row_count(rows, rows, rows, name=name) for name, rows in ROWS.items()),
            timeline=ground.watch(*statements),
        ),
        Policy(max_blocking=timedelta(0)),
    )

    checks = ("table-rewrite", "blocking-index-build", "blocking-validation", "long-blocking-lock")
    told = {(name, found.object) for name in checks for found in registry.check(name).findings(seen)}
    waiting = {found.object for found in registry.check("lock-timeout-missing").findings(seen)}
    assert (told, waiting) == (blocking, without_timeout)
