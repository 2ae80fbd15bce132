"""What the watch saw beside the statements, as JSON: waits, sizes, rebuilt indexes, other databases."""

from __future__ import annotations

from rehearse.model.json import JSON
from rehearse.model.migration import ForeignConnection
from rehearse.model.timeline import RebuiltIndex, SizeChange, TableSize, Wait
from rehearse.reports.json.spans import milliseconds


def of_wait(found: Wait) -> JSON:
    """Return a wait of the migration for itself."""
    return {
        "session": found.session,
        "holders": list(found.holders),
        "statement": found.statement,
        "mode": found.mode,
        "awaited": found.awaited,
        "started": found.started.isoformat(),
        "waited_ms": milliseconds(found.duration),
        "was_granted": found.was_granted,
    }


def of_size_change(found: SizeChange) -> JSON:
    """Return a table that is of another size afterwards."""
    after = None if found.after is None else _size(found.after)
    return {"object": found.object, "before": _size(found.before), "after": after}


def _size(found: TableSize) -> JSON:
    return {"table_bytes": found.table, "index_bytes": found.indexes, "toast_bytes": found.toast}


def of_rebuilt_index(found: RebuiltIndex) -> JSON:
    """Return an index that is another one under the same name."""
    return {"object": found.object, "table": found.table, "old_oid": found.old_oid, "new_oid": found.new_oid}


def of_connection(found: ForeignConnection) -> JSON:
    """Return an attempt to reach another database."""
    return {"target": found.target, "redirected": found.redirected, "location": found.location}
