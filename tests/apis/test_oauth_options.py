"""`apptrail connection add` takes GHL's OAuth secrets: all of them or none."""

import json

import pytest
from typer.testing import CliRunner

from db import connections
from db.desk import connect
from db.keyring import Keyring
from tests.builders import a_client

SECRET = "a key for the command line"
OAUTH = [
    "--oauth-client-id",
    "the-client",
    "--oauth-client-secret",
    "the-secret",
    "--refresh-token",
    "the-refresh",
]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("APPTRAIL_SECRET_KEY", SECRET)
    return CliRunner()


def test_the_secrets_of_an_app_are_kept(run: CliRunner, database: str) -> None:
    from scripts.main import app

    with connect(database) as own:
        client = a_client(own)
        answer = run.invoke(
            app, ["connection", "add", str(client.id), "ghl", "--location-id", "l", *OAUTH, "--json"]
        )
        assert answer.exit_code == 0, answer.output
        (row,) = own.execute("SELECT secrets FROM connection").fetchall()
    held = json.loads(Keyring([SECRET]).open(row[0]))
    assert held == {
        "oauth_client_id": "the-client", "oauth_client_secret": "the-secret", "refresh_token": "the-refresh"
    }  # fmt: skip
    assert connections.Connection.__dataclass_fields__["secrets"].repr is False


@pytest.mark.parametrize("missing", [0, 2, 4], ids=["id", "secret", "token"])
def test_a_part_of_them_is_refused_by_name(run: CliRunner, database: str, missing: int) -> None:
    from scripts.main import app

    with connect(database) as own:
        client = a_client(own)
    answer = run.invoke(
        app, ["connection", "add", str(client.id), "ghl", *OAUTH[:missing], *OAUTH[missing + 2 :]]
    )
    assert answer.exit_code != 0
    assert "--refresh-token" in answer.output
    assert "the-secret" not in answer.output
