"""Disturbances: what of a migration would remove, silence or deceive the watch, if PostgreSQL let it.

PostgreSQL refuses it to a role that is no superuser, so nothing rests on finding every one of them: an attempt is told
because whoever made it wants to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rehearse.model.timeline import Aim, Disturbance, Outcome, Statement
from rehearse.watch import tokens
from rehearse.watch.executions import Execution
from rehearse.watch.tracer import SCHEMA, TRIGGERS

_OURS = frozenset({SCHEMA, *TRIGGERS})
_BREAKS = frozenset({";", "BEGIN", "THEN", "ELSE", "LOOP", "EXECUTE", "PERFORM"})
_MOST_DEPTH = 8  # of strings within strings
# Words are joined by blanks and in lower case; "auto_explain.log_analyze" and "-1" are one word.
_VALUE = r"(?P<name>[\w.]+) (?:=|to) (?P<value>\S+)"
_SET = re.compile(rf"(?:set(?: session| local)?|(?:alter|create) .*? set) {_VALUE}")
_SET_CONFIG = re.compile(r"\bset_config \( (?P<name>[\w.]+) , (?P<value>\S+)")
_UPDATE = re.compile(r"update (?:pg_catalog\.)?pg_settings set setting = (?P<value>\S+) where name = (?P<name>\S+)")
# The parameters on which the watch depends, with the values that switch it off. Others set some of them to hear more.
_LISTENED_TO = re.compile(
    r"log_(?!parameter_max_length_on_error$)\w+|logging_collector|auto_explain\.\w+|event_triggers"
    r"|session_preload_libraries|track_(activities|counts)"
)
_OFF = re.compile(r"none|off|false|no|-1|error|fatal|panic|terse")
_SWITCHES = re.compile(r"event_triggers|logging_collector|track_\w+|log_(duration|lock_waits)")
_ELSEWHERE = re.compile(r"log_destination|session_preload_libraries")  # any value leads away
_ABOUT_A_ROLE = "owned by|(?<!create )role|(?<!create )user|authorization|grant"
_TRIGGERS = "session_replication_role"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    aim: Aim
    object: str
    told: str


def disturbances(seen: Iterable[tuple[Statement, Execution]], owner: str | None) -> Iterator[Disturbance]:
    """Yield what each statement tried, once for each object.

    `owner` is the role the watch belongs to; None: a role of a server that others own, which may be spoken of.
    """
    for statement, execution in seen:
        texts = (execution.sql, *execution.refused)
        attempts = {each.object: each for text in texts for words in _sentences(text) for each in _of(words, owner)}
        if execution.forged:
            attempts[""] = _forgery(execution.forged)
        for each in attempts.values():
            yield Disturbance(
                aim=each.aim,
                object=each.object or "the server's log",
                told=each.told,
                statement=statement.number,
                step=statement.step,
                sql=statement.sql,
                said=statement.message if statement.outcome is Outcome.FAILED else None,
            )


def _of(words: str, owner: str | None) -> Iterator[_Attempt]:
    """Yield what one sentence would do to the watch."""
    for name in sorted(_OURS.intersection(re.split(r"[ .()]+", words))):
        yield _Attempt(aim=Aim.TRACER, object=name, told=f"get at {name}, which is a part of the watch")
    if owner is not None and re.search(rf"(?:{_ABOUT_A_ROLE}) {re.escape(owner)}(?: |$)", words):
        yield _Attempt(aim=Aim.TRACER, object=owner, told=f"get at the role {owner}, to which the watch belongs")
    found = _SET.match(words) or _SET_CONFIG.search(words) or _UPDATE.match(words)
    if found is None:
        return
    name, value = found["name"], found["value"]
    if name == _TRIGGERS and value == "replica":
        told = f"switch off triggers and foreign keys ({name} = {value})"
        yield _Attempt(aim=Aim.TRIGGERS, object=name, told=told)
    elif _silences(name, value):
        told = f"switch off what the watch listens to ({name} = {value})"
        yield _Attempt(aim=Aim.LOG, object=name, told=told)


def _silences(name: str, value: str) -> bool:
    """Say whether a setting keeps from the log what the watch reads there.

    >>> _silences("log_statement", "none"), _silences("log_statement", "all"), _silences("log_temp_files", "0")
    (True, False, False)
    """
    if _LISTENED_TO.fullmatch(name) is None:
        return False
    off = _OFF.fullmatch(value) or (value == "0" and _SWITCHES.fullmatch(name))
    return bool(off or _ELSEWHERE.fullmatch(name))


def _forgery(lines: int) -> _Attempt:
    what = "a line" if lines == 1 else f"{lines} lines"
    return _Attempt(aim=Aim.LOG, object="", told=f"write {what} into the server's log in the watch's name")


def _sentences(text: str, depth: int = 0) -> Iterator[str]:
    """Yield the words of each statement in a text, and of those in its strings and bodies of code."""
    words: list[str] = []
    for token in tokens.tokens(text):
        inner = token.inside
        if inner is not None and depth < _MOST_DEPTH:
            yield from _sentences(inner, depth + 1)
        if token.text == ";" or token.word in _BREAKS:
            yield _joined(words)
            words = []
        else:
            words.append((inner or token.name or token.text).lower())
    yield _joined(words)


def _joined(words: list[str]) -> str:
    return re.sub(r" ?\. ?", ".", re.sub(r"- (?=\d)", "-", " ".join(words)))
