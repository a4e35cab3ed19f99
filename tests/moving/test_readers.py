"""Promise 11: whoever reads a CRM's columns by plain SQL sees no value change, at any moment of a migration."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from db import backfill_runs, migrating
from db.backfill_runs import FIRST, Kind
from db.desk import connect
from db.ids import new_id
from db.ledger import Hands
from db.migrating import Batch
from db.plain_rows import Stretch, stretches
from db.turns import AT_ONCE, Turn, in_turn
from pipeline.comparison import COLUMNS
from tests.moving.crm import CONSISTENT, move_in, verified

QUERIES = {
    "the table": f"SELECT external_id, {', '.join(COLUMNS)} FROM lead WHERE client_id = %s",
    "the view": """SELECT "externalId", "ghlAppointmentId", "calendlyInviteeUri", "calendlyScheduledEventUri",
        "appointmentBookedAt", "appointmentStartAt", "appointmentEndAt", "appointmentStatus", "appointmentCanceledAt",
        "appointmentProvider", "appointmentSource", "bookedSlot" FROM "Lead" WHERE "clientId" = %s""",
}

Shown = dict[str, dict[str, dict[str, Any]]]


class Reader(threading.Thread):
    """The old application: reads over and over, and keeps each different answer."""

    def __init__(self, dsn: str, role: str, client_id: UUID) -> None:
        super().__init__(daemon=True)
        self._dsn, self._role, self._client_id = dsn, role, client_id
        self.answers: list[Shown] = []
        self.read = threading.Semaphore(0)
        self.over = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            with psycopg.connect(self._dsn, autocommit=True, row_factory=dict_row) as database:
                database.execute(f"SET ROLE {self._role}".encode())
                database.execute("SET default_transaction_read_only = on")
                while not self.over.is_set():
                    answer = {where: self._consistent(database, query) for where, query in QUERIES.items()}
                    if answer not in self.answers:
                        self.answers.append(answer)
                    self.read.release()
        except Exception as error:  # noqa: BLE001  the test raises it
            self.failure = error
            self.read.release()

    def await_answers(self, count: int) -> None:
        for _ in range(count):
            assert self.read.acquire(timeout=60), "the reader stands still"
            assert self.failure is None, self.failure

    def _consistent(
        self, database: psycopg.Connection[dict[str, Any]], query: str
    ) -> dict[str, dict[str, Any]]:
        """What it shows of the leads whose rows contradict nothing."""
        rows = database.execute(query.encode(), (self._client_id,)).fetchall()
        named = {next(iter(row.values())).removeprefix("crm-"): row for row in rows}
        return {name: named[name] for name in sorted(CONSISTENT)}


@pytest.fixture
def role(hands: Hands) -> Iterator[str]:
    name = f"reader_{new_id().hex}"
    hands.database.execute(f"CREATE ROLE {name}".encode())
    hands.database.execute(f'GRANT SELECT ON lead, "Lead" TO {name}'.encode())
    yield name
    hands.database.execute(f"DROP OWNED BY {name}".encode())
    hands.database.execute(f"DROP ROLE {name}".encode())


def test_no_value_of_a_consistent_lead_changes_at_any_moment(hands: Hands, database: str, role: str) -> None:
    client_id = new_id()
    move_in(hands, client_id)
    reader = Reader(database, role, client_id)
    reader.start()
    reader.await_answers(1)
    run = backfill_runs.begin(hands.database, client_id, Kind.MIGRATION)

    def act(own: psycopg.Connection[Any], stretch: Stretch, turn: Turn) -> Batch:
        return migrating.migrate(own, run, stretch, hands.ringer, lambda _: None, turn)

    connections = [connect(database) for _ in range(AT_ONCE)]
    created = 0
    for _, done in in_turn(connections, stretches(hands.database, client_id, FIRST, 2), act):
        created += done.counts["created"]
        reader.await_answers(2)
    for connection in connections:
        connection.close()
    reader.await_answers(2)
    reader.over.set()
    reader.join()
    assert created == 15
    assert verified(hands, client_id)[0].holds
    assert len(reader.answers) == 1, "what it read first is what it read ever after"
    table, view = (reader.answers[0][where] for where in QUERIES)
    assert [list(row.values()) for row in table.values()] == [list(row.values()) for row in view.values()]


def test_the_old_applications_role_can_write_nothing(hands: Hands, database: str, role: str) -> None:
    with psycopg.connect(database, autocommit=True) as old:
        old.execute(f"SET ROLE {role}".encode())
        for statement in ("UPDATE lead SET first_name = ''", 'UPDATE "Lead" SET "firstName" = \'\''):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                old.execute(statement.encode())
