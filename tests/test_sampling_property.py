"""Whatever refers to whatever, no kept row misses a parent that the source has."""

from __future__ import annotations

import uuid

from graphs import Graph, build, dangling, selected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehearse.engine.server import Server
from rehearse.model.sampling import SampleRules

GRAPHS = st.builds(
    Graph,
    tables=st.integers(1, 6),
    rows=st.sampled_from([40, 300]),
    references=st.integers(1, 8),
    partitioned=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 2**32),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=GRAPHS, rows=st.sampled_from([3, 20]))
def test_no_kept_row_misses_a_parent_that_the_source_has(server: Server, graph: Graph, rows: int):
    name = f"g_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
    try:
        with server.connect(name) as connection:
            build(connection, graph)

            kept = selected(connection, SampleRules(rows=rows))

            assert dangling(connection, kept) == 0
    finally:
        with server.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_property_can_fail(server: Server, database: str):
    with server.connect(database) as connection:
        build(connection, Graph(tables=2, rows=300, references=3, partitioned=0.5, seed=1))
        kept = selected(connection, SampleRules(rows=20))

        less = {oid: None if ctids is None else set(sorted(ctids)[: len(ctids) // 4]) for oid, ctids in kept.items()}

        assert dangling(connection, kept) == 0
        assert dangling(connection, less) > 0
