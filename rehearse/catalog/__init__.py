"""Reading a catalog: every file under sql/catalog/ is one kind of object."""

from rehearse.catalog.contents import read_contents
from rehearse.catalog.counting import count_nulls, count_rows, count_values
from rehearse.catalog.errors import CatalogUnreadable, RowsNotCounted
from rehearse.catalog.heads import read_heads
from rehearse.catalog.proving import prove
from rehearse.catalog.reading import read
from rehearse.catalog.sequences import read_sequences
from rehearse.catalog.values import value_changes

__all__ = [
    "CatalogUnreadable",
    "RowsNotCounted",
    "count_nulls",
    "count_rows",
    "count_values",
    "prove",
    "read",
    "read_contents",
    "read_heads",
    "read_sequences",
    "value_changes",
]
