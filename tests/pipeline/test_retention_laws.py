"""The laws of retention, in memory: what goes is missed by nothing that is computed, whatever else is yet to come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from pipeline.book import Book, compute, enter
from pipeline.doubts import doubts
from pipeline.observation import Description, Links, Observation, Outcome, Schedule, StatusWord
from pipeline.retention import superfluous
from pipeline.timeline import revisions
from pipeline.words import Provider, Source, Status
from tests.pipeline.strategies import (
    histories,
    instants,
    maybe,
    observations,
    rearranged,
    retellings,
    said_outcomes,
    starts,
    words,
)
from tests.statements import a_statement, at

LATE = at(1000)
doors = st.sampled_from([Source.WEBHOOK, Source.RECONCILE_CRON, Source.BACKFILL])
plain_words = st.builds(StatusWord, word=words)


def of_one(said: Sequence[Observation]) -> list[Observation]:
    """The same statements, all about one appointment of one provider, each once."""
    about = [one.but(provider=said[0].provider) for one in said]
    book = enter(Book(), [one.but(links=_others(one.links)) for one in about])
    return list(book.observations[about[0].key].values())


def _others(links: Links | None) -> Links | None:
    """Links to others: an appointment is not its own neighbour."""
    if links is None:
        return None
    named = {
        field: None if getattr(links, field) == "a" else getattr(links, field)
        for field in ("replaces", "replaced_by")
    }
    return links.but(**named)


def everything(said: Sequence[Observation], later: Sequence[Observation], now: datetime) -> Any:
    """All that is computed: facts, what is shown, the timeline, and what a later statement leaves in doubt."""
    before = enter(Book(), said)
    book = enter(before, later)
    timelines = {key: revisions(told.values()) for key, told in book.observations.items()}
    asked = doubts(replaced(before, book), book)
    return book.folded, compute(book, now), timelines, asked


def replaced(before: Book, after: Book) -> Book:
    """The book before, with the observations that a drain loads of what it touches."""
    known = {key: before.observations.get(key, {}) for key in after.observations}
    return Book(before.base, before.folded, known)


@st.composite
def long_histories(draw: st.DrawFn) -> list[Observation]:
    """Histories of one appointment between two versions, in which much is said without a version."""
    provider = draw(st.sampled_from([Provider.CALENDLY, Provider.GHL]))
    first = a_statement(
        "a", provider=provider, version_at=at(1), source=draw(doors), status=draw(plain_words),
        schedule=Schedule(start_at=draw(starts), timezone="UTC"), outcome=draw(maybe(st.just(Outcome(at=at(1))))),
        booked_at=draw(maybe(instants)),
    )  # fmt: skip
    last = a_statement("a", provider=provider, version_at=at(8), status=draw(maybe(plain_words)))
    heard = st.builds(
        a_statement, st.just("a"), provider=st.just(provider), version_at=st.none(), source=doors,
        observed_at=st.sampled_from([at(hour) for hour in (2, 3, 5, 6, 7)]), status=maybe(plain_words),
        schedule=maybe(st.builds(Schedule, start_at=maybe(starts), timezone=st.sampled_from([None, "UTC"]))),
        outcome=maybe(said_outcomes), booked_at=maybe(instants),
    )  # fmt: skip
    others = draw(st.lists(observations(keys=("a",)), max_size=4))
    said = [first, last, *draw(st.lists(heard, min_size=1, max_size=5)), *others]
    return of_one(draw(st.permutations(said)))


@given(long_histories(), histories, st.sampled_from([at(hour) for hour in (3, 7, 1000)]))
def test_dropping_changes_nothing_together_with_whatever_comes_later(
    said: list[Observation], later: list[Observation], before: datetime
) -> None:
    gone = superfluous(said, before)
    event(f"{min(len(gone), 3)} dropped")
    kept = [one for one in said if one not in gone]
    news = [one.but(provider=said[0].provider) for one in later]
    assert everything(kept, news, at(6)) == everything(said, news, at(6))


@given(st.data(), long_histories(), histories)
def test_a_dropped_statement_that_is_told_again_changes_nothing(
    data: st.DataObject, said: list[Observation], later: list[Observation]
) -> None:
    """Late duplicates and replays: the books are as if nothing had been dropped, in any order and any batches."""
    gone = superfluous(said, LATE)
    kept = [one for one in said if one not in gone]
    again = [data.draw(retellings(one)) for one in gone]
    news = [*again, *(one.but(provider=said[0].provider) for one in later)]
    mixed: Book = enter(Book(), kept)
    for batch in data.draw(rearranged(news)):
        mixed = enter(mixed, batch)
    straight = enter(Book(), [*said, *news])
    assert mixed.folded == straight.folded
    assert compute(mixed, at(6)) == compute(straight, at(6))
    for key, told in straight.observations.items():
        assert revisions(mixed.observations[key].values()) == revisions(told.values())


@given(long_histories(), long_histories())
def test_dropping_again_after_more_was_said_changes_nothing_either(
    said: list[Observation], later: list[Observation]
) -> None:
    once = [one for one in said if one not in superfluous(said, at(3))]
    more = of_one([*once, *(one.but(provider=said[0].provider) for one in later)])
    twice = [one for one in more if one not in superfluous(more, LATE)]
    assert everything(twice, [], at(6)) == everything(more, [], at(6))


def said_by_workflow(hour: float, **registers: Any) -> Observation:
    return a_statement("m", provider=Provider.GHL, observed_at=at(hour), version_at=None, **registers)


def version(hour: float, **registers: Any) -> Observation:
    return a_statement(
        "m", provider=Provider.GHL, observed_at=at(hour), version_at=at(hour),
        **{"status": StatusWord(word=Status.CONFIRMED), "schedule": Schedule(start_at=at(48), timezone="UTC"), **registers},
    )  # fmt: skip


CONFIRMED = StatusWord(word=Status.CONFIRMED)


def test_what_a_workflow_repeats_between_two_versions_goes() -> None:
    heard = said_by_workflow(2, status=CONFIRMED, schedule=Schedule(start_at=at(48)))
    assert superfluous([version(1), heard, version(5)], LATE) == [heard]


@pytest.mark.parametrize(
    ("history", "before"),
    [
        ([said_by_workflow(2, status=CONFIRMED)], LATE),
        ([version(3), said_by_workflow(2, status=CONFIRMED), version(5)], LATE),
        ([version(1), said_by_workflow(2, booked_at=at(0)), version(5)], LATE),
        ([version(1), said_by_workflow(2, outcome=Outcome(word=Status.SHOWED, at=at(2))), version(5)], LATE),
        ([version(1), said_by_workflow(2, links=Links(moved=True)), version(5)], LATE),
        ([version(1), said_by_workflow(2, description=Description(ghl_calendar_id="c")), version(5)], LATE),
        ([version(1), said_by_workflow(2, status=CONFIRMED)], LATE),
        ([version(1), said_by_workflow(2, status=CONFIRMED), version(5)], at(1)),
        ([version(1), said_by_workflow(2, source=Source.MANUAL, outcome=Outcome(at=at(2))), version(5)], LATE),
        ([version(1), said_by_workflow(2, source=Source.MIGRATION, status=CONFIRMED), version(5)], LATE),
        ([version(1, source=Source.RECONCILE_CRON), said_by_workflow(2, status=CONFIRMED), version(5, source=Source.RECONCILE_CRON)], LATE),
    ],
    ids=["no-version", "heard-first", "a-register-of-its-own", "an-outcome", "a-link", "a-name", "heard-last", "young",
         "a-person", "a-crm", "the-strongest-door"],
)  # fmt: skip
def test_what_was_the_newest_of_something_stays(history: list[Observation], before: datetime) -> None:
    assert superfluous(history, before) == []


def test_an_invitees_cancellation_without_a_version_absorbs_and_stays() -> None:
    """Rule 11: a version that says otherwise does not hold the status against it."""
    versions = [a_statement("m", version_at=at(hour), status=CONFIRMED) for hour in (1, 5)]
    heard = a_statement("m", observed_at=at(2), version_at=None, status=StatusWord(word=Status.CANCELED))
    assert superfluous([*versions, heard], LATE) == []
