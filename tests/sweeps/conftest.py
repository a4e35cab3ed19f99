"""What tests of sweeps may ask for: a clock that they move, a connection, its API, and hands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from db import connections
from db.connections import Connection
from db.desk import Database, connect
from db.ledger import Hands as DrainHands
from ingest.sweeps.engine import Hands, Swept, sweep
from ingest.sweeps.schedule import serve
from pipeline.sweeping import Span, Tier, spans_of
from pipeline.words import Provider
from tests.builders import KEYRING, AClient, a_client, at
from tests.laws.people import drain_all
from tests.sweeps.fake_api import FakeApi


def move_clock(database: Database, now: datetime) -> None:
    """Let a connection's transactions think that it is another time."""
    database.execute("SELECT set_config('apptrail.now', %s, false)", (now.isoformat(),))


def a_connection(database: Database, client: AClient, provider: Provider = Provider.GHL) -> Connection:
    """Add a connection, as old as the story."""
    added, _ = connections.add(
        database, KEYRING, client.id, provider, secret_values={"api_token": "a token"}, location_id="loc-1"
    )
    database.execute(
        "UPDATE connection SET created_at = %s, follow_ups_from = %s WHERE id = %s", (at(0), at(0), added)
    )
    return next(one for one in connections.of_client(database, KEYRING, client.id) if one.id == added)


@dataclass
class Stage:
    """One client with one connection, and whoever sweeps and drains for it."""

    dsn: str
    database: Database
    witness: Database
    client: AClient
    connection: Connection
    api: FakeApi
    rung: list[Any] = field(default_factory=list)

    @property
    def hands(self) -> Hands:
        return Hands(self.database, self.rung.extend)

    def at(self, now: datetime) -> None:
        """Move everybody's clock."""
        self.api.now = now
        for database in (self.database, self.witness):
            move_clock(database, now)

    def pass_(self, **time: float) -> None:
        """Let time pass."""
        self.at(self.api.now + timedelta(**time))

    def sweep(self, tier: Tier = Tier.NEAR, windows: list[Span] | None = None) -> Swept:
        """Run one tier to its end, or to what ends it."""
        return sweep(self.hands, self.connection, self.api, tier, windows or spans_of(tier, self.api.now))

    def serve(self) -> list[Swept]:
        """What the clock does for a connection whose turn it is."""
        return serve(self.hands, self.connection, self.api)

    def drain(self) -> None:
        drain_all(DrainHands(self.database, self.witness, lambda _: None), self.client.id)

    def jobs(self) -> int:
        return self.one("SELECT count(*) FROM inbox")

    def statuses(self) -> dict[str, str]:
        """Each appointment's status."""
        rows = self.database.execute(
            "SELECT external_id, status FROM appointment WHERE client_id = %s AND NOT placeholder",
            (self.client.id,),
        )
        return dict(rows.fetchall())

    def lookups(self) -> dict[str, tuple[str, str]]:
        """Each question's reason and state."""
        rows = self.database.execute("SELECT external_id, reason, state FROM lookup").fetchall()
        return {external_id: (reason, state) for external_id, reason, state in rows}

    def one(self, query: str, *values: Any) -> Any:
        row = self.database.execute(query, values).fetchone()
        assert row is not None
        return row[0]

    def watermarks(self, connection_id: UUID | None = None) -> dict[str, Any]:
        return self.one(
            "SELECT watermarks FROM connection WHERE id = %s", connection_id or self.connection.id
        )


@pytest.fixture
def stage(database: str) -> Iterator[Stage]:
    with connect(database) as own, connect(database) as witness:
        client = a_client(own)
        found = Stage(database, own, witness, client, a_connection(own, client), FakeApi(at(0)))
        found.at(at(0))
        yield found
