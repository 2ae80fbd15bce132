"""GitLab: notes of a merge request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from rehearse.forges.api import Api
from rehearse.forges.comment import Comment
from rehearse.forges.errors import NotSaid
from rehearse.forges.token import token
from rehearse.model.json import JSON

_API = "https://gitlab.com/api/v4"
_JOB = "CI_JOB_TOKEN"
_RIGHT = (
    "the scope `api` and the role Reporter: make a project access token and hand it to the job as GITLAB_TOKEN "
    "(a job's own CI_JOB_TOKEN may not write notes)"
)
_BOT = re.compile(r"(?:project|group)_\d+_bot\w*|service_account_\w+|ghost")  # what GitLab calls the users of tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLab:
    """A merge request on GitLab."""

    api: Api
    project: str  # number, or path as group/name
    number: int  # of the merge request in its project: its IID
    page: str  # where people read it, or what they call it

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        repository: str | None = None,
        number: int | None = None,
        api: str | None = None,
        variable: str | None = None,
    ) -> GitLab:
        """Return the merge request that was named, or that a job's variables name.

        Raises NotSaid, NoToken and NoAddress.
        """
        project = repository or environ.get("CI_PROJECT_ID", "")
        if not project:
            raise NotSaid("The project", "--repository", "CI_PROJECT_ID")
        iid = number or environ.get("CI_MERGE_REQUEST_IID", "")
        if not str(iid).isdecimal():
            raise NotSaid("The merge request", "--number", "CI_MERGE_REQUEST_IID (in merge request pipelines only)")
        name, secret = token(environ, [variable] if variable else ["GITLAB_TOKEN", _JOB], _RIGHT)
        headers = {"JOB-TOKEN" if name == _JOB else "PRIVATE-TOKEN": secret}
        url = (api or environ.get("CI_API_V4_URL") or _API).rstrip("/")
        home = environ.get("CI_MERGE_REQUEST_PROJECT_URL")
        return cls(
            api=Api(url=url, token=secret, headers=headers, right=_RIGHT),
            project=project,
            number=int(iid),
            page=f"{home}/-/merge_requests/{iid}" if home and not repository else f"{project}!{iid}",
        )

    def comments(self) -> Iterator[Comment]:
        """Yield the notes, the oldest first (Notes API: List all merge request notes)."""
        path = f"{self._notes}?sort=asc&order_by=created_at&per_page=100"
        for entry in self.api.pages(path, self._doing("Reading the notes")):
            author = cast("Mapping[str, JSON]", entry.get("author") or {})
            is_bot = bool(entry.get("system")) or bool(_BOT.fullmatch(str(author.get("username"))))
            yield Comment(id=cast("int", entry["id"]), body=str(entry.get("body") or ""), of_person=not is_bot)

    def add(self, body: str) -> str:
        """Write a note (Notes API: Create new merge request note)."""
        return self._url(self.api.send("POST", self._notes, {"body": body}, self._doing("Writing a note")))

    def change(self, comment: Comment, body: str) -> str:
        """Give a note another text (Notes API: Modify existing merge request note)."""
        path = f"{self._notes}/{comment.id}"
        return self._url(self.api.send("PUT", path, {"body": body}, self._doing("Changing the note")))

    @property
    def _notes(self) -> str:
        return f"/projects/{quote(self.project, safe='')}/merge_requests/{self.number}/notes"

    def _url(self, note: Mapping[str, JSON]) -> str:
        """Return where the note is: the API does not say."""
        return f"{self.page}#note_{note['id']}"

    def _doing(self, what: str) -> str:
        return f"{what} of merge request {self.number} in project {self.project}"
