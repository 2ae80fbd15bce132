"""Personal data in columns that stay clear: whatever decided so, the values have the last word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from rehearse.model.snapshot import ColumnTreatment

# Copied whatever they hold: version tables, and keys that are numbers or uuids by their type
_NOT_LOOKED_AT = ("migration history", "surrogate key")
_EMAIL = re.compile(rb"[\w.+%-]+@((?:[\w-]+\.)+[A-Za-z]{2,})(?![\w.-])", re.ASCII)
_RESERVED = re.compile(rb"(^|\.)(example(\.(com|org|net))?|test|invalid|localhost)$", re.IGNORECASE)  # RFC 2606
_IBAN = re.compile(rb"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
_SECRET = re.compile(
    rb"(?<!\w)(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{36,}|github_pat_\w{40,}|glpat-[\w-]{20}|xox[baprs]-[\w-]{10,}"
    rb"|AIza[\w-]{35}|(?:sk|rk)_live_\w{16,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+)|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_CARD = re.compile(rb"(?<![\w.])[3-6]\d{12,18}(?![\w.])")
_FEWEST_CARDS, _SHARE_OF_CARDS = 10, 0.5  # one number in ten has the check digit of a card by chance


@dataclass(slots=True)
class Doubts:
    """What was seen in one clear column: per kind, how many distinct values a block."""

    treatment: ColumnTreatment
    seen: dict[str, int] = field(default_factory=dict)
    long_numbers: int = 0
    cards: int = 0

    def see(self, values: Collection[bytes]) -> None:
        """Look at values as COPY writes them."""
        if self.treatment.reason in _NOT_LOOKED_AT:
            return
        blob = b"\n".join(values)
        for kind, count in _kinds(blob):
            self.seen[kind] = self.seen.get(kind, 0) + count
        numbers = set(_CARD.findall(blob))
        self.long_numbers += len(numbers)
        self.cards += sum(map(_has_check_digit, numbers))

    @property
    def is_by_configuration(self) -> bool:
        return self.treatment.reason == "configured"

    def certain(self) -> Iterator[tuple[str, int]]:
        """Yield what the column holds, in words, and how often."""
        yield from ((kind, count) for kind, count in sorted(self.seen.items()) if count)
        if self.cards >= max(_FEWEST_CARDS, _SHARE_OF_CARDS * self.long_numbers):
            yield "card numbers", self.cards


def _kinds(blob: bytes) -> Iterator[tuple[str, int]]:
    if b"@" in blob:
        found = {match[0] for match in _EMAIL.finditer(blob) if not _RESERVED.search(match[1])}
        yield "e-mail addresses", len(found)
    yield "account numbers (IBAN)", len({found for found in _IBAN.findall(blob) if _is_iban(found)})
    yield "secrets", len(set(_SECRET.findall(blob)))


def _is_iban(text: bytes) -> bool:
    from stdnum import iban  # noqa: PLC0415 - needed for the few values that look like one

    return bool(iban.is_valid(text.decode("ascii")))


def _has_check_digit(number: bytes) -> bool:
    """Say whether the digits pass Luhn's test (ISO/IEC 7812-1).

    >>> _has_check_digit(b"4111111111111111"), _has_check_digit(b"4111111111111112")
    (True, False)
    """
    digits = [octet - 48 for octet in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
