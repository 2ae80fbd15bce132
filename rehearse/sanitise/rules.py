"""What a project says about its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearse.errors import RequestError

UNCLASSIFIED = ("mask", "mask-all", "refuse")
MINIMUM_KEY = 16  # bytes: 128 bits


class BadSanitiseRule(RequestError):
    """A rule of [sanitise] that means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitiseRules:
    """Which columns leave production, and how; the key is ephemeral unless it is given."""

    unclassified: str = "mask"  # "mask", "mask-all": only surrogate keys stay clear, "refuse": stop
    columns: Mapping[str, str] = field(default_factory=dict)  # "public.customers.email" or "public.countries.*" -> mask
    key: bytes | None = field(default=None, repr=False)  # of the HMAC

    def __post_init__(self) -> None:
        if self.unclassified not in UNCLASSIFIED:
            raise BadSanitiseRule(
                f"sanitise.unclassified = {self.unclassified!r} is unknown.", f"Use one of: {', '.join(UNCLASSIFIED)}."
            )
        if self.key is not None and len(self.key) < MINIMUM_KEY:
            raise BadSanitiseRule("The masking key is too short.", "Give at least 16 random bytes, or none at all.")
