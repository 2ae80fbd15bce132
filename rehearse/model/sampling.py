"""How much of each table a snapshot takes, and of which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearse.model.patterns import most_specific


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule:
    """What a project says about one table, or about all that a pattern names."""

    rows: int | None = None  # None: as many as of any other table
    where: str | None = None  # only rows for which this SQL condition holds, and the parents of others
    newest: str | None = None  # the newest rows by this column, not rows from all over the table
    skip: bool = False  # its schema only


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualKey:
    """A foreign key that PostgreSQL does not know: a project says which columns refer to which."""

    child_columns: tuple[str, ...]  # "public.comments.subject_id"
    parent_columns: tuple[str, ...]  # "public.posts.id", paired by position
    where: str | None = None  # which rows refer, as an SQL condition: "subject_type = 'Post'"
    path: str | None = None  # jsonpath to what refers within the only column: "$.items[*].product_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRules:
    """Rows of each larger table, what is said of single tables, and what is searched for."""

    rows: int = 1000
    tables: Mapping[str, TableRule] = field(default_factory=dict)  # "public.orders" or "audit.*" -> rule
    foreign_keys: tuple[VirtualKey, ...] = ()
    duplicates: bool = True  # whether rows are searched for that share a key
    orphans: bool = True  # whether foreign keys are searched for rows without a parent, and parents by their children

    def of(self, *names: str) -> TableRule:
        """Return the rule of the most specific pattern for a table; of a partition, by its own name or its root's.

        >>> rules = SampleRules(tables={"audit.*": TableRule(skip=True), "audit.logins": TableRule(rows=5)})
        >>> rules.of("audit.logins").rows, rules.of("audit.changes").skip, rules.of("public.orders").skip
        (5, True, False)
        """
        pattern = most_specific(self.tables, *names)
        return TableRule() if pattern is None else self.tables[pattern]

    def quota(self, *names: str) -> int:
        return self.of(*names).rows or self.rows
