"""Strategies: observations with so few keys, times and words that collisions and ties are common."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from pipeline.appointment import Appointment
from pipeline.observation import (
    AppointmentKey,
    Description,
    Links,
    Observation,
    Outcome,
    Schedule,
    StatusWord,
)
from pipeline.words import Provider, Source, Status
from tests.statements import at

KEYS = ("a", "b", "c")
HOURS = (0, 1, 2, 5, 8)

instants = st.sampled_from([at(hour) for hour in HOURS])
starts = st.sampled_from([at(hour) for hour in (1, 5, 24, 48)])
words = st.sampled_from([Status.PENDING, Status.CONFIRMED, Status.CANCELED, Status.INVALID, Status.SHOWED])
outcomes = st.sampled_from([None, Status.SHOWED, Status.NO_SHOW])
providers = st.sampled_from(list(Provider))
CALENDARS = ("https://api.example.com/event_types/one", "https://api.example.com/event_types/two")


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Stated, or not."""
    return st.none() | strategy


schedules = st.builds(
    Schedule,
    start_at=maybe(starts),
    end_at=maybe(starts),
    timezone=st.sampled_from([None, "UTC", "Asia/Tokyo"]),
)
status_words = st.builds(
    StatusWord,
    word=words,
    removed=st.booleans(),
    hearsay=st.sampled_from([None, None, True]),
    restored_at=maybe(instants),
    canceled_at=maybe(instants),
    cancel_reason=st.sampled_from([None, "ill", "late"]),
)
said_outcomes = st.builds(Outcome, word=outcomes, at=instants)
descriptions = st.builds(Description, calendly_event_type_uri=st.sampled_from([None, *CALENDARS]))


def links_of(key: str) -> st.SearchStrategy[Links]:
    """Links to any other key, contradictions included."""
    others = st.sampled_from([None, *(one for one in KEYS if one != key)])
    return st.builds(
        Links,
        replaces=others,
        replaced_by=others,
        moved=st.booleans(),
        detached=st.sampled_from([(), *((one,) for one in KEYS if one != key)]),
    )


@st.composite
def observations(draw: st.DrawFn, keys: Sequence[str] = KEYS) -> Observation:
    """One statement about one of the keys, from any door."""
    key = draw(st.sampled_from(keys))
    source = draw(st.sampled_from(list(Source)))
    versioned = source not in (Source.MIGRATION, Source.MANUAL) and draw(st.booleans())
    return Observation(
        provider=draw(providers),
        external_id=key,
        source=source,
        observed_at=draw(instants),
        version_at=draw(instants) if versioned else None,
        normalizer=draw(st.sampled_from([1, 2])),
        schedule=draw(maybe(schedules)),
        status=draw(maybe(status_words)),
        outcome=draw(maybe(said_outcomes)),
        links=draw(maybe(links_of(key))),
        description=draw(maybe(descriptions)),
        booked_at=draw(maybe(instants)),
    )


@st.composite
def retellings(draw: st.DrawFn, said: Observation) -> Observation:
    """The same statement through another door: a later read, another release, a reason told or not."""
    told: dict[str, Any] = {"normalizer": draw(st.sampled_from([1, 2]))}
    if said.version_at is not None:
        told["source"] = draw(
            st.sampled_from([Source.AUTO_BOOK, Source.WEBHOOK, Source.RECONCILE_CRON, Source.BACKFILL])
        )
        told["observed_at"] = draw(instants)
    if said.status is not None:
        told["status"] = said.status.but(cancel_reason=draw(st.sampled_from([None, "ill"])))
    return said.but(**told)


@st.composite
def retold_histories(draw: st.DrawFn) -> list[Observation]:
    """A history, some of which is told by several doors."""
    said = draw(st.lists(observations(), min_size=1, max_size=5))
    return said + [draw(retellings(draw(st.sampled_from(said)))) for _ in range(draw(st.integers(0, 4)))]


histories = st.lists(observations(), max_size=8)


@st.composite
def rearranged(draw: st.DrawFn, said: Sequence[Any]) -> list[list[Any]]:
    """The same statements in another order, some of them twice, cut into batches."""
    again = draw(st.lists(st.sampled_from(said), max_size=3)) if said else []
    shuffled = draw(st.permutations([*said, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    return [list(shuffled[a:b]) for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


@st.composite
def appointments(draw: st.DrawFn) -> list[Appointment]:
    """Some appointments of one lead, as they are shown."""
    keys = draw(st.lists(st.tuples(providers, st.sampled_from("abcdef")), max_size=6, unique=True))
    return [draw(_appointment(AppointmentKey(*key))) for key in keys]


def _appointment(key: AppointmentKey) -> st.SearchStrategy[Appointment]:
    return st.builds(
        Appointment,
        key=st.just(key),
        status=st.sampled_from([Status.CONFIRMED, *Status]) | st.just(Status.PENDING),
        source=st.just(Source.WEBHOOK),
        first_effective_at=instants,
        start_at=maybe(starts),
        booked_at=maybe(instants),
        canceled_at=maybe(instants),
        placeholder=st.sampled_from([False, False, False, True]),
    )
