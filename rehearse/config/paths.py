"""Promotion paths: which environments come before another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rehearse.errors import did_you_mean
from rehearse.model.admission import Path

if TYPE_CHECKING:
    from rehearse.config.form import EnvironmentTable


def found(environments: Mapping[str, EnvironmentTable], *, derived: bool) -> tuple[Path, ...]:
    """Return the path to each environment that has one.

    That is what `requires` names, else, where it is wished for, all that promote to it, directly or in turn. A stage
    of rehearse's own gets no release, and is on no path.
    """
    paths = (
        Path(
            environment=name,
            earlier=_before(name, environments) if table.requires is None and derived else table.requires or (),
        )
        for name, table in environments.items()
    )
    return tuple(path for path in paths if path.earlier)


def mistakes(environments: Mapping[str, EnvironmentTable]) -> Iterator[str]:
    """Say what is wrong with the paths: names that there are not, and circles."""
    for name, table in environments.items():
        for other in table.requires or ():
            if other not in environments:
                near = did_you_mean(other, environments)
                yield f'environments.{name}.requires: there is no environment "{other}"{near}'
            elif other == name:
                yield f"environments.{name}.requires: it cannot come before itself."
    for name in environments:
        circle = _circle(name, environments)
        if circle and name == min(circle):  # each circle is told once
            yield f"environments.{name}.promotes_to: these lead in a circle: {' -> '.join([*circle, name])}."


def _before(name: str, environments: Mapping[str, EnvironmentTable]) -> tuple[str, ...]:
    earlier: list[str] = []
    waiting = [name]
    while waiting:
        target = waiting.pop(0)
        for other, table in environments.items():
            if table.promotes_to == target and other not in earlier and other != name:
                waiting.append(other)
                if table.provider is None:
                    earlier.append(other)
    return tuple(reversed(earlier))


def _circle(name: str, environments: Mapping[str, EnvironmentTable]) -> list[str]:
    """Return the environments on the way from one back to itself; none if there is no such way."""
    way, here = [name], environments[name].promotes_to
    while here is not None and here in environments and here not in way:
        way.append(here)
        here = environments[here].promotes_to
    return way if here == name else []
