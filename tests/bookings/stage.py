"""A stage: one client that books at a simulated provider, on the simulation's clock, with crashes where told."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import stamina

from db import bookings, connections, inbox
from db.connections import Connection
from db.desk import Database, connect
from db.ids import new_id
from db.importing import import_rows
from db.ledger import Hands
from ingest.apis.booking import BookingApi
from ingest.apis.caller import Caller
from ingest.apis.http import new_client
from ingest.apis.register import APIS
from ingest.apis.tokens import FixedToken
from ingest.bookings.executor import carry_out
from ingest.bookings.means import Desk
from ingest.parcels import parcel_of
from ingest.providers import ADAPTERS
from pipeline.booking import ACTIVE, Booking, BookingState
from pipeline.words import Provider
from tests.builders import KEYRING, AClient, a_client
from tests.laws.people import drain_all
from tests.simulators import calendly_objects, ghl_objects
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.faults import Faults
from tests.simulators.ghl_site import GhlSite
from tests.simulators.serving import InProcess
from tests.simulators.truth import Account, Change
from tests.simulators.unbounded import Unbounded
from tests.simulators.world import World

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
SITES: dict[Provider, Any] = {Provider.CALENDLY: CalendlySite, Provider.GHL: GhlSite}


class Killed(BaseException):
    """The process is gone: nothing that it would have done comes after."""


@dataclass
class Stage:
    """Everything that an intent meets on its way."""

    dsn: str
    database: Database
    witness: Database
    client: AClient
    connection: Connection
    world: World
    account: Account
    site: Any
    chance: random.Random
    deadly: Callable[[str], bool] = lambda _: False
    echoes: bool = True
    early_echoes: float = 0.0
    steps: Counter[str] = field(default_factory=Counter)

    @property
    def desk(self) -> Desk:
        return Desk(
            self.dsn, KEYRING, self.api, lambda _: None, lambda _: None, self.world.clock.now,
            at_step=self._at_step, open_database=self.opened,
        )  # fmt: skip

    def api(self, connection: Connection) -> BookingApi:
        caller = Caller(
            self.site.base_url,
            new_client(InProcess(self.site)),
            FixedToken(connection.secrets["api_token"]),
            Unbounded(),
            {},
        )
        book = APIS[connection.provider].book
        assert book is not None
        return book(connection, caller, self.world.clock.now)

    def opened(self, dsn: str) -> Database:
        database = connect(dsn)
        tell_time(database, self.world.clock.now())
        return database

    def _at_step(self, step: str) -> None:
        self.steps[step] += 1
        if self.deadly(step):
            raise Killed

    @property
    def calendar(self) -> str:
        name = self.world.calendar(self.account).id
        return calendly_objects.event_type_uri(name) if self.account.provider is Provider.CALENDLY else name

    def lead(self, name: str, **columns: str) -> UUID:
        row = {"external_id": name, "email": f"{name}@example.com", "first_name": name.title(), **columns}
        import_rows(self.database, self.client.id, self.client.pepper, "US", iter([(1, row)]))
        found = self.database.execute(
            "SELECT id FROM lead WHERE client_id = %s AND external_id = %s", (self.client.id, name)
        ).fetchone()
        assert found is not None
        lead_id: UUID = found[0]
        return lead_id

    def ask(self, lead_id: UUID, slot: datetime) -> Booking:
        booking, _ = bookings.ask(
            self.database, self.client.id, lead_id, connection_id=self.connection.id,
            provider=self.connection.provider, calendar=self.calendar, slot=slot, minutes=30, asked_by="test",
            now=self.world.clock.now(),
        )  # fmt: skip
        return booking

    def step(self, booking: Booking) -> None:
        """One process takes the intent up; it may die."""
        try:
            carry_out(self.desk, booking.client_id, booking.id)
        except Killed:
            self.steps["killed"] += 1

    def run(self, minutes: float = 10, *, until_settled: bool = True) -> None:
        """Let the executors work while time passes."""
        end = self.world.clock.now() + timedelta(minutes=minutes)
        while self.world.clock.now() < end:
            for booking in bookings.due(self.database, self.world.clock.now(), 1000):
                self.step(booking)
            if until_settled and not self.open_ones():
                return
            self.passes(2)

    def passes(self, seconds: float) -> None:
        self.world.clock.move_to(self.world.clock.now() + timedelta(seconds=seconds))
        for database in (self.database, self.witness):
            tell_time(database, self.world.clock.now())

    def open_ones(self) -> list[Booking]:
        return [one for one in self.all() if one.state in ACTIVE]

    def all(self) -> list[Booking]:
        rows = self.database.execute(
            "SELECT id FROM booking WHERE client_id = %s", (self.client.id,)
        ).fetchall()
        return [bookings.find(self.database, self.client.id, row[0]) for row in rows]

    def now_of(self, booking: Booking) -> Booking:
        return bookings.find(self.database, self.client.id, booking.id)

    def drain(self) -> None:
        drain_all(Hands(self.database, self.witness, lambda _: None), self.client.id)

    def meetings(self, email: str | None = None) -> list[Any]:
        live = list(self.world.live(self.account))
        return [one for one in live if email is None or one.person.email == email]

    def email_of(self, booking: Booking) -> str:
        row = self.database.execute("SELECT email FROM lead WHERE id = %s", (booking.lead_id,)).fetchone()
        assert row is not None
        email: str = row[0]
        return email

    def assert_exactly_once(self) -> None:
        """What the intents say and what the provider holds are the same, one meeting for each."""
        held = Counter(one.person.email for one in self.meetings())
        for booking in self.all():
            wanted = 1 if booking.state is BookingState.BOOKED else 0
            assert held[self.email_of(booking)] == wanted, (booking.state, booking.reason)

    def hear(self, change: Change) -> None:
        """The provider's own webhook: twice, some of them before its answer is there."""
        if not self.echoes or change.kind not in {"booked", "canceled", "removed"}:
            return
        body = self._body(change)
        if self.chance.random() < self.early_echoes:
            self.deliver(body)
        for _ in range(2):
            when = self.world.clock.now() + timedelta(seconds=self.chance.uniform(0, 8))
            self.world.clock.at(when, lambda: self.deliver(body))

    def _body(self, change: Change) -> bytes:
        if self.account.provider is Provider.GHL:
            return json.dumps(ghl_objects.native(change, 1)).encode()
        kind = "invitee.created" if change.kind == "booked" else "invitee.canceled"
        siblings = self.account.groups.get(change.meeting.group, [])
        said = calendly_objects.webhook(self.account, kind, change.meeting, change.at, siblings)
        return json.dumps(said).encode()

    def deliver(self, body: bytes) -> None:
        now = self.world.clock.now()
        readings = ADAPTERS[self.account.provider].read(self.connection, body, now)
        with self.opened(self.dsn) as database:
            inbox.post(database, [parcel_of(self.connection, one, now, new_id()) for one in readings])


def tell_time(database: Database, now: datetime) -> None:
    database.execute("SELECT set_config('apptrail.now', %s, false)", (now.isoformat(),))


@contextmanager
def a_stage(dsn: str, provider: Provider, *, seats: int = 1, seed: int = 1, **site: Any) -> Iterator[Stage]:
    """Put everything up."""
    world = World(SimulatedClock(NOON))
    account = world.account(provider, seats=(seats,))
    simulated = SITES[provider](world, faults=Faults(seed), **site)
    with connect(dsn) as database, connect(dsn) as witness, stamina.set_testing(True, attempts=3, cap=True):
        client = a_client(database, f"Agency {new_id()}")
        added, _ = connections.add(
            database, KEYRING, client.id, provider,
            secret_values={"api_token": account.token, "signing_keys": ["a key"]},
            location_id=account.id if provider is Provider.GHL else None, timezone=account.zone,
        )  # fmt: skip
        database.execute(
            "UPDATE connection SET created_at = %s, follow_ups_from = %s WHERE id = %s", (NOON, NOON, added)
        )
        connection = next(iter(connections.of_client(database, KEYRING, client.id)))
        stage = Stage(
            dsn,
            database,
            witness,
            client,
            replace(connection),
            world,
            account,
            simulated,
            random.Random(seed),
        )
        stage.passes(0)
        world.listeners.append(stage.hear)
        yield stage


def slots(count: int, hours: tuple[int, int] = (7, 15)) -> list[datetime]:
    """So many free starts on working days, from the day after NOON."""
    found: list[datetime] = []
    day = NOON.replace(hour=0) + timedelta(days=1)
    while len(found) < count:
        if day.weekday() < 5:
            found += [day + timedelta(minutes=30 * n) for n in range(hours[0] * 2, hours[1] * 2)]
        day += timedelta(days=1)
    return found[:count]
