"""Contacts in any order: what a CRM says of a person is ordered by its own time, however late or often it comes."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.desk import Database
from db.ids import new_id
from db.importing import import_rows
from db.ledger import Hands
from pipeline.instants import read_instant
from tests.ingest.ghl_story import Location, appointment, connected
from tests.ingest.receiving import Receiving
from tests.laws.people import drain_all
from tests.sweeps.conftest import move_clock

FIELDS = ("email", "phone", "first_name", "last_name", "full_name")

# What the CRM says, and when; what a message does not name, or names as null, it does not say.
SAID: tuple[tuple[str, dict[str, Any]], ...] = (
    ("2026-06-01T08:00:00.000Z", {"name": "Jane Doe", "email": "jane@example.com", "firstName": "Jane"}),
    ("2026-06-02T08:00:00.000Z", {"name": "Jane Roe", "email": None, "phone": "+12025550123"}),
    ("2026-06-04T08:00:00.000Z", {"name": "Jane Poe", "lastName": "Poe"}),
    ("2026-06-05T08:00:00.000Z", {"email": "jane@work.example"}),
    ("2026-06-05T08:00:00.000Z", {"email": "jane@home.example", "phone": None}),
)
IMPORTED_AT = "2026-06-03T08:00:00Z"
ROW: dict[str, str | None] = {
    "external_id": "crm-1",
    "ghl_contact_id": "contact-1",
    "first_name": "J.",
    "last_name": "Doe",
    "phone": "+12025550199",
}
# By hand: the last word on each field; of two at one instant the greater.
STANDS = {
    "email": "jane@work.example",
    "phone": "+12025550199",
    "first_name": "J.",
    "last_name": "Poe",
    "full_name": "Jane Poe",
}
IMPORT = len(SAID)


@pytest.fixture
def receiving(database: str) -> Iterator[Receiving]:
    with Receiving(database) as started:
        yield started


def contact(at: str, said: dict[str, Any], *, versioned: bool) -> dict[str, Any]:
    """A contact webhook; the message's own time is of no account where the contact has a version."""
    stamped = {"dateUpdated": at, "timestamp": "2026-06-30T00:00:00.000Z"} if versioned else {"timestamp": at}
    return {"type": "ContactUpdate", "locationId": "location-1", "id": "contact-1", **said, **stamped}


def shown(database: Database, client_id: Any) -> list[dict[str, Any]]:
    rows = database.execute(
        f"SELECT {', '.join(FIELDS)} FROM lead WHERE client_id = %s AND merged_into IS NULL",
        (client_id,),
    )
    return [dict(zip(FIELDS, row, strict=True)) for row in rows]


@hypothesis.settings(max_examples=25, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(IMPORT + 1)),
    again=st.lists(st.integers(0, IMPORT - 1), max_size=4),
    versioned=st.booleans(),
)
def test_late_and_repeated_contact_webhooks_and_an_import_give_the_same_lead(
    receiving: Receiving, hands: Hands, order: list[int], again: list[int], *, versioned: bool
) -> None:
    address = connected(hands.database, str(new_id()))
    location = Location(receiving, address.endpoint)
    for number in (*order, *again):
        if number == IMPORT:
            receiving.settle()  # its loop stands still meanwhile, and may hold the lead
            move_clock(hands.database, read_instant(IMPORTED_AT))
            import_rows(hands.database, address.client_id, address.pepper, "US", iter([(2, ROW)]))
        else:
            assert location.native(contact(*SAID[number], versioned=versioned))[1] == {"ok": True}
    receiving.settle()
    assert shown(hands.database, address.client_id) == [STANDS]


def test_a_stub_that_turns_out_to_be_somebody_brings_what_was_said_of_it_later(
    receiving: Receiving, hands: Hands
) -> None:
    """Two stubs, one of an address and one of a contact's id, become one; whoever was told of first."""
    early = contact("2026-06-01T08:00:00.000Z", {"name": "Jane Doe", "firstName": "Jane"}, versioned=True)
    late = contact(
        "2026-06-02T08:00:00.000Z", {"name": "Jane Roe", "email": "jane@example.com"}, versioned=True
    )
    other = contact("2026-06-03T08:00:00.000Z", {"lastName": "Poe"}, versioned=True)
    steps = [early, late, other, appointment(contactId="contact-1")]
    for order in permutations(steps):
        address = connected(hands.database, str(new_id()))
        location = Location(receiving, address.endpoint)
        import_rows(
            hands.database,
            address.client_id,
            address.pepper,
            "US",
            iter([(2, {"email": "jane@example.com"})]),
        )
        for said in order:
            assert location.native(said)[1] == {"ok": True}
            receiving.settle()
            drain_all(hands, address.client_id)
        assert shown(hands.database, address.client_id) == [
            {
                "email": "jane@example.com",
                "phone": None,
                "first_name": "Jane",
                "last_name": "Poe",
                "full_name": "Jane Roe",
            }
        ], [one.get("dateUpdated") for one in order]


def test_a_contact_webhook_without_a_time_of_its_own_counts_from_when_it_came(
    receiving: Receiving, hands: Hands
) -> None:
    address = connected(hands.database, str(new_id()))
    location = Location(receiving, address.endpoint)
    bare = {"type": "ContactUpdate", "locationId": "location-1", "id": "contact-1"}
    location.native({**bare, "name": "Jane Doe"})
    location.native({**bare, "name": "Jane Roe"})
    assert shown(hands.database, address.client_id)[0]["full_name"] == "Jane Roe"
    location.native({**bare, "name": "Jane Poe", "timestamp": "2020-01-01T00:00:00Z"})
    location.native({**bare, "name": "Jane Woe", "timestamp": "no time", "dateUpdated": 7})
    assert shown(hands.database, address.client_id)[0]["full_name"] == "Jane Woe"
