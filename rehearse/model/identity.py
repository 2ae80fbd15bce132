"""Identities as PostgreSQL quotes them, put together and taken apart."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'  # as somebody writes one in SQL
QUALIFIED = rf"(?:{NAME}\.)?{NAME}"
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_PART = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^."]+)')


def split(identity: str) -> tuple[str, ...]:
    """Return the names an identity is made of, unquoted.

    >>> split('public."We ""said"".so".note')
    ('public', 'We "said".so', 'note')
    """
    return tuple(
        match["plain"] if match["quoted"] is None else match["quoted"].replace('""', '"')
        for match in _PART.finditer(identity)
    )


def last(identity: str) -> str:
    """Return the last name of an identity as PostgreSQL wrote it, in quotes where it needs them.

    >>> last('public.t."order"'), last("public.orders")
    ('"order"', 'orders')
    """
    return [match[0] for match in _PART.finditer(identity)][-1]


def folded(name: str) -> tuple[str, ...]:
    """Return the names of an identity as somebody wrote it, as PostgreSQL folds them.

    >>> folded('Public."My table"')
    ('public', 'My table')
    """
    return tuple(
        match["plain"].strip().lower() if match["quoted"] is None else match["quoted"].replace('""', '"')
        for match in _PART.finditer(name)
    )


def quoted(name: str, words: AbstractSet[str] = frozenset()) -> str:
    """Return a name as quote_ident() writes it, given the words that it quotes although they are plain.

    >>> quoted("orders", {"user"}), quoted("user", {"user"}), quoted("uuid-ossp")
    ('orders', '"user"', '"uuid-ossp"')
    """
    if _PLAIN.fullmatch(name) and name not in words:
        return name
    return '"' + name.replace('"', '""') + '"'


def not_null_name(table: str, column: str, given: str | None) -> str:
    """Return what a column's NOT NULL constraint is called: as given, else as PostgreSQL 18 names it by itself.

    >>> not_null_name("public.orders", "public.orders.id", None)
    'orders_id_not_null'
    >>> not_null_name("public.orders", "public.orders.id", '"the id"')
    'the id'
    """
    return f"{split(table)[-1]}_{split(column)[-1]}_not_null" if given is None else split(given)[0]
