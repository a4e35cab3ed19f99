"""One meeting for each intent, whatever happens between the decision and the answer."""

import os
import random
from collections import Counter
from datetime import timedelta

import pytest

from db import bookings
from pipeline.booking import BookingState
from pipeline.words import Provider
from tests.bookings.conftest import BOOKING_PROVIDERS
from tests.bookings.stage import Stage, a_stage, slots

INTENTS = int(os.environ.get("APPTRAIL_TEST_INTENTS", "100"))
STEPS = ("ready", "committed", "answered", "saved")
SPOILS = (
    "hangs",
    "hangs_before",
    "empty",
    "wrapped",
    "cut",
    "truncated",
    "renamed",
    "500",
    "503",
    "429",
    "html",
    "html_200",
)
POSTS = {Provider.CALENDLY: "POST /invitees", Provider.GHL: "POST /calendars/events/appointments"}
(SLOT,) = slots(1)


def test_an_intent_becomes_one_meeting_and_one_appointment_of_source_auto_book(stage: Stage) -> None:
    lead = stage.lead("ada")
    booking = stage.ask(lead, SLOT)
    stage.run()
    stage.passes(30)
    stage.drain()
    assert stage.now_of(booking).state is BookingState.BOOKED
    (meeting,) = stage.meetings()
    assert (meeting.start, meeting.person.email) == (SLOT, "ada@example.com")
    rows = stage.database.execute(
        "SELECT lead_id, source, status, start_at, external_id FROM appointment"
    ).fetchall()
    assert rows == [(lead, "auto_book", "confirmed", SLOT, meeting.id)]
    (status,) = stage.database.execute("SELECT status, next_appointment_start_at FROM lead").fetchall()
    assert status == ("meeting-booked", SLOT)


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_dies_at_any_step_leaves_one_meeting(stage: Stage, step: str) -> None:
    lives = [True]

    def deadly(at: str) -> bool:
        return at == step and bool(lives) and lives.pop()

    stage.deadly = deadly
    booking = stage.ask(stage.lead("ada"), SLOT)
    stage.run()
    assert stage.steps["killed"] == 1
    assert stage.now_of(booking).state is BookingState.BOOKED
    stage.assert_exactly_once()


@pytest.mark.parametrize("spoil", SPOILS)
def test_an_answer_that_says_nothing_is_settled_by_looking(stage: Stage, spoil: str) -> None:
    stage.site.faults.next(spoil, path=POSTS[stage.account.provider])
    booking = stage.ask(stage.lead("ada"), SLOT)
    stage.run()
    assert stage.now_of(booking).state is BookingState.BOOKED
    stage.assert_exactly_once()


@pytest.mark.parametrize("seconds", [1, 44])
def test_a_booking_that_takes_effect_long_after_the_time_out_is_waited_for(
    stage: Stage, seconds: int
) -> None:
    stage.site.commit_after = timedelta(seconds=seconds)
    booking = stage.ask(stage.lead("ada"), SLOT)
    stage.step(booking)
    assert stage.now_of(booking).state is BookingState.UNKNOWN
    stage.run()
    assert stage.now_of(booking).state is BookingState.BOOKED
    assert stage.now_of(booking).attempts == 1
    stage.assert_exactly_once()


def test_nothing_is_looked_for_before_the_provider_must_be_through(stage: Stage) -> None:
    stage.site.commit_after = timedelta(seconds=45)
    booking = stage.ask(stage.lead("ada"), SLOT)
    stage.step(booking)
    stage.passes(59)
    stage.step(booking)
    assert stage.steps["looked"] == 0
    stage.passes(2)
    stage.step(booking)
    assert stage.steps["looked"] == 1


def test_a_slot_that_was_taken_meanwhile_fails_without_a_meeting(stage: Stage) -> None:
    booking = stage.ask(stage.lead("ada"), SLOT)

    def taken(step: str) -> bool:
        if step == "committed":
            stage.world.book(stage.account, stage.world.person(stage.account), SLOT)
        return False

    stage.deadly = taken
    stage.run()
    told = stage.now_of(booking)
    assert (told.state, told.reason) == (BookingState.FAILED, "slot_taken")
    stage.assert_exactly_once()


def test_a_slot_that_is_not_free_is_not_called_for(stage: Stage) -> None:
    stage.world.book(stage.account, stage.world.person(stage.account), SLOT)
    booking = stage.ask(stage.lead("ada"), SLOT)
    stage.run()
    told = stage.now_of(booking)
    assert (told.state, told.reason, told.attempts) == (BookingState.FAILED, "slot_taken", 0)


@pytest.mark.parametrize("provider", BOOKING_PROVIDERS, ids=str)
def test_many_intents_in_all_weathers_are_each_one_meeting_or_none(database: str, provider: Provider) -> None:
    """Show 3: crashes at every step, late effects, odd answers, echoes twice and early, slots taken meanwhile."""
    chance = random.Random(5)
    with a_stage(database, provider, seed=5) as stage:
        limits = {window for windows in stage.site.limits.windows.values() for window in windows}
        assert not limits
        stage.site.limits.bounds = ((10**9, 60.0), (10**9, 86400.0))[: len(stage.site.limits.bounds)]
        stage.early_echoes = 0.5
        stage.deadly = lambda step: chance.random() < 0.08
        for kind in SPOILS:
            stage.site.faults.rate(kind, 0.03, path=POSTS[provider])
        for kind in ("500", "hangs", "429"):
            stage.site.faults.rate(kind, 0.02)
        starts = slots(max(INTENTS * 9 // 10, 1))
        for number in range(INTENTS):
            stage.ask(stage.lead(f"lead{number}"), starts[number % len(starts)])
        for _ in range(30):
            late = chance.random() < 0.3
            stage.site.commit_after = timedelta(seconds=chance.uniform(0, 45)) if late else None
            taken = starts[chance.randrange(len(starts))]
            if all(one.start != taken for one in stage.meetings()):
                stage.world.book(stage.account, stage.world.person(stage.account), taken)
            stage.run(0.25, until_settled=False)
        stage.site.commit_after, stage.deadly = None, lambda _: False
        stage.site.faults.clear()
        stage.run(3)
        states = Counter(one.state for one in stage.all())
        assert set(states) <= {BookingState.BOOKED, BookingState.FAILED}, states
        assert states[BookingState.BOOKED] > INTENTS / 2
        assert states[BookingState.FAILED] > 0
        assert stage.steps["killed"] > 0
        assert stage.steps["looked"] > 0
        stage.assert_exactly_once()
        stage.passes(60)
        stage.drain()
        rows = stage.database.execute(
            "SELECT lead_id, source, count(*) FROM appointment WHERE lead_id IN (SELECT lead_id FROM booking) GROUP BY 1, 2"
        ).fetchall()
        assert {(source, count) for _, source, count in rows} == {("auto_book", 1)}
        assert len(rows) == states[BookingState.BOOKED]


@pytest.mark.parametrize("between", ["ready", "committed", "answered"])
def test_two_workers_with_one_intent_make_one_call(stage: Stage, between: str) -> None:
    """Show 4: while one is between its commit and the answer, another finds the lead in hand."""
    booking = stage.ask(stage.lead("ada"), SLOT)
    inner: list[str] = []

    def another(step: str) -> bool:
        if step == between and not inner:
            inner.append(step)
            stage.passes(200)  # so late that the other would look, and call again
            for _ in range(3):
                stage.step(booking)
            inner.clear()
        return False

    stage.deadly = another
    stage.run()
    assert stage.now_of(booking).attempts == 1
    stage.assert_exactly_once()


def test_asking_twice_for_a_slot_is_one_intent_and_another_slot_waits_for_it(stage: Stage) -> None:
    lead = stage.lead("ada")
    first = stage.ask(lead, SLOT)
    assert stage.ask(lead, SLOT) == first
    with pytest.raises(bookings.AlreadyBooking):
        stage.ask(lead, SLOT + timedelta(hours=1))
