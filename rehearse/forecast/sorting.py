"""The memory that an index build sorts in: what it needs in production, and what it has there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from rehearse.model.facts import Facts
from rehearse.model.same import Same
from rehearse.model.timeline import SizeChange, Timeline, Work, WorkKind

_SETTING = "maintenance_work_mem"
_DEFAULT = 64 * 1024**2  # manual 20.4.1
_SIZE = re.compile(r"\s*(\d+)\s*(B|kB|MB|GB|TB)?\s*")
_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
# Bytes that a sort in memory keeps for each row beside the index tuple: its place in the array (tuplesort.h), and
# before PostgreSQL 17 what the allocator adds. With 64 MB an index of integers went to disk between 1.0 and 1.2 M rows
# on 15.18, between 1.6 and 1.8 M on 18.6.
_A_TUPLE, _ALLOCATED = 24, 16
_BUMP_ALLOCATOR = 17
_LEAST = 16  # bytes of an index tuple of one integer
_FILL, _POINTER = 0.9, 4  # an index fills its pages to nine tenths, with a pointer of four bytes for each tuple


def needed(timeline: Timeline, work: Work, rows: int, server_major: int) -> int:
    """Return the bytes that sorting so many rows for an index would take in memory.

    A tuple is taken to be as wide as the stage's indexes on the table grew by, where one index alone was built,
    else as narrow as it can be: what is said to exceed the memory does.
    """
    kept = _A_TUPLE if server_major >= _BUMP_ALLOCATOR else _A_TUPLE + _ALLOCATED
    return rows * (kept + max(_LEAST, _width(timeline, work)))


def memory(facts: Facts) -> int:
    """Return production's maintenance_work_mem in bytes, as the owner of the database has it."""
    owner = next((role for role in facts.roles if role.name == facts.owner), None)
    places = (owner.database_settings, owner.settings) if owner else ()
    for settings in (*places, facts.database_settings, facts.settings):
        if match := _SIZE.fullmatch(settings.get(_SETTING, "")):
            return int(match[1]) * _UNITS[match[2] or "kB"]
    return _DEFAULT


def _width(timeline: Timeline, work: Work) -> int:
    """Return the bytes of an index tuple, zero where the sizes do not tell."""
    change = _sizes(Same(timeline)).get(work.object)
    if _builds(Same(timeline))[work.object] != 1 or change is None or change.after is None or not work.rows:
        return 0
    grown = change.after.indexes - change.before.indexes
    return round(grown / work.rows * _FILL) - _POINTER


@lru_cache(maxsize=2)
def _builds(timeline: Same[Timeline]) -> Counter[str]:
    """Count how often indexes of each table were built."""
    return Counter(
        found.object
        for statement in timeline.value.statements
        for found in statement.work
        if found.kind in (WorkKind.INDEX_BUILD, WorkKind.REWRITE)
    )


@lru_cache(maxsize=2)
def _sizes(timeline: Same[Timeline]) -> Mapping[str, SizeChange]:
    return {found.object: found for found in reversed(timeline.value.sizes)}
