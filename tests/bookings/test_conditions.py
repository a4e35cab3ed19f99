"""What must hold at the moment of the call, and what a booking comes to in the books."""

from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.rows import dict_row

from db import bookings
from db.ledger import Hands
from db.people import act
from pipeline.booking import BookingState
from pipeline.job import MergeAsked
from pipeline.words import Provider, Source
from tests.bookings.conftest import BOOKING_PROVIDERS
from tests.bookings.stage import Stage, a_stage, slots

SLOT, LATER = slots(2)
NOT_COMPARED = {
    "client_id", "id", "lead_id", "created_at", "updated_at", "source", "appointment_source", "external_id",
    "ghl_appointment_id", "calendly_invitee_uri", "calendly_scheduled_event_uri", "email", "first_name",
    "calendly_event_type_uri", "ghl_calendar_id", "folded", "first_effective_at", "full_name", "phone", "last_name",
}  # fmt: skip


def reason_after_run(stage: Stage, lead: UUID) -> str | None:
    booking = stage.ask(lead, SLOT)
    stage.run()
    told = stage.now_of(booking)
    assert (told.state, told.attempts) == (BookingState.FAILED, 0)
    assert stage.meetings(stage.email_of(told)) == []
    return told.reason


def test_a_lead_that_unsubscribes_between_the_decision_and_the_call_is_not_booked(stage: Stage) -> None:
    """Show 4, pitfall M11."""
    lead = stage.lead("ada")
    booking = stage.ask(lead, SLOT)

    def unsubscribed(step: str) -> bool:
        if step == "ready":
            stage.database.execute("UPDATE lead SET suppressed_at = now() WHERE id = %s", (lead,))
        return False

    stage.deadly = unsubscribed
    stage.run()
    told = stage.now_of(booking)
    assert (told.state, told.reason, told.attempts) == (BookingState.FAILED, "suppressed", 0)
    assert stage.meetings() == []


def test_a_suppression_that_was_lifted_does_not_forbid(stage: Stage) -> None:
    lead = stage.lead("ada")
    stage.database.execute(
        "UPDATE lead SET suppressed_at = now() - interval '2 days', suppression_lifted_at = now() WHERE id = %s",
        (lead,),
    )
    booking = stage.ask(lead, SLOT)
    stage.run()
    assert stage.now_of(booking).state is BookingState.BOOKED


def test_a_lead_with_a_live_appointment_is_not_booked_twice(stage: Stage) -> None:
    """Show 4: not even if its webhook lies in the inbox still."""
    person = stage.world.person(stage.account, email="ada@example.com")
    lead = stage.lead("ada", ghl_contact_id=person.id)
    stage.world.book(stage.account, person, LATER)
    stage.passes(10)
    assert reason_of(stage, lead) == "has_appointment"


def reason_of(stage: Stage, lead: UUID) -> str | None:
    booking = stage.ask(lead, SLOT)
    stage.run()
    assert stage.now_of(booking).state is BookingState.FAILED
    assert len(stage.meetings("ada@example.com")) == 1
    return stage.now_of(booking).reason


def test_switches_of_client_and_lead_forbid(stage: Stage) -> None:
    one, other = stage.lead("ada"), stage.lead("ben")
    bookings.switch_lead(stage.database, stage.client.id, one, on=False)
    assert reason_after_run(stage, one) == "lead_switched_off"
    bookings.switch_client(stage.database, stage.client.id, on=False)
    assert reason_after_run(stage, other) == "client_switched_off"


def test_a_lead_without_an_address_is_not_booked(stage: Stage) -> None:
    lead = stage.lead("ada")
    stage.database.execute("UPDATE lead SET email = NULL")
    booking = stage.ask(lead, SLOT)
    stage.run()
    assert stage.now_of(booking).reason == "no_email"


def test_a_refusal_of_the_token_is_final_and_a_silent_provider_is_asked_again(stage: Stage) -> None:
    stage.site.faults.next("503", "503", "503")
    booking = stage.ask(stage.lead("ada"), SLOT)
    stage.run()
    assert stage.now_of(booking).state is BookingState.BOOKED
    stage.account.token = "a token that was made anew"
    refused = stage.ask(stage.lead("ben"), LATER)
    stage.run()
    told = stage.now_of(refused)
    assert (told.state, told.reason, told.attempts) == (BookingState.FAILED, "unauthorized", 0)


def test_calling_off_before_the_call_books_nothing(stage: Stage) -> None:
    booking = stage.ask(stage.lead("ada"), SLOT)
    bookings.ask_to_cancel(stage.database, booking, stage.world.clock.now())
    stage.run()
    told = stage.now_of(booking)
    assert (told.state, told.reason) == (BookingState.FAILED, "called_off")
    assert stage.meetings() == []


@pytest.mark.parametrize("answered", [True, False], ids=["booked", "unknown"])
def test_calling_off_ends_the_meeting_at_the_provider(stage: Stage, answered: bool) -> None:
    if not answered:
        stage.site.commit_after = timedelta(seconds=30)
    booking = stage.ask(stage.lead("ada"), SLOT)
    stage.step(booking)
    bookings.ask_to_cancel(stage.database, stage.now_of(booking), stage.world.clock.now())
    stage.run(3, until_settled=False)
    assert stage.now_of(booking).state is BookingState.CANCELED
    assert stage.meetings() == []
    stage.drain()
    (row,) = stage.database.execute("SELECT status FROM appointment").fetchall()
    assert row == ("canceled",)


def test_a_group_event_is_not_called_off_for_one_guest(database: str) -> None:
    with a_stage(database, Provider.CALENDLY, seats=3) as stage:
        booking = stage.ask(stage.lead("ada"), SLOT)
        stage.run()
        group = stage.now_of(booking).booked_group
        stage.world.book(stage.account, stage.world.person(stage.account), SLOT, group=group)
        bookings.ask_to_cancel(stage.database, stage.now_of(booking), stage.world.clock.now())
        stage.run(1, until_settled=False)
        told = stage.now_of(booking)
        assert (told.state, told.reason) == (BookingState.BOOKED, "other_guests")
        assert len(stage.meetings()) == 2


def test_a_merge_takes_the_intent_along(stage: Stage) -> None:
    kept, gone = stage.lead("ada"), stage.lead("ben")
    booking = stage.ask(gone, SLOT)
    hands = Hands(stage.database, stage.witness, lambda _: None)
    merge = MergeAsked(source=Source.MANUAL, into=kept)
    act(hands, stage.client.id, gone, merge, stage.world.clock.now())
    stage.run()
    told = stage.now_of(booking)
    assert (told.state, told.lead_id) == (BookingState.BOOKED, kept)
    stage.drain()
    assert stage.database.execute("SELECT lead_id FROM appointment").fetchall() == [(kept,)]


@pytest.mark.parametrize("provider", BOOKING_PROVIDERS, ids=str)
def test_what_is_booked_shows_as_the_webhook_alone_would_have_shown_it(
    database: str, provider: Provider
) -> None:
    """Show 5: rollup, lead status and appointment agree; only the source tells the paths apart."""
    told = []
    for by_us in (True, False):
        with a_stage(database, provider) as stage:
            stage.echoes = not by_us
            person = stage.world.person(stage.account, email="ada@example.com", timezone=stage.account.zone)
            lead = stage.lead("ada", ghl_contact_id=person.id)
            if by_us:
                stage.ask(lead, SLOT)
                stage.run()
            else:
                stage.world.book(stage.account, person, SLOT)
                stage.passes(20)
            stage.drain()
            told.append(books(stage, lead))
    ours, theirs = told
    assert ours == theirs


def books(stage: Stage, lead: UUID) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    with stage.database.cursor(row_factory=dict_row) as cursor:
        for query in ("SELECT * FROM lead WHERE id = %s", "SELECT * FROM appointment WHERE lead_id = %s"):
            rows = cursor.execute(query, (lead,)).fetchall()
            found += [{name: one for name, one in row.items() if name not in NOT_COMPARED} for row in rows]
    assert len(found) == 2
    return found
