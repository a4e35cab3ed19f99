"""Show 3 with real processes: SIGKILL at every step, the provider behind a socket, and other processes after it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db import bookings, connections
from db.desk import Database, connect
from db.importing import import_rows
from pipeline.booking import ACTIVE, Booking, BookingState
from pipeline.words import Provider
from tests.bookings.conftest import BOOKING_PROVIDERS
from tests.bookings.stage import SITES
from tests.builders import KEYRING, AClient, a_client
from tests.simulators import calendly_objects
from tests.simulators.clock import SimulatedClock
from tests.simulators.serving import on_socket
from tests.simulators.slots import free
from tests.simulators.truth import Account
from tests.simulators.world import World

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("ready", "committed", "answered", "saved")


class RealClock(SimulatedClock):
    """Real time, for a provider that processes of their own speak to."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Town:
    database: Database
    dsn: str
    client: AClient
    world: World
    account: Account
    connection: Any

    def run(self, booking: Booking, step: str = "-") -> int:
        """A process of its own takes the intent up; its exit code."""
        command = [
            sys.executable,
            "-m",
            "tests.bookings.doomed",
            self.dsn,
            str(self.client.id),
            str(booking.id),
            step,
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in (0, -9), done.stderr.decode()
        return done.returncode

    def now_of(self, booking: Booking) -> Booking:
        return bookings.find(self.database, self.client.id, booking.id)


@pytest.fixture(params=BOOKING_PROVIDERS, ids=str)
def town(request: pytest.FixtureRequest, database: str) -> Iterator[Town]:
    provider: Provider = request.param
    world = World(RealClock(datetime.now(UTC)))
    account = world.account(provider)
    with connect(database) as own, on_socket(SITES[provider](world)) as url:
        client = a_client(own)
        connections.add(
            own, KEYRING, client.id, provider, secret_values={"api_token": account.token}, api_base_url=url,
            location_id=account.id if provider is Provider.GHL else None, timezone=account.zone,
        )  # fmt: skip
        (connection,) = connections.of_client(own, KEYRING, client.id)
        connections.change_settings(own, connection.id, "booking", {"settle_seconds": 0.2})
        yield Town(own, database, client, world, account, connection)


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_process_leaves_exactly_one_meeting(town: Town, step: str) -> None:
    name = town.world.calendar(town.account).id
    calendar = (
        calendly_objects.event_type_uri(name) if town.connection.provider is Provider.CALENDLY else name
    )
    row = {"external_id": "crm-1", "email": "ada@example.com", "first_name": "Ada"}
    import_rows(town.database, town.client.id, town.client.pepper, "US", iter([(1, row)]))
    ((lead_id,),) = town.database.execute("SELECT id FROM lead").fetchall()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    slot = min(
        free(
            town.world,
            town.account,
            town.world.calendar(town.account),
            tomorrow,
            tomorrow + timedelta(days=5),
        )
    )
    booking, _ = bookings.ask(
        town.database, town.client.id, lead_id, connection_id=town.connection.id, provider=town.connection.provider,
        calendar=calendar, slot=slot, minutes=30, asked_by="test", now=datetime.now(UTC),
    )  # fmt: skip
    assert town.run(booking, step) == -9
    deadline = time.monotonic() + 60
    while town.now_of(booking).state in ACTIVE:
        assert time.monotonic() < deadline, town.now_of(booking)
        time.sleep(0.2)
        town.run(booking)
    assert town.now_of(booking).state is BookingState.BOOKED
    held = [one for one in town.world.live(town.account) if one.person.email == "ada@example.com"]
    assert [one.start for one in held] == [slot]
    jobs = town.database.execute("SELECT payload ->> 'source' FROM inbox").fetchall()
    assert jobs == [("auto_book",)]
