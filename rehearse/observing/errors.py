"""Why production's migration could not be observed."""

from __future__ import annotations

from rehearse.errors import RehearseError, RequestError


class NotALog(RequestError):
    """A file that is no log of PostgreSQL's, or one without durations."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"{name} {what}.",
            "Give the server's log in any of its forms, written with log_min_duration_statement or log_duration set.",
        )


class NotInTheLog(RehearseError):
    """The log knows none of the statements."""

    def __init__(self, name: str, run: str) -> None:
        super().__init__(
            f"No statement of run {run} is in {name}.",
            "It may be of another time, or only slower statements are logged (log_min_duration_statement).",
        )


class NothingToObserve(RequestError):
    """The run had nothing that production's migration could be recognised by."""

    def __init__(self, run: str, why: str) -> None:
        super().__init__(f"Run {run} cannot be observed: {why}.", "Name another run with --run.")


class AlreadyReleased(RequestError):
    """Production is where the run ended; how long that took, nobody watched."""

    def __init__(self, run: str) -> None:
        super().__init__(
            f"Production is at the target of run {run} already, so that its release cannot be timed any more.",
            "Take the times from its log: --log FILE. The next time start this before the release.",
        )


class OtherHeads(RequestError):
    """Production is neither where the run began nor where it ended."""

    def __init__(self, run: str, found: str, expected: str) -> None:
        super().__init__(
            f"Production is not where run {run} began: it has {found}, and the run began at {expected}.",
            "Name the run that is being released with --run.",
        )


class NotReleased(RehearseError):
    """The release did not end while it was watched, or it ended before its target."""

    def __init__(self, run: str) -> None:
        super().__init__(
            f"Production did not reach the target of run {run} while it was watched.",
            "Nothing was recorded. Watch longer with --timeout, or take the times from its log: --log FILE.",
        )


class SourceLost(RehearseError):
    """Production's connection ended, or a look at it failed."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(
            f"{source} could not be watched any more: {reason}", "Take the times from its log: --log FILE."
        )
