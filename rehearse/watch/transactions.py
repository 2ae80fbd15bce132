"""Transactions: what an error or a ROLLBACK takes back, with the locks taken since (manual 13.3.1, ROLLBACK TO)."""

from __future__ import annotations

from collections.abc import Mapping

from rehearse.watch import tokens
from rehearse.watch.executions import Execution


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
