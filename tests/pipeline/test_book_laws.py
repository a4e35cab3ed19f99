"""The laws of the book, in memory: order, repetition and batches of the same statements say nothing."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.book import Book, compute, enter
from pipeline.job import LeadStatusSaid, read_payload
from pipeline.observation import AppointmentKey, Observation
from pipeline.timeline import Revision, revisions
from pipeline.words import Source
from tests.pipeline.strategies import histories, instants, observations, rearranged, retold_histories
from tests.statements import at

lead_words = st.builds(
    LeadStatusSaid,
    source=st.just(Source.MANUAL),
    word=st.sampled_from(["new", "lost", "won"]),
    at=instants,
)
statements = st.lists(observations() | lead_words, max_size=8)
NOW = at(6)


def timelines(book: Book) -> dict[AppointmentKey, list[Revision]]:
    return {key: revisions(said.values()) for key, said in book.observations.items()}


def entered(batches: Iterable[Iterable[Any]]) -> Book:
    book = Book()
    for batch in batches:
        book = enter(book, batch)
    return book


@given(st.data(), statements)
def test_any_order_repetition_and_batching_gives_the_same_book(data: st.DataObject, said: list[Any]) -> None:
    """The promise of RULES' first paragraph; rules 5, 7, 9, 17, 18, 20 and 23 rest on it."""
    straight = entered([said])
    rearranged_book = entered(data.draw(rearranged(said)))
    assert rearranged_book == straight
    assert compute(rearranged_book, NOW) == compute(straight, NOW)
    assert timelines(rearranged_book) == timelines(straight)


@given(st.data(), retold_histories())
def test_whoever_tells_of_a_statement_first_the_book_is_the_same(
    data: st.DataObject, said: list[Observation]
) -> None:
    """Rules 9 and 10: the digest leaves out the door, and the door that is kept does not depend on order."""
    straight = entered([said])
    rearranged_book = entered(data.draw(rearranged(said)))
    assert rearranged_book == straight
    assert timelines(rearranged_book) == timelines(straight)


@given(statements)
def test_replaying_everything_changes_nothing(said: list[Any]) -> None:
    """Rule 9: a repetition is no revision."""
    book = entered([said])
    again = enter(book, said)
    assert again == book
    assert timelines(again) == timelines(book)


@given(st.data(), histories)
def test_a_part_said_again_later_changes_nothing(data: st.DataObject, said: list[Observation]) -> None:
    """Rule 9: nor is a repetition of some of it, whatever came in between."""
    book = entered([said])
    some = data.draw(st.lists(st.sampled_from(said), max_size=4)) if said else []
    assert enter(book, some) == book


@given(histories)
def test_a_payload_that_went_through_the_inbox_is_the_same_statement(said: list[Observation]) -> None:
    """Rule 6: what travels with a job survives storage, or a replay would be another fact."""
    for one in said:
        stored = read_payload(one.text())
        assert isinstance(stored, Observation)
        assert (stored, stored.digest) == (one, one.digest)


@given(histories)
def test_the_observations_of_other_appointments_do_not_touch_one(said: list[Observation]) -> None:
    """Rule 5: an appointment's own facts are its own observations', and nobody else's."""
    book = entered([said])
    for key, folded in book.folded.items():
        alone = entered([[one for one in said if one.key == key]])
        assert alone.folded[key] == folded


@given(histories, instants, instants)
def test_the_books_do_not_depend_on_when_they_are_computed_but_for_what_is_upcoming(
    said: list[Observation], one: Any, other: Any
) -> None:
    """`now` is an argument of the rollup alone: appointments and lead status are the same at any time."""
    book = entered([said])
    first, second = compute(book, one), compute(book, other)
    assert first.appointments == second.appointments
    assert first.status == second.status
