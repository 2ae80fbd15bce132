"""What each tool tells of the mutations that pg_dump tells apart, one at a time on a copy of a rich schema."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from schema_data import Place
from schema_rivals import ALEMBIC, MIGRA, asked

from rehearse.catalog import read
from rehearse.diff.schema import differences

sys.path.append(str(Path(__file__).resolve().parent.parent))
from test_catalog_witness import RICH, SUBSCRIPTION, copied, mutations

OURS = "rehearse drift"
_KEPT = "kept"  # the copy that is not mutated: a rival may stay connected to it
TOLD, MISSED, CRASHED = "told", "missed", "crashed"

_KINDS = (  # the first that a mutation begins with; what begins otherwise is of the other kinds
    ("comments", r"COMMENT ON"),
    ("privileges, owners", r"(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES)|.* OWNER TO "),
    ("columns", r"ALTER TABLE .* COLUMN "),
    ("constraints", r"ALTER (TABLE|DOMAIN) .*(CONSTRAINT|ADD CHECK|ADD FOREIGN|ADD UNIQUE|ADD PRIMARY|ADD EXCLUDE)"),
    ("triggers, rules, policies", r"\w+ (OR REPLACE )?(EVENT )?(TRIGGER|RULE|POLICY)|ALTER TABLE .*(TRIGGER|RULE) "),
    ("indexes, statistics", r"\w+ (UNIQUE )?(INDEX|STATISTICS)"),
    ("views", r"\w+ (OR REPLACE )?(MATERIALIZED )?VIEW"),
    ("functions, aggregates", r"\w+ (OR REPLACE )?(FUNCTION|PROCEDURE|AGGREGATE)"),
    ("types, domains, collations", r"\w+ (TYPE|DOMAIN|COLLATION)"),
    ("sequences", r"\w+ SEQUENCE"),
    ("tables", r"\w+ (UNLOGGED |FOREIGN )?TABLE"),
)

Difference = Callable[[str], str]  # of the database of this name: told, missed or crashed


@dataclass(slots=True, kw_only=True)
class Tally:
    """Of one kind of object: how many mutations there are, and what became of them by each tool."""

    mutations: int = 0
    ends: dict[str, Counter[str]] = field(default_factory=dict)


def tell(place: Place, bin_dir: Path | None) -> bool:
    """Print for every kind of object what was told, missed and crashed on; return whether we told all."""
    with _witness(place), ExitStack() as stack:
        tools = {OURS: _ours(place), **(_rivals(place, bin_dir, stack) if bin_dir else {})}
        tallies = _tallied(place, tools)
    total = Tally()
    for tally in tallies.values():
        total.mutations += tally.mutations
        for tool, ends in tally.ends.items():
            total.ends.setdefault(tool, Counter()).update(ends)
    print(f"\n{'what was not told of':30}{'mutations':>10}" + "".join(f"{tool:>26}" for tool in tools))
    for kind, tally in [*sorted(tallies.items()), ("all", total)]:
        print(f"{kind:30}{tally.mutations:10}" + "".join(f"{_untold(tally.ends[tool]):>26}" for tool in tools))
    return not total.ends[OURS][MISSED]


def _tallied(place: Place, tools: Mapping[str, Difference]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for mutation in (*mutations("told.sql"), *mutations("told.pg18.sql")):
        tally = tallies.setdefault(_kind(mutation), Tally(ends={tool: Counter() for tool in tools}))
        tally.mutations += 1
        with copied(place.server) as connection:
            connection.execute(SUBSCRIPTION)
            connection.execute("SET allow_system_table_mods = on")
            for statement in mutation.split("; "):
                connection.execute(statement.encode())
            for tool, difference in tools.items():
                tally.ends[tool][difference("mutant")] += 1
    return tallies


def _kind(mutation: str) -> str:
    r"""Return what a mutation is about.

    >>> _kind("CREATE UNIQUE INDEX more ON shop.orders (note)")
    'indexes, statistics'
    """
    return next((kind for kind, beginning in _KINDS if re.match(beginning, mutation)), "all other kinds")


@contextmanager
def _witness(place: Place) -> Iterator[None]:
    """Make the database whose copies are mutated, and one copy to compare them with."""
    with place.server.connect() as connection:
        connection.execute("CREATE ROLE rehearse_witness SUPERUSER")
        connection.execute("CREATE DATABASE witness TEMPLATE template0 STRATEGY FILE_COPY")
    with place.server.connect("witness") as connection:
        connection.execute(RICH)
    with place.server.connect() as connection:
        connection.execute(f"CREATE DATABASE {_KEPT} TEMPLATE witness STRATEGY FILE_COPY")
    with place.server.connect(_KEPT) as connection:
        connection.execute(SUBSCRIPTION)
    yield
    with place.server.connect(_KEPT) as connection:
        connection.execute("DROP SUBSCRIPTION readers")


def _ours(place: Place) -> Difference:
    def catalog(database: str):  # noqa: ANN202 - what read returns
        with place.server.connect(database) as connection:
            return read(connection, place.server.binaries.major)

    base = catalog(_KEPT)
    return lambda database: TOLD if differences(base, catalog(database)) else MISSED


def _rivals(place: Place, bin_dir: Path, stack: ExitStack) -> dict[str, Difference]:
    """Return how each rival tells: it says something else than of an equal copy."""
    found: dict[str, Difference] = {}
    for name in (MIGRA, ALEMBIC):
        rival = stack.enter_context(asked(bin_dir, name))
        with copied(place.server) as connection:
            connection.execute(SUBSCRIPTION)
            equal = rival.compare(place.url(_KEPT), place.url("mutant"))
        print(f"{name} tells {len(equal.told)} differences of two equal databases {equal.crashed or ''}".rstrip())

        def difference(database: str, rival=rival, equal=equal) -> str:  # noqa: ANN001 - bound now, not later
            answer = rival.compare(place.url(_KEPT), place.url(database))
            return CRASHED if answer.crashed else TOLD if answer != equal else MISSED

        found[name] = difference
    return found


def _untold(ends: Counter[str]) -> str:
    crashed = f", {ends[CRASHED]} crashed" if ends[CRASHED] else ""
    return f"{ends[MISSED]}{crashed}"
