"""What leaves a source in clear beside its rows, said in sentences: definitions, options, columns kept by a rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rehearse.model.catalog import Catalog
from rehearse.model.snapshot import ColumnTreatment
from rehearse.sanitise import literals
from rehearse.sanitise.names import semantic_class


def of_schema(catalog: Catalog) -> tuple[str, ...]:
    """Say what of the schema's dump is personal or secret; values are never said.

    Subscriptions, security labels and options of user mappings are not dumped.
    """
    return (*literals.notes(catalog), *_options(catalog))


def of_columns(treatments: Iterable[ColumnTreatment]) -> tuple[str, ...]:
    """Name the columns that stay clear although a detector is sure of what it found in them."""
    return tuple(
        f"{found.identity} is kept ({found.reason}), and holds personal data or secrets: {'; '.join(found.found)}."
        for found in treatments
        if found.is_clear and found.proven
    )


def _options(catalog: Catalog) -> Iterator[str]:
    for kind in ("foreign-server", "foreign-table", "foreign-data-wrapper", "column"):
        for entry in catalog.of_kind(kind):
            listed = entry.attributes.get("foreign_option_names" if kind == "column" else "option_names") or ()
            names = listed if isinstance(listed, Sequence) else ()
            secret = [str(name) for name in names if semantic_class(str(name)) == "secret"]
            if secret:
                yield (
                    f"The options of {kind.replace('-', ' ')} {entry.identity} leave the source in clear with its "
                    f"schema: {', '.join(secret)}. Move them to a user mapping."
                )
