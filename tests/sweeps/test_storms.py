"""Shows 4 and 5, with the providers' own bodies: whatever they answer, calls stay few and the other goes on."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import fakeredis
import pytest
import redis
import stamina
from starlette.testclient import TestClient

from db import clients, engine
from ingest.apis.budgets import Bound, Budgets, Purpose
from pipeline.words import Provider
from tests.builders import KEYRING, at
from tests.simulators.exchange import Asked, Told
from tests.sweeps.agency_api import AgencyApi, agency_api
from tests.web.conftest import url_at
from web.app import create

BOTH = (Provider.CALENDLY, Provider.GHL)
OTHER = {Provider.CALENDLY: Provider.GHL, Provider.GHL: Provider.CALENDLY}
MOST_A_MINUTE = 20
A_MINUTE, HALF_AN_HOUR = 12, 360
"""In rounds of five seconds, as the clock makes them."""


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Ask again without a pause, as often as in production."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def counted(agency: AgencyApi, provider: Provider) -> Counter[Any]:
    """Calls of a provider from now on, by minute, as the provider counts them."""
    minutes: Counter[Any] = Counter()
    site = agency.sides[provider].site
    answer = site.answer

    def counting(asked: Asked) -> Told:
        minutes[agency.world.clock.now().replace(second=0, microsecond=0)] += 1
        return answer(asked)

    site.answer = counting
    return minutes


def breaker_of(agency: AgencyApi, provider: Provider) -> str:
    row = agency.database.execute(
        "SELECT breaker FROM connection_health WHERE connection_id = %s",
        (agency.sides[provider].connection.id,),
    ).fetchone()
    assert row is not None
    return str(row[0])


def health_of(dsn: str, agency: AgencyApi, provider: Provider) -> dict[str, Any]:
    """What GET /api/v1/sync-health tells of one side."""
    reader = engine.create(url_at(dsn, agency.world.clock.now()))
    token = clients.add_token(agency.database, agency.client.id, "read")
    with TestClient(create(reader, KEYRING, "http://testserver")) as http:
        answer = http.get("/api/v1/sync-health", headers={"Authorization": f"Bearer {token}"})
    reader.dispose()
    found: dict[str, Any] = next(one for one in answer.json()["items"] if one["provider"] == provider)
    return found


@pytest.mark.parametrize("provider", BOTH)
@pytest.mark.parametrize("kind", ["wrapped", "renamed", "truncated", "500"])
def test_a_provider_that_answers_nonsense_is_asked_seldom_and_the_other_as_ever(
    database: str, provider: Provider, kind: str
) -> None:
    """Show 5: half an hour of it on every call, after a sweep that went well."""
    with agency_api(database, at(0)) as agency:
        other = OTHER[provider]
        for side in agency.sides.values():
            agency.world.book(side.account, agency.world.person(side.account), at(48))
        for one in BOTH:
            agency.serve(one)
        agency.drain()
        agency.sides[provider].site.faults.rate(kind, 1.0)
        minutes = counted(agency, provider)
        finished, breakers = 0, []
        for number in range(HALF_AN_HOUR):
            agency.pass_(seconds=5)
            agency.serve(provider)
            breakers.append(breaker_of(agency, provider))
            if number % A_MINUTE == 0:
                finished += sum(one.state == "finished" for one in agency.serve(other))
        assert minutes, "it was asked"
        assert max(minutes.values()) < MOST_A_MINUTE
        assert sum(minutes.values()) < 60
        assert "closed" not in breakers[breakers.index("open") :], "what asks nobody closes no breaker"
        assert finished >= 5, "the other was swept every five minutes"
        broken, well = (health_of(database, agency, one) for one in (provider, other))
        assert (broken["health"], broken["breaker"]["state"]) == ("circuit_broken", "open")
        assert broken["why"] in broken["errors"]
        assert sum(broken["errors"].values()) >= 5
        assert (well["errors"], well["breaker"]["state"]) == ({}, "closed")
        statuses = agency.database.execute("SELECT status FROM appointment").fetchall()
        assert statuses == [("confirmed",)] * 2, "nothing was concluded from it"
        agency.sides[provider].site.faults.clear()
        agency.pass_(hours=1)
        assert [one.state for one in agency.serve(provider)] == ["finished"] * 2
        assert health_of(database, agency, provider)["breaker"]["state"] == "closed"


def test_a_day_that_is_spent_pauses_that_connection_and_leaves_something_for_bookings(database: str) -> None:
    """Show 4, through the sweep: the day's calls of one location end in the middle of its sweep."""
    pool = redis.ConnectionPool(connection_class=fakeredis.FakeRedisConnection)
    budgets = Budgets("redis://", pool=pool)
    day = Bound("day", 20, 86_400, 5)

    with agency_api(
        database, at(0), budget_of=lambda one: budgets.within(str(one.id), (day,), Purpose.SWEEP)
        if one.provider is Provider.GHL else budgets.of(one),
    ) as agency:  # fmt: skip
        ghl = agency.sides[Provider.GHL]
        agency.serve(Provider.GHL)
        agency.serve(Provider.CALENDLY)
        agency.pass_(minutes=6)
        assert agency.serve(Provider.GHL)[0].reason == "budget_day"
        asked = sum(ghl.site.limits.calls.values())
        assert asked == 15, "what sweeps may take"
        for _ in range(30):
            agency.pass_(minutes=6)
            agency.serve(Provider.GHL)
        assert sum(ghl.site.limits.calls.values()) == asked
        told = health_of(database, agency, Provider.GHL)
        assert told["paused"]["reason"] == "budget_day"
        assert told["errors"] == {}, "a spent budget is nobody's error"
        assert agency.serve(Provider.CALENDLY)[0].state == "finished"
        assert health_of(database, agency, Provider.CALENDLY)["paused"] is None
        budgets.within(str(ghl.connection.id), (day,), Purpose.BOOKING).spend()
        until = agency.database.execute(
            "SELECT paused_until - apptrail_now() FROM connection_health WHERE connection_id = %s",
            (ghl.connection.id,),
        ).fetchone()
        assert until is not None
        assert until[0] > timedelta(hours=12)
