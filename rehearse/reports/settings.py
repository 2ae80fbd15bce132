"""Changed settings beside production's, a line each."""

from __future__ import annotations

from rehearse.model.setting import SettingChange, Standing


def line(change: SettingChange) -> str:
    """Write a setting as "maintenance_work_mem: 64MB -> 1GB (reload)"."""
    told = f"{change.name}: {shown(change.production)} -> {shown(change.new)}"
    if change.is_unchanged:
        told = f"{change.name}: {shown(change.new)} in production already (no change)"
    elif change.standing is not Standing.ACCEPTED:
        told = f"{told} ({change.standing.value})"
    elif change.needs is not None:
        told = f"{told} ({change.needs})"
    return "; ".join((told, *(f"overridden {whose}" for whose in change.overridden)))


def shown(value: str | None) -> str:
    """Write a value so that none and an empty one can be told apart.

    >>> shown(None), shown(""), shown("1GB")
    ('not known', "''", '1GB')
    """
    return "not known" if value is None else value or "''"
