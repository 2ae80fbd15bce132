"""A stage: a throw-away database in which the migration is played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from rehearse.model.conversation import Conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class StageAddress:
    """Where the migrating process finds the stage: a unix socket, trusted, no password."""

    socket_dir: Path
    port: int
    database: str
    user: str  # the production owner's role, not a superuser
    token: str  # current_setting('rehearse.token') in the stage database

    @property
    def url(self) -> str:
        """Return a URL that libpq and SQLAlchemy both read."""
        return (
            f"postgresql://{quote(self.user, safe='')}@/{quote(self.database, safe='')}"
            f"?host={quote(str(self.socket_dir), safe='')}&port={self.port}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A raised stage, as everything that acts on it sees it."""

    provider: str  # "embedded", "server"
    address: StageAddress
    admin: str  # conninfo of the stage database for a superuser; holds no password
    log_file: Path | None  # the server's jsonlog; None: we do not own the server
    log_on_server: str | None = None  # its jsonlog by the path it has there, to be read through `admin`
    server_version_num: int
    server_version: str
    deviations: tuple[str, ...] = ()  # where it is not production's twin, in sentences
    touched: tuple[str, ...] = ()  # identities of the objects behind the deviations
    session_settings: Mapping[str, str] = field(default_factory=dict)  # sessions begin with them, beside the role's own
    superuser_in_production: bool | None = None  # the role that migrates, there; None: not known
    allowed: tuple[str, ...] = ()  # what it may do on the stage with a superuser's rights
    # tells what was said to the server so far, where that can be heard and no log can be read
    conversations: Callable[[], tuple[Conversation, ...]] | None = field(default=None, repr=False, compare=False)
    isolation: tuple[str, ...] = ()  # what keeps in what SQL opens from inside the server

    @property
    def server_major(self) -> int:
        return self.server_version_num // 10000

    @property
    def observation(self) -> str:
        """Say how exactly a migration can be observed: "exact" where the server's log can be read, or "sampled"."""
        return "sampled" if self.log_file is None and self.log_on_server is None else "exact"
