"""A forge for tests: the comments of one pull request behind GitHub's and GitLab's REST APIs, as they are published."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "ghs_secretSECRETsecret"
_GITHUB = re.compile(r"/repos/(?P<of>shop/db)/issues(?:/(?P<number>\d+))?/comments(?:/(?P<id>\d+))?")
_GITLAB = re.compile(r"/projects/(?P<of>7|shop/db)/merge_requests/(?P<number>\d+)/notes(?:/(?P<id>\d+))?")


@dataclass
class Failure:
    """An answer the forge gives once, in place of what was asked."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"message": "no"}'
    after: bool = False  # what was asked is done all the same


@dataclass
class FakeForge:
    """What the forge holds, and what it was asked."""

    number: int = 5
    comments: list[dict[str, object]] = field(default_factory=list)
    failures: list[Failure | None] = field(default_factory=list)  # None: it answers
    asked: list[str] = field(default_factory=list)
    url: str = ""
    per_page: int = 100

    def says(self, body: str, user: str = "anna", *, bot: bool = False, system: bool = False) -> None:
        """Let somebody write a comment."""
        author = {"username": user}
        self.comments.append(
            {
                "id": len(self.comments) + 1,
                "body": body,
                "user": {"login": user, "type": "Bot" if bot else "User"},
                "author": author,
                "system": system,
                "html_url": f"https://forge.test/{len(self.comments) + 1}",
            }
        )

    @property
    def bodies(self) -> list[object]:
        return [comment["body"] for comment in self.comments]


@contextmanager
def forge() -> Iterator[FakeForge]:
    """Yield a forge that answers on the loopback."""
    fake = FakeForge()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeForge

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - as http.server calls them

    def _answer(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        self.fake.asked.append(f"{self.command} {self.path}")
        failure = self.fake.failures.pop(0) if self.fake.failures else None
        if failure is None or failure.after:
            status, value, headers = self._do(sent)
        if failure is not None:
            self._write(failure.status, failure.body, failure.headers)
        else:
            self._write(status, json.dumps(value).encode(), headers)

    def _do(self, sent: dict[str, object] | None) -> tuple[int, object, dict[str, str]]:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        found = _GITHUB.fullmatch(path) or _GITLAB.fullmatch(path)
        if not self._is_known(is_github=path.startswith("/repos")):
            return 401, {"message": f"Bad credentials: {self.headers}"}, {}
        if not found or found["number"] not in (None, str(self.fake.number)):
            return 404, {"message": "Not Found"}, {}
        if self.command == "GET":
            return self._page(parts.path, parse_qs(parts.query))
        assert sent is not None
        if found["id"]:
            comment = self.fake.comments[int(found["id"]) - 1]
            comment["body"] = sent["body"]
            changes = "PATCH" if path.startswith("/repos") else "PUT"
            return (200, comment, {}) if self.command == changes else (405, {}, {})
        self.fake.says(str(sent["body"]), "rehearse[bot]" if path.startswith("/repos") else "project_7_bot", bot=True)
        return 201, self.fake.comments[-1], {}

    def _page(self, path: str, query: dict[str, list[str]]) -> tuple[int, object, dict[str, str]]:
        number, size = int(query.get("page", ["1"])[0]), min(int(query["per_page"][0]), self.fake.per_page)
        more = {key: value[0] for key, value in query.items() if key != "page"}
        rest = "&".join(f"{key}={value}" for key, value in more.items())
        end = number * size
        links = [f'<{self.fake.url}{path}?{rest}&page=1>; rel="first"']
        if end < len(self.fake.comments):
            links.insert(0, f'<{self.fake.url}{path}?{rest}&page={number + 1}>; rel="next"')
        return 200, self.fake.comments[end - size : end], {"Link": ", ".join(links)}

    def _is_known(self, *, is_github: bool) -> bool:
        if is_github:
            return self.headers.get("Authorization") == f"Bearer {TOKEN}"
        return TOKEN in (self.headers.get("PRIVATE-TOKEN"), self.headers.get("JOB-TOKEN"))

    def _write(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
