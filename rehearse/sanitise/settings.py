"""Settings that an application made up may hold secrets."""

from __future__ import annotations

import re

from rehearse.sanitise.names import semantic_class

_LIKE_A_SECRET = re.compile(r"[A-Za-z0-9+/_=-]{24,}|://[^/]*@")


def may_be_secret(name: str, value: str) -> bool:
    """Say whether a setting that an application made up, like app.jwt_secret, looks like one nobody should see.

    >>> [may_be_secret(*entry) for entry in (("app.jwt_secret", "x"), ("app.region", "eu"), ("work_mem", "4MB"))]
    [True, False, False]
    """
    return "." in name and (semantic_class(name) == "secret" or _LIKE_A_SECRET.search(value) is not None)
