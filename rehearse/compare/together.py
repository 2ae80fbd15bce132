"""Several sides at once: one thread each, and Ctrl-C still leaves at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

import psycopg

from rehearse.compare.errors import SideFailed, reason
from rehearse.errors import RehearseError

_T = TypeVar("_T")


def together(calls: Mapping[str, Callable[[], _T]]) -> dict[str, _T | RehearseError]:
    """Make every call in a thread of its own; return what each returned, or why it failed, by name.

    What a server says becomes a SideFailed. Any other exception is a bug of ours and is raised here.
    The threads are daemons: an interrupt of the main thread does not wait for them.
    """
    answers: dict[str, _T | RehearseError] = {}
    bugs: list[Exception] = []
    threads = [
        threading.Thread(target=_answer, args=(name, call, answers, bugs), name=name, daemon=True)
        for name, call in calls.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if bugs:
        raise bugs[0]
    return {name: answers[name] for name in calls}


def _answer(name: str, call: Callable[[], _T], answers: dict[str, _T | RehearseError], bugs: list[Exception]) -> None:
    try:
        answers[name] = call()
    except RehearseError as error:
        answers[name] = error
    except psycopg.Error as error:
        answers[name] = SideFailed(reason(error))
    except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
        bugs.append(error)
