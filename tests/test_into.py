"""Where the stage is to be, by flags and by rehearse.toml."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path

import pytest
from tool import tool

from rehearse.config import UnknownEnvironment
from rehearse.engine.server import Server
from rehearse.errors import RequestError
from rehearse.request.asked import Asked
from rehearse.request.composition import NothingToReplace, NotOnSharedServers, compose
from rehearse.request.place import NoProvider, NoServer, WhichStage
from rehearse.stages.place import Place

CONFIGURATION = """
[environments.production]
url = "postgresql://reader@production/shop"
[environments.stage]
provider = "server"
url = "postgresql://stager@stages/postgres"
database = "stage"
promotes_to = "production"
[environments.qa]
url = "postgresql://qa/shop"
"""


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    script = tmp_path / "001.sql"
    script.write_text("SELECT 1;")
    file = tmp_path / "rehearse.toml"
    file.write_text(CONFIGURATION)
    return Asked(sql=(script,), config=file)


def varied(asked: Asked, **flags: object) -> Asked:
    return Asked(**{"sql": asked.sql, "config": asked.config, **flags})  # type: ignore[arg-type]  # named by the tests


def written(asked: Asked, more: str) -> Asked:
    assert asked.config is not None
    asked.config.write_text(CONFIGURATION + more)
    return asked


def test_the_configured_stage_is_taken_and_every_other_environment_is_forbidden(asked: Asked) -> None:
    assert compose(varied(asked, replace=True)).into == Place(
        url="postgresql://stager@stages/postgres",
        database="stage",
        replace=True,
        declared=("postgresql://reader@production/shop", "postgresql://qa/shop"),
    )


def test_a_url_is_a_server_for_a_new_database(asked: Asked) -> None:
    place = compose(varied(asked, into="postgresql://me@elsewhere/postgres", wait=True)).into

    assert place is not None
    assert (place.url, place.database, place.wait) == ("postgresql://me@elsewhere/postgres", None, True)
    assert "postgresql://stager@stages/postgres" in place.declared


def test_a_server_of_ones_own_can_still_be_had(asked: Asked) -> None:
    assert compose(varied(asked, into="embedded")).into is None


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ({"into": "qa"}, NoServer),
        ({"into": "qs"}, UnknownEnvironment),
        ({"into": "embedded", "replace": True}, NothingToReplace),
        ({"settings": ("work_mem=1MB",)}, NotOnSharedServers),
        ({"downgrade": True}, NotOnSharedServers),
    ],
)
def test_a_place_that_cannot_be_is_refused(asked: Asked, flags: dict[str, object], error: type[RequestError]) -> None:
    with pytest.raises(error) as caught:
        compose(varied(asked, **flags))

    assert caught.value.exit_code == 2


def test_one_of_several_stages_must_be_named(asked: Asked) -> None:
    several = written(asked, '[environments.other]\nprovider = "server"\nurl = "postgresql://other"\n')

    with pytest.raises(WhichStage, match="stage, other"):
        compose(several)
    place = compose(varied(several, into="other")).into

    assert place is not None
    assert place.url == "postgresql://other"


def test_an_unknown_provider_is_refused(asked: Asked) -> None:
    with pytest.raises(NoProvider, match=r"environments\.odd\.provider"):
        compose(written(asked, '[environments.odd]\nprovider = "cloud"\nurl = "postgresql://x"\n'))


def test_a_command_line_rehearses_into_a_server_and_never_into_production(
    tmp_path: Path, server: Server, server15: Server, database: str, database15: str
) -> None:
    with server.connect(database) as connection:
        connection.execute("CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers VALUES (1), (2)")
    (tmp_path / "001.sql").write_text("SET lock_timeout = '2s';\nALTER TABLE customers ADD COLUMN nick text;\n")
    name = f"r_{uuid.uuid4().hex[:8]}"
    with server15.connect() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEDB")

    def run(source: str, into: str) -> subprocess.CompletedProcess[str]:
        words = ("run", "--from", source, "--into", into, "--sql", "001.sql", "--format", "json")
        return tool(*words, cwd=tmp_path)

    done = run(server.dsn(database), server15.dsn(database15, user=name))
    refused = run(server15.dsn(database15), server15.dsn(database15, user=name))

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["verdict"], told["fidelity"]["observation"]) == ("safe", "sampled")
    assert [step["outcome"] for step in told["steps"]] == ["applied"]
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "production" in refused.stderr
    with server15.connect() as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, 'rehearse_')").fetchall()
        connection.execute(f"DROP ROLE {name}")
    assert left == []
