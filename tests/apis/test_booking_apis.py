"""Bookings by both APIs: what was booked is told as it was booked, and what is not known is said to be so."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ingest.apis.api import ApiFailed
from ingest.apis.booking import BookingApi, Guest, Order, SlotTaken, Unknown
from ingest.apis.calendly_booking import CalendlyBooking
from ingest.apis.ghl_booking import GhlBooking
from pipeline.observation import Observation
from pipeline.words import Source, Status
from tests.apis.conftest import CANARY, NOON, Stage
from tests.simulators import calendly_objects
from tests.simulators.slots import free

GUEST = Guest(
    email=CANARY, timezone="America/New_York", first_name="Ann", last_name="Canary", phone="+14155550123"
)
TOMORROW = NOON + timedelta(days=1)


@dataclass
class Desk:
    """A provider's bookings, and an order for a start that is free."""

    stage: Stage
    api: BookingApi
    order: Order

    @property
    def held(self) -> list[str]:
        return [one.id for one in self.stage.world.live(self.stage.account)]

    def late(self, hours: float) -> None:
        self.stage.site.commit_after = timedelta(hours=hours)


def a_start(stage: Stage) -> datetime:
    calendar = next(iter(stage.account.calendars.values()))
    return min(free(stage.world, stage.account, calendar, TOMORROW, TOMORROW + timedelta(days=3)))


@pytest.fixture(params=["calendly", "ghl"])
def desk(request: pytest.FixtureRequest) -> Desk:
    stage: Stage = request.getfixturevalue(request.param)
    calendar, start = stage.world.calendar(stage.account).id, a_start(stage)
    make: Any = CalendlyBooking if request.param == "calendly" else GhlBooking
    name = calendly_objects.event_type_uri(calendar) if request.param == "calendly" else calendar
    order = Order(name, start, start + timedelta(minutes=30), GUEST, token="lead:x")
    return Desk(stage, make(stage.connection, stage.caller, stage.world.clock.now), order)


def test_free_starts_are_the_providers_in_utc(desk: Desk) -> None:
    stage, until = desk.stage, NOON + timedelta(days=40)
    expected = free(
        stage.world, stage.account, stage.world.calendar(stage.account), NOON + timedelta(minutes=1), until
    )
    assert list(
        desk.api.free(desk.order.calendar, NOON + timedelta(minutes=1), until, "Asia/Dubai")
    ) == sorted(expected)


def test_a_booking_is_told_with_its_start_and_as_ours(desk: Desk) -> None:
    booked = desk.api.book(desk.order)
    said = booked.reading.said
    assert isinstance(said, Observation)
    assert said.schedule is not None
    assert said.status is not None
    told = (said.source, said.status.word, said.schedule.start_at, booked.external_id)
    assert told == (Source.AUTO_BOOK, Status.CONFIRMED, desk.order.start_at, *desk.held)


@pytest.mark.parametrize("variant", ["answers_with_event_uri", "bare_answers"])
def test_both_shapes_of_an_answer_are_read(desk: Desk, variant: str) -> None:
    setattr(desk.stage.site, variant, True)
    assert desk.api.book(desk.order).external_id == desk.held[0]


def test_a_start_that_is_taken_is_said_to_be(desk: Desk) -> None:
    desk.api.book(desk.order)
    with pytest.raises(SlotTaken):
        desk.api.book(replace(desk.order, guest=replace(GUEST, email="other@example.com", phone=None)))
    assert len(desk.held) == 1


@pytest.mark.parametrize("kind", ["hangs", "cut", "empty", "html", "500", "truncated"])
def test_a_booking_whose_answer_got_lost_is_not_known_and_found_if_it_was_made(desk: Desk, kind: str) -> None:
    path = "POST /invitees" if isinstance(desk.api, CalendlyBooking) else "POST /calendars"
    desk.stage.site.faults.next(kind, path=path)
    with pytest.raises(Unknown):
        desk.api.book(desk.order)
    found = desk.api.find(desk.order)
    assert ([found.external_id] if found else []) == desk.held
    assert len(desk.held) == (0 if kind in ("html", "500") else 1)


def test_a_booking_that_takes_effect_late_is_found_once_it_has(desk: Desk) -> None:
    desk.late(2)
    with pytest.raises(Unknown):
        desk.api.book(desk.order)
    assert desk.api.find(desk.order) is None
    desk.stage.passes(3)
    found = desk.api.find(desk.order)
    assert found is not None
    assert [found.external_id] == desk.held


def test_a_booking_of_somebody_else_is_not_found(desk: Desk) -> None:
    desk.api.book(replace(desk.order, guest=replace(GUEST, email="other@example.com", phone=None)))
    assert desk.api.find(desk.order) is None


def test_a_booking_is_called_off_and_once_more_without_an_error(desk: Desk) -> None:
    booked = desk.api.book(desk.order)
    desk.api.cancel(booked.group)
    desk.api.cancel(booked.group)
    assert desk.held == []
    assert desk.api.find(desk.order) is None


def test_a_refusal_to_cancel_is_an_error(calendly: Stage) -> None:
    api = CalendlyBooking(calendly.connection, calendly.caller, calendly.world.clock.now)
    meeting = calendly.world.book(
        calendly.account, calendly.world.person(calendly.account), NOON - timedelta(days=1)
    )
    with pytest.raises(ApiFailed, match="http_403"):
        api.cancel(meeting.group)


def test_a_limit_met_while_booking_is_known_to_have_booked_nothing(desk: Desk) -> None:
    desk.stage.site.faults.rate("429", 1.0, path="POST")
    with pytest.raises(ApiFailed, match="http_429"):
        desk.api.book(desk.order)


def test_our_own_token_goes_to_calendly_and_back(calendly: Stage) -> None:
    api = CalendlyBooking(calendly.connection, calendly.caller, calendly.world.clock.now)
    lead = "11111111-2222-3333-4444-555555555555"
    uri = calendly_objects.event_type_uri(calendly.world.calendar(calendly.account).id)
    booked = api.book(Order(uri, a_start(calendly), None, GUEST, token=f"lead:{lead}"))
    assert str(booked.reading.token) == lead


def test_a_guest_and_what_was_booked_speak_of_nobody(desk: Desk) -> None:
    told = repr([desk.order, desk.api.book(desk.order)])
    assert "anary" not in told
    assert "4155550123" not in told
