"""Personal data in columns that stay clear: whatever decided so, the values have the last word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rehearse.model.snapshot import ColumnTreatment
from rehearse.sanitise import validators

# Copied whatever they hold: version tables, keys that are numbers or uuids by their type, what a project says
_NOT_LOOKED_AT = ("migration history", "surrogate key", "configured")
# Types with no room for what the validators know
_HARMLESS = ("boolean", "smallint", "integer", "real", "double", "date", "time", "interval", "uuid", "oid", "bit")
_WORDS = {
    "email": "e-mail addresses", "iban": "account numbers (IBAN)", "phone": "telephone numbers",
    "identity": "social security numbers", "secret": "secrets", "card": "card numbers",
}  # fmt: skip
_LONG_NUMBER = re.compile(r"(?<![\w.+-])[2-6][0-9]{12,18}(?![\w.-])")
_FEWEST_CARDS, _SHARE_OF_CARDS = 10, 0.5  # one number in ten has the check digit of a card by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """What was found in some values of a clear column; no values."""

    kinds: Counter[str] = field(default_factory=Counter)
    long_numbers: int = 0  # as long as a card's, whatever their check digit


def personal(values: Collection[bytes]) -> Personal:
    """Return what is found in values as COPY writes them."""
    text = b"\n".join(values).decode(errors="replace")
    return Personal(
        kinds=Counter(found.kind for found in validators.find(text)),
        long_numbers=sum(1 for _ in _LONG_NUMBER.finditer(text)),
    )


@dataclass(slots=True)
class Doubts:
    """What was seen in one clear column: per kind, how many values that differ within a block."""

    treatment: ColumnTreatment
    seen: Counter[str] = field(default_factory=Counter)
    long_numbers: int = 0

    @property
    def is_open(self) -> bool:
        """Say whether the values have anything to say."""
        return self.treatment.reason not in _NOT_LOOKED_AT and not self.treatment.type.startswith(_HARMLESS)

    def see(self, found: Personal) -> None:
        """Add what a block held."""
        self.seen.update(found.kinds)
        self.long_numbers += found.long_numbers

    def certain(self) -> Iterator[tuple[str, int]]:
        """Yield what the column holds, in words, and how often; cards only where numbers have too many check digits."""
        for kind, count in sorted(self.seen.items()):
            if kind != "card" or count >= max(_FEWEST_CARDS, _SHARE_OF_CARDS * self.long_numbers):
                yield _WORDS.get(kind, kind), count
