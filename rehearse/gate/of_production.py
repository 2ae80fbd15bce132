"""What of production stands against a pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearse.gate.presence import Found, Now
from rehearse.model.passes import Pass, Production, Refusal
from rehearse.model.quantity import listing

_AGAIN = "Rehearse again: rehearse run."
_MOST = 5  # objects that are named


def of_production(found: Found, now: Now) -> Iterator[Refusal]:
    """Yield what is another than the production that was rehearsed for: server, database, settings, heads, schema."""
    then, here = found.permit.production, now.production
    yield from _of_identity(then, here, now)
    if then.server_major != here.server_major:
        yield Refusal(
            reason="production-major",
            sentence=f"{now.place} runs PostgreSQL {here.server_major}, and ran {then.server_major} when it was "
            "rehearsed.",
            remedy=_AGAIN,
        )
    for name in sorted({*then.settings, *here.settings}):
        if then.settings.get(name) != here.settings.get(name):
            yield Refusal(
                reason="production-setting",
                sentence=f"{now.place} has {name} = {_value(here.settings.get(name))}, and had "
                f"{_value(then.settings.get(name))} when it was rehearsed.",
                remedy=_AGAIN,
                object=name,
            )
    yield from _of_heads(found.permit, now)
    if then.fingerprint != here.fingerprint:
        yield Refusal(
            reason="production-schema-moved",
            sentence=f"The schema of {now.place} is not the one that was rehearsed"
            f"{_moved(found.objects, now.objects)}.",
            remedy=_AGAIN,
        )


def _of_identity(then: Production, here: Production, now: Now) -> Iterator[Refusal]:
    known = then.system_identifier is not None and here.system_identifier is not None
    if known and then.system_identifier != here.system_identifier:
        yield Refusal(
            reason="other-server",
            sentence=f"{now.place} is another server than the one that was rehearsed for: its data is of system "
            f"{here.system_identifier}, not {then.system_identifier}.",
            remedy="Rehearse for this one: rehearse run.",
        )
    elif then.database != here.database:
        yield Refusal(
            reason="other-database",
            sentence=f"It was rehearsed for the database {then.database}, and {now.place} is {here.database}.",
            remedy="Rehearse for this one: rehearse run.",
        )
    elif then.database_oid not in (None, here.database_oid):
        yield Refusal(
            reason="database-anew",
            sentence=f"The database {here.database} of {now.place} was made anew after the rehearsal.",
            remedy=_AGAIN,
        )


def _of_heads(permit: Pass, now: Now) -> Iterator[Refusal]:
    then, here = permit.production.heads, now.production.heads
    for table in sorted({*then, *here}):
        before, after = then.get(table), here.get(table)
        if before == after:
            continue
        if after is not None and after == permit.heads_after.get(table):
            sentence = f"{now.place} is at {_heads(after)} already: what was rehearsed has been applied."
            remedy = "There is nothing left to release; rehearse what comes next."
        else:
            sentence = (
                f"{now.place} is at {_heads(after)}, and was at {_heads(before)} when it was rehearsed ({table})."
            )
            remedy = _AGAIN
        yield Refusal(reason="production-heads-moved", sentence=sentence, remedy=remedy, object=table)


def _moved(then: Mapping[str, str] | None, here: Mapping[str, str]) -> str:
    """Return which objects came, went and changed, as the rest of a sentence; nothing where that is not known."""
    if then is None:
        return ""
    parts = (
        ("added", [name for name in here if name not in then]),
        ("gone", [name for name in then if name not in here]),
        ("changed", [name for name in here if name in then and then[name] != here[name]]),
    )
    told = "; ".join(f"{verb}: {listing(tuple(sorted(names)), _MOST)}" for verb, names in parts if names)
    return f" ({told})" if told else ""


def _heads(heads: tuple[str, ...] | None) -> str:
    if heads is None:
        return "no version at all"
    return listing(heads, _MOST) or "no revision"


def _value(value: str | None) -> str:
    return "its default" if value is None else f'"{value}"'
