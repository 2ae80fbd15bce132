"""The token a forge is asked with: from a variable, and never on a command line, where every process can read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rehearse.forges.errors import NoToken


def token(environ: Mapping[str, str], names: Sequence[str], right: str) -> tuple[str, str]:
    """Return the first variable that holds a token, and the token. Raises NoToken."""
    for name in names:
        found = environ.get(name, "").strip()
        if found and found.isascii() and found.isprintable() and " " not in found:
            return name, found
    raise NoToken(" and ".join(names), right)
