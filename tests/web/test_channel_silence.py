"""A channel whose messages nobody lists: that it fell silent shows on sync health, by its own habit, to programs and people."""

from datetime import timedelta

import pytest

from db import connection_health as health
from db import connections
from pipeline.words import Provider
from tests.builders import KEYRING
from tests.web.conftest import Web
from tests.web.story import NOW

CHANNELS = (Provider.SMS, Provider.LINKEDIN, Provider.SMARTLEAD, Provider.INSTANTLY)


def connected(web: Web, provider: Provider, *, quiet_for: int) -> None:
    """A channel that had five messages an hour, until so many hours ago."""
    added, _ = connections.add(
        web.database, KEYRING, web.client.id, provider, secret_values={"header_secrets": ["s"]}
    )
    for hour in range(1, 60):
        at = NOW - timedelta(hours=quiet_for + hour)
        health.heard(web.database, [(web.client.id, added, 5, at)])


@pytest.mark.parametrize("provider", CHANNELS)
def test_a_silent_channel_is_degraded_and_says_since_when(web: Web, provider: Provider) -> None:
    connected(web, provider, quiet_for=20)
    (item,) = web.http.get("/api/v1/sync-health", headers=web.token()).json()["items"]
    assert (item["provider"], item["verified"]) == (provider, "header_secret")
    assert (item["health"], item["why"], item["silence"]) == ("degraded", "silent", "silent")
    assert item["last_webhook_at"] == (NOW - timedelta(hours=21)).isoformat().replace("+00:00", "Z")
    web.sign_in(client=web.client)
    page = web.http.get("/sync").text
    assert "Silent: by its habit it should have spoken" in page


@pytest.mark.parametrize("provider", CHANNELS)
def test_a_channel_that_speaks_as_it_always_did_is_healthy(web: Web, provider: Provider) -> None:
    connected(web, provider, quiet_for=0)
    (item,) = web.http.get("/api/v1/sync-health", headers=web.token()).json()["items"]
    assert (item["health"], item["silence"]) == ("healthy", "ok")
