"""Transactions: those of code that commits, and what an error or a ROLLBACK takes back (manual 13.3.1, 41.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from rehearse.watch import strings, tokens
from rehearse.watch.executions import Ddl, Execution
from rehearse.watch.plans import Plan


def apart(execution: Execution) -> tuple[Execution, ...]:
    """Return code that commits as one statement for each of its transactions that left something; all else as it is."""
    if not strings.is_block(execution.sql):
        return (execution,)
    shares = [(vxid, tuple(share)) for vxid, share in groupby(execution.events, key=lambda event: event.vxid)]
    return tuple(_pieces(execution, shares)) if len(shares) > 1 else (execution,)


def _pieces(execution: Execution, shares: list[tuple[str, tuple[Ddl | Plan, ...]]]) -> Iterator[Execution]:
    began = execution.started
    for vxid, share in shares[:-1]:
        ended = max(began, strings.moment(share[-1]))
        yield replace(
            execution,
            vxid=vxid,
            started=began,
            ended=ended,
            events=share,
            open_after=False,
            sqlstate=None,
            error=None,
            backend_gone=False,
            temp_bytes=None if execution.temp_bytes else 0,
            waits=(),
            refused=(),
            forged=0,
        )
        began = ended
    yield replace(execution, vxid=shares[-1][0], started=began, events=shares[-1][1])


def undone(executions: tuple[Execution, ...]) -> Mapping[int, int]:
    """Return, for the place of each statement that takes something back, the place it goes back to.

    What its session did from that place on is undone, and locks first taken there are released. An error takes back
    everything since the last savepoint, or the whole transaction, at once: the ROLLBACK that follows adds nothing.
    """
    sessions: dict[str, _Session] = {}
    found = {}
    for place, each in enumerate(executions):
        back = sessions.setdefault(each.session, _Session()).read(place, each)
        if back is not None:
            found[place] = back
    return found


class _Session:
    """The savepoints of one session's transaction."""

    def __init__(self) -> None:
        self.vxid = ""
        self.points: list[tuple[str | None, int]] = []  # name and first place behind it; None: the transaction's start

    def read(self, place: int, execution: Execution) -> int | None:
        """Take in one statement; return the place it goes back to, if it does."""
        if execution.vxid != self.vxid:
            self.vxid, self.points = execution.vxid, [(None, place)]
        if execution.error is not None:
            return self.points[-1][1]
        said = [token.name for token in tokens.tokens(execution.sql)]
        if execution.tag == "SAVEPOINT":
            self.points.append((said[-1], place + 1))
        elif execution.tag == "RELEASE":
            del self.points[self._place_of(said[-1]) :]
        elif execution.tag == "ROLLBACK" and "to" in said:
            del self.points[self._place_of(said[-1]) + 1 :]
            return self.points[-1][1]
        elif execution.tag == "ROLLBACK":
            return self.points[0][1]
        return None

    def _place_of(self, name: str | None) -> int:
        """Return where in the list the last savepoint of a name stands."""
        places = [place for place, (known, _) in enumerate(self.points) if known == name and known is not None]
        return places[-1] if places else len(self.points) - 1
