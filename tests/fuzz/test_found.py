"""What the barrage and the chaos have found once, each by itself."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from db.desk import Database, connect
from ingest.messages.reading import Heard, Speaker, message_reading
from ingest.providers.ghl import GHL
from pipeline.addressing import IdentityKind
from pipeline.message import Channel
from pipeline.words import Provider
from tests.ingest.calendly_story import Meeting
from tests.ingest.receiving import Receiving, an_address
from tests.ingest.recordings import a_connection


@pytest.fixture
def receiving(database: str) -> Iterator[Receiving]:
    with Receiving(database) as started:
        yield started


@pytest.fixture
def books(database: str) -> Iterator[Database]:
    with connect(database) as own:
        yield own


def count(books: Database, table: str) -> int:
    return int(books.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()[0][0])


def test_half_a_surrogate_in_an_address_loses_no_booking(receiving: Receiving, books: Database) -> None:
    """It was ignored as unstorable: the digest of an address that is no text cannot be taken."""
    address = an_address(books, "agency")
    said = Meeting("a", "an\ud800na@example.com", 0).created()
    assert receiving.deliver(address.endpoint, said) == [(200, {"ok": True})]
    assert count(books, "inbox") == 1


def test_half_a_surrogate_where_no_text_is_due_is_a_field_of_an_odd_shape(
    receiving: Receiving, books: Database
) -> None:
    """It escaped from the reader as an error of its own."""
    body = Meeting("a", "anna@example.com", 0).created()
    body["payload"] |= {
        "rescheduled": "\ud800",
        "no_show": "\ud800",
        "cancellation": "\ud800",
        "tracking": "\ud800",
    }
    body["payload"]["scheduled_event"] |= {"start_time": "\ud800", "location": "\ud800"}
    body["payload"]["canceled"] = "\ud800"
    assert receiving.deliver(an_address(books, "agency").endpoint, body)[0][0] == 200


def test_a_name_that_cannot_be_stored_names_nobody_and_loses_no_message() -> None:
    """It was ignored as unstorable, with whatever else named the person."""
    speaker = Speaker(email="anna@example.com", ghl_contact_id="a\0b", linkedin=("me-\ud800",))
    heard = Heard(Provider.SMS, Channel.SMS, "m1", datetime(2026, 3, 2, tzinfo=UTC), "See you then.")
    reading = message_reading(a_connection(Provider.SMS), heard, speaker)
    assert [one.kind for one in reading.identities] == [IdentityKind.EMAIL]
    assert reading.contact.ghl_contact_id is None


def test_a_contact_id_beside_an_appointment_that_is_none_names_nobody() -> None:
    """It was ignored as unstorable: inside the appointment such an id counted as absent, beside it did not."""
    said = {
        "type": "AppointmentCreate",
        "contactId": "test\ud800contact",
        "appointment": {"id": "a1", "startTime": "2026-03-05T13:00:00Z"},
    }
    (reading,) = GHL().read(
        a_connection(Provider.GHL), json.dumps(said).encode(), datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert reading.identities == ()
    assert reading.contact.ghl_contact_id is None


def test_a_parked_delivery_that_is_sent_again_is_one_dead_letter(
    receiving: Receiving, books: Database
) -> None:
    """Each repetition was a letter of its own; another statement of the same meeting still is."""
    address = an_address(books, "agency")
    one = parked("Thursday, 5 March")
    receiving.deliver(address.endpoint, one, one)
    receiving.deliver(address.endpoint, one)
    assert count(books, "dead_letter") == 1
    receiving.deliver(address.endpoint, parked("2026-03-05 13:61"))
    assert count(books, "dead_letter") == 2


def test_a_wall_time_without_a_zone_beside_an_impossible_time_is_refused_with_its_reason(
    receiving: Receiving, books: Database
) -> None:
    """The impossible one was met while the letter was being written, and escaped."""
    body = parked("2026-03-05T13:00:00")
    body["payload"] |= {"created_at": "9999-12-31T23:59:59Z", "timezone": None}
    (answer,) = receiving.deliver(an_address(books, "agency").endpoint, body)
    assert answer == (200, {"ok": True, "ignored": "time_out_of_range"})


def parked(start: str) -> dict[str, Any]:
    body = Meeting("a", "anna@example.com", 0).created()
    body["payload"]["scheduled_event"] |= {"start_time": start, "end_time": None}
    return body
