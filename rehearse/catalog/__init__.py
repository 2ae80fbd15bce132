"""Reading a catalog: every file under sql/catalog/ is one kind of object."""

from rehearse.catalog.counting import count_rows
from rehearse.catalog.errors import CatalogUnreadable
from rehearse.catalog.reading import read

__all__ = ["CatalogUnreadable", "count_rows", "read"]
