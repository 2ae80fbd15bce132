"""What the command line asks of a comparison of counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags of one call, as they were written; None where a flag was not given."""

    tables: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    views: bool = False
    where: str | None = None
    by: str | None = None
    since: str | None = None
    time_columns: Sequence[str] | None = None
    tolerance: str | None = None
    estimate: bool = False
    content: bool = False
    locate: bool = False
    limit: int | None = None
    show_keys: bool = False
    masked: Sequence[str] | None = None
    jobs: int | None = None
    timeout: str | None = None
    recheck: str | None = None
