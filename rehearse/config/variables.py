"""Variables of the environment, named as ${VARIABLE} in a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)\}")


def unset(text: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables a text names that are not set, in its order.

    >>> unset("${USER}:${PASSWORD}@db", {"USER": "me"})
    ('PASSWORD',)
    """
    return tuple(match["name"] for match in _VARIABLE.finditer(text) if match["name"] not in variables)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with its variables' values; those not set stay as they are written.

    >>> expanded("${USER}@db", {"USER": "me"})
    'me@db'
    """
    return _VARIABLE.sub(lambda match: variables.get(match["name"], match[0]), text)
