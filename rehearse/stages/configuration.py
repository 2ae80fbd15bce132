"""A change of configuration, rehearsed: tried by PostgreSQL itself, set beside production's values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rehearse.engine import binaries
from rehearse.engine.binaries import Binaries
from rehearse.engine.server import FIXED
from rehearse.model.facts import Facts
from rehearse.model.setting import HIDDEN, SettingChange, Standing, Trial, WantedSetting
from rehearse.stages import acceptance, settings, trial
from rehearse.stages.acceptance import Judged
from rehearse.stages.trial import Answer, Start

# A server starts with all of these or with none of them (manual 20.3.1, 20.6): production's come along to the trial.
_TOGETHER = (
    "wal_level", "max_wal_senders", "archive_mode", "summarize_wal", "max_connections", "max_worker_processes",
    "superuser_reserved_connections", "reserved_connections", "max_replication_slots",
)  # fmt: skip
_ABSENT = re.compile(r"could not (access file|load library|open file)", re.IGNORECASE)
_TOO_MUCH = re.compile(
    r"shared memory|semaphores|allocate memory|no space left|huge pages|ulimit|io_uring", re.IGNORECASE
)


def try_out(
    wanted: tuple[WantedSetting, ...], facts: Facts, *, use: str = "auto", bin_dir: Path | None = None
) -> Trial:
    """Return what PostgreSQL makes of each setting, on servers of the version the stage will run.

    One is asked for its opinion of each, a second one is started with all it accepted and a few of production's.
    Raises what the engine raises.
    """
    chosen = binaries.resolve(facts.server_major, use=use, bin_dir=bin_dir).binaries
    answers, known = trial.ask(chosen, wanted, _TOGETHER)
    base = {name: facts.settings.get(name, known[name].default_value) for name in _TOGETHER if name in known}
    judged, start = _started(chosen, tuple(acceptance.judged(each, facts, chosen.major) for each in answers), base)
    same_major = chosen.major == facts.server_major
    return Trial(
        changes=tuple(_change(each, facts, start, same_major=same_major) for each in judged),
        on_stage={each.answer.name: each.answer.wanted.value for each in judged if _comes_along(each, start)},
    )


def _started(chosen: Binaries, judged: tuple[Judged, ...], base: Mapping[str, str]) -> tuple[tuple[Judged, ...], Start]:
    """Start a server with all that may be; blame what its last words name where it does not."""
    tried = [each for each in judged if each.starts]
    given = {each.answer.name: each.answer.wanted.value for each in tried}
    start = trial.start(chosen, {**base, **given}) if given else Start()
    if start.failure is None or _TOO_MUCH.search(start.failure):
        return judged, start
    said, standing = f"the server does not start: {start.failure.rstrip('.')}", Standing.REFUSED
    if _ABSENT.search(start.failure):
        standing = Standing.OPEN
        said += "; production's machine may have that file, use a server like production's (engine.bin_dir)"
    elif trial.start(chosen, base).failure is not None:
        return judged, start  # production's own do not start here, either: nothing is proven
    blamed = _blamed(tried, start.failure)
    return tuple(
        replace(each, standing=standing, error=said) if each.answer.name in blamed else each for each in judged
    ), start


def _blamed(tried: Sequence[Judged], failure: str) -> frozenset[str]:
    """Return the names of the settings a start failed for: those it names, else those fixed at a start."""
    names = [each.answer.name for each in tried]
    loading = [name for name in names if _ABSENT.search(failure) and name.endswith("_libraries")]
    named = [name for name in names if re.search(rf"\b{re.escape(name)}\b", failure)]
    fixed = [each.answer.name for each in tried if each.answer.known and each.answer.known.context == "postmaster"]
    return frozenset(loading or named or fixed or names)


def _change(judged: Judged, facts: Facts, start: Start, *, same_major: bool) -> SettingChange:
    answer, known = judged.answer, judged.answer.known
    hidden = acceptance.may_be_secret(answer.wanted)
    change = SettingChange(
        name=answer.name,
        new=HIDDEN if hidden else start.values.get(answer.name, answer.wanted.value),
        origin=answer.wanted.origin,
        standing=judged.standing,
        production=None if hidden else _production(answer, facts, same_major=same_major),
        unit=known.unit if known else None,
        context=known.context if known else None,
        error=judged.error,
        applied=_comes_along(judged, start),
        overridden=tuple(_overridden(answer.name.lower(), facts)),
    )
    return replace(change, remark=_remark(judged, change, start))


def _comes_along(judged: Judged, start: Start) -> bool:
    """Say whether the stage can run with it and still be watched."""
    name, known = judged.answer.name, judged.answer.known
    if known is None or not judged.starts:
        return False
    if known.context == "postmaster":
        return start.failure is None and name in settings.at_start({name: judged.answer.wanted.value})
    return not _disturbs(name)


def _disturbs(name: str) -> bool:
    return name in FIXED or name.startswith("auto_explain.") or settings.silences_the_watch(name)


def _remark(judged: Judged, change: SettingChange, start: Start) -> str | None:
    """Say why an accepted change was not in force while the migration was played."""
    if change.standing is not Standing.ACCEPTED or change.applied or change.is_unchanged:
        return None
    head = f"{change.name} was validated and not applied on the stage"
    if judged.reaches_out:
        return f"{head}: it belongs to production's machine."
    if judged.is_too_large:
        return f"{head}: no server was started with so much memory here."
    if start.failure is not None:
        return f"{head}: a server with it could not be started here ({start.failure.rstrip('.')})."
    if change.context != "postmaster":
        return f"{head}: it would disturb the observation."
    return f"{head}: it needs a restart; a server of the stage's version starts with it."


def _production(answer: Answer, facts: Facts, *, same_major: bool) -> str | None:
    """Return production's value, None where it is not known: what is not recorded there has its default."""
    name, known = answer.name.lower(), answer.known
    for recorded, value in facts.settings.items():
        if recorded.lower() == name:
            return value
    seen = any(listed.lower() == name and value_seen for listed, value_seen in facts.known_settings.items())
    if not seen or known is None or "." in name:
        return None
    return known.default_value if same_major else "default"


def _overridden(name: str, facts: Facts) -> Iterator[str]:
    """Yield who has a value of their own and does not see the new one (manual 20.1.3)."""
    if _sets(facts.database_settings, name):
        yield f"in database {facts.database} by ALTER DATABASE"
    for role in facts.roles:
        if _sets(role.settings, name):
            yield f"for role {role.name} by ALTER ROLE"
        if _sets(role.database_settings, name):
            yield f"for role {role.name} in database {facts.database} by ALTER ROLE"


def _sets(entries: Mapping[str, str], name: str) -> bool:
    return name in {entry.lower() for entry in entries}
