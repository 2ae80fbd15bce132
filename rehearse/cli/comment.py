"""`rehearse comment`: put the report of a run on a pull request, and keep it up to date."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Annotated

import typer

from rehearse.cli.flags import takes
from rehearse.cli.kept import kept_run
from rehearse.cli.options import ConfigFile
from rehearse.errors import RequestError

_NAME = re.compile(r"[\w.-]{1,60}", re.ASCII)


class WhichForge(RequestError):
    """One forge has to be named."""

    def __init__(self) -> None:
        super().__init__("Which forge is to be asked is not known.", "Name one: --github or --gitlab.")


class NotAName(RequestError):
    """What tells a comment from others cannot stand in its marker."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} cannot name a comment.", "Use letters, digits, dots and dashes, 60 at most.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags of `rehearse comment`."""

    run: Annotated[str, typer.Argument(help='A run by its id, the beginning of one, its directory, or "last".')] = (
        "last"
    )
    github: Annotated[bool, typer.Option("--github", help="On a pull request of GitHub.")] = False
    gitlab: Annotated[bool, typer.Option("--gitlab", help="On a merge request of GitLab.")] = False
    repository: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/NAME",
            help="The repository; GitLab: the project's number or path (default: GITHUB_REPOSITORY, CI_PROJECT_ID).",
        ),
    ] = None
    number: Annotated[
        int | None,
        typer.Option(
            min=1, help="The pull request (default: the one of GITHUB_EVENT_PATH, or of CI_MERGE_REQUEST_IID)."
        ),
    ] = None
    api: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The REST API (default: GITHUB_API_URL, CI_API_V4_URL, the public one)."),
    ] = None
    variable: Annotated[
        str | None,
        typer.Option(
            "--token-variable",
            metavar="NAME",
            help="The variable that holds the token (default: GITHUB_TOKEN; GITLAB_TOKEN, then CI_JOB_TOKEN).",
        ),
    ] = None
    name: Annotated[
        str | None, typer.Option(help="Where a repository has several databases: each name has a comment of its own.")
    ] = None
    config: ConfigFile = None


@takes(Flags)
def command(flags: Flags) -> None:
    """Write the report of a run as a comment on a pull request.

    There is one comment: the next run writes it anew, unless people have answered it since; then it stays as it is,
    and a new one follows. The token needs `pull-requests: write` on GitHub; on GitLab the scope `api`, as Reporter.

    Exit code: 0 it was written, whatever the verdict; 2 the request was wrong or is not allowed; 3 the forge failed.
    """
    from rehearse import forges  # noqa: PLC0415 - --help must not wait
    from rehearse.reports import markdown  # noqa: PLC0415 - a report knows every noun, and --help must not wait

    if flags.github == flags.gitlab:
        raise WhichForge
    if flags.name is not None and not _NAME.fullmatch(flags.name):
        raise NotAName(flags.name)
    kind = forges.GitHub if flags.github else forges.GitLab
    forge = kind.of(
        os.environ, repository=flags.repository, number=flags.number, api=flags.api, variable=flags.variable
    )
    marker = markdown.MARKER if flags.name is None else markdown.MARKER.replace(" -->", f" {flags.name} -->")
    body = markdown.render(kept_run(flags.run, flags.config)[1]).replace(markdown.MARKER, marker, 1)
    written = forges.upsert(forge, body, marker)
    typer.echo(f"{'Written' if written.is_new else 'Changed'}: {written.url}")
