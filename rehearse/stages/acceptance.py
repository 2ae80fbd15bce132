"""What a server's answer about a changed setting proves: accepted, refused, or nothing about production."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehearse.model.facts import Facts
from rehearse.model.setting import Standing, WantedSetting
from rehearse.sanitise.names import semantic_class
from rehearse.stages.trial import Answer

# Places, files, sockets, commands and certificates of production's machine: nothing is started with them here.
_OUTREACHING = re.compile(
    r"^(listen_addresses|port|unix_socket_.*|data_directory|config_file|hba_file|ident_file|external_pid_file|ssl(_.*)?"
    r"|krb_.*|bonjour.*|log_(directory|filename|file_mode|destination|rotation_.*)|logging_collector|syslog_.*"
    r"|.*_command|archive_library|recovery_.*|primary_.*)$"
)
# What these accept depends on the build, the machine or the database, so that a refusal here proves nothing.
_OF_THE_MACHINE = re.compile(
    r"^(lc_.*|.*tablespaces?|default_text_search_config|default_table_access_method|default_toast_compression"
    r"|wal_compression|io_method|ssl(_.*)?|krb_.*|gss_.*|huge_page.*|.*shared_memory_type|wal_sync_method"
    r"|.*_io_concurrency|.*_flush_after|max_stack_depth|jit_provider|bonjour.*|oauth_.*)$"
)
_RESERVED = "42602"  # a library has claimed the prefix and knows no such setting
_NOT_NOW = "55P02"  # ALTER SYSTEM may not set it
_REFUSALS = ("22", "42", _NOT_NOW)  # SQLSTATE: a bad value, an unknown name, a setting nobody may change
_SECRET = re.compile(r"^(.*_command|primary_conninfo)$")
_LIKE_A_SECRET = re.compile(r"://[^/]*:[^/]*@|password\s*=", re.IGNORECASE)
_SIZE = re.compile(r"\s*(?P<number>[0-9]+(\.[0-9]+)?)\s*(?P<unit>[A-Za-z]*)\s*")
_OCTETS = {"B": 1, "kB": 1 << 10, "8kB": 8 << 10, "MB": 1 << 20, "16MB": 16 << 20, "GB": 1 << 30, "TB": 1 << 40}
_MOST_MEMORY = 1 << 30  # that a server is started with here


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An answer, and what it proves."""

    answer: Answer
    standing: Standing
    error: str | None = None

    @property
    def starts(self) -> bool:
        """Say whether a server may be started with it here."""
        return self.standing is Standing.ACCEPTED and not self.reaches_out and not self.is_too_large

    @property
    def reaches_out(self) -> bool:
        """Say whether it means something of production's machine, or would show a secret in the process list."""
        return reaches_out(self.answer.name) or may_be_secret(self.answer.wanted)

    @property
    def is_too_large(self) -> bool:
        """Say whether a server would take more memory at its start than anybody should have to give here."""
        known, match = self.answer.known, _SIZE.fullmatch(self.answer.wanted.value)
        if known is None or known.context != "postmaster" or match is None or known.unit not in _OCTETS:
            return False
        return float(match["number"]) * _OCTETS.get(match["unit"] or known.unit, 1) > _MOST_MEMORY


def judged(answer: Answer, facts: Facts, major: int) -> Judged:
    """Judge what a server of this major version answered, for production."""
    said = "the value is refused" if answer.said and may_be_secret(answer.wanted) else answer.said
    if major != facts.server_major:
        open_point = _open_between_versions(answer, said, facts, major)
    elif answer.known is None and "." in answer.name and answer.sqlstate != _RESERVED:
        open_point = _unclaimed(answer)
    elif answer.sqlstate is None:
        open_point = None
    else:
        open_point = _open_on_the_same_version(answer, said)
        if open_point is None:
            return Judged(answer=answer, standing=Standing.REFUSED, error=said)
    if open_point is not None:
        return Judged(answer=answer, standing=Standing.OPEN, error=open_point)
    return Judged(answer=answer, standing=Standing.ACCEPTED)


def reaches_out(name: str) -> bool:
    """Say whether a setting means something of the machine a server runs on."""
    return _OUTREACHING.match(name.lower()) is not None


def may_be_secret(wanted: WantedSetting) -> bool:
    """Say whether nobody should see the value: a command, a connection, or what an application calls a secret."""
    name = wanted.name.lower()
    if _SECRET.match(name) or _LIKE_A_SECRET.search(wanted.value):
        return True
    return "." in name and semantic_class(name) == "secret"


def _open_between_versions(answer: Answer, said: str, facts: Facts, major: int) -> str | None:
    """Return what another major version leaves open: nothing where both know the setting and one accepts it."""
    theirs = {name.lower() for name in (*facts.known_settings, *facts.settings)}
    close = f"set engine.bin_dir to a PostgreSQL {facts.server_major}"
    if answer.sqlstate is not None:
        return f"PostgreSQL {major} says: {said}. Production's {facts.server_major} may not; {close}"
    if answer.known is None:
        return _unclaimed(answer)
    if answer.name.lower() in theirs:
        return None
    return f"PostgreSQL {major} accepts it, and production's {facts.server_major} was not seen to know it; {close}"


def _unclaimed(answer: Answer) -> str:
    return (
        f"no library on the stage claims the prefix {answer.name.partition('.')[0]}, so nobody checks the value; use a "
        "server that has the library (engine.bin_dir), or leave the setting out of the rehearsal"
    )


def _open_on_the_same_version(answer: Answer, said: str) -> str | None:
    """Return why a refusal by production's major version proves nothing, or None."""
    if answer.known is not None and _OF_THE_MACHINE.match(answer.name.lower()):
        return f"the stage's server says: {said}. That depends on build and machine; ask a server like production's"
    if answer.sqlstate == _NOT_NOW and answer.known is not None and answer.known.context != "internal":
        return f"only a start can tell ({said}), and none was tried; try it on a copy of production's server"
    if not (answer.sqlstate or "").startswith(_REFUSALS):
        return f"the stage's server says: {said}"
    return None
