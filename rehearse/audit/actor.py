"""Who is at the keyboard, or which job of which CI acts for whom."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping

# what a CI says of whoever started the job, and of the job: GitHub, GitLab, Jenkins, Buildkite, Azure, CircleCI
_ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_USER_ID",
    "BUILDKITE_BUILD_CREATOR",
    "BUILD_REQUESTEDFOR",
    "CIRCLE_USERNAME",
    "SUDO_USER",
)
_JOBS = ("CI_JOB_URL", "BUILD_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL")


def actor(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return user, host, and, where they are known, the actor and the job of a CI."""
    named = next((environ[name] for name in _ACTORS if environ.get(name)), None)
    job = next((environ[name] for name in _JOBS if environ.get(name)), None) or _github_job(environ)
    return {
        "user": _user(),
        "host": socket.gethostname(),
        **({"actor": named} if named else {}),
        **({"job": job} if job else {}),
    }


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container with a number for a user
        return str(os.getuid())


def _github_job(environ: Mapping[str, str]) -> str | None:
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else None
