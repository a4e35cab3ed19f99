"""Rules 24-27: follow-ups are computed from effective times, so that no order and no replay raises one anew."""

from collections.abc import Iterable
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.book import Book, compute, enter
from pipeline.follow_up import FollowUp
from pipeline.job import FollowUpAct
from pipeline.observation import Links, Observation, Outcome, Schedule, StatusWord
from pipeline.words import Act, Answered, FollowUpKind, FollowUpState, Provider, Source, Status
from tests.pipeline.strategies import KEYS, instants, observations, rearranged
from tests.statements import a_statement, at

SINCE = dict.fromkeys(Provider, at(0))
NOW, START, NEW_START = at(6), at(48), at(72)
CANCELED, RESCHEDULED = FollowUpKind.MEETING_CANCELED, FollowUpKind.MEETING_RESCHEDULED
NO_SHOW, NEEDS_OUTCOME = FollowUpKind.NO_SHOW, FollowUpKind.NEEDS_OUTCOME

acts = st.builds(
    FollowUpAct,
    of=st.sampled_from([CANCELED, NEEDS_OUTCOME]),
    provider=st.just(Provider.CALENDLY),
    external_id=st.just("a"),
    act=st.sampled_from(list(Act)),
    at=instants,
    by=st.sampled_from([None, "olga"]),
    until=st.none() | instants,
)
statements = st.lists(observations() | acts, max_size=8)


def entered(batches: Iterable[Iterable[Any]], since: Any = SINCE) -> Book:
    book = Book(since=since)
    for batch in batches:
        book = enter(book, batch)
    return book


def raised(
    *batches: Iterable[Any], now: datetime = NOW, since: Any = SINCE
) -> dict[tuple[str, str], FollowUp]:
    """Every follow-up that some batches add up to, by kind and appointment."""
    book = entered(batches, since)
    return {(key.kind, key.external_id): one for key, one in compute(book, now).follow_ups.items()}


def open_ones(*batches: Iterable[Any], now: datetime = NOW, since: Any = SINCE) -> set[tuple[str, str]]:
    found = compute(entered(batches, since), now).follow_ups
    return {(key.kind, key.external_id) for key, one in found.items() if one.state is FollowUpState.OPEN}


def told(name: str, hour: float, status: Status, start: datetime = START, **also: Any) -> Observation:
    """Something said of one appointment at an hour."""
    stated = {"status": StatusWord(word=status), "booked_at": at(-24), "schedule": Schedule(start_at=start)}
    return a_statement(name, version_at=at(hour), observed_at=at(hour), **{**stated, **also})


def ghl(name: str, hour: float, status: Status, start: datetime = START, **also: Any) -> Observation:
    return told(name, hour, status, start, **{"provider": Provider.GHL, **also})


def done(of: FollowUpKind, name: str, hour: float, act: Act = Act.DONE, **also: Any) -> FollowUpAct:
    stated = {"of": of, "provider": Provider.CALENDLY, "external_id": name, "act": act, "at": at(hour)}
    return FollowUpAct(**{**stated, **also})


def a_move() -> list[Observation]:
    """A reschedule as Calendly tells it: booked, the old half, the new half."""
    return [
        told("old", -20, Status.CONFIRMED),
        told("old", 2, Status.CANCELED, links=Links(replaced_by="new", moved=True)),
        told("new", 2, Status.CONFIRMED, NEW_START, booked_at=at(2), links=Links(replaces="old")),
    ]


@given(st.data(), statements)
def test_any_order_repetition_and_batching_raises_the_same(data: st.DataObject, said: list[Any]) -> None:
    straight, mixed = entered([said]), entered(data.draw(rearranged(said)))
    for now in (at(0), at(6), at(100)):
        assert compute(mixed, now).follow_ups == compute(straight, now).follow_ups


@given(st.data(), st.lists(observations(), max_size=8))
def test_what_a_person_has_dealt_with_never_comes_back(data: st.DataObject, said: list[Observation]) -> None:
    """Rule 26: an act covers every cause up to it, whether we had heard of it by then or hear of it later."""
    keys = [(kind, provider, name) for kind in FollowUpKind for provider in Provider for name in KEYS]
    dealt = [FollowUpAct(of=k, provider=p, external_id=n, act=Act.DONE, at=at(60)) for k, p, n in keys]
    batches = data.draw(rearranged(said))
    batches.insert(data.draw(st.integers(0, len(batches))), dealt)
    assert open_ones(*batches, now=at(100)) == set()


@given(st.lists(observations(), max_size=8))
def test_facts_older_than_the_connection_raise_nothing(said: list[Observation]) -> None:
    """Rule 24: the first sweep over 400 days is quiet, and so is every backfill."""
    assert raised(said, now=at(6), since=dict.fromkeys(Provider, at(60))) == {}


@given(st.lists(observations(), max_size=8))
def test_a_migration_raises_nothing(said: list[Observation]) -> None:
    moved_in = [one.but(source=Source.MIGRATION, version_at=None) for one in said]
    unlinked = [one.but(links=None) for one in moved_in]
    assert raised(unlinked, now=at(100)) == {}


@given(st.lists(observations() | acts, max_size=6), instants)
def test_by_time_alone_a_follow_up_changes_only_when_the_lead_is_computed_again(
    said: list[Any], now: datetime
) -> None:
    """Rule 21."""
    book = enter(Book(since=SINCE), said)
    last = compute(book, now)
    for hour in sorted({at(one) for one in (0, 1, 2, 5, 6, 8, 9, 24, 25, 48, 49, 60)}):
        if hour > now:
            fresh = compute(book, hour)
            if last.recompute_at is None or hour < last.recompute_at:
                assert fresh.follow_ups == last.follow_ups
            else:
                last = fresh


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_reschedule_asks_for_one_look_and_never_for_a_cancellation(order: tuple[int, ...]) -> None:
    """Rules 24 and 27, pitfalls C1 and C2: at no moment is the old half a loss."""
    halves = a_move()
    for seen in range(1, 4):
        assert not {key for key in raised([halves[n] for n in order[:seen]]) if key[0] == CANCELED}
    found = raised([halves[n] for n in order])
    assert set(found) == {(RESCHEDULED, "old")}
    (only,) = found.values()
    assert (only.state, only.urgent) == (FollowUpState.OPEN, True)
    assert (only.cause_at, only.lost_start_at, only.new_start_at) == (at(2), START, NEW_START)


def test_two_meetings_canceled_are_two_and_one_canceled_twice_is_one() -> None:
    one = told("one", 1, Status.CANCELED)
    other = told("other", 2, Status.CANCELED)
    assert open_ones([one, other]) == {(CANCELED, "one"), (CANCELED, "other")}
    assert open_ones([one], [told("one", 3, Status.CANCELED)]) == {(CANCELED, "one")}


def test_a_meeting_that_comes_back_closes_its_follow_up_and_a_later_loss_opens_it() -> None:
    """Rules 12 and 26: a HighLevel appointment may come back, and what was done with it then is past."""
    lost, back, again = (
        ghl("one", hour, word)
        for hour, word in ((1, Status.CANCELED), (2, Status.CONFIRMED), (4, Status.CANCELED))
    )
    handled = done(CANCELED, "one", 3, provider=Provider.GHL)
    assert raised([lost, back])[CANCELED, "one"].closed_reason is Answered.REINSTATED
    assert open_ones([lost, back, again]) == {(CANCELED, "one")}
    for told_in in permutations([lost, back, again, handled]):
        assert open_ones(told_in) == {(CANCELED, "one")}
    assert open_ones([lost, back, again, done(CANCELED, "one", 4, provider=Provider.GHL)]) == set()


def test_a_later_booking_answers_a_cancellation_whatever_becomes_of_it() -> None:
    lost = told("one", 1, Status.CANCELED)
    new = told("two", 4, Status.CANCELED, NEW_START, booked_at=at(2))
    found = raised([new], [lost])
    assert found[CANCELED, "one"].closed_reason is Answered.BOOKED_AGAIN
    assert found[CANCELED, "one"].closed_at == at(2)
    assert found[CANCELED, "two"].state is FollowUpState.OPEN
    earlier = told("two", 4, Status.CONFIRMED, NEW_START, booked_at=at(0.5))
    assert open_ones([earlier, lost]) == {(CANCELED, "one")}


def test_a_meeting_canceled_when_it_had_begun_is_no_lost_meeting() -> None:
    """Rule 24, pitfall C29."""
    assert raised([told("one", 2, Status.CANCELED, at(1))], now=at(1.5)) == {}


@pytest.mark.parametrize(
    ("later", "now", "reason"),
    [
        ([], at(73), Answered.STARTED),
        (
            [told("new", 4, Status.CANCELED, NEW_START, booked_at=at(2))],
            at(6),
            Answered.CANCELED,
        ),
        (
            [
                told(
                    "new",
                    4,
                    Status.CANCELED,
                    NEW_START,
                    booked_at=at(2),
                    links=Links(replaced_by="newer", moved=True),
                )
            ],
            at(6),
            Answered.MOVED_AGAIN,
        ),
    ],
    ids=["started", "canceled", "moved"],
)
def test_a_move_is_answered_by_what_comes_of_the_new_meeting(
    later: list[Observation], now: datetime, reason: Answered
) -> None:
    assert raised([*a_move(), *later], now=now)[RESCHEDULED, "old"].closed_reason is reason


def test_a_move_in_place_is_a_reschedule_of_the_appointment_itself() -> None:
    """Rules 12 and 24; another spelling of the same start is none."""
    first, moved = ghl("one", 1, Status.CONFIRMED), ghl("one", 2, Status.CONFIRMED, NEW_START)
    (only,) = raised([moved], [first]).values()
    assert only.key.kind is RESCHEDULED
    assert (only.cause_at, only.lost_start_at, only.new_start_at) == (at(2), START, NEW_START)
    assert raised([first, ghl("one", 3, Status.PENDING)]) == {}
    handled = done(RESCHEDULED, "one", 3, provider=Provider.GHL)
    again = ghl("one", 4, Status.CONFIRMED, at(96))
    assert open_ones([first, moved, handled]) == set()
    assert open_ones([first, moved, handled, again]) == {(RESCHEDULED, "one")}


def test_a_held_meeting_without_an_outcome_is_due_when_it_is_over() -> None:
    meeting = told("one", 1, Status.CONFIRMED, at(2))
    book = enter(Book(since=SINCE), [meeting])
    assert compute(book, at(2.5)).follow_ups == {}
    assert compute(book, at(2.5)).recompute_at == at(3)
    (due,) = raised([meeting], now=at(3)).values()
    assert (due.key.kind, due.due_at, due.urgent) == (NEEDS_OUTCOME, at(3), False)
    by_hand = a_statement(
        "one",
        source=Source.MANUAL,
        version_at=None,
        observed_at=at(4),
        outcome=Outcome(word=Status.SHOWED, at=at(4)),
    )
    assert raised([by_hand], [meeting], now=at(6))[NEEDS_OUTCOME, "one"].closed_reason is Answered.OUTCOME


def test_a_no_show_is_answered_by_a_later_booking_or_by_another_outcome() -> None:
    missed = a_statement(
        "one",
        version_at=at(1),
        schedule=Schedule(start_at=at(2)),
        status=StatusWord(word=Status.CONFIRMED),
        outcome=Outcome(word=Status.NO_SHOW, at=at(3.5)),
    )
    assert open_ones([missed]) == {(NO_SHOW, "one")}
    found = raised([missed, told("two", 5, Status.CONFIRMED, booked_at=at(5))])
    assert found[NO_SHOW, "one"].closed_reason is Answered.BOOKED_AGAIN
    came = a_statement("one", version_at=at(1), outcome=Outcome(word=Status.SHOWED, at=at(4)))
    assert raised([came, missed])[NO_SHOW, "one"].closed_reason is Answered.OUTCOME


def test_a_snooze_ends_by_itself_and_by_a_later_cause() -> None:
    lost = told("one", 1, Status.CANCELED)
    asleep = done(CANCELED, "one", 2, Act.SNOOZE, until=at(5))
    book = enter(Book(since=SINCE), [lost, asleep])
    computed = compute(book, at(3))
    (only,) = computed.follow_ups.values()
    assert (only.state, only.due_at, computed.recompute_at) == (FollowUpState.SNOOZED, at(5), at(5))
    assert open_ones([lost, asleep], now=at(5)) == {(CANCELED, "one")}
    twice = [
        ghl("one", 1, Status.CANCELED),
        ghl("one", 2.5, Status.CONFIRMED),
        ghl("one", 3, Status.CANCELED),
    ]
    asleep = done(CANCELED, "one", 2, Act.SNOOZE, until=at(50), provider=Provider.GHL)
    assert open_ones([*twice, asleep]) == {(CANCELED, "one")}


def test_undo_takes_an_act_back_and_reopen_overrules_a_closing() -> None:
    lost, new = told("one", 1, Status.CANCELED), told("two", 2, Status.CONFIRMED, booked_at=at(2))
    assert open_ones([lost, done(CANCELED, "one", 3), done(CANCELED, "one", 4, Act.UNDO)]) == {
        (CANCELED, "one")
    }
    assert open_ones([lost, new, done(CANCELED, "one", 4, Act.UNDO)]) == set()
    assert open_ones([lost, new, done(CANCELED, "one", 4, Act.REOPEN)]) == {(CANCELED, "one")}


def test_an_act_on_what_turned_out_to_be_a_reschedule_is_kept_as_withdrawn() -> None:
    """Whatever a person did is a fact, though its cause is none any more."""
    handled = done(CANCELED, "old", 3)
    (one,) = (one for key, one in raised([handled, *a_move()]).items() if key[0] == CANCELED)
    assert (one.state, one.closed_reason, one.cause_at) == (FollowUpState.CLOSED, Answered.WITHDRAWN, None)
