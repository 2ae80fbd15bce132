"""Rows of each table, in the few words a table of them has room for."""

from __future__ import annotations

from rehearse.model.change import RowCount
from rehearse.model.quantity import count
from rehearse.model.rehearsal import Rehearsal


def differing(rehearsal: Rehearsal) -> tuple[RowCount, ...]:
    """Return the tables that hold another number of rows afterwards than before."""
    return tuple(found for found in rehearsal.row_counts if found.before != found.after)


def others(rehearsal: Rehearsal) -> str:
    """Say how many tables hold as many rows as before."""
    same = len(rehearsal.row_counts) - len(differing(rehearsal))
    return f"{same} {'table holds' if same == 1 else 'tables hold'} as many rows as before."


def cell(number: int | None) -> str:
    """Write a number of rows counted on the stage; "-" where there is no table."""
    return "-" if number is None else f"{number:,}"


def in_production(found: RowCount) -> str:
    """Write how many rows production's table has: "212 M", "about 1,000", "new", "unknown"."""
    if found.production is None:
        return "new" if found.before is None else "unknown"
    return count(found.production) if found.production_exact else f"about {count(found.production)}"
