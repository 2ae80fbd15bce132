"""What can be wrong with a forge, or with what it is asked."""

from __future__ import annotations

from datetime import timedelta

from rehearse.errors import RehearseError, RequestError
from rehearse.model.quantity import duration


class NotSaid(RequestError):
    """Neither an option nor the CI's environment says what is needed."""

    def __init__(self, what: str, option: str, variable: str) -> None:
        super().__init__(f"{what} is not known.", f"Name it with {option}, or set {variable} as the CI does.")


class NoPullRequest(RequestError):
    """The event that started the CI belongs to no pull request."""

    def __init__(self, file: str) -> None:
        super().__init__(
            f"The event in {file} is of no pull request.",
            "Run it on: pull_request, or name the pull request with --number.",
        )


class NoToken(RequestError):
    """There is nothing to log in with."""

    def __init__(self, variables: str, right: str) -> None:
        super().__init__(
            f"There is no usable token: {variables} is empty or holds something else.", f"It needs {right}."
        )


class NotAllowed(RequestError):
    """The forge knows who asks and says no, or does not know them."""

    def __init__(self, status: int, doing: str, said: str, right: str) -> None:
        meant = {
            401: "does not know the token",
            403: "does not allow it",
            404: "does not show it: it does not exist, or the token may not see it",
        }
        super().__init__(f"{doing}: the forge {meant[status]} ({status}{said}).", f"The token needs {right}.")


class Refused(RequestError):
    """The forge does not take what it was sent."""

    def __init__(self, status: int, doing: str, said: str) -> None:
        super().__init__(
            f"{doing}: the forge refused it ({status}{said}).", "Check repository, number and the API's URL."
        )


class NoAddress(RequestError):
    """The URL of the API is none that can be asked."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url!r} is no URL of an API.", "Write it as https://HOST/..., with --api or the variable.")


class Elsewhere(RehearseError):
    """The forge sends us to another host, which must not get the token."""

    def __init__(self, doing: str, host: str) -> None:
        super().__init__(
            f"{doing}: the forge sent us on to another host ({host}), which was not asked: the token is not for it.",
            "If the forge has moved, name its new API with --api.",
        )


class Unavailable(RehearseError):
    """The forge cannot be reached, or has no time; trying again may help."""

    def __init__(self, doing: str, reason: str, wait: timedelta | None = None) -> None:
        asked = f", and asks to wait for {duration(wait)}" if wait else ""
        super().__init__(f"{doing}: {reason}{asked}.", "The comment was not written; run it again later.")
        self.wait = wait
