"""`rehearse checks`: what is looked for, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_ACCEPT = (
    "rehearse: acknowledge {name} OBJECT: REASON, owner NAME until DATE (a comment of the step, or an entry "
    "[[policy.acknowledge]] of rehearse.toml)"
)


def command(
    name: Annotated[str | None, typer.Argument(help="A check to explain.", metavar="NAME")] = None,
    *,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="The hazards there are known to be, and which check decides each.")
    ] = False,
) -> None:
    """List the checks, or explain one: condition, effect, remedy, and SQL that raises it and SQL that does not."""
    if coverage:
        _cover(name)
    elif name is None:
        _list()
    else:
        _explain(name)


def _list() -> None:
    from rehearse.registry import checks  # noqa: PLC0415 - plugins are imported when they are needed

    found = checks()
    width = max(map(len, found))
    for name, check in found.items():
        typer.echo(f"{name:<{width}}  {check.FAMILY.value:<8}  {(check.__doc__ or '').strip().splitlines()[0]}")
    typer.echo("\nrehearse checks NAME explains one of them; rehearse checks --coverage says what they decide.")


def _cover(name: str | None) -> None:
    from rehearse.cli.coverage import table  # noqa: PLC0415 - as above
    from rehearse.registry import check, checks  # noqa: PLC0415 - as above

    for line in table(checks() if name is None else {name: check(name)}, whole=name is None):
        typer.echo(line)


def _explain(name: str) -> None:
    from rehearse.db.queries import SAMPLES  # noqa: PLC0415 - as above
    from rehearse.registry import check  # noqa: PLC0415 - as above

    found = check(name)
    typer.echo(f"{name} ({found.FAMILY.value})\n\n{(found.__doc__ or '').strip()}\n")
    for title, text in (("Condition", found.CONDITION), ("Effect", found.EFFECT), ("Remedy", found.REMEDY)):
        typer.echo(f"{title}\n{_wrapped(text)}\n")
    typer.echo(f"Accept it\n{_wrapped(_ACCEPT.format(name=name))}\n")
    for half in ("with", "unsafe", "safe"):
        for path in sorted((SAMPLES / "hazards" / name / half).rglob("*")):
            if path.suffix in (".sql", ".py", ".conf", ".toml") and path.is_file():
                typer.echo(f"{half}: {path.name}\n{_indented(path)}\n")


def _wrapped(text: str) -> str:
    from textwrap import fill  # noqa: PLC0415 - as above

    return fill(text, width=100, initial_indent="    ", subsequent_indent="    ")


def _indented(path: Path) -> str:
    from textwrap import indent  # noqa: PLC0415 - as above

    return indent(path.read_text(encoding="utf-8").strip(), "    ")
