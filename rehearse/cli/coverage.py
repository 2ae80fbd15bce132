"""The coverage table: known hazards, and the checks that say of themselves that they decide them."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from rehearse.protocols import Check

_NOBODY = "no check yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One row of the truth table."""

    id: str
    what: str
    by: str | None = None  # what decides it that is no check
    left: str | None = None  # why nothing does, or not in every case


def hazards() -> tuple[Hazard, ...]:
    """Return the rows, in the order of their file."""
    rows = _file()
    return tuple(Hazard(id=name, **row) for name, row in rows.items() if name != "left")


def reasons() -> Mapping[str, str]:
    """Return what each word means for which a row is left undecided."""
    return _file()["left"]


def decided_by(check: Check) -> tuple[str, ...]:
    """Return the rows a check says it decides; one of another package may say nothing."""
    return tuple(getattr(check, "HAZARDS", ()))


def table(checks: Mapping[str, Check], *, whole: bool) -> Iterator[str]:
    """Yield the table line by line: the whole of it with its sums, or the rows these checks decide."""
    rows = {hazard: _deciding(hazard, checks) for hazard in hazards()}
    shown = {hazard: names for hazard, names in rows.items() if whole or names}
    width = max((len(hazard.what) for hazard in shown), default=0)
    for hazard, names in shown.items():
        yield f"{hazard.id:<4} {hazard.what:<{width}}  {_answer(hazard, names)}"
    if whole:
        yield from _sums(rows)


def _answer(hazard: Hazard, names: tuple[str, ...]) -> str:
    if not names:
        return hazard.by or f"- ({hazard.left or _NOBODY})"
    return f"{', '.join(names)}; for the rest - ({hazard.left})" if hazard.left else ", ".join(names)


def _deciding(hazard: Hazard, checks: Mapping[str, Check]) -> tuple[str, ...]:
    return tuple(name for name, check in checks.items() if hazard.id in decided_by(check))


def _sums(rows: Mapping[Hazard, tuple[str, ...]]) -> Iterator[str]:
    decided = sum(1 for hazard, names in rows.items() if names or hazard.by)
    left = Counter(hazard.left or _NOBODY for hazard, names in rows.items() if not names and not hazard.by)
    yield f"\n{decided} of {len(rows)} hazards are decided."
    for word, number in sorted(left.items()):
        yield f"{number} not: {word}{f', {reasons()[word]}' if word in reasons() else ''}."


def _file() -> Mapping[str, dict[str, str]]:
    return tomllib.loads(files("rehearse.checks").joinpath("hazards.toml").read_text(encoding="utf-8"))
