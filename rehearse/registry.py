"""Find plugins: the modules of a folder, and entry points of the group with the folder's name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib.metadata import entry_points
from types import ModuleType
from typing import TYPE_CHECKING, cast

from rehearse.errors import RequestError

if TYPE_CHECKING:  # these know every noun there is, and a short command must not wait for them
    from rehearse.model.evidence import Evidence
    from rehearse.model.finding import Finding
    from rehearse.model.rule import Rule
    from rehearse.protocols import Check, CountsFormat, Migrator, ReportFormat


class UnknownPlugin(RequestError):
    """A name that no plugin of its kind has."""

    def __init__(self, kind: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no {kind} named {name!r}.", f"Known: {', '.join(known)}.")


def checks() -> dict[str, Check]:
    """Return every check by name, sorted."""
    return {name: cast("Check", module) for name, module in _modules("checks", "findings")}


def rules() -> tuple[Rule, ...]:
    """Return what every check looks for, sorted by name; of one that cannot be imported nothing."""
    from rehearse.model.rule import Rule  # noqa: PLC0415 - it knows of findings, and a short command must not wait

    found: list[Rule] = []
    for name, load in _plugins("checks"):
        with suppress(Exception):  # that it crashes is said when it is run
            check = cast("Check", load())
            if hasattr(check, "findings"):
                told = {"condition": check.CONDITION, "effect": check.EFFECT, "remedy": check.REMEDY}
                found.append(Rule(check=name, family=check.FAMILY, **told))
    return tuple(sorted(found, key=lambda rule: rule.check))


def check_names() -> tuple[str, ...]:
    """Return the name of every check, sorted, of one that cannot be imported as well."""
    return tuple(sorted(name for name, load in _plugins("checks") if _may_be_a_check(load)))


def check(name: str) -> Check:
    """Return one check; raises UnknownPlugin."""
    known = checks()
    if name not in known:
        raise UnknownPlugin("check", name, tuple(known))
    return known[name]


def migrator(name: str) -> Migrator:
    """Return the migrator of a tool; raises UnknownPlugin."""
    known = dict(_modules("migrators", "play"))
    if name not in known:
        raise UnknownPlugin("migrator", name, tuple(known))
    return cast("Migrator", known[name])


def report_format(name: str) -> ReportFormat:
    """Return a report format; raises UnknownPlugin."""
    known = dict(_modules("reports", "render"))
    if name not in known:
        raise UnknownPlugin("report format", name, tuple(known))
    return cast("ReportFormat", known[name])


def counts_format(name: str) -> CountsFormat:
    """Return a format of counts; raises UnknownPlugin."""
    known = dict(_modules("reports.counts", "render"))
    if name not in known:
        raise UnknownPlugin("format of counts", name, tuple(known))
    return cast("CountsFormat", known[name])


def run_checks(evidence: Evidence) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Run every check; return the findings, and a sentence for each check that crashed."""
    findings: list[Finding] = []
    crashed: list[str] = []
    for name, load in _plugins("checks"):
        try:
            module = load()
            if hasattr(module, "findings"):
                findings.extend(cast("Check", module).findings(evidence))
        except Exception as error:  # noqa: BLE001 - one check that crashes must not hide the others
            crashed.append(f"The check {name} crashed ({type(error).__name__}: {error}); please report it.")
    return tuple(findings), tuple(crashed)


def _may_be_a_check(load: Callable[[], ModuleType]) -> bool:
    try:
        return hasattr(load(), "findings")
    except Exception:  # noqa: BLE001 - that it crashes is said when it is run
        return True


def _modules(folder: str, function: str) -> Iterator[tuple[str, ModuleType]]:
    """Yield the plugins of a folder: the modules that have the function their protocol asks for."""
    for name, load in _plugins(folder):
        module = load()
        if hasattr(module, function):
            yield name, module


def _plugins(folder: str) -> Iterator[tuple[str, Callable[[], ModuleType]]]:
    """Yield the name of each module that may be one, and what imports it."""
    package = importlib.import_module(f"rehearse.{folder}")
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name):
        module = f"{package.__name__}.{found.name}"
        yield found.name.replace("_", "-"), partial(importlib.import_module, module)
    for point in entry_points(group=f"rehearse.{folder}"):
        yield point.name, point.load
