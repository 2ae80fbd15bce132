"""Reading a catalog: every file under sql/catalog/ is one kind of object."""
