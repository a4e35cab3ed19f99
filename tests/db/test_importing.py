"""Moving in: what a CRM says of its leads, and what becomes of its own rollup columns (RULES 22)."""

from collections.abc import Iterator

import pytest

from db import ledger
from db.import_row import Row
from db.importing import import_rows
from db.inbox import post
from db.ledger import Hands
from tests import builders, statements

LEGACY: Row = {
    "external_id": "crm-1",
    "email": "anna@example.com",
    "status": "won",
    "appointment_provider": "calendly",
    "calendly_invitee_uri": "https://api.calendly.com/scheduled_events/E/invitees/old-1",
    "appointment_status": "confirmed",
    "appointment_start_at": "2026-02-03T10:00:00Z",
    "appointment_booked_at": "2026-02-01T10:00:00Z",
    "booked_slot": "2026-02-03T10:00:00Z",
}
COLUMNS = "calendly_invitee_uri, appointment_status, appointment_start_at, appointment_booked_at, appointment_provider"


@pytest.fixture
def worker(database: str) -> Iterator[Hands]:
    with builders.hands(database) as opened:
        yield opened


def imported(worker: Hands, *rows: Row) -> builders.AClient:
    client = builders.a_client(worker.database)
    done = import_rows(worker.database, client.id, client.pepper, client.region, enumerate(rows, start=2))
    assert done.bad == []
    return client


def test_a_crm_reads_its_own_columns_until_a_drain_has_turned_them_into_history(worker: Hands) -> None:
    client = imported(worker, LEGACY)
    before = worker.database.execute(f"SELECT id, rollup_version, {COLUMNS} FROM lead").fetchone()
    assert before is not None
    assert before[1] == 0
    assert before[3] == "confirmed"
    drain_a_booking_of(client, worker)
    after = worker.database.execute(
        f"SELECT rollup_version, {COLUMNS} FROM lead WHERE id = %s", (before[0],)
    ).fetchone()
    assert after is not None
    assert after[0] == 1


def test_a_legacy_rollup_becomes_observations_when_a_drain_meets_the_lead(worker: Hands) -> None:
    client = imported(worker, LEGACY)
    drain_a_booking_of(client, worker)
    rows = worker.database.execute(
        "SELECT external_id, source FROM appointment ORDER BY external_id"
    ).fetchall()
    assert rows == [("new-1", "webhook"), ("old-1", "migration")]


def drain_a_booking_of(client: builders.AClient, worker: Hands) -> None:
    said = statements.a_statement("new-1", version_at=statements.at(1))
    parcel = statements.a_delivery(client.id, said, statements.an_email("anna"), pepper=client.pepper)
    rings = post(worker.database, [parcel]).rings
    ledger.drain(worker, client.id, [ring.lead_id for ring in rings])


def test_importing_again_changes_nothing(worker: Hands) -> None:
    client = imported(worker, LEGACY, {"phone": "+1 202 555 0100", "first_name": "Ben"})
    before = worker.database.execute("SELECT xmin::text, id FROM lead ORDER BY id").fetchall()
    again = import_rows(
        worker.database, client.id, client.pepper, client.region,
        iter([(2, LEGACY), (3, {"phone": "(202) 555-0100", "first_name": "Ben"})]),
    )  # fmt: skip
    assert (again.created, again.updated) == (0, 2)
    assert [row[1] for row in before] == [
        row[0] for row in worker.database.execute("SELECT id FROM lead ORDER BY id")
    ]
    assert worker.database.execute("SELECT count(*) FROM inbox").fetchone() == (0,)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"first_name": "Nobody"}, "external_id"),
        ({"email": "no address"}, "email"),
        ({"external_id": "x", "appointment_start_at": "next Thursday"}, "appointment_start_at"),
        ({"external_id": "x\0y"}, "external_id"),
    ],
)
def test_a_bad_row_is_named_by_line_and_column_and_the_others_are_imported(
    worker: Hands, row: Row, column: str
) -> None:
    client = builders.a_client(worker.database)
    good: Row = {"external_id": "good"}
    done = import_rows(worker.database, client.id, client.pepper, "US", iter([(2, row), (3, good)]))
    assert [(line, name) for line, name, _ in done.bad] == [(2, column)]
    assert done.created == 1
