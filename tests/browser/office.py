"""An office: a running installation, and agencies of it whose operators work in browsers."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from boot.embedded_postgres import PostgresServer
from boot.embedded_redis import RedisServer
from db import clients, connections, migrate, sign_in
from db.desk import Database
from db.ids import new_id
from db.keyring import Keyring
from pipeline.observation import Schedule
from pipeline.words import Provider
from tests.conftest import QUICK
from tests.flows.stack import APPTRAIL, SIGNING_KEY, Stack, signed
from tests.statements import a_statement

SECONDS = 150
"""How long anything may take before a test gives up; the machine may be busy."""


@dataclass
class Agency:
    """A client with a Calendly connection, and an operator of that client alone."""

    stack: Stack
    database: Database
    id: UUID
    name: str
    endpoint: str

    @property
    def operator(self) -> str:
        """The operator's name, which is the agency's own."""
        return f"of {self.name}"

    def session(self) -> str:
        """A new session of the operator."""
        return sign_in.redeem(self.database, sign_in.make_link(self.database, self.operator))

    def hear(self, *bodies: dict[str, Any]) -> None:
        """Post bodies as Calendly does, and wait until they are in the books."""
        self.stack.endpoint = self.endpoint
        for body in bodies:
            raw = json.dumps(body).encode()
            headers = {"calendly-webhook-signature": signed(raw)}
            assert self.stack.deliver(raw, headers=headers, timeout=30).status_code == 200
        self.stack.wait_for(self.stack.inbox_is_empty, SECONDS)

    def deliver(self, *bodies: dict[str, Any]) -> None:
        """Send bodies by `apptrail deliver`."""
        files = []
        for number, body in enumerate(bodies):
            file = self.stack.folder / f"{self.name}-{number}.json"
            file.write_text(json.dumps(body))
            files.append(str(file))
        subprocess.run(
            [APPTRAIL, "deliver", str(self.id), "calendly", *files],
            env=self.stack.environment, check=True, capture_output=True, timeout=SECONDS,
        )  # fmt: skip

    def a_letter(self, name: str, fingerprint: str) -> UUID:
        """A job that a bug has killed, as `bury` leaves it; what it says could be applied."""
        letter_id = new_id()
        said = a_statement(name, schedule=Schedule(start_at=datetime.now(UTC) + timedelta(days=3)))
        self.database.execute(
            """INSERT INTO dead_letter (client_id, id, lead_id, kind, provider, payload, reason, error_class, location,
                                        traceback, fingerprint, attempts, code_version, received_at)
               SELECT client_id, %s, id, 'appointment', 'calendly', %s::jsonb, 'failed', 'KeyError', 'here', '', %s,
                      3, '0', now()
               FROM lead WHERE client_id = %s LIMIT 1""",
            (letter_id, said.text(), fingerprint, self.id),
        )
        return letter_id


@dataclass
class Office:
    """A stack whose processes run, and a connection to its database."""

    stack: Stack
    database: Database

    def agency(self, name: str, role: str = "operate") -> Agency:
        """Add an agency."""
        (keys,) = (self.stack.environment["APPTRAIL_SECRET_KEY"],)
        keyring = Keyring([keys])
        client_id = clients.add(self.database, keyring, name)
        secrets = {"signing_keys": [SIGNING_KEY]}
        _, endpoint = connections.add(
            self.database, keyring, client_id, Provider.CALENDLY, secret_values=secrets
        )
        found = Agency(self.stack, self.database, client_id, name, endpoint)
        sign_in.ensure_operator(self.database, found.operator, role, client_id)
        return found


@contextmanager
def open_for_work(folder: Path) -> Iterator[Office]:
    """Servers of its own, and every process of the Procfile."""
    folder.mkdir(mode=0o755)
    (folder / "counters").mkdir()
    postgres, redis = PostgresServer(folder / "postgres", options=QUICK), RedisServer(folder / "redis")
    stack = Stack(folder, postgres, redis)
    try:
        postgres.start()
        redis.start()
        migrate.upgrade(postgres.dsn().replace("postgresql://", "postgresql+psycopg://", 1))
        stack.start_workers()
        stack.start("clock", "clock")
        stack.start("web", "web")
        stack.wait_for(stack.is_alive, SECONDS)
        with psycopg.connect(postgres.dsn(), autocommit=True) as database:
            yield Office(stack, database)
    finally:
        stack.close()
        redis.stop()
        postgres.stop()
