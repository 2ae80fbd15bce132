"""Error messages without the values they quote."""

from __future__ import annotations

import re

_QUOTED_VALUE = re.compile(r'(?<=: )"(?:[^"]|"")*"')
_LITERAL = re.compile(r"'(?:[^']|'')*'")


def redacted(message: str) -> str:
    """Return a primary error message without literals: names of objects stay, values go.

    >>> redacted('invalid input syntax for type integer: "abc"')
    'invalid input syntax for type integer: "..."'
    >>> redacted('duplicate key value violates unique constraint "users_email_key"')
    'duplicate key value violates unique constraint "users_email_key"'
    """
    plain = _LITERAL.sub("'...'", _QUOTED_VALUE.sub('"..."', message.partition("\n")[0]))
    return re.sub(r'\bvalue "(?:[^"]|"")*"', 'value "..."', plain)
