"""A case: a migration on the common tables, and what is true of it."""

from __future__ import annotations

from dataclasses import dataclass

from rehearse.model.report import Verdict

Transaction = tuple[str, ...]
LATEST = 99
PATIENT = "SET lock_timeout = 0"  # what waits for every older transaction must be let wait
AGAIN = "RESET lock_timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One migration and what must be found in it."""

    row: str  # of the table of hazards: "A1"
    name: str
    migration: tuple[str | Transaction, ...]  # transactions; a lone statement runs outside of any
    findings: frozenset[str]  # "block table-rewrite items"; a failed step goes by its SQLSTATE
    verdict: Verdict
    setup: str  # what stands in production beyond the common tables
    since: int  # PostgreSQL
    until: int
    masked: tuple[str, ...]  # columns: "items.note"

    @property
    def is_silent(self) -> bool:
        return not self.findings and self.verdict is Verdict.SAFE


def case(
    row: str,
    name: str,
    migration: str | Transaction | list[str | Transaction],
    *findings: str,
    setup: str = "",
    since: int = 15,
    until: int = LATEST,
    is_open: bool = False,
    masked: tuple[str, ...] = (),
) -> Case:
    """Return a case: a statement alone, one transaction, or a list of both.

    Without findings it is one that must stay silent. Anything that blocks makes it unsafe; what cannot be known
    makes it open.
    """
    blocks = any(found.startswith("block ") for found in findings)
    return Case(
        row=row,
        name=name,
        migration=tuple(migration) if isinstance(migration, list) else (migration,),
        findings=frozenset(findings),
        verdict=Verdict.UNSAFE if blocks else Verdict.UNDECIDED if is_open else Verdict.SAFE,
        setup=setup,
        since=since,
        until=until,
        masked=masked,
    )
