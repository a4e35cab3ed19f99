"""Doubts: what only the provider's own answer can settle, and what leaves nothing to ask (RULES 8 and 15)."""

from itertools import permutations
from typing import Any

import pytest

from pipeline.book import Book, enter
from pipeline.doubts import CONTRADICTION, NO_START, Doubt, doubts
from pipeline.observation import AppointmentKey, Description, Observation, Outcome, Schedule, StatusWord
from pipeline.words import Provider, Source, Status
from tests.statements import a_statement, at

KEY = AppointmentKey(Provider.GHL, "meeting")
URI = "https://api.calendly.com/scheduled_events/E/invitees/meeting"
CONFIRMED, CANCELED = StatusWord(word=Status.CONFIRMED), StatusWord(word=Status.CANCELED)
START = Schedule(start_at=at(48))


def ghl(**stated: Any) -> Observation:
    """GHL's word on the meeting; with `version_at` None a workflow's."""
    return a_statement(**{"provider": Provider.GHL, "status": CONFIRMED, "schedule": START, **stated})


def workflow(hour: float, **stated: Any) -> Observation:
    return ghl(version_at=None, observed_at=at(hour), **stated)


def calendly(**stated: Any) -> Observation:
    return a_statement(**{"status": CONFIRMED, **stated})


def raised(*said: Observation, held: Book | None = None) -> list[Doubt]:
    """What is left in doubt when a book takes statements in."""
    before = Book() if held is None else held
    return doubts(before, enter(before, said))


def test_a_word_without_a_version_that_contradicts_the_newest_version_is_asked_about() -> None:
    assert raised(ghl(), workflow(1, status=CANCELED)) == [Doubt(KEY, CONTRADICTION, at(1))]


def test_another_start_without_a_version_is_asked_about() -> None:
    moved = workflow(1, schedule=Schedule(start_at=at(50)))
    assert raised(ghl(), moved) == [Doubt(KEY, CONTRADICTION, at(1))]


def test_order_and_batching_raise_the_same_doubt() -> None:
    statements = [ghl(), workflow(1, status=CANCELED), workflow(2, schedule=Schedule(start_at=at(50)))]
    for order in permutations(statements):
        assert raised(*order) == [Doubt(KEY, CONTRADICTION, at(2))]
    held = enter(Book(), statements[:1])
    assert raised(*statements[1:], held=held) == [Doubt(KEY, CONTRADICTION, at(2))]


def test_a_contradiction_is_found_also_when_the_version_comes_after_it() -> None:
    held = enter(Book(), [workflow(1, status=CANCELED)])
    assert raised(ghl(), held=held) == [Doubt(KEY, CONTRADICTION, at(0))]


@pytest.mark.parametrize(
    "said",
    [
        workflow(1),
        workflow(1, schedule=None, status=None),
        workflow(1, schedule=Schedule(timezone="Europe/Berlin")),
        workflow(-1, status=CANCELED),
        workflow(0, status=CANCELED),
        ghl(version_at=at(1), status=CANCELED),
    ],
    ids=["agrees", "says nothing", "names a zone", "is older", "is as old", "has a newer version"],
)
def test_what_contradicts_nothing_is_not_asked_about(said: Observation) -> None:
    assert raised(ghl(), said) == []


def test_without_any_version_there_is_nothing_to_contradict() -> None:
    assert raised(workflow(1), workflow(2, status=CANCELED)) == []


@pytest.mark.parametrize("source", [Source.RECONCILE_CRON, Source.MANUAL, Source.BACKFILL])
def test_an_answer_of_the_provider_and_a_persons_word_raise_no_doubt(source: Source) -> None:
    assert raised(ghl(), workflow(1, status=CANCELED, source=source)) == []


def test_a_repetition_raises_no_doubt_anew() -> None:
    statements = [ghl(), workflow(1, status=CANCELED)]
    held = enter(Book(), statements)
    assert raised(*statements, held=held) == []


def test_what_counts_as_removed_is_not_asked_about_again() -> None:
    gone = ghl(version_at=at(0.5), status=StatusWord(word=Status.CANCELED, removed=True))
    assert raised(ghl(), gone, workflow(1)) == []


def test_a_word_that_only_repeats_the_outcome_is_no_contradiction() -> None:
    versioned = calendly(schedule=START, outcome=Outcome(word=Status.NO_SHOW, at=at(50)))
    told = calendly(
        version_at=None, observed_at=at(51), schedule=START, status=StatusWord(word=Status.NO_SHOW)
    )
    assert raised(versioned, told) == []


def test_a_calendly_meeting_without_a_start_is_fetched_by_its_uri() -> None:
    said = calendly(description=Description(calendly_invitee_uri=URI))
    key = AppointmentKey(Provider.CALENDLY, "meeting")
    assert raised(said) == [Doubt(key, NO_START, at(0), URI)]
    assert raised(said, calendly(version_at=at(1), schedule=START)) == []


def test_a_start_is_not_asked_for_where_it_would_be_of_no_use() -> None:
    assert raised(calendly(status=CANCELED)) == [], "it is canceled"
    assert raised(ghl(schedule=None)) == [], "a listing of GHL's never lacks it"
    assert raised(calendly(source=Source.RECONCILE_CRON)) == [], "we have just asked"


def test_each_meeting_is_doubted_by_itself() -> None:
    other = AppointmentKey(Provider.GHL, "other")
    said = [ghl(), workflow(1, status=CANCELED), ghl(external_id="other"), workflow(3, external_id="other")]
    assert raised(*said) == [Doubt(KEY, CONTRADICTION, at(1))]
    said.append(workflow(4, external_id="other", status=CANCELED))
    assert raised(*said) == [Doubt(KEY, CONTRADICTION, at(1)), Doubt(other, CONTRADICTION, at(4))]
