"""GoHighLevel in any order: native webhooks, a workflow's and a sweep's word on one booking end in one history."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from boot import clock
from db.desk import Database
from db.ids import new_id
from db.inbox import post
from db.ledger import Hands
from ingest.parcels import parcel_of
from ingest.providers.ghl import read_event
from pipeline.instants import read_instant
from pipeline.words import Provider
from tests.ingest.ghl_story import LOCATION, Location, appointment, connected, workflow
from tests.ingest.receiving import Address, Receiving
from tests.ingest.recordings import a_connection
from tests.laws.books import left_over
from tests.laws.people import drain_all

MOVED = {
    "startTime": "2026-12-02T15:00:00+01:00",
    "endTime": "2026-12-02T15:30:00+01:00",
    "dateUpdated": "2026-11-21T09:00:00.000Z",
}
# The same version as the API shows it: another spelling of the same instants.
LISTED = appointment(**{**MOVED, "startTime": "2026-12-02T14:00:00Z", "endTime": "2026-12-02T14:30:00.000Z"})[
    "appointment"
]

Step = Callable[[Location, Database, Address], None]


@pytest.fixture
def receiving(database: str) -> Iterator[Receiving]:
    with Receiving(database) as started:
        yield started


def told(said: dict[str, Any]) -> Step:
    """A native webhook."""

    def step(location: Location, database: Database, address: Address) -> None:
        assert location.native(said)[1] == {"ok": True}

    return step


def heard(**named: Any) -> Step:
    """A workflow's webhook, which may come at any time after what it tells of."""

    def step(location: Location, database: Database, address: Address) -> None:
        assert location.workflow(workflow(**named))[1] == {"ok": True}

    return step


def listed(event: dict[str, Any]) -> Step:
    """What a sweep finds."""

    def step(location: Location, database: Database, address: Address) -> None:
        connection = replace(
            a_connection(Provider.GHL, location_id=LOCATION),
            client_id=address.client_id,
            pepper=address.pepper,
        )
        now = clock.now()
        post(database, [parcel_of(connection, read_event(connection, event, now), now, new_id())])

    return step


CREATED, UPDATED = told(appointment()), told(appointment("AppointmentUpdate", **MOVED))
BY_WORKFLOW, BY_SWEEP = heard(), listed(LISTED)
CANCELED = told(
    appointment("AppointmentUpdate", appointmentStatus="cancelled", dateUpdated="2026-11-20T12:00:00Z")
)
DELETED = told(appointment("AppointmentDelete", **MOVED))


def history(receiving: Receiving, hands: Hands, steps: tuple[Step, ...]) -> dict[str, Any]:
    """What a client of its own shows after some steps, with a drain after each."""
    address = connected(hands.database, str(new_id()))
    location = Location(receiving, address.endpoint)
    for step in steps:
        step(location, hands.database, address)
        receiving.settle()
        drain_all(hands, address.client_id)
    assert left_over(hands.database, address.client_id) == {"inbox": 0, "dead_letter": 0}
    return shown(hands.database, address.client_id)


def shown(database: Database, client_id: UUID) -> dict[str, Any]:
    (row,) = database.execute(
        """SELECT a.status, a.start_at, a.end_at, a.booked_at, a.canceled_at, a.moved_count, a.source,
                  a.removed_at_provider, l.ghl_contact_id, l.appointment_status, l.appointment_count
           FROM appointment a JOIN lead l ON l.client_id = a.client_id AND l.id = a.lead_id
           WHERE a.client_id = %s""",
        (client_id,),
    ).fetchall()
    names = "status start_at end_at booked_at canceled_at moves source removed contact rollup count".split()
    return dict(zip(names, row, strict=True))


def instant(text: str) -> datetime:
    return read_instant(text)


def test_a_booking_by_three_doors_in_any_order_is_one_confirmed_appointment(
    receiving: Receiving, hands: Hands
) -> None:
    """Show 2; the workflow's word is older, and never rolls the move back."""
    start = instant(MOVED["startTime"])
    for steps in permutations((CREATED, UPDATED, BY_WORKFLOW, BY_SWEEP)):
        assert history(receiving, hands, steps) == {
            "status": "confirmed", "start_at": start, "end_at": start + timedelta(minutes=30),
            "booked_at": instant("2026-11-20T09:00:00Z"), "canceled_at": None, "moves": 1, "source": "webhook",
            "removed": False, "contact": "contact-1", "rollup": "confirmed", "count": 1,
        }  # fmt: skip


def test_a_cancellation_that_was_taken_back_stays_taken_back_in_any_order(
    receiving: Receiving, hands: Hands
) -> None:
    by_workflow = heard(appoinmentStatus="cancelled")
    for steps in permutations((CREATED, CANCELED, UPDATED)):
        assert history(receiving, hands, (*steps, by_workflow))["status"] == "confirmed"


def test_a_delete_stays_a_delete_in_any_order(receiving: Receiving, hands: Hands) -> None:
    later = told(appointment("AppointmentUpdate", dateUpdated="2026-11-25T09:00:00Z"))
    for steps in permutations((CREATED, DELETED, later)):
        found = history(receiving, hands, (*steps, BY_WORKFLOW))
        assert (found["status"], found["removed"], found["rollup"]) == ("canceled", True, "canceled")
        assert found["canceled_at"] == instant(MOVED["dateUpdated"])


def test_what_several_doors_say_of_one_version_is_one_observation(receiving: Receiving, hands: Hands) -> None:
    address = connected(hands.database, "agency")
    for step in (UPDATED, BY_SWEEP, UPDATED, BY_SWEEP):
        step(Location(receiving, address.endpoint), hands.database, address)
    receiving.settle()
    drain_all(hands, address.client_id)
    assert hands.database.execute("SELECT source FROM observation").fetchall() == [("webhook",)]
