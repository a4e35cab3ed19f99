"""A reply that takes an offered slot: one meeting at the provider, whatever number of times it is delivered."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from db import bookings, offered_slots
from db.ids import new_id
from db.inbox import Parcel, post
from db.ledger import Hands
from ingest.signals import Rules
from pipeline.addressing import Identity, IdentityKind
from pipeline.booking import BookingState
from pipeline.message import Channel, MessageSaid
from pipeline.words import Provider, Source
from tests.bookings.stage import NOON, Stage, slots
from tests.laws.people import drain_all

SLOTS = slots(3)


def offered(stage: Stage, lead: UUID) -> None:
    labels = [(slot, f"slot {number}") for number, slot in enumerate(SLOTS, 1)]
    now = stage.world.clock.now() - timedelta(minutes=10)
    offered_slots.offer(
        stage.database,
        stage.client.id,
        lead,
        stage.connection.id,
        stage.calendar,
        "Europe/Berlin",
        labels,
        now,
    )


def a_reply(text: str, number: str = "m1", at: datetime | None = None) -> MessageSaid:
    said_at = at or NOON
    return MessageSaid(
        source=Source.WEBHOOK, provider=Provider.GHL, channel=Channel.SMS, external_id=number, at=said_at,
        signals=tuple(Rules().read(text, said_at)),
    )  # fmt: skip


def told(stage: Stage, *replies: MessageSaid) -> None:
    who = (Identity(IdentityKind.EMAIL, "ada@example.com"),)
    parcels = [
        Parcel(stage.client.id, stage.client.pepper, NOON, new_id(), said, key=None, identities=who)
        for said in replies
    ]
    post(stage.database, parcels)
    drain_all(Hands(stage.database, stage.witness, lambda _: None), stage.client.id)


def states(stage: Stage, lead: UUID) -> list[tuple[str, datetime]]:
    return [(one.state, one.slot) for one in bookings.of_lead(stage.database, stage.client.id, lead)]


def test_the_second_one_works_is_one_meeting_however_often_it_comes(stage: Stage) -> None:
    lead = stage.lead("ada")
    offered(stage, lead)
    reply = a_reply("the second one works")
    told(stage, reply, reply)
    told(stage, reply)
    ((state, slot),) = states(stage, lead)
    assert (state, slot) == (BookingState.RESERVED, SLOTS[1])
    (booking,) = bookings.of_lead(stage.database, stage.client.id, lead)
    stage.step(booking)
    told(stage, reply)
    told(stage, reply)
    assert states(stage, lead) == [(BookingState.BOOKED, SLOTS[1])]


@pytest.mark.parametrize(
    "text", ["Thursday works", "the first or the second", "Is the second one still free?", "Yes"]
)
def test_what_names_no_one_slot_books_nothing(stage: Stage, text: str) -> None:
    lead = stage.lead("ada")
    offered(stage, lead)
    told(stage, a_reply(text))
    assert states(stage, lead) == []


def test_a_slot_that_was_offered_after_the_reply_is_not_what_it_took(stage: Stage) -> None:
    lead = stage.lead("ada")
    offered(stage, lead)
    told(stage, a_reply("the second one works", at=NOON - timedelta(days=1)))
    assert states(stage, lead) == []
