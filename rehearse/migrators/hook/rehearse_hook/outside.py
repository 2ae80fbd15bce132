"""The outside: what no driver opens, PostgreSQL's own programs and plain sockets, seen by an audit hook (PEP 578)."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import guard, journal, places, reading
from .target import parts_of

_PROGRAMS = re.compile(r"psql|pg_(dump|dumpall|restore|basebackup)|pgbench|(create|drop|vacuum|reindex)db")
_OPTIONS = {"-h": "host", "-p": "port", "-U": "user", "-d": "dbname"}
_LONG = {"--host": "host", "--port": "port", "--username": "user", "--dbname": "dbname"}
_WITH_SQL = ("-c", "-f", "-v", "--command", "--file", "--set")  # what follows is no address
_DSN = re.compile(r"postgres(ql)?://|\w+\s*=")
_SHELLS = ("sh", "bash", "dash")
_ENDS = frozenset((";", "&", "&&", "|", "||", "(", ")", "<", ">"))
_LOOPBACK = ("127.0.0.1", "::1", "localhost")  # as a socket has them


def install() -> None:
    """Look at every program that is started, every socket that connects and every file that is opened, from now on."""
    sys.addaudithook(_look)


def _look(event: str, arguments: Sequence[Any]) -> None:
    handle = _HANDLERS.get(event)
    if handle is not None and not guard.has_stood_down():
        handle(*arguments)


def _program(_executable: Any, words: Any, _directory: Any, environment: Any) -> None:
    """Refuse a program of PostgreSQL's that asks for another database (`subprocess.Popen`)."""
    _refuse(os.environ if environment is None else environment, words if isinstance(words, (list, tuple)) else [words])


def _replacement(path: Any, words: Any, environment: Any) -> None:
    """Do the same where the process becomes the program (`os.exec`, `os.posix_spawn`)."""
    _refuse(os.environ if environment is None else environment, [path, *list(words)[1:]])


def _system(command: Any) -> None:
    _refuse(os.environ, ["sh", "-c", command])


def _refuse(environment: Mapping[Any, Any], words: Iterable[Any]) -> None:
    words = list(words)
    try:
        reading.started([os.fsdecode(word) for word in words])
        told = {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}
        found = list(_asked([os.fsdecode(word) for word in words], told))
    except (TypeError, ValueError, AttributeError):  # no words and no variables: Python is about to say so itself
        return
    for asked, variables in found:
        guard.refuse_others(asked, variables, trusts_loopback=_has_own_loopback())


def _asked(words: list[str], environment: dict[str, str]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield the connection parameters, and the environment, of each of PostgreSQL's programs in a command."""
    program = os.path.basename(words[0]) if words else ""  # noqa: PTH119 -- no pathlib at every Python start
    if program in _SHELLS and len(words) > 2 and words[1] == "-c":  # noqa: PLR2004 -- sh -c COMMAND
        for command in _commands(words[2]):
            given = dict(environment)
            while command and re.match(r"\w+=", command[0]):
                name, _, value = command.pop(0).partition("=")
                given[name] = value
            yield from _asked(command, given)
    elif _PROGRAMS.fullmatch(program):
        yield _parameters(words[1:]), environment


def _commands(text: str) -> list[list[str]]:
    """Return the words of each command of a shell's line, as far as quotes tell."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word in _ENDS:
                found.append([])
            else:
                found[-1].append(word)
    except ValueError:  # an open quote
        pass
    return found


def _parameters(words: Sequence[str]) -> dict[str, str]:
    """Return what the words say of the place, as libpq's programs read them."""
    found: dict[str, str] = {}
    waiting = iter(words)
    for word in waiting:
        long, _, value = word.partition("=")
        name, value = (_LONG[long], value) if long in _LONG else (_OPTIONS.get(word[:2], ""), word[2:])
        if word in _WITH_SQL:
            next(waiting, None)
            continue
        if name:
            value = value or next(waiting, "")
        elif not word.startswith("-"):
            name, value = "dbname" if _DSN.match(word) else "", word
        if name:
            found.update(parts_of(value) if name == "dbname" and _DSN.match(value) else {name: value})
    return found


def _connection(_socket: Any, address: Any) -> None:
    """Refuse another server's unix socket, and any place on a network."""
    if isinstance(address, (str, bytes)):
        directory, name = os.path.split(os.fsdecode(address))
        if name.startswith(".s.PGSQL."):
            guard.refuse_others({"host": directory, "port": name.rpartition(".")[2]}, {}, trusts_loopback=False)
    elif isinstance(address, tuple) and len(address) > 1 and isinstance(address[0], str):
        _network(address[0], address[1])


def _network(host: str, port: object) -> None:
    own = host in _LOOPBACK and _has_own_loopback()
    if own and port == journal.settings()["stage"]["port"]:
        return
    journal.write("outside", target=f"{host}:{port}", location=places.of_caller())
    if not own:
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))


def _has_own_loopback() -> bool:
    """Say whether nobody but the stage listens on this process's loopback."""
    try:
        with open(journal.settings()["confinement"], encoding="utf-8") as file:  # noqa: PTH123 -- no pathlib here
            return bool(json.load(file)["loopback"])
    except (OSError, ValueError, KeyError):
        return False


_HANDLERS: dict[str, Callable[..., None]] = {
    "subprocess.Popen": _program,
    "os.exec": _replacement,
    "os.posix_spawn": _replacement,
    "os.system": _system,
    "socket.connect": _connection,
    **reading.HANDLERS,
}
