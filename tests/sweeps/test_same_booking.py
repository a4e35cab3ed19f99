"""Show 2 and 7: one booking, told by webhooks and by a sweep in any order or at once, is one appointment."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import orjson
import pytest

from db import inbox
from db.connections import Connection
from db.ids import new_id
from ingest.apis.caller import Caller
from ingest.apis.ghl_api import GhlApi
from ingest.apis.http import new_client
from ingest.apis.tokens import FixedToken
from ingest.parcels import parcel_of
from ingest.providers import ADAPTERS
from ingest.sweeps.engine import Hands, sweep
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider
from tests.builders import a_client, at
from tests.laws.books import books_of
from tests.simulators import ghl_objects
from tests.simulators.clock import SimulatedClock
from tests.simulators.ghl_site import GhlSite
from tests.simulators.serving import InProcess
from tests.simulators.truth import Account, Change
from tests.simulators.unbounded import Unbounded
from tests.simulators.world import World
from tests.sweeps.conftest import Stage, a_connection

ROOT = Path(__file__).resolve().parents[2]
WAYS = ("native", "workflow", "sweep")


@pytest.fixture(scope="module")
def story() -> tuple[World, Account, Change]:
    """A location with one booking, an hour old."""
    world = World(SimulatedClock(at(0)))
    account = world.account(Provider.GHL)
    told: list[Change] = []
    world.listeners.append(told.append)
    world.book(account, world.person(account), at(48))
    world.clock.move_to(at(1))
    return world, account, told[0]


def test_all_orders_give_one_appointment_and_the_same_books(
    stage: Stage, story: tuple[World, Account, Change]
) -> None:
    """Law level: the providers' own bodies, each order in books of its own."""
    books = []
    for number, order in enumerate(permutations(WAYS)):
        stage.client = a_client(stage.database, f"Agency {number}")
        stage.connection = a_connection(stage.database, stage.client)
        for way in order:
            told_by(stage, story, way)
            stage.drain()
        found = stage.statuses()
        assert list(found.values()) == ["confirmed"], order
        assert stage.one("SELECT count(*) FROM lead WHERE client_id = %s", stage.client.id) == 1
        assert stage.one("SELECT moved_count FROM appointment WHERE client_id = %s", stage.client.id) == 0
        assert stage.one("SELECT source FROM appointment WHERE client_id = %s", stage.client.id) == "webhook"
        assert stage.one("SELECT count(*) FROM follow_up WHERE client_id = %s", stage.client.id) == 0
        (lead,) = books_of(stage.database, stage.client.id).values()
        (appointment,) = lead["appointments"].values()
        books.append(
            {**lead, "appointments": {**appointment, "observations": sorted(appointment["observations"])}}
        )
    assert all(one == books[0] for one in books)


def told_by(stage: Stage, story: tuple[World, Account, Change], way: str) -> None:
    world, account, change = story
    now = world.clock.now()
    if way == "sweep":
        site = GhlSite(world)
        caller = Caller(
            site.base_url, new_client(InProcess(site)), FixedToken(account.token), Unbounded(), {}
        )
        stage.connection = connection_of(stage, account)
        api = GhlApi(stage.connection, caller, world.clock.now)
        swept = sweep(
            Hands(stage.database, lambda _: None), stage.connection, api, Tier.NEAR, spans_of(Tier.NEAR, now)
        )
        assert (swept.state, swept.listed) == ("finished", 1)
        return
    body = ghl_objects.native(change, 1) if way == "native" else ghl_objects.workflow(change)
    connection = connection_of(stage, account)
    for reading in ADAPTERS[Provider.GHL].read(connection, orjson.dumps(body), now):
        inbox.post(stage.database, [parcel_of(connection, reading, now, new_id())])


def connection_of(stage: Stage, account: Account) -> Connection:
    return replace(stage.connection, location_id=account.id, timezone=account.zone)


# Posts its share of the same new bookings, each at the instant at which seven others post theirs.
POSTING = """
import sys
from datetime import timedelta
from db import connections, inbox
from db.desk import connect
from db.ids import new_id
from ingest.parcels import parcel_of
from pipeline.words import Source
from tests.builders import KEYRING, at
from tests.sweeps.fake_api import FakeApi

dsn, number, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
api = FakeApi(at(0))
with connect(dsn) as database:
    connection = connections.of_client(database, KEYRING)[0]
    source = Source.RECONCILE_CRON if number % 3 == 2 else Source.WEBHOOK
    size = 50 if number % 3 == 2 else 7
    readings = [
        api.book(f"m-{one}", f"p{one}", at(24) + timedelta(minutes=one)).reading(source, at(0))
        for one in range(count)
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    if number % 2:
        readings.reverse()
    for first in range(0, count, size):
        cut = readings[first : first + size]
        inbox.post(database, [parcel_of(connection, reading, at(0), new_id()) for reading in cut])
print("done", flush=True)
"""


def test_new_bookings_that_come_from_eight_processes_at_once_are_one_row_each(stage: Stage) -> None:
    """Every booking is told eight times: no error, no deadlock, no dead letter, a thousand rows."""
    count = 1000
    posting = [
        subprocess.Popen(
            [sys.executable, "-c", POSTING, stage.dsn, str(number), str(count)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for number in range(8)
    ]  # fmt: skip
    for one in posting:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in posting:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in posting:
        told, complaint = one.communicate(timeout=120)
        assert (one.returncode, told.strip()) == (0, "done"), complaint[-2000:]
    assert stage.jobs() == 8 * count
    stage.drain()
    assert stage.one("SELECT count(*) FROM lead") == count
    assert stage.one("SELECT count(*) FROM appointment") == count
    assert stage.one("SELECT count(*) FROM observation") == count
    assert stage.one("SELECT count(*) FROM dead_letter") == 0
    assert stage.one("SELECT count(*) FROM appointment WHERE source <> 'webhook'") == 0
