"""What the values of a column mean, by name, type and values, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rehearse.catalog.relations import Column
from rehearse.sanitise import kinds
from rehearse.sanitise.evidence import Hit, Seen
from rehearse.sanitise.names import Announced, announced

_MOSTLY = 0.5  # of the values are it, and nothing else
_WORDS_OF_A_TEXT = 5.0
_NO_MATTER_FOR_NUMBERS = frozenset({"name", "text", "url", "person", "address", "login", "email"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What the values of a column mean."""

    what: str | None  # "email", "phone", ...; None: nothing that has a name
    confidence: str  # "high", "medium", "low"
    reason: str
    found: tuple[str, ...] = ()  # by detectors, in words
    proven: tuple[str, ...] = ()  # meanings of which one value is enough, or by a share of the values and the name
    weak: bool = False  # nothing but the share of some pattern says so

    @property
    def is_personal(self) -> bool:
        return self.what is not None


def of_column(column: Column, table: str, seen: Seen, *, degrees: bool = False) -> Meaning:
    """Judge a column; `degrees`: its table has latitude and longitude, and this is one of them."""
    named = named_by(column, table)
    flagged = [hit for hit in seen.hits.values() if _counts(hit, seen, named)]
    found = tuple(_in_words(hit, seen) for hit in flagged)
    proven = tuple(sorted({hit.detector.meaning for hit in flagged if hit.is_proof or _agree(hit, named)}))
    what, confidence, reason = _judged(column, named, flagged, seen, degrees=degrees)
    weak = named is None and not proven
    return Meaning(what=what, confidence=confidence, reason=reason, found=found, proven=proven, weak=weak)


def named_by(column: Column, table: str) -> Announced | None:
    """Return what the name announces, as far as the type can hold it."""
    named = announced(column.name, table)
    if named is None or not kinds.is_plain(column):
        return named
    return None if named.confidence != "high" and named.meaning in _NO_MATTER_FOR_NUMBERS else named


def _judged(
    column: Column, named: Announced | None, flagged: Iterable[Hit], seen: Seen, *, degrees: bool
) -> tuple[str | None, str, str]:
    mostly = sorted((hit for hit in flagged if hit.whole >= _MOSTLY * seen.among(hit)), key=lambda hit: -hit.whole)
    if named is not None:
        agreed = any(_agree(hit, named) for hit in flagged)
        also = "; so do its values" if agreed else ""
        return named.meaning, "high" if agreed else named.confidence, f"its name says {named.meaning}{also}"
    if degrees:
        return "geo", "high", "latitude and longitude in one table"
    if mostly:
        best = mostly[0]
        return best.detector.meaning, "high" if best.is_proof else "medium", _in_words(best, seen)
    by_share = max((hit for hit in flagged if not hit.is_proof), key=lambda hit: hit.values, default=None)
    if by_share is not None:
        return by_share.detector.meaning, "medium", _in_words(by_share, seen)
    if any(hit.is_proof for hit in flagged):
        return "text", "high", ", ".join(_in_words(hit, seen) for hit in flagged if hit.is_proof)
    if kinds.is_network_address(column):
        return "device", "high", f"its type is {column.type}"
    if kinds.is_text(column) and seen.words >= _WORDS_OF_A_TEXT:
        return "text", "medium", f"{seen.words:.0f} words in a value: free text"
    return None, "low", ""


def _counts(hit: Hit, seen: Seen, named: Announced | None) -> bool:
    """Say whether a detector has found enough: one where that is proof or the name says the same, else a share."""
    return hit.is_proof or _agree(hit, named) or seen.share(hit) >= hit.detector.share


def _agree(hit: Hit, named: Announced | None) -> bool:
    return named is not None and (
        named.meaning == hit.detector.meaning or {named.meaning, hit.detector.meaning} <= {"card", "iban", "finance"}
    )


def _in_words(hit: Hit, seen: Seen) -> str:
    return f"{hit.detector.meaning} in {hit.values:,} of {seen.among(hit):,} values"
