"""The primary and the rollup at an instant, and the lead's status (RULES 20, 21 and 23)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.appointment import Appointment
from pipeline.lead_status import Base, lead_status
from pipeline.observation import AppointmentKey
from pipeline.rollup import Rollup, primary, roll_up
from pipeline.words import Provider, Source, Status, Why
from tests.pipeline.strategies import appointments
from tests.statements import at

NOW = at(0)
TICK = timedelta(microseconds=1)


def one(
    name: str, status: Status = Status.CONFIRMED, start: float | None = None, **named: object
) -> Appointment:
    named.setdefault("first_effective_at", at(-100))
    key = AppointmentKey(named.pop("provider", Provider.CALENDLY), name)  # type: ignore[arg-type]
    return Appointment(
        key=key,
        status=status,
        source=Source.WEBHOOK,
        start_at=None if start is None else at(start),
        **named,  # type: ignore[arg-type]
    )


def chosen(*known: Appointment, now: datetime = NOW) -> tuple[str | None, Why]:
    """Ask in both orders: the order of rows says nothing."""
    first, why = primary(known, now)
    assert (first, why) == primary(reversed(known), now)
    return first.key.external_id if first else None, why


def test_rule_20_first_the_soonest_live_start_that_is_still_ahead() -> None:
    known = [one("late", start=9), one("soon", Status.PENDING, start=2), one("past", Status.SHOWED, start=-1)]
    assert chosen(*known) == ("soon", Why.UPCOMING)
    assert chosen(*known, now=at(2)) == ("late", Why.UPCOMING)  # a start that has come is not ahead


def test_rule_20_a_showed_start_in_the_future_is_not_live() -> None:
    assert chosen(one("showed", Status.SHOWED, start=9), one("live", start=10)) == ("live", Why.UPCOMING)


def test_rule_20_second_the_latest_start_that_was_not_lost_startless_last() -> None:
    held = [one("old", Status.SHOWED, start=-9), one("missed", Status.NO_SHOW, start=-2)]
    lost = [one("canceled", Status.CANCELED, start=-1), one("moved", Status.RESCHEDULED, start=-1),
            one("invalid", Status.INVALID, start=-1)]  # fmt: skip
    startless = one("startless", first_effective_at=at(-1))
    assert chosen(*held, *lost, startless) == ("missed", Why.LAST_HELD)
    assert chosen(*lost, startless) == ("startless", Why.LAST_HELD)


def test_rule_20_third_the_latest_cancellation_by_its_time() -> None:
    known = [
        one("early", Status.CANCELED, start=50, canceled_at=at(-9)),
        one("late", Status.CANCELED, start=1, canceled_at=at(-2)),
        one("unknown", Status.CANCELED, start=99, first_effective_at=at(-5)),
        one("invalid", Status.INVALID, start=99),
    ]
    assert chosen(*known) == ("late", Why.LAST_CANCELED)


def test_rule_20_fourth_the_latest_of_the_rest_by_start_and_else_nobody() -> None:
    known = [
        one("moved", Status.RESCHEDULED, start=-9),
        one("invalid", Status.INVALID, first_effective_at=at(-2)),
    ]
    assert chosen(*known) == ("invalid", Why.ONLY_HISTORY)
    assert chosen() == (None, Why.NONE)
    assert chosen(one("named", placeholder=True)) == (None, Why.NONE)


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.CANCELED, Status.INVALID])
@pytest.mark.parametrize("start", [None, -3.0, 3.0])
def test_rule_20_ties_go_by_provider_and_then_external_id(status: Status, start: float | None) -> None:
    known = [
        one("a", status, start, provider=Provider.GHL),
        one("c", status, start),
        one("b", status, start),
    ]
    assert chosen(*known)[0] == "b"


@given(appointments(), st.sampled_from([at(hour) for hour in (-1, 0, 1, 4, 5, 24, 47, 48, 60)]))
def test_rule_20_no_clause_is_skipped(known: list[Appointment], now: datetime) -> None:
    """The choice, said again in the words of the rule."""
    pick, why = primary(known, now)
    real = [each for each in known if not each.placeholder]
    upcoming = [each for each in real if each.is_upcoming(now)]
    kept = [each for each in real if each.status not in (Status.CANCELED, Status.RESCHEDULED, Status.INVALID)]
    lost = [each for each in real if each.status is Status.CANCELED]
    expected = Why.UPCOMING if upcoming else Why.LAST_HELD if kept else Why.LAST_CANCELED if lost else None
    assert why is (expected or (Why.ONLY_HISTORY if real else Why.NONE))
    assert (pick is None) == (why is Why.NONE)
    assert pick is None or pick in real
    if why is Why.UPCOMING:
        assert pick is not None
        assert pick.start_at == min(each.start_at for each in upcoming if each.start_at)


@given(appointments(), st.integers(-3, 60), st.integers(0, 60))
@example([one("soon", start=3), one("later", start=9)], 0, 5)
@example([one("soon", start=3), one("later", start=9)], 0, 2)
def test_rule_21_the_rollup_changes_by_time_alone_only_at_the_instant_that_it_names(
    known: list[Appointment], hour: int, later: int
) -> None:
    now, then = at(hour), at(hour + later)
    before = roll_up(known, now)
    until = before.rollup_valid_until
    assert until is None or until > now
    assert until == before.next_appointment_start_at
    if until is None or then < until:
        assert roll_up(known, then) == before
    else:
        assert roll_up(known, until - TICK) == before
        assert roll_up(known, until).rollup_valid_until != until


@given(appointments(), st.integers(-3, 60))
def test_the_rollup_columns_describe_the_primary_as_a_whole(known: list[Appointment], hour: int) -> None:
    rollup, (pick, _) = roll_up(known, at(hour)), primary(known, at(hour))
    if pick is None:
        assert rollup == Rollup()
        return
    assert (rollup.appointment_start_at, rollup.appointment_status, rollup.appointment_provider) == (
        pick.start_at, pick.status, pick.key.provider,
    )  # fmt: skip
    assert rollup.ghl_appointment_id == (pick.key.external_id if pick.key.provider is Provider.GHL else None)
    real = [each for each in known if not each.placeholder and each.status is not Status.INVALID]
    assert rollup.appointment_count == len(real)


def test_the_booked_slot_is_the_start_as_a_crm_reads_it() -> None:
    assert roll_up([one("a", start=3)], NOW).booked_slot == "2026-03-02T15:00:00Z"
    assert roll_up([one("a")], NOW).booked_slot is None


LOST = pytest.mark.parametrize("lost", [Status.CANCELED, Status.NO_SHOW])


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.PENDING, Status.SHOWED])
def test_rule_23_a_meeting_that_stands_says_meeting_booked(status: Status) -> None:
    assert lead_status(Base(), [one("a", status)]) == "meeting-booked"


@LOST
def test_rule_23_one_that_was_lost_says_qualified_unless_another_stands(lost: Status) -> None:
    assert lead_status(Base(), [one("a", lost)]) == "qualified"
    assert lead_status(Base(), [one("a", lost), one("b", Status.SHOWED)]) == "meeting-booked"


@LOST
def test_rule_23_a_persons_word_stands_against_what_was_booked_before_it(lost: Status) -> None:
    base = Base("won", at(0))
    for status in (lost, Status.CONFIRMED, Status.SHOWED):
        assert lead_status(base, [one("a", status, booked_at=at(0))]) == "won"
    assert lead_status(base, [one("a", Status.CONFIRMED, booked_at=at(1))]) == "meeting-booked"
    assert lead_status(base, [one("a", lost, booked_at=at(1))]) == "qualified"


def test_rule_23_without_a_time_of_booking_the_first_word_of_it_stands_in() -> None:
    base = Base("won", at(0))
    assert lead_status(base, [one("a", first_effective_at=at(-1))]) == "won"
    assert lead_status(base, [one("a", first_effective_at=at(1))]) == "meeting-booked"


def test_rule_23_a_placeholder_and_an_invalid_one_say_nothing() -> None:
    assert lead_status(Base("replied"), [one("a", placeholder=True), one("b", Status.INVALID)]) == "replied"


def test_rule_23_the_later_word_wins_and_at_one_instant_order_says_nothing() -> None:
    words = [Base(), Base("lost", at(1)), Base("won", at(1)), Base("replied", at(0))]
    for first in words:
        for second in words:
            assert first.or_later(second) == second.or_later(first)
    assert Base("replied", at(0)).or_later(Base("lost", at(1))) == Base("lost", at(1))
