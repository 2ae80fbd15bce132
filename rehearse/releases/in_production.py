"""Where production stands: whether a release is what it has, no step more and none less."""

from __future__ import annotations

from collections.abc import Mapping

from rehearse import catalog, registry
from rehearse.db.connect import connect_stage
from rehearse.errors import RehearseError, RequestError
from rehearse.migrators.alembic import DatabaseAhead
from rehearse.migrators.scripts.history import AheadOfFolder
from rehearse.model.catalog import Catalog
from rehearse.model.migration import Migration, MigrationPlan
from rehearse.model.quantity import listing
from rehearse.model.stage import Stage
from rehearse.protocols import RaisedStage

Heads = Mapping[str, tuple[str, ...]]
_COMMAND = "command"


class ProductionBehind(RequestError):
    """Production lacks migrations of the release that it is said to have."""

    def __init__(self, told: str, heads: Heads, lacking: tuple[str, ...]) -> None:
        noun = "is one more migration" if len(lacking) == 1 else f"are {len(lacking)} more migrations"
        super().__init__(
            f"{told} is not what is in production. Production is {_at(heads)}, and in {told} there {noun}: "
            f"{listing(lacking, 8)}.",
            "Name the release that is in production with --base, or take a new snapshot if this one is old.",
        )


class ProductionAhead(RequestError):
    """Production has migrations that the release it is said to have does not know."""

    def __init__(self, told: str, heads: Heads, error: RehearseError) -> None:
        super().__init__(
            f"{told} is not what is in production. Production is {_at(heads)}, which {told} does not know: "
            f"{error.sentence}",
            "Name the release that is in production with --base.",
        )


class ProductionUnlike(RequestError):
    """The command of the release changes production, to which it is said to have been applied."""

    def __init__(self, told: str, changed: tuple[str, ...]) -> None:
        super().__init__(
            f"{told} is not what is in production: its migrations change {listing(changed, 8)} there.",
            "Name the release that is in production with --base, or take a new snapshot if this one is old.",
        )


class StandingUnknown(RehearseError):
    """It cannot be told whether production has a release."""

    def __init__(self, told: str, why: str) -> None:
        super().__init__(
            f"Whether {told} is what is in production could not be established: {why.rstrip('.')}.",
            "See that its migrations can be played here (its packages are those of today), or leave --base out.",
        )


def confirm(told: str, plan: MigrationPlan, raised: RaisedStage) -> None:
    """Make sure that the migrations of a release find nothing to do on a stage, which is as new afterwards.

    Raises ProductionBehind, ProductionAhead, ProductionUnlike, StandingUnknown and what the migrator raises.
    """
    heads, before = _state(raised.stage)
    try:
        migration = registry.migrator(plan.tool).play(plan, raised.stage)
    except (DatabaseAhead, AheadOfFolder) as error:
        raise ProductionAhead(told, heads, error) from None
    after_heads, after = _state(raised.stage)
    lacking = tuple(step.id for step in migration.steps if step.id != _COMMAND)
    if lacking:
        raise ProductionBehind(told, heads, lacking)
    if (open_point := _open_point(migration)) is not None:
        raise StandingUnknown(told, open_point)
    moved = tuple(table for table in after_heads if after_heads[table] != heads.get(table))
    if changed := _changed(before, after) or moved:
        raise ProductionUnlike(told, changed)
    if migration.tool == "command":  # it may have written rows, which nobody compared
        raised.reset()


def _state(stage: Stage) -> tuple[Heads, Catalog]:
    with connect_stage(stage.admin) as connection:
        return catalog.read_heads(connection), catalog.read(connection, stage.server_major)


def _changed(before: Catalog, after: Catalog) -> tuple[str, ...]:
    """Return the objects that are not in both alike."""
    old, new = (
        {(found.kind, found.identity): found.attributes for found in state.objects} for state in (before, after)
    )
    return tuple(sorted(key[1] for key in old.keys() | new.keys() if old.get(key) != new.get(key)))


def _open_point(migration: Migration) -> str | None:
    if migration.stopped is not None:
        return migration.stopped.told
    if migration.exit_status:
        said = migration.output_tail.strip().rpartition("\n")[2]
        return f"its migrations ended with status {migration.exit_status}{': ' + said if said else ''}"
    if migration.tool == "alembic" and not migration.known_revisions:
        return "no revisions were found in it"
    return next(iter(migration.open_points), None) if migration.tool == "alembic" else None


def _at(heads: Heads) -> str:
    known = tuple(head for table in heads.values() for head in table)
    return f"at {listing(known)}" if known else "at no revision"
