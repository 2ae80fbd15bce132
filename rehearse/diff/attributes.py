"""What differs between the attributes of two objects: the only module that knows deepdiff."""

from __future__ import annotations

from collections.abc import Mapping

from rehearse.model.json import JSON

Attributes = Mapping[str, JSON]


def differing(before: Attributes, after: Attributes) -> tuple[str, ...]:
    """Return the names of the attributes that differ, sorted; what only one side can tell is not compared.

    A newer server tells more of some kinds than an older one. DeepDiff costs 200 times a plain comparison, so
    equal attributes never get that far.

    >>> differing({"type": "text", "not_null": False}, {"type": "text", "not_null": True})
    ('not_null',)
    """
    if before == after:
        return ()
    from deepdiff import DeepDiff  # noqa: PLC0415  takes 0.15 s, and most runs compare little

    # By default DeepDiff names no key of two values that have few keys in common: it calls them all new.
    named = DeepDiff(before, after, threshold_to_diff_deeper=0).affected_root_keys
    return tuple(sorted(name for name in named if name in before and name in after and before[name] != after[name]))
