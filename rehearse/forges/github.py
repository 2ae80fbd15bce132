"""GitHub: comments of a pull request, which its REST API calls an issue's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rehearse.forges.api import Api
from rehearse.forges.comment import Comment
from rehearse.forges.errors import NoPullRequest, NotSaid
from rehearse.forges.token import token
from rehearse.model.json import JSON

_API = "https://api.github.com"
_VERSION = "2022-11-28"
_RIGHT = "the permission `pull-requests: write` (in a workflow: permissions; pull requests of forks never have it)"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """A pull request on GitHub."""

    api: Api
    repository: str  # owner/name
    number: int

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        repository: str | None = None,
        number: int | None = None,
        api: str | None = None,
        variable: str | None = None,
    ) -> GitHub:
        """Return the pull request that was named, or that a workflow's variables name.

        Raises NotSaid, NoPullRequest, NoToken and NoAddress.
        """
        named = repository or environ.get("GITHUB_REPOSITORY", "")
        if not _REPOSITORY.fullmatch(named):
            raise NotSaid("The repository (OWNER/NAME)", "--repository", "GITHUB_REPOSITORY")
        _, secret = token(environ, [variable or "GITHUB_TOKEN"], _RIGHT)
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {secret}",
            "X-GitHub-Api-Version": _VERSION,
        }
        url = (api or environ.get("GITHUB_API_URL") or _API).rstrip("/")
        return cls(
            api=Api(url=url, token=secret, headers=headers, right=_RIGHT),
            repository=named,
            number=number or _number(environ),
        )

    def comments(self) -> Iterator[Comment]:
        """Yield the comments, the oldest first (REST API: List issue comments)."""
        path = f"/repos/{self.repository}/issues/{self.number}/comments?per_page=100"
        for entry in self.api.pages(path, self._doing("Reading the comments")):
            user = cast("Mapping[str, JSON]", entry.get("user") or {})
            yield Comment(
                id=cast("int", entry["id"]), body=str(entry.get("body") or ""), of_person=user.get("type") == "User"
            )

    def add(self, body: str) -> str:
        """Write a comment (REST API: Create an issue comment)."""
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        return str(self.api.send("POST", path, {"body": body}, self._doing("Writing a comment")).get("html_url"))

    def change(self, comment: Comment, body: str) -> str:
        """Give a comment another text (REST API: Update an issue comment)."""
        path = f"/repos/{self.repository}/issues/comments/{comment.id}"
        return str(self.api.send("PATCH", path, {"body": body}, self._doing("Changing the comment")).get("html_url"))

    def _doing(self, what: str) -> str:
        return f"{what} of pull request {self.number} in {self.repository}"


def _number(environ: Mapping[str, str]) -> int:
    """Return the number of the pull request the workflow's event is of."""
    file = environ.get("GITHUB_EVENT_PATH")
    if not file:
        raise NotSaid("The pull request", "--number", "GITHUB_EVENT_PATH")
    try:
        event = json.loads(Path(file).read_bytes())
        issue = event.get("issue", {})
        found = event.get("pull_request") or (issue if "pull_request" in issue else {})
        started = event.get("workflow_run", {}).get("pull_requests") or [{}]
        return int(found.get("number") or started[0]["number"])
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise NoPullRequest(file) from None
