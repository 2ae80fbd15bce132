"""What is asked of a stage beside its catalog: where sequences stand, and whether rows satisfy what is NOT VALID."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from rehearse import catalog
from rehearse.engine.server import Server
from rehearse.model.catalog import Catalog
from rehearse.model.proof import Proof
from rehearse.model.sequence import SequencePosition
from rehearse.stages import invalid_indexes


@pytest.fixture(params=["server", "server15"])
def stage(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[TupleRow]]:
    server: Server = request.getfixturevalue(request.param)
    database = request.getfixturevalue("database" if request.param == "server" else "database15")
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        yield connection


def read(stage: psycopg.Connection[TupleRow]) -> Catalog:
    return catalog.read(stage, stage.info.server_version // 10000)


def positions(stage: psycopg.Connection[TupleRow]) -> dict[str, tuple[int, int | None, bool, bool]]:
    found = catalog.read_sequences(stage, read(stage), catalog.count_rows(stage))
    return {each.column: _told(each) for each in found}


def _told(position: SequencePosition) -> tuple[int, int | None, bool, bool]:
    return (position.next_value, position.furthest, position.is_taken, position.is_behind)


def test_each_sequence_that_fills_a_column_is_told_with_how_far_the_column_goes(
    stage: psycopg.Connection[TupleRow],
):
    stage.execute(
        """
        CREATE TABLE fresh (id serial);
        CREATE TABLE fine (id integer GENERATED ALWAYS AS IDENTITY, n integer);
        INSERT INTO fine (n) VALUES (1), (2);
        CREATE TABLE behind (id bigserial);
        INSERT INTO behind VALUES (1), (7);
        CREATE SEQUENCE "Down's" INCREMENT -2 START -1;
        CREATE TABLE down (id integer DEFAULT nextval('"Down''s"'), other integer DEFAULT 5);
        INSERT INTO down (id) VALUES (DEFAULT), (-9);
        CREATE SEQUENCE done AS smallint MAXVALUE 2;
        CREATE TABLE full_up (id smallint DEFAULT nextval('done'));
        INSERT INTO full_up VALUES (DEFAULT), (DEFAULT);
        CREATE SEQUENCE endless START 9223372036854775807;
        CREATE TABLE ended (id bigint DEFAULT nextval('endless'));
        INSERT INTO ended VALUES (DEFAULT);
        CREATE SEQUENCE nobodys;
        """
    )

    assert positions(stage) == {
        "public.behind.id": (1, 7, True, True),
        "public.down.id": (-3, -9, False, True),
        "public.ended.id": (2**63 - 1, 2**63 - 1, True, True),
        "public.fine.id": (3, 2, False, False),
        "public.fresh.id": (1, None, False, False),
        "public.full_up.id": (2, 2, True, True),
    }


def test_no_foreign_server_is_asked(stage: psycopg.Connection[TupleRow]):
    stage.execute(
        """
        CREATE FOREIGN DATA WRAPPER nothing;
        CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
        CREATE FOREIGN TABLE far (id serial) SERVER elsewhere;
        CREATE TABLE near (id serial, day integer) PARTITION BY RANGE (day);
        CREATE FOREIGN TABLE near_1 PARTITION OF near FOR VALUES FROM (1) TO (2) SERVER elsewhere;
        """
    )

    assert positions(stage) == {}


def test_a_constraint_is_tried_on_the_rows_and_stays_as_it_was(stage: psycopg.Connection[TupleRow]):
    stage.execute(
        """
        CREATE TABLE owners (id integer PRIMARY KEY);
        CREATE TABLE cats (id integer, owner integer);
        INSERT INTO cats VALUES (1, 7);
        ALTER TABLE cats ADD CONSTRAINT holds CHECK (id > 0) NOT VALID;
        ALTER TABLE cats ADD CONSTRAINT "Fails" CHECK (id > 1) NOT VALID;
        ALTER TABLE cats ADD CONSTRAINT orphaned FOREIGN KEY (owner) REFERENCES owners NOT VALID;
        """
    )
    left = [found for found in read(stage).of_kind("constraint") if found.attributes["validated"] is False]

    proofs = catalog.prove(stage, left)

    assert proofs == (
        Proof(
            constraint='public.cats."Fails"',
            table="public.cats",
            sqlstate="23514",
            message='check constraint "Fails" of relation "cats" is violated by some row',
        ),
        Proof(constraint="public.cats.holds", table="public.cats"),
        Proof(
            constraint="public.cats.orphaned",
            table="public.cats",
            sqlstate="23503",
            message='insert or update on table "cats" violates foreign key constraint "orphaned"',
        ),
    )
    assert [found.attributes["validated"] for found in read(stage).of_kind("constraint") if found in left] == [
        False
    ] * 3


def test_an_index_that_is_invalid_in_production_is_so_on_the_stage(stage: psycopg.Connection[TupleRow]):
    stage.execute("CREATE TABLE cats (id integer, name text); INSERT INTO cats VALUES (1, 'a'), (2, 'a')")
    for refused in (
        "UNIQUE INDEX CONCURRENTLY cats_name ON cats (name)",
        "INDEX CONCURRENTLY cats_x ON cats ((1/(id-1)))",
    ):
        with pytest.raises(psycopg.Error):
            stage.execute(f"CREATE {refused}".encode())
    stage.execute("CREATE INDEX cats_id ON cats (id); CREATE INDEX cats_cut ON cats (id, name)")
    stage.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cats_cut'::regclass")
    production = read(stage)
    stage.execute("DROP INDEX cats_name; DROP INDEX cats_x; DROP INDEX cats_cut")  # as pg_dump leaves them out

    invalid_indexes.restore(stage, production)

    assert read(stage).fingerprint == production.fingerprint
