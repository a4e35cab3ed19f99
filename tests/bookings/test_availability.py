"""Slots: what a provider has free, asked once a minute, offered in the words of a lead's zone, and remembered."""

from datetime import timedelta

import pytest

from db import connections
from ingest.bookings.availability import Availability
from tests.bookings.stage import NOON, Stage
from workers.booking_desk import NoSlots


@pytest.fixture
def availability(stage: Stage) -> Availability:
    connections.change_settings(stage.database, stage.connection.id, "booking", {"calendar": stage.calendar})
    return Availability(stage.desk)


def test_free_starts_are_offered_in_the_leads_zone_and_remembered(
    stage: Stage, availability: Availability
) -> None:
    lead = stage.lead("ada")
    stage.database.execute("UPDATE lead SET timezone = 'America/New_York'")
    offer = availability(stage.client.id, lead, None, NOON, NOON + timedelta(days=1))
    assert offer.zone == "America/New_York"
    labels = {one.start_at: one.label for one in offer.slots}
    assert labels[NOON + timedelta(minutes=30)] == "Mon 1 Jun 2026, 08:30 (New York time)"
    assert all(NOON < one.start_at < NOON + timedelta(days=1) for one in offer.slots)
    stored = stage.database.execute("SELECT start_at, label FROM offered_slot ORDER BY start_at").fetchall()
    assert stored == [(one.start_at, one.label) for one in offer.slots]
    again = availability(stage.client.id, lead, None, NOON, NOON + timedelta(days=1))
    assert again.slots == offer.slots
    ((count,),) = stage.database.execute("SELECT count(*) FROM offered_slot").fetchall()
    assert count == len(offer.slots)


def test_two_who_look_in_one_minute_ask_the_provider_once(stage: Stage, availability: Availability) -> None:
    window = (NOON + timedelta(days=1), NOON + timedelta(days=2))
    first = availability(stage.client.id, stage.lead("ada"), None, *window)
    stage.site.faults.rate("500", 1.0)
    assert availability(stage.client.id, stage.lead("ben"), None, *window).slots == first.slots
    stage.passes(61)
    with pytest.raises(NoSlots):
        availability(stage.client.id, stage.lead("eve"), None, *window)


def test_a_client_without_a_calendar_has_nothing_to_offer(stage: Stage) -> None:
    with pytest.raises(NoSlots, match="no_connection"):
        Availability(stage.desk)(stage.client.id, stage.lead("ada"), None, NOON, NOON + timedelta(days=1))
