"""Proving a password to a server: SCRAM-SHA-256 (RFC 5802, RFC 7677), as PostgreSQL asks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

MECHANISM = "SCRAM-SHA-256"
_HEADER = "n,,"  # no channel binding


class NotProven(Exception):
    """The server's answers are not those of one that knows the password."""


@dataclass(slots=True, kw_only=True)
class Client:
    """One exchange; PostgreSQL takes the user's name from the startup packet (manual 55.3.1)."""

    password: str = field(repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    _signature: bytes = b""

    def first(self) -> bytes:
        return f"{_HEADER}n=,r={self.nonce}".encode()

    def final(self, challenge: bytes) -> bytes:
        """Answer the server's challenge. Raises NotProven."""
        given = _attributes(challenge)
        if not given["r"].startswith(self.nonce):
            raise NotProven
        salt, rounds = base64.b64decode(given["s"]), int(given["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, rounds)
        key = _hmac(salted, b"Client Key")
        bare = f"c={base64.b64encode(_HEADER.encode()).decode()},r={given['r']}"
        signed = f"n=,r={self.nonce},{challenge.decode()},{bare}".encode()
        proof = _xor(key, _hmac(hashlib.sha256(key).digest(), signed))
        self._signature = _hmac(_hmac(salted, b"Server Key"), signed)
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()

    def check(self, outcome: bytes) -> None:
        """Make sure the server knows the password, too. Raises NotProven."""
        if not hmac.compare_digest(base64.b64decode(_attributes(outcome).get("v", "")), self._signature):
            raise NotProven


def _attributes(text: bytes) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in text.decode().split(","))}


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))
