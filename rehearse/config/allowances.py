"""Allowances as people write them: "create extension", "SET session_replication_role"."""

from __future__ import annotations

from rehearse.config.errors import NoAllowance
from rehearse.model.allowance import normalised


def allowance(text: str) -> str:
    """Return an allowance as it is compared. Raises NoAllowance."""
    found = normalised(text)
    if found is None:
        raise NoAllowance(text)
    return found
