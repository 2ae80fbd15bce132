"""Signatures: HMAC-SHA-256 over canonical JSON, under a key for each purpose."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from rehearse.errors import RequestError

VARIABLE = "REHEARSE_PASS_KEY"
_SHORTEST = 32  # characters: 128 bits even of hexadecimal digits
_LEAST_DIFFERENT = 8


class Purpose(Enum):
    """What is signed: no signature of one thing is one of another."""

    PASS = b"rehearse pass 1"
    AUDIT = b"rehearse audit 1"
    NAME = b"rehearse key name 1"


class WeakKey(RequestError):
    """The key is one that can be guessed."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{VARIABLE} is no key to sign with: {why}.",
            "Make one, and keep it where secrets are: openssl rand -hex 32",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The secret that a trusted machine signs with."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Key | None:
        """Return the key of an environment; None where it has none. Raises WeakKey."""
        text = environ.get(VARIABLE, "").strip()
        if not text:
            return None
        if len(text) < _SHORTEST:
            raise WeakKey(f"it has {len(text)} characters, and needs {_SHORTEST}")
        if len(set(text)) < _LEAST_DIFFERENT:
            raise WeakKey("it has hardly any different characters")
        return cls(secret=text.encode())

    @property
    def name(self) -> str:
        """Return what the key is called: it tells keys apart, and nothing of the secret."""
        return self.sign(Purpose.NAME, {})[:12]

    def sign(self, purpose: Purpose, told: Mapping[str, object]) -> str:
        """Return the signature of a JSON object."""
        derived = hmac.digest(self.secret, purpose.value, "sha256")
        return hmac.new(derived, canonical(told), hashlib.sha256).hexdigest()

    def fits(self, purpose: Purpose, told: Mapping[str, object], signature: str) -> bool:
        return hmac.compare_digest(self.sign(purpose, told).encode(), signature.encode())


def canonical(told: Mapping[str, object]) -> bytes:
    """Return the one way to write a JSON object.

    >>> canonical({"b": 1, "a": ["x"]})
    b'{"a":["x"],"b":1}'
    """
    return json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()
