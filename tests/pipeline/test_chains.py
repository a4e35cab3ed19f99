"""Chains: superseded appointments, halves that are only named, and moves that are inferred (RULES 17-19)."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.appointment import Appointment, project
from pipeline.book import Book, enter
from pipeline.chains import INFER_WITHIN, link
from pipeline.observation import Description, Links, Observation, StatusWord
from pipeline.rollup import count, primary
from pipeline.words import LinkKind, Status, Why
from tests.pipeline.strategies import histories
from tests.statements import a_statement, at

CALENDAR = Description(calendly_event_type_uri="https://api.calendly.com/event_types/one")
ELSEWHERE = Description(calendly_event_type_uri="https://api.calendly.com/event_types/two")


def shown(*said: Observation) -> dict[str, Appointment]:
    """What is shown of Calendly's appointments, by external id."""
    return {key.external_id: one for key, one in project(enter(Book(), said).folded).items()}


def booked(name: str, hour: float, *, calendar: Description = CALENDAR, **named: object) -> Observation:
    word = StatusWord(word=Status.CONFIRMED)
    return a_statement(
        name, version_at=at(hour), status=word, booked_at=at(hour), description=calendar, **named
    )


def canceled(name: str, hour: float, *, calendar: Description = CALENDAR, **named: object) -> Observation:
    word = StatusWord(word=Status.CANCELED, canceled_at=at(hour))
    return a_statement(
        name, version_at=at(hour), status=word, booked_at=at(-50), description=calendar, **named
    )


def inferred(*said: Observation) -> dict[str, str]:
    """{booking: the cancellation that it seems to replace}."""
    chains = link(enter(Book(), said).folded)
    return {later.external_id: earlier.external_id for later, earlier in chains.inferred.items()}


def test_rule_17_either_half_is_enough_to_show_the_old_one_as_rescheduled() -> None:
    old, new = (
        canceled("A", 1, links=Links(replaced_by="B", moved=True)),
        booked("B", 1, links=Links(replaces="A")),
    )
    plain = canceled("A", 1)
    for said in ((old, new), (plain, new), (old,), (canceled("A", 1, links=Links(moved=True)),)):
        a = shown(*said)["A"]
        assert (a.status, a.canceled_at) == (Status.RESCHEDULED, None)
    assert shown(new)["A"].placeholder


@given(histories)
def test_rule_17_a_superseded_appointment_is_never_canceled(said: list[Observation]) -> None:
    book = enter(Book(), said)
    chains = link(book.folded)
    for key, one in project(book.folded).items():
        own = book.folded.get(key)
        if key in chains.later or (own is not None and own.says_it_was_superseded):
            assert (one.status, one.canceled_at, one.cancel_reason) == (Status.RESCHEDULED, None, None)
        else:
            assert one.status is not Status.RESCHEDULED


def test_rule_17_a_chain_of_three_leaves_only_its_end_and_counts_the_moves() -> None:
    """C3, with the link of C lost later (C4)."""
    chain = shown(
        canceled("A", 1, links=Links(replaced_by="B", moved=True)),
        canceled("B", 2, links=Links(replaces="A", replaced_by="C", moved=True)),
        booked("C", 2, links=Links(replaces="B")),
        booked("C", 3),
    )
    assert [(chain[key].status, chain[key].moved_count) for key in "ABC"] == [
        (Status.RESCHEDULED, 0),
        (Status.RESCHEDULED, 1),
        (Status.CONFIRMED, 2),
    ]
    assert chain["C"].link_kind is LinkKind.NATIVE


def test_rule_18_a_placeholder_is_part_of_the_chain_but_not_counted_and_never_primary() -> None:
    known = shown(canceled("B", 1, links=Links(replaces="A", replaced_by="C", moved=True)))
    assert {key: one.placeholder for key, one in known.items()} == {"A": True, "B": False, "C": True}
    assert count(known.values()) == 1
    chosen, why = primary(known.values(), at(0))
    assert chosen is not None
    assert (chosen.key.external_id, why) == ("B", Why.ONLY_HISTORY)


@given(histories)
def test_rule_18_links_are_each_others_reverse(said: list[Observation]) -> None:
    chains = link(enter(Book(), said).folded)
    assert {later: earlier for earlier, later in chains.later.items()} == chains.earlier


def test_rule_19_a_booking_within_six_hours_of_a_cancellation_seems_to_replace_it() -> None:
    assert inferred(canceled("A", 0), booked("B", 6)) == {"B": "A"}
    assert inferred(canceled("A", 0), booked("B", 6.01)) == {}
    assert inferred(canceled("A", 0), booked("B", 0)) == {}
    assert inferred(canceled("A", 0), booked("B", -1)) == {}


def test_rule_19_it_changes_no_status() -> None:
    pair = shown(canceled("A", 0), booked("B", 1))
    assert [(one.status, one.link_kind) for one in pair.values()] == [
        (Status.CANCELED, LinkKind.INFERRED),
        (Status.CONFIRMED, LinkKind.INFERRED),
    ]
    assert pair["B"].moved_count == 0


def test_rule_19_only_within_one_calendar() -> None:
    assert inferred(canceled("A", 0), booked("B", 1, calendar=ELSEWHERE)) == {}
    assert inferred(canceled("A", 0, calendar=Description()), booked("B", 1, calendar=Description())) == {}


def test_rule_19_only_where_the_provider_states_both_times() -> None:
    seen = a_statement(
        "A", version_at=None, observed_at=at(0), status=StatusWord(word=Status.CANCELED), description=CALENDAR
    )
    assert inferred(seen, booked("B", 1)) == {}
    undated = booked("B", 1).but(booked_at=None)
    assert inferred(canceled("A", 0), undated) == {}


def test_rule_19_each_booking_in_turn_takes_the_latest_cancellation_that_is_left() -> None:
    told = [canceled("A1", 0), canceled("A2", 1), booked("B1", 2), booked("B2", 3)]
    assert inferred(*told) == inferred(*reversed(told)) == {"B1": "A2", "B2": "A1"}


def test_rule_19_ties_go_by_key() -> None:
    assert inferred(canceled("A2", 0), canceled("A1", 0), booked("B", 1)) == {"B": "A1"}
    assert inferred(canceled("A", 0), booked("B2", 1), booked("B1", 1)) == {"B1": "A"}


def test_rule_19_not_where_either_end_has_a_native_link() -> None:
    assert inferred(canceled("A", 0, links=Links(replaced_by="X")), booked("B", 1)) == {}
    assert inferred(canceled("A", 0, links=Links(moved=True)), booked("B", 1)) == {}
    assert inferred(canceled("A", 0), booked("B", 1, links=Links(replaces="X"))) == {}


def test_rule_19_a_native_link_that_lost_to_another_is_native_still() -> None:
    """B and C both say that they replaced A: C is no loose booking, though the chain cannot show it."""
    told = [
        canceled("A", 0),
        booked("B", 1, links=Links(replaces="A")),
        booked("C", 2, links=Links(replaces="A")),
    ]
    assert inferred(*told, canceled("D", 0)) == {}


def test_rule_19_a_detached_pair_stays_apart_and_others_may_pair() -> None:
    detached = a_statement("B", version_at=None, links=Links(detached=("A2",)))
    assert inferred(canceled("A1", 0), canceled("A2", 1), booked("B", 2), detached) == {"B": "A1"}


@given(histories)
def test_rule_19_every_inferred_link_keeps_all_of_its_conditions(said: list[Observation]) -> None:
    book = enter(Book(), said)
    chains = link(book.folded)
    assert len(set(chains.inferred.values())) == len(chains.inferred)
    for later, earlier in chains.inferred.items():
        booking, lost = book.folded[later], book.folded[earlier]
        assert booking.booked_at is not None
        assert lost.canceled_at is not None
        assert at(0) - at(0) < booking.booked_at - lost.canceled_at <= INFER_WITHIN
        assert (booking.provider, booking.calendar) == (lost.provider, lost.calendar)
        assert lost.external_id not in booking.detached
        for key in (later, earlier):
            assert key not in chains.earlier
            assert key not in chains.later


@given(st.lists(st.sampled_from("ABCDE"), min_size=2, max_size=5))
def test_a_ring_of_links_is_walked_once(ring: list[str]) -> None:
    said = [
        booked(one, 0, links=Links(replaced_by=other))
        for one, other in zip(ring, ring[1:] + ring[:1], strict=True)
    ]
    for one in shown(*said).values():
        assert one.moved_count <= len(ring)
