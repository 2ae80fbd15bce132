"""The comment on a pull request: one, kept up to date, on a forge that may be slow, strict or gone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from builders import rehearsal, setting, step
from forges import TOKEN, Failure, FakeForge, forge
from tool import tool

from rehearse import runs
from rehearse.errors import RehearseError
from rehearse.forges import GitHub, GitLab, Written, upsert
from rehearse.forges.errors import (
    Elsewhere,
    NoAddress,
    NoPullRequest,
    NotAllowed,
    NoToken,
    NotSaid,
    Refused,
    Unavailable,
)
from rehearse.model.report import Report, Verdict

MARKER = "<!-- rehearse: report -->"
BODY = f"{MARKER}\n\nsafe"
BOTH = pytest.mark.parametrize("kind", [GitHub, GitLab])


@pytest.fixture
def fake() -> Iterator[FakeForge]:
    with forge() as found:
        yield found


def environ(fake: FakeForge, **more: str) -> dict[str, str]:
    found = {
        "GITHUB_API_URL": fake.url,
        "GITHUB_REPOSITORY": "shop/db",
        "GITHUB_TOKEN": TOKEN,
        "CI_API_V4_URL": fake.url,
        "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "5",
        "GITLAB_TOKEN": TOKEN,
    }
    return {name: value for name, value in {**found, **more}.items() if value}


def put(kind: type[GitHub | GitLab], fake: FakeForge, body: str = BODY, slept: list[float] | None = None) -> Written:
    waits: list[float] = [] if slept is None else slept
    return upsert(kind.of(environ(fake), number=fake.number), body, MARKER, sleep=waits.append)


# What is written


@BOTH
def test_the_first_comment_is_new_and_the_next_run_changes_it(kind: type[GitHub | GitLab], fake: FakeForge):
    fake.says("Looks good")

    first = put(kind, fake)
    second = put(kind, fake, f"{MARKER}\n\nunsafe")

    assert (first.is_new, second.is_new) == (True, False)
    assert fake.bodies == ["Looks good", f"{MARKER}\n\nunsafe"]


@BOTH
def test_what_people_have_answered_stays_and_a_new_one_follows(kind: type[GitHub | GitLab], fake: FakeForge):
    put(kind, fake)
    fake.says("Why is that?")

    assert put(kind, fake, f"{MARKER}\n\nagain").is_new
    assert put(kind, fake, f"{MARKER}\n\nand again").is_new is False
    assert fake.bodies == [BODY, "Why is that?", f"{MARKER}\n\nand again"]


def test_bots_do_not_answer_on_github(fake: FakeForge):
    put(GitHub, fake)
    fake.says("Coverage fell", "codecov[bot]", bot=True)

    assert not put(GitHub, fake).is_new


@pytest.mark.parametrize(("user", "system"), [("project_9_bot_a1b2", False), ("group_3_bot1", False), ("anna", True)])
def test_bots_and_the_forge_do_not_answer_on_gitlab(user: str, system: bool, fake: FakeForge):
    put(GitLab, fake)
    fake.says("added 1 commit", user, system=system)

    assert not put(GitLab, fake).is_new


@BOTH
def test_the_newest_is_found_on_a_later_page(kind: type[GitHub | GitLab], fake: FakeForge):
    fake.per_page = 30
    for number in range(40):
        fake.says(f"c{number}")
    put(kind, fake)

    assert not put(kind, fake, f"{MARKER}\n\nnewer").is_new
    changes = "PATCH" if kind is GitHub else "PUT"
    assert [line.split(" ")[0] for line in fake.asked] == ["GET", "GET", "POST", "GET", "GET", changes]


def test_a_quoted_marker_is_no_comment_of_ours(fake: FakeForge):
    fake.says(f"> {MARKER}\nWhat is this?")

    assert put(GitHub, fake).is_new


# A forge that is slow or strict


@BOTH
@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_forge_is_asked_again(kind: type[GitHub | GitLab], status: int, fake: FakeForge):
    fake.failures = [Failure(status, {"Retry-After": "7"}), Failure(status)]
    slept: list[float] = []

    assert put(kind, fake, slept=slept).is_new
    assert slept == [7, 2]


@BOTH
def test_a_comment_that_was_written_after_all_is_not_written_twice(kind: type[GitHub | GitLab], fake: FakeForge):
    fake.failures = [None, Failure(502, after=True)]

    put(kind, fake)

    assert fake.bodies == [BODY]
    assert [line.split(" ")[0] for line in fake.asked] == ["GET", "POST", "GET", "PATCH" if kind is GitHub else "PUT"]


def test_a_forge_that_stays_busy_is_given_up(fake: FakeForge):
    fake.failures = [Failure(503)] * 4
    slept: list[float] = []

    with pytest.raises(Unavailable, match="no time") as caught:
        put(GitHub, fake, slept=slept)

    assert slept == [1, 2, 4]
    assert caught.value.exit_code == 3


def test_nobody_waits_for_an_hour(fake: FakeForge):
    fake.failures = [Failure(429, {"Retry-After": "3600"})]

    with pytest.raises(Unavailable, match="asks to wait for 60 min"):
        put(GitHub, fake)


def test_githubs_rate_limit_is_no_missing_right(fake: FakeForge):
    fake.failures = [Failure(403, {"X-RateLimit-Remaining": "0"})]

    assert put(GitHub, fake).is_new


@BOTH
@pytest.mark.parametrize(
    ("status", "told"), [(401, "does not know the token"), (403, "does not allow it"), (404, "may not see it")]
)
def test_a_missing_right_is_named(kind: type[GitHub | GitLab], status: int, told: str, fake: FakeForge):
    fake.failures = [Failure(status, body=b'{"message": "Resource not accessible by integration"}')]

    with pytest.raises(NotAllowed, match=told) as caught:
        put(kind, fake)

    assert ("pull-requests: write" if kind is GitHub else "scope `api` and the role Reporter") in caught.value.hint
    assert "Resource not accessible by integration" in caught.value.sentence
    assert caught.value.exit_code == 2


def test_an_unknown_pull_request_is_a_wrong_request(fake: FakeForge):
    with pytest.raises(NotAllowed, match="pull request 6 in shop/db"):
        upsert(GitHub.of(environ(fake), number=6), BODY, MARKER)


def test_what_the_forge_does_not_take_is_a_wrong_request(fake: FakeForge):
    fake.failures = [Failure(422, body=b'{"message": "body is too long"}')]

    with pytest.raises(Refused, match=r"refused it \(422: body is too long\)"):
        put(GitHub, fake)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_on_the_same_host_is_followed_with_its_method(status: int, fake: FakeForge):
    target = {"Location": "/repos/shop/db/issues/5/comments?per_page=100"}
    fake.failures = [Failure(status, target), None, Failure(status, target)]

    assert put(GitHub, fake).is_new
    assert [line.split(" ")[0] for line in fake.asked] == ["GET", "GET", "POST", "POST"]
    assert fake.bodies == [BODY]


@pytest.mark.parametrize(
    "headers",
    [{"Location": "http://127.0.0.1:1/repos"}, {"Location": "https://127.0.0.1/"}, {"Location": "//evil.test/x"}],
)
def test_a_redirect_to_another_host_is_refused(headers: dict[str, str], fake: FakeForge):
    fake.failures = [Failure(302, headers)]

    with pytest.raises(Elsewhere, match="another host") as caught:
        put(GitHub, fake)

    assert caught.value.exit_code == 3
    assert len(fake.asked) == 1


def test_a_next_page_on_another_host_is_refused(fake: FakeForge):
    fake.failures = [Failure(200, {"Link": '<http://evil.test/?page=2>; rel="next"'}, b"[]")]

    with pytest.raises(Elsewhere, match="evil"):
        put(GitHub, fake)


def test_circles_end(fake: FakeForge):
    fake.failures = [Failure(302, {"Location": "/x"})] * 40

    with pytest.raises(Unavailable, match="in circles"):
        put(GitHub, fake)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'["x"]', b""])
def test_an_answer_that_is_none_is_the_forges_failure(body: bytes, fake: FakeForge):
    fake.failures = [Failure(200, body=body)] * 4

    with pytest.raises(Unavailable):
        put(GitHub, fake)


def test_a_forge_that_is_gone_is_a_failure_of_its_own(fake: FakeForge):
    gone = GitHub.of(environ(fake, GITHUB_API_URL="http://127.0.0.1:9"), number=5)

    with pytest.raises(Unavailable, match="cannot be reached"):
        upsert(gone, BODY, MARKER, sleep=lambda _: None)


def test_a_forge_that_says_nothing_is_left_in_time():
    import socket  # noqa: PLC0415 - one test listens

    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        found = GitHub.of({"GITHUB_TOKEN": TOKEN}, repository="a/b", number=1, api=url)
        quick = replace(found, api=replace(found.api, seconds=0.2))

        with pytest.raises(Unavailable):
            upsert(quick, BODY, MARKER, sleep=lambda _: None)


# Who and where


def event(tmp_path: Path, value: object) -> str:
    (tmp_path / "event.json").write_text(json.dumps(value), encoding="utf-8")
    return str(tmp_path / "event.json")


@pytest.mark.parametrize(
    "value",
    [
        {"pull_request": {"number": 5}, "number": 5},
        {"issue": {"number": 5, "pull_request": {}}},
        {"workflow_run": {"pull_requests": [{"number": 5}]}},
    ],
)
def test_the_event_names_the_pull_request(value: object, tmp_path: Path, fake: FakeForge):
    assert GitHub.of(environ(fake, GITHUB_EVENT_PATH=event(tmp_path, value))).number == 5


@pytest.mark.parametrize(
    "value", [{}, [], {"issue": {"number": 5}}, {"workflow_run": {"pull_requests": []}}, {"pull_request": {}}]
)
def test_an_event_of_no_pull_request_is_said_to_be_one(value: object, tmp_path: Path, fake: FakeForge):
    with pytest.raises(NoPullRequest):
        GitHub.of(environ(fake, GITHUB_EVENT_PATH=event(tmp_path, value)))


@pytest.mark.parametrize(
    ("kind", "missing", "told"),
    [
        (GitHub, "GITHUB_REPOSITORY", "--repository"),
        (GitHub, "GITHUB_EVENT_PATH", "--number"),
        (GitHub, "GITHUB_TOKEN", "pull-requests: write"),
        (GitLab, "CI_PROJECT_ID", "--repository"),
        (GitLab, "CI_MERGE_REQUEST_IID", "--number"),
        (GitLab, "GITLAB_TOKEN", "GITLAB_TOKEN"),
    ],
)
def test_what_is_missing_is_named(kind: type[GitHub | GitLab], missing: str, told: str, fake: FakeForge):
    with pytest.raises((NotSaid, NoToken)) as caught:
        kind.of(environ(fake, **{missing: ""}), number=5 if missing == "GITHUB_TOKEN" else None)

    assert told in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("url", ["forge.test", "file:///etc/passwd", "https://user:pw@forge.test"])
def test_only_an_api_is_asked(url: str):
    with pytest.raises(NoAddress) as caught:
        GitHub.of({"GITHUB_TOKEN": TOKEN}, repository="a/b", number=1, api=url)

    assert "pw" not in str(caught.value)


def test_a_job_token_is_shown_as_one(fake: FakeForge):
    found = GitLab.of(environ(fake, GITLAB_TOKEN="", CI_JOB_TOKEN=TOKEN))

    assert found.api.headers == {"JOB-TOKEN": TOKEN}
    assert upsert(found, BODY, MARKER).is_new


def test_a_project_may_be_named_by_its_path(fake: FakeForge):
    found = GitLab.of(environ(fake), repository="shop/db")

    assert upsert(found, BODY, MARKER) == Written(is_new=True, url="shop/db!5#note_1")
    assert "/projects/shop%2Fdb/merge_requests/5/notes" in fake.asked[-1]


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ünicode", " "])
def test_a_token_that_no_header_can_hold_is_not_shown(token: str, fake: FakeForge):
    with pytest.raises(NoToken) as caught:
        GitHub.of(environ(fake, GITHUB_TOKEN=token), number=5)

    assert token.strip() == "" or token not in str(caught.value)


def test_a_token_is_shown_nowhere(fake: FakeForge):
    found = GitHub.of(environ(fake, GITHUB_TOKEN="other"), number=5)
    with pytest.raises(RehearseError) as caught:
        upsert(found, BODY, MARKER)
    echoing = GitHub.of(environ(fake), number=5)
    fake.failures = [Failure(401, body=json.dumps({"message": f"Bad credentials {TOKEN}"}).encode())]
    with pytest.raises(RehearseError) as echoed:
        upsert(echoing, BODY, MARKER)

    assert "other" not in f"{found!r}"
    assert "does not know the token" in str(caught.value)
    assert TOKEN not in f"{echoing!r}{echoed.value}"


# The command


def comment(directory: Path, fake: FakeForge, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], **environ(fake, **more)}
    return tool("comment", *words, cwd=directory, environ=variables)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with one run that was kept."""
    report = Report(
        verdict=Verdict.UNSAFE,
        reasons=(),
        findings=(),
        rehearsal=rehearsal(id="20261128-020653-84a9ec", settings=(setting(),)),
    )
    runs.keep(report, runs.home(None, tmp_path))
    return tmp_path


@pytest.mark.parametrize("flag", ["--github", "--gitlab"])
def test_the_command_puts_the_last_run_on_the_pull_request(flag: str, project: Path, fake: FakeForge):
    first = comment(project, fake, flag, "--number", "5")
    second = comment(project, fake, "last", flag, "--number", "5")

    assert (first.returncode, first.stderr) == (0, ""), first.stderr
    assert first.stdout.startswith("Written: ")
    assert second.stdout.startswith("Changed: ")
    (body,) = fake.bodies
    assert str(body).startswith(f"{MARKER}\n\n### ❌ Rehearsal: unsafe")
    assert step().id in str(body)


def test_each_name_has_a_comment_of_its_own(project: Path, fake: FakeForge):
    for name in ("orders", "users", "orders"):
        done = comment(project, fake, "--github", "--number", "5", "--name", name)
        assert done.returncode == 0, done.stderr

    assert [str(body).split("\n")[0] for body in fake.bodies] == [
        "<!-- rehearse: report orders -->",
        "<!-- rehearse: report users -->",
    ]


@pytest.mark.parametrize(
    ("words", "more", "code", "told"),
    [
        ((), {}, 2, "Name one: --github or --gitlab."),
        (("--github", "--gitlab"), {}, 2, "Name one"),
        (("--github", "--number", "5", "--name", "a -->"), {}, 2, "cannot name a comment"),
        (("--github",), {}, 2, "The pull request is not known"),
        (("nothing", "--github", "--number", "5"), {}, 2, 'has no run "nothing"'),
        (("--github", "--number", "6"), {}, 2, "may not see it"),
        (("--github", "--number", "5"), {"GITHUB_TOKEN": "wrong"}, 2, "does not know the token"),
        (("--github", "--number", "5", "--token-variable", "MINE"), {"MINE": ""}, 2, "MINE is empty"),
    ],
)
def test_a_wrong_request_is_told_in_a_sentence(
    words: tuple[str, ...], more: dict[str, str], code: int, told: str, project: Path, fake: FakeForge
):
    done = comment(project, fake, *words, **more)

    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr
    assert fake.bodies == []
