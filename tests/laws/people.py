"""People: two of them with one chain or a few loose meetings each, and what is said of these over time."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from hypothesis import strategies as st

from db import ledger
from db.desk import Database
from db.ids import new_id
from db.inbox import Parcel, post
from db.ledger import Drained, Hands
from pipeline.addressing import Identity
from pipeline.observation import Links, Observation
from pipeline.words import Provider, Source
from tests.pipeline.strategies import descriptions, instants, maybe, observations, schedules, status_words
from tests.statements import a_delivery, an_email

PEOPLE = ("anna", "ben")


@dataclass(frozen=True)
class Telling:
    """One statement, and the person it is about."""

    person: str
    said: Observation
    identities: tuple[Identity, ...]

    def parcel(self, client_id: UUID) -> Parcel:
        return a_delivery(client_id, self.said, *self.identities)


@st.composite
def tellings(draw: st.DrawFn, person: str | None = None) -> Telling:
    """Something said of one of a person's meetings; the links of a person are one chain, never at odds."""
    who = person or draw(st.sampled_from(PEOPLE))
    place = draw(st.integers(0, 2))
    said = draw(observations(keys=["x"]))
    links = Links(
        replaces=f"{who}-{place - 1}" if place and draw(st.booleans()) else None,
        replaced_by=f"{who}-{place + 1}" if place < 2 and draw(st.booleans()) else None,
        moved=draw(st.booleans()),
    )
    linked = draw(st.booleans())
    said = said.but(external_id=f"{who}-{place}", links=links if linked else None)
    return Telling(who, said, (an_email(who),))


@st.composite
def chain_tellings(draw: st.DrawFn) -> Telling:
    """The same, but of a chain whose appointments were each booked with an address of their own."""
    place = draw(st.integers(0, 2))
    at = draw(instants)
    links = Links(
        replaces=f"c-{place - 1}" if place and draw(st.booleans()) else None,
        replaced_by=f"c-{place + 1}" if place < 2 and draw(st.booleans()) else None,
    )
    said = Observation(
        provider=Provider.CALENDLY,
        external_id=f"c-{place}",
        source=Source.WEBHOOK,
        observed_at=at,
        version_at=at,
        status=draw(maybe(status_words)),
        schedule=draw(maybe(schedules)),
        description=draw(maybe(descriptions)),
        links=links,
    )
    return Telling("c", said, (an_email(f"address-{place}"),))


def drain_all(hands: Hands, client_id: UUID) -> Drained:
    """Drain until nothing is due; leads that somebody else has in hand are asked for again."""
    done = Drained()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        leads = due_leads(hands.database, client_id)
        if not leads:
            return done
        done += ledger.drain(hands, client_id, leads)
    raise AssertionError("the inbox does not become empty")


def drain_once(hands: Hands, client_id: UUID) -> None:
    """Drain what is due and free; busy leads are left to their owner."""
    ledger.drain(hands, client_id, due_leads(hands.database, client_id))


def due_leads(database: Database, client_id: UUID) -> list[UUID]:
    rows = database.execute(
        "SELECT DISTINCT lead_id FROM inbox WHERE client_id = %s AND not_before <= now()", (client_id,)
    )
    return [row[0] for row in rows]


def played(hands: Hands, batches: Iterable[Sequence[Telling]]) -> UUID:
    """Tell a client of its own all of it, a drain after each batch; returns the client."""
    client_id = new_id()
    for batch in batches:
        if batch:
            post(hands.database, [one.parcel(client_id) for one in batch])
            drain_all(hands, client_id)
    return client_id
