"""A channel says that a meeting is booked, without a time: that lead is swept, and nothing is invented for it."""

from uuid import UUID

import pytest

from db import lead_checks
from db.connections import Connection
from db.ids import new_id
from db.inbox import post
from db.meetings_told import REASON
from ingest.parcels import parcel_of
from ingest.providers import ADAPTERS
from pipeline.words import Provider
from tests.builders import at
from tests.sweeps.conftest import Stage

SAID = {
    Provider.SMARTLEAD: b"""{"event_type": "LEAD_CATEGORY_UPDATED", "campaign_id": 7, "event_timestamp":
        "2026-03-02T11:00:00Z", "lead_category": {"new_name": "Meeting Booked"}, "lead_data": {"email": "anna@example.com"}}""",
    Provider.INSTANTLY: b"""{"event_type": "lead_meeting_booked", "workspace": "w", "campaign_id": "c",
        "timestamp": "2026-03-02T11:00:00Z", "lead_email": "anna@example.com"}""",
}


def delivered(stage: Stage, provider: Provider, *, times: int = 1) -> None:
    channel = Connection(new_id(), stage.client.id, provider, "endpoint", stage.client.pepper)
    for _ in range(times):
        for reading in ADAPTERS[provider].read(channel, SAID[provider], at(1)):
            post(stage.database, [parcel_of(channel, reading, at(1), new_id())])
        stage.drain()


def checks(stage: Stage) -> list[tuple[str, str]]:
    rows = stage.database.execute("SELECT lead_id FROM lead_check").fetchall()
    found = [
        one for (lead_id,) in rows for one in lead_checks.of_lead(stage.database, stage.client.id, lead_id)
    ]
    return [(one["reason"], one["state"]) for one in found]


def a_lead(stage: Stage) -> UUID:
    """Anna, known by her address and by her contact at the provider."""
    stage.api.book("m-1", "anna", at(24))
    stage.serve()
    stage.drain()
    found: UUID = stage.one("SELECT lead_id FROM appointment WHERE external_id = 'm-1'")
    return found


@pytest.mark.parametrize("provider", SAID)
def test_a_meeting_without_a_time_is_looked_up_and_not_invented(stage: Stage, provider: Provider) -> None:
    lead_id = a_lead(stage)
    stage.api.book("m-2", "anna", at(48))
    delivered(stage, provider)
    assert checks(stage) == [(REASON, "waiting")]
    assert stage.statuses() == {"m-1": "confirmed"}
    stage.serve()
    stage.drain()
    assert stage.statuses() == {"m-1": "confirmed", "m-2": "confirmed"}
    assert stage.one("SELECT count(*) FROM appointment WHERE lead_id = %s", lead_id) == 2


@pytest.mark.parametrize("provider", SAID)
def test_a_signal_that_is_told_again_asks_nothing_again(stage: Stage, provider: Provider) -> None:
    a_lead(stage)
    delivered(stage, provider, times=2)
    stage.serve()
    answered = stage.one("SELECT array_agg((state, asked_at)::text) FROM lead_check")
    delivered(stage, provider, times=3)
    assert stage.one("SELECT array_agg((state, asked_at)::text) FROM lead_check") == answered
    assert checks(stage) == [(REASON, "answered")]


def test_a_reply_that_says_no_such_thing_asks_nothing(stage: Stage) -> None:
    a_lead(stage)
    reply = b'{"event_type": "reply_received", "lead_email": "anna@example.com", "reply_text": "Call me"}'
    channel = Connection(new_id(), stage.client.id, Provider.INSTANTLY, "endpoint", stage.client.pepper)
    (reading,) = ADAPTERS[Provider.INSTANTLY].read(channel, reply, at(1))
    post(stage.database, [parcel_of(channel, reading, at(1), new_id())])
    stage.drain()
    assert checks(stage) == []
