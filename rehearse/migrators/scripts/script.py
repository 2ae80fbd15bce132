"""A script: one SQL file, and how the tool it was written for has it played."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rehearse.errors import RequestError
from rehearse.watch import tokens

_BEGIN = re.compile(r"(BEGIN|START\s+TRANSACTION)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One file that is to be played."""

    path: Path
    one_transaction: bool = False  # psql --single-transaction
    section: str | None = None  # what is played of it, with empty lines for the rest; None: the whole file


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What is to be played, and what is worth saying of the files and of the tool's history."""

    scripts: tuple[Script, ...]
    notes: tuple[str, ...] = ()
    open_points: tuple[str, ...] = ()


class ScriptMissing(RequestError):
    """A script is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The SQL script {path} does not exist or cannot be read.",
            "Check migrations.path, or the path given with --sql.",
        )


class NoScripts(RequestError):
    """A folder holds nothing to play."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There are no .sql files in {folder}.", "Check migrations.path, or the folder given with --sql."
        )


def text_of(path: Path) -> str:
    """Return the text of a script; bytes that are not UTF-8 survive. Raises ScriptMissing."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        raise ScriptMissing(path) from None


def played_as_one_string(text: str) -> bool:
    """Say whether a text that is sent as one string runs in one transaction.

    PostgreSQL runs several statements of one string in a transaction, a single one by itself, unless the string has a
    BEGIN of its own (manual, 55.2.2.1, Multiple Statements in a Simple Query).

    >>> played_as_one_string("CREATE INDEX CONCURRENTLY i ON t (c);")
    False
    >>> played_as_one_string("CREATE TABLE t (c int); CREATE INDEX CONCURRENTLY i ON t (c);")
    True
    """
    statements = tokens.parts(text)
    return len(statements) > 1 and not any(_BEGIN.match(statement) for statement in statements)


def words(statement: str) -> str:
    """Return a statement's words in upper case, one blank between them, names and literals in quotes as they are.

    >>> words("create  index /* now */ concurrently on t (c)")
    'CREATE INDEX CONCURRENTLY ON T ( C )'
    """
    return " ".join(token.word or token.text for token in tokens.tokens(statement))


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key under which 2 comes before 10.

    >>> sorted(["10_b.sql", "2_a.sql"], key=natural)
    ['2_a.sql', '10_b.sql']
    """
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name))
