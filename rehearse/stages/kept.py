"""Stages that are kept: a record of each, beside the data of those on servers of our own."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from rehearse.db.connect import connect_stage
from rehearse.db.queries import query
from rehearse.engine import lasting
from rehearse.errors import RequestError, did_you_mean

_RECORD = "stage.json"
_FIRST_WORDS = "unreadable record"


class UnknownStage(RequestError):
    """There is no kept stage of a name."""

    def __init__(self, name: str | None, known: tuple[str, ...]) -> None:
        if not known:
            super().__init__("No stage is kept here.", "Raise one: rehearse stage up --from production --keep")
            return
        missing = "Several stages are kept." if name is None else f'There is no stage "{name}"'
        near = "" if name is None else did_you_mean(name, known)
        super().__init__(f"{missing}{near}", f"Name one: {', '.join(known)}.")


class NameTaken(RequestError):
    """A stage of that name is kept already."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'A stage called "{name}" is kept already.',
            f"Take it down (rehearse stage down {name}), or give this one another --name.",
        )


class NotRunning(RequestError):
    """A stage is kept, and its server does not answer."""

    def __init__(self, name: str, state: str) -> None:
        super().__init__(
            f'The stage "{name}" cannot be entered: {state}.',
            f"Take it down (rehearse stage down {name}) and raise it again.",
        )


class NoName(RequestError):
    """A name that no directory may have."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'"{name}" cannot be the name of a stage.',
            f"Use letters, digits, - and _, beginning with a letter or a digit, {lasting.LONGEST_NAME} at most.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStage:
    """A stage that stands, or stood."""

    name: str
    provider: str  # "embedded", "server"
    source: str  # what it was raised from, without a password
    database: str
    made_at: datetime
    who: str  # anna@host
    until: datetime | None = None  # None: as long as nobody takes it down
    url: str = ""  # without a password; empty: it is being raised, or was never finished
    version: str = ""  # of its server
    steps: int | None = None  # that were played; None: it was not migrated
    into: str | None = None  # the environment of its server, or its URL without a password
    maker: int = 0  # the process that raises it
    boot: str = ""  # of the machine

    @property
    def is_expired(self) -> bool:
        return self.until is not None and self.until <= datetime.now(UTC)

    @property
    def root(self) -> Path:
        return lasting.place() / self.name


def begin(stage: KeptStage) -> KeptStage:
    """Write down that a stage is being raised, before anything of it is there. Raises NameTaken."""
    try:
        root = lasting.claim(stage.name)
    except FileExistsError:
        raise NameTaken(stage.name) from None
    begun = replace(stage, maker=os.getpid(), boot=lasting.boot())
    _write(root, begun)
    return begun


def finish(stage: KeptStage) -> None:
    """Write down that it stands."""
    _write(stage.root, stage)


def forget(stage: KeptStage) -> None:
    """Remove the record, and the server of our own with its data."""
    lasting.remove(stage.root)


def all_kept() -> tuple[KeptStage, ...]:
    """Return every stage that is kept by this user on this machine, the oldest first."""
    found = (_read(path) for path in sorted(lasting.place().iterdir()) if path.is_dir() and not path.is_symlink())
    return tuple(sorted(found, key=lambda stage: (stage.made_at, stage.name)))


def named(name: str | None) -> KeptStage:
    """Return the stage of a name, or the only one. Raises UnknownStage."""
    known = all_kept()
    if name is None and len(known) == 1:
        return known[0]
    for stage in known:
        if stage.name == name:
            return stage
    raise UnknownStage(name, tuple(stage.name for stage in known))


def free_name(wanted: str) -> str:
    """Return a name for a stage of a database: "shop", "shop-2"."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in wanted).strip("-").lower()
    plain = plain[: lasting.LONGEST_NAME - 4] or "stage"
    taken = {stage.name for stage in all_kept()}
    names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 1000))
    return next(name for name in names if name not in taken)


def refuse_taken(name: str) -> None:
    """Make sure, before anything is done, that a name is free. Raises NameTaken."""
    if (lasting.place() / name).exists():
        raise NameTaken(name)


def check_name(name: str) -> str:
    """Return a name that can be one. Raises NoName."""
    letters = name.replace("-", "a").replace("_", "a")
    if not (letters.isascii() and letters.isalnum() and name[0].isalnum() and len(name) <= lasting.LONGEST_NAME):
        raise NoName(name)
    return name


def standing(stage: KeptStage, dsn: str) -> str:
    """Say how a stage is: "running", or why it is not."""
    if not stage.url:
        alive = stage.boot == lasting.boot() and Path(f"/proc/{stage.maker}").exists()
        return "being raised" if alive else "never finished"
    if stage.provider == "embedded":
        if lasting.is_running(stage.root):
            return "running"
        return "crashed" if stage.boot == lasting.boot() else "stopped, the machine was restarted"
    return "not reachable" if size(dsn) is None else "running"


def size(dsn: str) -> int | None:
    """Return the bytes of a stage's database, None where it cannot be asked."""
    try:
        with connect_stage(dsn) as connection:
            row = connection.execute(query("stage/database_size").encode()).fetchone()
    except psycopg.Error:
        return None
    return int(row[0]) if row else None


def _write(root: Path, stage: KeptStage) -> None:
    made = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(stage).items()}
    fresh = root / f"{_RECORD}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(made, indent=2), encoding="utf-8")
    fresh.replace(root / _RECORD)


def _read(root: Path) -> KeptStage:
    """Return what a record says; of one that cannot be read only the name is known, so that it can be taken down."""
    try:
        told = json.loads((root / _RECORD).read_text(encoding="utf-8"))
        told["made_at"] = datetime.fromisoformat(told["made_at"])
        told["until"] = None if told["until"] is None else datetime.fromisoformat(told["until"])
        return KeptStage(**{**told, "name": root.name})
    except (OSError, ValueError, TypeError, KeyError):
        changed = datetime.fromtimestamp(root.stat().st_mtime, UTC)
        return KeptStage(name=root.name, provider="embedded", source=_FIRST_WORDS, database="", made_at=changed, who="")
