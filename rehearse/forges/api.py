"""Ask a forge's REST API: JSON out and in, one host only, the token shown to nobody else."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from rehearse import __version__
from rehearse.forges.errors import Elsewhere, NoAddress, NotAllowed, Refused, Unavailable
from rehearse.model.json import JSON

_SECONDS = 20.0
_REDIRECTS = 5
_MOST_SAID = 200  # characters of what a forge says
_BUSY = (429, 502, 503, 504)
_NOT_ALLOWED = (401, 403, 404)
_MOVED = (301, 302, 307, 308)
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?')


class _Unfollowed(HTTPRedirectHandler):
    """Follows no redirect by itself: urllib would take the token along to any host."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a forge answered."""

    value: JSON
    following: str | None  # URL of the next page


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A REST API and who asks it."""

    url: str
    token: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  # the token is in one of them
    right: str  # that the token needs, in words
    seconds: float = _SECONDS  # a request may take
    opener: OpenerDirector = field(default_factory=lambda: build_opener(_Unfollowed), repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise NoAddress(self.url.rpartition("@")[2])

    def pages(self, path: str, doing: str) -> Iterator[Mapping[str, JSON]]:
        """Yield the entries of a list, page by page. Raises what `send` does."""
        url: str | None = f"{self.url}{path}"
        while url is not None:
            answer = self._ask("GET", url, None, doing)
            yield from _entries(answer.value, doing)
            url = answer.following and urljoin(url, answer.following)

    def send(self, method: str, path: str, value: JSON, doing: str) -> Mapping[str, JSON]:
        """Send an object, and return the one that is answered.

        Raises NotAllowed, Refused, Elsewhere, and Unavailable where it may be tried again.
        """
        return _object(self._ask(method, f"{self.url}{path}", value, doing).value, doing)

    def _ask(self, method: str, url: str, value: JSON, doing: str) -> Answer:
        body = None if value is None else json.dumps(value).encode()
        for _ in range(_REDIRECTS):
            self._same_host(url, doing)
            try:
                return self._once(Request(url, body, self._headers(body), method=method), doing)  # noqa: S310 - http(s) only
            except HTTPError as error:
                with error:
                    target = error.headers.get("Location")
                    if error.code not in _MOVED or not target:
                        raise self._meaning(error, doing) from None
                url = urljoin(url, target)
        raise Unavailable(doing, "the forge sends us in circles")

    def _once(self, request: Request, doing: str) -> Answer:
        try:
            with self.opener.open(request, timeout=self.seconds) as response:
                found = _NEXT.search(response.headers.get("Link") or "")
                return Answer(value=json.loads(response.read()), following=found[1] if found else None)
        except HTTPError:
            raise
        except URLError as error:
            raise Unavailable(doing, f"the forge cannot be reached ({self._clean(str(error.reason))})") from None
        except (OSError, http.client.HTTPException) as error:  # a timeout, or an answer that broke off
            raise Unavailable(doing, f"the forge broke off ({type(error).__name__})") from None
        except ValueError:
            raise Unavailable(doing, "the forge answered something that is no JSON") from None

    def _headers(self, body: bytes | None) -> dict[str, str]:
        kind = {} if body is None else {"Content-Type": "application/json"}
        return {"User-Agent": f"rehearse/{__version__}", **self.headers, **kind}

    def _same_host(self, url: str, doing: str) -> None:
        """Raise Elsewhere unless a URL is of the very scheme, host and port of the API."""
        asked, known = urlsplit(url), urlsplit(self.url)
        if (asked.scheme, asked.netloc) != (known.scheme, known.netloc):
            raise Elsewhere(doing, f"{asked.scheme}://{asked.hostname}")

    def _meaning(self, error: HTTPError, doing: str) -> Exception:
        wait = _wait(error.headers.get("Retry-After"))
        busy = error.code == 403 and (wait or error.headers.get("X-RateLimit-Remaining") == "0")  # noqa: PLR2004 - GitHub's
        if error.code in _BUSY or busy:
            return Unavailable(doing, f"the forge has no time ({error.code})", wait)
        said = self._said(error)
        if error.code in _NOT_ALLOWED:
            return NotAllowed(error.code, doing, said, self.right)
        if error.code < 500:  # noqa: PLR2004 - RFC 9110, 15: the fault is the client's
            return Refused(error.code, doing, said)
        return Unavailable(doing, f"the forge failed ({error.code}{said})")

    def _said(self, error: HTTPError) -> str:
        """Return what the forge says about it, the beginning of it."""
        try:
            value = json.loads(error.read(10 * _MOST_SAID))
            told = value.get("message") or value.get("error")
        except (ValueError, AttributeError, OSError, http.client.HTTPException):
            return ""
        line = " ".join(self._clean(told if isinstance(told, str) else json.dumps(told)).split())
        return f": {line[:_MOST_SAID]}" if told else ""

    def _clean(self, text: str) -> str:
        return text.replace(self.token, "...")


def _wait(asked: str | None) -> timedelta | None:
    """Read a Retry-After: seconds, or a date (RFC 9110, 10.2.3).

    >>> _wait("120"), _wait("soon")
    (datetime.timedelta(seconds=120), None)
    """
    if asked is None:
        return None
    if asked.strip().isdecimal():
        return timedelta(seconds=int(asked))
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(until - datetime.now(until.tzinfo or UTC), timedelta(0))


def _entries(value: JSON, doing: str) -> list[Mapping[str, JSON]]:
    if not isinstance(value, list):
        raise Unavailable(doing, "the forge answered no list")
    return [_object(entry, doing) for entry in value]


def _object(value: JSON, doing: str) -> Mapping[str, JSON]:
    if not isinstance(value, dict) or "id" not in value:
        raise Unavailable(doing, "the forge answered something unknown")
    return cast("Mapping[str, JSON]", value)
