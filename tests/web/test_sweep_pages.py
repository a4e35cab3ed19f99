"""Asking for a sweep, from a page and by the API: who may, what the clock makes of it, and what is seen meanwhile."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from db import connection_health, connections
from db.connections import Connection
from ingest.sweeps.engine import Hands, sweep
from ingest.sweeps.schedule import ask_open_questions, serve
from pipeline.sweeping import Tier, spans_of
from tests.builders import KEYRING, a_client
from tests.sweeps.fake_api import FakeApi
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, drain_all, told
from tests.web.test_sync_health import connected

DAY = timedelta(days=1)


def push(web: Web, connection: Connection, **fields: str) -> Any:
    return web.http.post(f"/sync/{connection.id}/sweeps", data=fields)


def tile(web: Web) -> str:
    answer = web.http.get("/sync")
    assert answer.status_code == 200
    return answer.text


def runs(web: Web) -> list[tuple[str, str]]:
    return web.database.execute("SELECT tier, state FROM sweep_run ORDER BY started_at, id").fetchall()


def walk(web: Web, connection: Connection, api: FakeApi) -> None:
    serve(Hands(web.database, lambda _: None), connection, api)


def test_check_now_is_walked_by_the_clock_though_the_tier_is_not_due(web: Web) -> None:
    connection, api = connected(web), FakeApi(NOW)
    walk(web, connection, api)
    web.database.execute("UPDATE sweep_run SET started_at = %s", (NOW - timedelta(minutes=1),))
    api.book("m-1", "anna", NOW + DAY)
    web.sign_in(client=web.client)
    answer = push(web, connection, what="near")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sync?said=asked&of={connection.id}#c-{connection.id}"
    seen = web.http.get(answer.headers["location"].partition("#")[0]).text
    assert "The sweep is asked for. The clock begins within seconds." in seen
    assert '<th scope="row">Near</th><td>Asked for' in seen
    assert "data-moving" in seen
    walk(web, connection, api)
    assert runs(web).count(("near", "finished")) == 2
    assert web.database.execute("SELECT count(*) FROM inbox").fetchone() == (1,)
    assert "data-moving" not in tile(web)


def test_a_second_push_is_told_that_it_is_under_way(web: Web) -> None:
    connection = connected(web)
    web.sign_in(client=web.client)
    push(web, connection, what="whole")
    again = push(web, connection, what="stretch", **{"from": "2026-01-01", "to": "2026-02-01"})
    assert "said=already" in again.headers["location"]
    assert "under way already" in web.http.get(again.headers["location"].partition("#")[0]).text
    assert runs(web) == [("whole", "running")]


def test_a_stretch_is_swept_as_it_was_asked_for_and_no_wider(web: Web) -> None:
    connection, api = connected(web), FakeApi(NOW)
    walk(web, connection, api)
    inside, outside = NOW - 500 * DAY, NOW - 450 * DAY
    api.book("inside", "anna", inside)
    api.book("outside", "berta", outside)
    web.sign_in(client=web.client)
    fields = {"from": str(inside.date()), "to": str((inside + DAY).date())}
    assert push(web, connection, what="stretch", **fields).status_code == 303
    walk(web, connection, api)
    posted = web.database.execute(
        "SELECT payload->'said'->>'external_id', payload::text FROM inbox"
    ).fetchall()
    assert len(posted) == 1
    assert "inside" in posted[0][1]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"what": "canary"}, 422),
        ({"what": "gap"}, 422),
        ({"what": "stretch"}, 422),
        ({"what": "stretch", "from": "2026-02-01", "to": "2026-02-01"}, 422),
        ({"what": "stretch", "from": "1990-01-01", "to": "2026-02-01"}, 422),
        ({"what": "stretch", "from": "canary", "to": "2026-02-01"}, 422),
    ],
    ids=["nothing", "unknown", "the-watchdogs", "no-days", "empty", "too-long", "no-day"],
)
def test_what_cannot_be_swept_is_refused_without_its_value(
    web: Web, fields: dict[str, str], status: int
) -> None:
    connection = connected(web)
    web.sign_in(client=web.client)
    answer = push(web, connection, **fields)
    assert answer.status_code == status
    assert "canary" not in answer.text
    assert runs(web) == []


def test_a_connection_without_an_api_has_no_buttons_and_refuses(web: Web) -> None:
    connection = connected(web, secrets={"signing_keys": ["k"]})
    web.sign_in(client=web.client)
    html = tile(web)
    assert "Check now" not in html
    assert 'class="strip"' not in html
    assert push(web, connection, what="near").status_code == 409


def test_who_asked_is_in_the_audit_trail(web: Web) -> None:
    connection = connected(web)
    web.sign_in(client=web.client)
    push(web, connection, what="far")
    row = web.database.execute("SELECT client_id, actor, action, subject, detail FROM audit_log").fetchone()
    assert row is not None
    operator = web.database.execute("SELECT id FROM operator").fetchone()
    assert operator is not None
    assert row[:4] == (web.client.id, f"operator:{operator[0]}", "sweep_asked", connection.id)
    assert row[4]["tier"] == "far"


def test_a_reader_sees_no_button_and_a_held_up_sweep_says_why(web: Web) -> None:
    connection = connected(web)
    for _ in range(5):
        connection_health.failed(web.database, web.client.id, connection.id, "timeout")
    web.sign_in(client=web.client)
    answer = push(web, connection, what="near")
    seen = web.http.get(answer.headers["location"].partition("#")[0]).text
    assert "It begins when the circuit breaker lets a call through." in seen
    web.database.execute("UPDATE operator SET role = 'read'")
    assert "Check now" not in tile(web)


def test_the_strip_tells_what_is_covered_in_colour_and_in_words(web: Web) -> None:
    connection, api = connected(web), FakeApi(NOW)
    web.sign_in(client=web.client)
    assert 'class="never"' in tile(web)
    sweep(Hands(web.database, lambda _: None), connection, api, Tier.NEAR, spans_of(Tier.NEAR, NOW))
    html = tile(web)
    assert re.findall(r'<rect class="(\w+)"', html) == ["never", "current", "never"]
    assert 'aria-label="Coverage: never read' in html
    assert html.count("Sweep this</button>") == 2
    for tier in (Tier.MID, Tier.FAR):
        sweep(Hands(web.database, lambda _: None), connection, api, tier, spans_of(tier, NOW))
    assert "Never read" not in tile(web)


def test_the_api_asks_for_a_sweep_too(web: Web) -> None:
    connection = connected(web)
    url = f"/api/v1/connections/{connection.id}/sweeps"
    operate = web.token("operate")
    first = web.http.post(url, headers=operate, json={})
    assert (first.status_code, first.json()["tier"], first.json()["state"]) == (202, "near", "asked")
    assert web.http.post(url, headers=operate, json={}).json()["state"] == "already"
    whole = {"tier": "whole", "from": "2026-01-01", "to": "2026-03-01"}
    assert web.http.post(url, headers=operate, json=whole).status_code == 202
    for wrong in (
        {"tier": "near", "from": "2026-01-01"},
        {"tier": "whole", "from": "2026-01-01"},
        {"tier": "gap"},
    ):
        assert web.http.post(url, headers=operate, json=wrong).status_code == 422
    theirs = web.token("operate", a_client(web.database, "Other"))
    assert web.http.post(url, headers=theirs, json={}).status_code == 404


def stale_lead(web: Web) -> UUID:
    """A lead of whom nothing was heard for a week, and who has a meeting ahead."""
    return deliver(
        web.hands, told(web.client, a_meeting("m-1", provider=connected(web).provider, at=NOW - 7 * DAY))
    )


def check(web: Web, lead: UUID) -> Any:
    row = web.database.execute("SELECT id FROM appointment WHERE lead_id = %s", (lead,)).fetchone()
    assert row is not None
    return web.http.post(f"/leads/{lead}/appointments/{row[0]}/check")


def answer_questions(web: Web, connection: Connection, api: FakeApi) -> None:
    ask_open_questions(Hands(web.database, lambda _: None), connection, api)


def test_a_stale_lead_is_checked_on_request_and_says_so_meanwhile(web: Web) -> None:
    lead = stale_lead(web)
    connection, api = _connection(web), FakeApi(NOW)
    api.book("m-1", "anna", NOW + 2 * DAY)
    web.sign_in(client=web.client)
    assert "Check now" in web.http.get(f"/leads/{lead}").text
    answer = check(web, lead)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/leads/{lead}?said=asked")
    meanwhile = web.http.get(f"/leads/{lead}").text
    assert "being asked now" in meanwhile
    assert "Check now" not in meanwhile
    answer_questions(web, connection, api)
    drain_all(web.hands, web.client.id, [lead])
    after = web.http.get(f"/leads/{lead}").text
    assert "Check now" not in after
    assert re.search(r"Last confirmed with HighLevel <time[^>]*>now<", after)
    actions = web.database.execute("SELECT action, subject FROM audit_log").fetchall()
    assert actions == [("check_asked", lead)]


def test_a_check_that_finds_nothing_new_still_confirms(web: Web) -> None:
    lead = stale_lead(web)
    connection, api = _connection(web), FakeApi(NOW)
    api.book("m-1", "anna", NOW + 2 * DAY)
    web.sign_in(client=web.client)
    check(web, lead)
    answer_questions(web, connection, api)
    drain_all(web.hands, web.client.id, [lead])
    count = web.database.execute("SELECT count(*) FROM observation").fetchone()
    web.database.execute("UPDATE lookup SET answered_at = answered_at - interval '1 day'")
    long_ago = orjson.dumps(NOW - 7 * DAY).decode()
    web.database.execute(
        "UPDATE observation SET body = jsonb_set(body, '{observed_at}', %s::jsonb)", (long_ago,)
    )
    assert "Check now" in web.http.get(f"/leads/{lead}").text
    check(web, lead)
    answer_questions(web, connection, api)
    drain_all(web.hands, web.client.id, [lead])
    assert web.database.execute("SELECT count(*) FROM observation").fetchone() == count
    assert "Check now" not in web.http.get(f"/leads/{lead}").text


def _connection(web: Web) -> Connection:
    return connections.of_client(web.database, KEYRING, web.client.id)[-1]
