"""Clear values that must not have left: what is known of them, and whether what was found again is a leak.

A masked value may equal another row's clear value by chance. A mask that keeps classes of characters draws from
26 letters and 10 digits; of N canaries and M masked units of one shape N * M / 2^bits are expected to meet. Masks
that keep a part (the country of a phone number, the bank of an IBAN) are taken to leave half of the bits free.
Hits are a leak where so many are explained by chance once in a thousand million times, shape by shape: a snapshot
has some hundred shapes, so one in ten million snapshots raises a false alarm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearse.sanitise.masks import pads, templates
from rehearse.sanitise.units import Shape

DOMAIN = "residue"  # of the fingerprints: no mask has it
# what masks and reserved domains (RFC 2606) write themselves
OURS = ("example", "examplecom", "exampleorg", "examplenet", "invalid", "masked", "localhost")

_FALSE_ALARM = 1e-9  # of one shape
_LETTER_BITS, _DIGIT_BITS = math.log2(26), math.log2(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """Fingerprints of clear values of masked columns; never the values."""

    places: tuple[str, ...] = ()  # "public.people.email"
    found: Mapping[bytes, tuple[int, Shape]] = field(default_factory=dict, repr=False)  # -> number of the place
    notes: tuple[str, ...] = ()  # what they do not cover


def secret(key: bytes) -> bytes:
    """Return what fingerprints begin with: they are the inner half of the masks' HMAC, under a domain of their own.

    What the outer half is for, that nobody can extend a known hash, is prevented by the cut. It costs half.
    """
    return bytes.fromhex(pads(key)["rehearse.ip"]) + f"{DOMAIN}|".encode()


def bits(found: Shape, mask: str) -> float:
    """Return how many bits of a masked unit were drawn anew, at the least.

    >>> round(bits((10, 10), "text")), round(bits((12, 0), "phone"))
    (47, 20)
    """
    length, letters = found
    whole = letters * _LETTER_BITS + (length - letters) * _DIGIT_BITS
    return whole if templates()[mask].draws_all else whole / 2


def is_leak(hits: int, canaries: int, scanned: int, drawn_bits: float) -> bool:
    """Say whether hits among masked units of one shape are more than chance explains.

    >>> is_leak(1, 1000, 1000, 33.0), is_leak(3, 1000, 1000, 33.0), is_leak(1, 1000, 1000, 56.0)
    (False, True, True)
    """
    expected = canaries * scanned * 2.0**-drawn_bits
    return hits > expected and _tail(hits, expected) < _FALSE_ALARM


def _tail(hits: int, expected: float) -> float:
    """Return at most how likely a Poisson variable is to reach `hits`, more than expected (Chernoff's bound)."""
    if expected == 0:
        return 0.0
    # P(X >= 1) is exactly 1 - e^-expected, smaller than the bound for a single hit
    bound = math.exp(hits - expected + hits * math.log(expected / hits))
    return min(bound, -math.expm1(-expected))
