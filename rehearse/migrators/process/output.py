"""What a migrating process printed: its last lines, without passwords and without the values of rows."""

from __future__ import annotations

import re

from rehearse.model import wording

_URL_PASSWORD = re.compile(r"(\w[\w+]*://[^\s:/@']*):[^\s@/']+@")
_NAMED_PASSWORD = re.compile(
    r"(?i)\b(\w*(?:password|passwd|pwd|secret|token))(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&)]+)"
)
_PARAMETERS = re.compile(r"(?m)^\[parameters: .*$")
_SQL = re.compile(r"(?s)\[SQL: .*?\]$", re.MULTILINE)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_NUMBER = re.compile(r"(?<=[\s(,=<>])-?\d[\d.]*\b")
_NEAR = re.compile(r"(?m)(\bnear )\"[^\"\n]*\"")  # a piece of the statement, literals too
_CODE_ERROR = re.compile(r"(?m)^((?:[\w]+\.)*([A-Z]\w*(?:Error|Exception|Warning|Exit)): )(.*)$")
_NAMES_ONLY = ("ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "FileNotFoundError", "CommandError")


def tail(printed: str, secrets: tuple[str, ...] = (), lines: int = 40) -> str:
    """Return the last lines, redacted."""
    return "\n".join(redacted(printed, secrets).rstrip().splitlines()[-lines:])


def redacted(text: str, secrets: tuple[str, ...] = ()) -> str:
    r"""Return a text without passwords, key values, parameters and literals.

    >>> redacted('ERROR: duplicate key\nDETAIL:  Key (email)=(me@x.org) already exists.')
    'ERROR: duplicate key\nDETAIL:  ***'
    >>> redacted("cannot reach postgresql://me:secret@db/shop")
    'cannot reach postgresql://me:***@db/shop'
    """
    text = _PARAMETERS.sub("[parameters: ***]", _SQL.sub(_without_literals, text))
    text = _NEAR.sub(r'\1"***"', wording.of_output(text, "***"))
    return without_passwords(_CODE_ERROR.sub(_without_values, text), secrets)


def without_passwords(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Return a text that cannot hold values of rows, printed before any step, without passwords."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _NAMED_PASSWORD.sub(r"\1\2***", _URL_PASSWORD.sub(r"\1:***@", text))


def message(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    """Return the first line of an error message, redacted, literals included; those of code stay, which are names.

    >>> message('invalid input syntax for type integer: "4711 Main St"')
    'invalid input syntax for type integer: "***"'
    >>> message("ModuleNotFoundError: No module named 'shop.prices'")
    "ModuleNotFoundError: No module named 'shop.prices'"
    """
    first = redacted(text.splitlines()[0] if text else "", secrets)
    of_code = _CODE_ERROR.match(first)
    return first if of_code and of_code[2] in _NAMES_ONLY else _LITERAL.sub("'***'", first)


def _without_literals(found: re.Match[str]) -> str:
    return _NUMBER.sub("***", _LITERAL.sub("'***'", found[0]))


def _without_values(found: re.Match[str]) -> str:
    return found[0] if found[2] in _NAMES_ONLY else found[1] + _LITERAL.sub("'***'", found[3])
