"""GHL's OAuth: a refresh token is used once, whoever needs it; what it gave is kept, sealed."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from db import connections
from db.connections import Connection
from db.desk import Database, connect
from ingest.apis.api import ApiFailed
from ingest.apis.ghl_api import GhlApi
from ingest.apis.http import new_client
from ingest.apis.register import Means, api_for
from ingest.apis.tokens import OAuthTokens
from pipeline.words import Provider
from tests.apis.conftest import Stage
from tests.builders import KEYRING, a_client
from tests.simulators.serving import InProcess
from tests.simulators.unbounded import Unbounded


@dataclass
class Installed:
    """A location whose app was installed: its connection holds a refresh token."""

    stage: Stage
    dsn: str
    connection: Connection

    def stored(self) -> Connection:
        with connect(self.dsn) as database:
            (found,) = connections.of_client(database, KEYRING, self.connection.client_id)
            return found

    def api(self, connection: Connection | None = None) -> GhlApi:
        client = new_client(InProcess(self.stage.site))
        means = Means(
            client, lambda *_: Unbounded(), lambda: connect(self.dsn), KEYRING, self.stage.world.clock.now
        )
        api = api_for(connection or self.stored(), means)
        assert isinstance(api, GhlApi)
        return api


@pytest.fixture
def installed(ghl: Stage, database: str) -> Installed:
    secrets = {
        "oauth_client_id": "the-client",
        "oauth_client_secret": "the-secret",
        "refresh_token": ghl.site.oauth.grant(ghl.account),
    }
    with connect(database) as own:
        client = a_client(own)
        connections.add(
            own, KEYRING, client.id, Provider.GHL, secret_values=secrets, location_id=ghl.account.id
        )
        (connection,) = connections.of_client(own, KEYRING, client.id)
    return Installed(ghl, database, connection)


def test_the_first_call_fetches_a_token_and_keeps_it(installed: Installed) -> None:
    assert installed.api().calendars()
    assert installed.api().calendars()
    assert installed.stage.site.oauth.refreshes == 1
    assert installed.stored().secrets["access_token"].startswith("Access")


def test_the_new_tokens_are_sealed(installed: Installed) -> None:
    installed.api().calendars()
    with connect(installed.dsn) as database:
        row = database.execute("SELECT secrets FROM connection").fetchone()
    assert row is not None
    assert b"Access" not in bytes(row[0])


def test_a_refused_token_is_renewed_once(installed: Installed) -> None:
    api = installed.api()
    api.calendars()
    installed.stage.site.oauth.revoke_access()
    assert api.calendars()
    assert installed.stage.site.oauth.refreshes == 2


def test_a_token_that_is_refused_again_fails(installed: Installed) -> None:
    installed.stage.site.faults.rate("401", 1.0, path="GET /")
    with pytest.raises(ApiFailed, match="unauthorized"):
        installed.api().calendars()
    assert installed.stage.site.oauth.refreshes == 2


def test_a_dead_refresh_token_fails_and_is_not_told(installed: Installed) -> None:
    installed.stage.site.oauth._refresh.clear()
    with pytest.raises(ApiFailed) as failed:
        installed.api().calendars()
    assert (failed.value.error, "Refresh" in repr(failed.value)) == ("unauthorized", False)


def test_threads_that_are_refused_at_once_refresh_once(installed: Installed) -> None:
    installed.api().calendars()
    apis = [installed.api(installed.stored()) for _ in range(6)]
    installed.stage.site.oauth.revoke_access()
    together, got, broke = threading.Barrier(6), [], []

    def ask(api: GhlApi) -> None:
        together.wait()
        try:
            got.append(api.calendars())
        except ApiFailed as failed:
            broke.append(failed.error)

    threads = [threading.Thread(target=ask, args=(api,)) for api in apis]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), broke) == (6, [])
    assert (installed.stage.site.oauth.refreshes, installed.stage.site.oauth.reuses) == (2, 0)


def test_nothing_is_stored_of_a_refresh_that_failed(installed: Installed) -> None:
    before = installed.stored().secrets
    installed.stage.site.faults.rate("html", 1.0, path="/oauth")
    with pytest.raises(ApiFailed, match="http_5xx"):
        installed.api().calendars()
    installed.stage.site.faults.clear()
    assert installed.stored().secrets == before
    assert installed.api().calendars()


def test_a_token_about_to_end_is_renewed_before_it_is_used(installed: Installed, ghl: Stage) -> None:
    opened: Callable[[], AbstractContextManager[Database]] = lambda: connect(installed.dsn)  # noqa: E731 a name for a type
    held: dict[str, Any] = {**installed.connection.secrets, "access_token": "old", "access_token_until": 0}
    with connect(installed.dsn) as database:
        connections.renew_secrets(database, KEYRING, installed.connection, lambda _: held)
    tokens = OAuthTokens(
        installed.stored(), ghl.site.base_url, new_client(InProcess(ghl.site)), opened, KEYRING
    )
    assert tokens.current().startswith("Access")
    assert ghl.world.clock.now() + timedelta(hours=1) > ghl.world.clock.now()


def test_a_private_integration_token_is_not_renewed(ghl: Stage, ghl_api: GhlApi) -> None:
    ghl.account.token = "another"
    with pytest.raises(ApiFailed, match="unauthorized"):
        ghl_api.calendars()
    assert ghl.site.oauth.refreshes == 0


def test_a_connection_without_a_token_has_no_api(ghl: Stage, database: str) -> None:
    client = new_client(InProcess(ghl.site))
    means = Means(client, lambda *_: Unbounded(), lambda: connect(database), KEYRING)
    bare = Connection(**{**ghl.connection.__dict__, "secrets": {}})
    assert api_for(bare, means) is None
