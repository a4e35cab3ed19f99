"""Sync health: whether webhooks come and sweeps run, told to a connection's own client and to nobody else."""

from datetime import timedelta
from typing import Any

import fakeredis
import redis

from db import connection_health as health
from db import connections, lookups
from db.connections import Connection
from ingest.apis.budgets import Budgets, Purpose
from ingest.sweeps.engine import Hands, sweep
from pipeline.doubts import Doubt
from pipeline.observation import AppointmentKey
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider
from tests.builders import KEYRING, a_client
from tests.sweeps.fake_api import FakeApi
from tests.web.conftest import Web
from tests.web.story import NOW


def connected(web: Web, provider: Provider = Provider.GHL, **how: Any) -> Connection:
    secrets = how.pop("secrets", {"api_token": "a token", "signing_keys": ["k"]})
    connections.add(web.database, KEYRING, web.client.id, provider, secret_values=secrets, **how)
    return connections.of_client(web.database, KEYRING, web.client.id)[-1]


def items(web: Web) -> list[dict[str, Any]]:
    answer = web.http.get("/api/v1/sync-health", headers=web.token())
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def told(web: Web) -> dict[str, Any]:
    return items(web)[0]


def test_a_swept_connection_says_when_what_and_how_far(web: Web) -> None:
    connection = connected(web)
    api = FakeApi(NOW)
    for number in range(3):
        api.book(f"m-{number}", f"p{number}", NOW + timedelta(hours=number))
    sweep(Hands(web.database, lambda _: None), connection, api, Tier.NEAR, spans_of(Tier.NEAR, NOW))
    health.heard(web.database, [(web.client.id, connection.id, 4, NOW - timedelta(minutes=3))])
    item = told(web)
    assert (item["health"], item["why"], item["verified"], item["api"]) == ("healthy", None, "signed", True)
    (run,) = item["sweeps"]
    assert (run["tier"], run["state"], run["listed"], run["posted"]) == ("near", "finished", 3, 3)
    assert item["watermarks"]["near"]["at"] == "2026-06-10T09:00:00Z"
    assert item["last_webhook_at"] == "2026-06-10T08:57:00Z"
    assert item["breaker"]["state"] == "closed"


def test_a_broken_circuit_names_the_error_and_counts_it(web: Web) -> None:
    connection = connected(web)
    for _ in range(5):
        health.failed(web.database, web.client.id, connection.id, "wrapped_answer")
    item = told(web)
    assert (item["health"], item["why"], item["errors"]) == (
        "circuit_broken",
        "wrapped_answer",
        {"wrapped_answer": 5},
    )
    assert item["breaker"]["next_probe_at"] > "2026-06-10T09:00:00Z"


def test_errors_degrade_and_an_alert_makes_unhealthy(web: Web) -> None:
    connection = connected(web)
    health.failed(web.database, web.client.id, connection.id, "timeout")
    assert (told(web)["health"], told(web)["why"]) == ("degraded", "timeout")
    health.alert(web.database, web.client.id, connection.id, "mass_disappearance")
    assert (told(web)["health"], told(web)["why"]) == ("unhealthy", "mass_disappearance")


def test_a_disabled_subscription_and_a_silence_are_told(web: Web) -> None:
    connection = connected(web, Provider.CALENDLY)
    for hour in range(1, 60):
        health.heard(web.database, [(web.client.id, connection.id, 5, NOW - timedelta(hours=20 + hour))])
    item = told(web)
    assert (item["health"], item["why"], item["silence"]) == ("degraded", "silent", "silent")
    state = {"uri": "u", "state": "disabled", "retry_started_at": "2026-06-09T10:00:00+00:00"}
    health.watched(web.database, web.client.id, connection.id, state)
    item = told(web)
    assert (item["health"], item["why"]) == ("unhealthy", "subscription_disabled")
    assert item["subscription"] == {
        "state": "disabled",
        "retry_started_at": "2026-06-09T10:00:00Z",
        "checked_at": "2026-06-10T09:00:00Z",
    }


def test_a_contradiction_that_nobody_can_settle_is_shown(web: Web) -> None:
    connected(web, secrets={}, unsigned=True)
    key = AppointmentKey(Provider.GHL, "m-1")
    lookups.ask(web.database, web.client.id, [Doubt(key, "contradiction", NOW)])
    item = told(web)
    assert (item["verified"], item["api"]) == ("unsigned", False)
    assert [(one["external_id"], one["reason"]) for one in item["questions"]] == [("m-1", "contradiction")]


def test_a_spent_budget_pauses_and_says_until_when(web: Web) -> None:
    connection = connected(web)
    health.pause(web.database, web.client.id, connection.id, "budget_day", 3600)
    assert told(web)["paused"] == {"until": "2026-06-10T10:00:00Z", "reason": "budget_day"}


def test_another_clients_connections_are_not_told_of(web: Web) -> None:
    connected(web)
    other = a_client(web.database, "Other Agency")
    assert web.http.get("/api/v1/sync-health", headers=web.token(client=other)).json()["items"] == []
    assert web.http.get("/api/v1/sync-health").status_code == 401


def test_it_tells_what_is_left_of_each_window_of_the_budget(web: Web) -> None:
    connection = connected(web, Provider.GHL, location_id="loc-1")
    silent = connected(web, Provider.CALENDLY, secrets={"signing_keys": ["k"]})
    pool = redis.ConnectionPool(connection_class=fakeredis.FakeRedisConnection)
    budgets = Budgets("redis://", pool=pool)
    web.http.app.state.budgets_left = budgets.left  # type: ignore[attr-defined]
    for _ in range(3):
        budgets.of(connection).spend()
    budgets.of(connection, Purpose.BOOKING).spend()
    told_of = {item["id"]: item["budget"] for item in items(web)}
    assert told_of == {
        str(connection.id): [
            {"name": "burst", "seconds": 10, "calls": 100, "left": 96, "for_sweeps": 76},
            {"name": "day", "seconds": 86_400, "calls": 200_000, "left": 199_996, "for_sweeps": 189_996},
        ],
        str(silent.id): None,
    }


def test_while_redis_cannot_say_the_budget_is_null(web: Web) -> None:
    connected(web)
    connected(web)
    away = Budgets("redis://127.0.0.1:1")
    web.http.app.state.budgets_left = away.left  # type: ignore[attr-defined]
    assert [item["budget"] for item in items(web)] == [None, None]
