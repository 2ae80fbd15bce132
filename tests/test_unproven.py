"""A sample that passes proves little: what production's other rows might refuse is left open."""

from __future__ import annotations

import pytest
from builders import ORDERS, evidence, migration, rehearsal, row_count, statement, step, timeline

from rehearse.model.catalog import Catalog, CatalogObject
from rehearse.model.change import SchemaChange
from rehearse.model.json import JSON
from rehearse.model.rehearsal import Rehearsal
from rehearse.model.timeline import Outcome
from rehearse.model.unproven import demands


def change(kind: str, name: str, before: dict[str, JSON] | None, after: dict[str, JSON], action: str) -> SchemaChange:
    return SchemaChange(action=action, kind=kind, object=name, table=ORDERS, before=before, after=after)


def constraint(**attributes: JSON) -> CatalogObject:
    return CatalogObject(kind="constraint", identity=f"{ORDERS}.c", table=ORDERS, physical="1", attributes=attributes)


NOT_NULL = change("column", f"{ORDERS}.note", {"not_null": False}, {"not_null": True}, "altered")
NARROWER = change("column", f"{ORDERS}.note", {"type": "text"}, {"type": "character varying(9)"}, "altered")
WIDER = change("column", f"{ORDERS}.n", {"type": "integer"}, {"type": "bigint"}, "altered")
UNIQUE = change(
    "index",
    "public.o_u",
    None,
    {"unique": True, "definition": "CREATE UNIQUE INDEX o_u ON public.orders USING btree (a, b)"},
    "added",
)
PLAIN = change("index", "public.o_i", None, {"unique": False, "definition": "..."}, "added")
CHECK = change("constraint", f"{ORDERS}.c", None, {"validated": True}, "added")
NOT_VALID = change("constraint", f"{ORDERS}.c", None, {"validated": False}, "added")
NEW_A = change("column", f"{ORDERS}.a", None, {"type": "integer"}, "added")
AFTER = Catalog(objects=(constraint(type="check", definition="CHECK ((n > 0))", validated=True),))
KEY = Catalog(objects=(constraint(type="primary key", columns=["a"], validated=True),))
CHECKED = Catalog(objects=(constraint(type="check", definition="CHECK ((note IS NOT NULL))", validated=True),))


def sampled(*changes: SchemaChange, whole: bool = False, before: Catalog | None = None) -> Rehearsal:
    return rehearsal(
        changes=changes,
        row_counts=(row_count(1_000, 1_000, 5_000_000),),
        whole_tables=frozenset({ORDERS} if whole else ()),
        before=before or Catalog(objects=()),
        after=AFTER,
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (NOT_NULL, "SELECT 1 FROM public.orders WHERE note IS NULL LIMIT 1"),
        (NARROWER, "every value of note fits character varying(9)"),
        (UNIQUE, "SELECT a, b FROM public.orders GROUP BY a, b HAVING count(*) > 1 LIMIT 1"),
        (CHECK, "SELECT 1 FROM public.orders WHERE NOT ((n > 0)) LIMIT 1"),
    ],
)
def test_a_new_demand_on_a_sampled_table_is_open_and_says_what_to_ask(found: SchemaChange, words: str):
    sentences = list(demands(sampled(found)))

    assert len(sentences) == 1
    assert words in sentences[0]
    assert "1,000 of 5,000,000 rows" in sentences[0]


@pytest.mark.parametrize("found", [NOT_NULL, NARROWER, UNIQUE, CHECK])
def test_the_same_demand_on_a_whole_table_is_settled(found: SchemaChange):
    assert list(demands(sampled(found, whole=True))) == []


@pytest.mark.parametrize(
    "given",
    [
        sampled(WIDER),
        sampled(PLAIN),
        sampled(NOT_VALID),
        sampled(UNIQUE, NEW_A),
        sampled(UNIQUE, before=KEY),
        sampled(NOT_NULL, before=CHECKED),
    ],
)
def test_what_demands_nothing_of_old_rows_is_silent(given: Rehearsal):
    assert list(demands(given)) == []


@pytest.mark.parametrize(("whole", "blamed"), [(False, True), (True, False)])
def test_a_missing_parent_proves_nothing_where_the_parents_are_a_sample(whole: bool, blamed: bool):
    refused = statement(
        sql="ALTER TABLE lines ADD FOREIGN KEY (o) REFERENCES orders (id)", outcome=Outcome.FAILED, sqlstate="23503"
    )
    given = rehearsal(
        timeline=timeline(refused),
        migration=migration(step(outcome=Outcome.FAILED), exit_status=1),
        whole_tables=frozenset({ORDERS} if whole else ()),
    )

    assert (evidence(given).stage_is_to_blame(step(), refused) is not None) is blamed
