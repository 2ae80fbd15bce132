"""`rehearse gate`: whether what was rehearsed may be released now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rehearse.cli.flags import takes
from rehearse.cli.options import ConfigFile
from rehearse.cli.output import Format

if TYPE_CHECKING:
    from rehearse.gate.asking import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags of `rehearse gate`."""

    environment: Annotated[
        str, typer.Argument(help="What gets the release: an environment of rehearse.toml, or a PostgreSQL URL.")
    ] = "production"
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="The pass of this run (default: the newest that is good).")
    ] = None
    permit: Annotated[
        Path | None, typer.Option("--pass", metavar="FILE", help="A pass that was kept elsewhere, as a CI's artifact.")
    ] = None
    to: Annotated[str | None, typer.Option(help="The target revision of the release (default: every head).")] = None
    python: Annotated[Path | None, typer.Option(help="The project's interpreter (default: the active one).")] = None
    policy_from: Annotated[
        str | None, typer.Option(metavar="REV", help="Read the policy from a commit, as origin/main.")
    ] = None
    emergency: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Let the release through all the same; who, when and why is written down."),
    ] = None
    verify_audit: Annotated[
        bool, typer.Option("--verify-audit", help="Only say whether the audit is whole, and where it ends.")
    ] = False
    wanted: Annotated[Format, typer.Option("--format", help="text for people, json for machines.")] = Format.TEXT
    config: ConfigFile = None


@takes(Flags)
def command(flags: Flags) -> None:
    """Say, just before a release, whether its rehearsal still holds: files, production, policy, versions, age.

    Production and the working tree are read again; nothing is written but a line in .rehearse/audit.jsonl for what is
    let through. With REHEARSE_PASS_KEY set, only passes signed with it count.

    Exit code: 0 let through (or the audit is whole), 1 refused, 2 the request was wrong, 3 it could not be established.
    """
    from rehearse.gate import asking, telling  # noqa: PLC0415 - drivers are slow to import

    if flags.verify_audit:
        _verify(flags.config, flags.wanted)
    question = _question(flags)
    if flags.emergency is not None:
        answer, skipped = asking.let_through(question, flags.emergency)
        typer.echo(telling.emergency(answer, flags.emergency, skipped), err=True)
        if flags.wanted is Format.JSON:
            typer.echo(telling.as_json(answer, "emergency", reason=flags.emergency, skipped=skipped))
        return
    answer = asking.pass_through(question)
    verdict = "refused" if answer.refusals else "passed"
    if flags.wanted is Format.JSON:
        typer.echo(telling.as_json(answer, verdict))
    else:
        typer.echo(telling.refused(answer) if answer.refusals else telling.passed(answer))
    raise typer.Exit(1 if answer.refusals else 0)


def _question(flags: Flags) -> Question:
    from rehearse.checkout.base import Base  # noqa: PLC0415 - as above
    from rehearse.config import load  # noqa: PLC0415 - drivers are slow to import
    from rehearse.gate.asking import Question  # noqa: PLC0415 - as above

    configuration = load(flags.config, Path.cwd(), os.environ)
    directory = Path.cwd() if flags.config is None else flags.config.absolute().parent
    return Question(
        name=flags.environment,
        configuration=configuration,
        environ=os.environ,
        at=datetime.now(UTC),
        run=flags.run,
        file=flags.permit,
        target=flags.to,
        python=flags.python,
        config=flags.config,
        base=None if flags.policy_from is None else Base.of(flags.policy_from, directory),
    )


def _verify(config: Path | None, wanted: Format) -> None:
    import json  # noqa: PLC0415 - as above

    from rehearse.config import load  # noqa: PLC0415 - as above
    from rehearse.gate.asking import verify_audit  # noqa: PLC0415 - as above

    head, faults = verify_audit(load(config, Path.cwd(), os.environ), os.environ, Path.cwd())
    if wanted is Format.JSON:
        told = {
            "schema_version": 1,
            "holds": not faults,
            "count": head.count,
            "hash": head.hash,
            "faults": list(faults),
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo("\n".join(faults) if faults else f"The audit holds: {head.told} ({head.hash}).")
    raise typer.Exit(1 if faults else 0)
