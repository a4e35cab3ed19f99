"""Show 8: what providers answer of people, error bodies included, is found in `lead` and nowhere else."""

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import fakeredis
import pytest
import redis
import stamina
import structlog
from starlette.testclient import TestClient

from boot import logs
from db import clients, engine
from ingest.apis.budgets import Budgets
from pipeline.words import Provider
from tests.builders import KEYRING, at
from tests.simulators.faults import INSTEAD, SPOILS
from tests.sweeps.agency_api import AgencyApi, Side, agency_api
from tests.web.conftest import url_at
from web.app import create

CANARY = re.compile(r"canary|41555501[98]\d", re.IGNORECASE)
PHONES = {Provider.CALENDLY: "019", Provider.GHL: "018"}


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Ask again without a pause."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Everything that is logged, ours and the libraries', at every level."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    root, level = logging.getLogger(), logging.getLogger().level
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    structlog.reset_defaults()


def groups() -> Iterator[tuple[str, ...]]:
    """Nothing that goes wrong, and then everything, four kinds at a time."""
    kinds = (*INSTEAD, *SPOILS)
    yield ()
    for first in range(0, len(kinds), 4):
        yield kinds[first : first + 4]


GROUPS = list(groups())
ROUNDS = 40


def people_of(agency: AgencyApi, side: Side) -> None:
    """Meetings whose every text is somebody's: booked, canceled with a reason, moved, removed."""
    world = agency.world
    for number in range(6):
        person = world.person(
            side.account, first=f"Canary{number}", last="Canaryson",
            email=f"canary{number}@{side.account.provider}.example", phone=f"+1415555{PHONES[side.account.provider]}{number}",
        )  # fmt: skip
        calendar = replace(world.calendar(side.account), title="Canary’s consultation")
        meeting = world.book(
            side.account, person, at(48 + number), calendar=calendar, reason="canary notes",
            tracking={"utm_content": f"canary{number}", "utm_campaign": "canary"},
        )  # fmt: skip
        if number == 1:
            world.cancel(side.account, meeting, "canary is ill, call +14155550199")
        elif number == 2:
            world.reschedule(side.account, meeting, at(72))
        elif number == 3:
            world.no_show(side.account, meeting)


@pytest.mark.parametrize("kinds", GROUPS, ids="-".join)
def test_what_a_provider_answers_of_people_is_found_only_in_lead(
    database: str, said: io.StringIO, kinds: tuple[str, ...]
) -> None:
    server = fakeredis.FakeServer()
    pool = redis.ConnectionPool(connection_class=fakeredis.FakeRedisConnection, server=server)
    budgets = Budgets("redis://", pool=pool)
    with agency_api(database, at(0), canary="canary9@canary.example", budget_of=budgets.of) as agency:
        for side in agency.sides.values():
            people_of(agency, side)
            side.site.faults.next(*kinds)
        texts = []
        for _ in range(ROUNDS):
            for provider in agency.sides:
                agency.serve(provider)
            agency.drain()
            texts.append(("redis", in_redis(server)))
            pass_time(agency, server, minutes=20)
            if happened(agency) >= set(kinds):
                break
        assert happened(agency) >= set(kinds)
        come_to_rest(agency, server)
        leads = agency.database.execute("SELECT l::text FROM lead l WHERE email IS NOT NULL").fetchall()
        assert len(leads) == 12, "the canaries must get as far as lead, or this test tells nothing"
        assert all(CANARY.search(row) for (row,) in leads)
        for place, text in (*texts, *places(agency, server, database)):
            assert not CANARY.search(text), (place, CANARY.findall(text)[:3])
    assert "sweep_finished" in said.getvalue()
    assert not CANARY.search(said.getvalue()), [
        line for line in said.getvalue().splitlines() if CANARY.search(line)
    ][:2]


def happened(agency: AgencyApi) -> set[str]:
    """What has gone wrong on both sides."""
    one, other = (set(side.site.faults.happened) for side in agency.sides.values())
    return one & other


def pass_time(agency: AgencyApi, server: fakeredis.FakeServer, **time: float) -> None:
    """Let time pass, for Redis too: what a provider asked to wait for is over."""
    agency.pass_(**time)
    with fakeredis.FakeRedis(server=server) as kept:
        kept.flushall()


def come_to_rest(agency: AgencyApi, server: fakeredis.FakeServer) -> None:
    """Nothing fails any more, every pause is over, and what is still open is asked."""
    for side in agency.sides.values():
        side.site.faults.clear()
    for _ in range(3):
        pass_time(agency, server, hours=7)
        for provider in agency.sides:
            agency.serve(provider)
        agency.drain()


def in_redis(server: fakeredis.FakeServer) -> str:
    """Everything that Redis holds."""
    with fakeredis.FakeRedis(server=server) as kept:
        return "\n".join(repr(key) + repr(kept.dump(key)) for key in kept.scan_iter("*"))


def places(agency: AgencyApi, server: fakeredis.FakeServer, dsn: str) -> Iterator[tuple[str, str]]:
    """Everything that is not `lead`."""
    tables = agency.database.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    for (table,) in tables:
        if table != "lead":
            rows = agency.database.execute(f'SELECT t::text FROM "{table}" AS t')
            yield table, "\n".join(row[0] or "" for row in rows)
    yield "redis", in_redis(server)
    reader = engine.create(url_at(dsn, agency.world.clock.now()))
    token = clients.add_token(agency.database, agency.client.id, "read")
    with TestClient(create(reader, KEYRING, "http://testserver")) as http:
        for path in ("/api/v1/sync-health", "/metrics"):
            yield path, http.get(path, headers={"Authorization": f"Bearer {token}"}).text
    reader.dispose()
    assert set(agency.sides) == {Provider.CALENDLY, Provider.GHL}
