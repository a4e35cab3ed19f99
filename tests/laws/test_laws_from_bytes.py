"""The laws from signed bytes: real bodies through the real receiver, in any order, with an import and a merge between."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import people
from db.identities import digest_of, of_appointment
from db.ids import new_id
from db.importing import import_rows
from db.inbox import post_to_lead
from db.ledger import Hands
from pipeline.addressing import Identity
from pipeline.job import MergeAsked
from pipeline.observation import AppointmentKey
from pipeline.words import Provider, Source
from tests.ingest.calendly_story import Meeting
from tests.ingest.receiving import Address, Receiving, an_address
from tests.laws.books import Books, books_of, left_over
from tests.laws.people import drain_all
from tests.statements import an_email, at

law = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

# Anna moves her meeting twice, books the last one with another address, and is missed, or not, at the end.
A1 = Meeting("A1", "anna@example.com", 0)
A2 = Meeting("A2", "Anna@example.com ", 1, replaces="A1")
A3 = Meeting("A3", "anna@work.example", 2, replaces="A2")
# Ben cancels and books again three hours later: a move that nobody calls one.
B1 = Meeting("B1", "ben@example.com", 0)
B2 = Meeting("B2", "ben@example.com", 4)
# Cleo and Chloe are one person, which a person of the agency knows.
C1 = Meeting("C1", "cleo@example.com", 1)
C2 = Meeting("C2", "chloe@example.com", 3)

STORY = [
    A1.created(), A1.canceled(1, "A2"), A2.created(), A2.canceled(2, "A3"), A3.created(), A3.missed(23), A3.not_missed(24),
    B1.created(), B1.canceled(1), B2.created(), B2.missed(25),
    C1.created(), C2.created(), C2.canceled(5),
]  # fmt: skip
PEOPLE = [
    (1, {"external_id": "crm-a", "email": "anna@example.com", "first_name": "Anna"}),
    (2, {"external_id": "crm-b", "email": "BEN@example.com", "status": "replied"}),
]

Step = Callable[[Receiving, Hands, Address], None]


@pytest.fixture
def receiving(database: str) -> Iterator[Receiving]:
    with Receiving(database) as started:
        yield started


def delivered(*bodies: dict[str, Any]) -> Step:
    """All at the same moment: they share a transaction."""

    def step(receiving: Receiving, hands: Hands, address: Address) -> None:
        answers = receiving.deliver(address.endpoint, *bodies)
        assert answers == [(200, {"ok": True})] * len(bodies)

    return step


def drained(receiving: Receiving, hands: Hands, address: Address) -> None:
    drain_all(hands, address.client_id)


def imported(receiving: Receiving, hands: Hands, address: Address) -> None:
    import_rows(hands.database, address.client_id, address.pepper, "US", iter(PEOPLE))


def played(receiving: Receiving, hands: Hands, steps: list[Step]) -> Books:
    """Take some steps in a client of its own, then say that Chloe is Cleo; returns the books."""
    address = an_address(hands.database, str(new_id()))
    for step in steps:
        step(receiving, hands, address)
    drained(receiving, hands, address)
    assert left_over(hands.database, address.client_id) == {"inbox": 0, "dead_letter": 0}
    return books_of(hands.database, address.client_id, names(address))


def merged(receiving: Receiving, hands: Hands, address: Address) -> None:
    """A person says that Chloe is Cleo, as soon as both are known."""
    drained(receiving, hands, address)
    chloe, cleo = (lead_named(hands, address, an_email(name)) for name in ("chloe", "cleo"))
    if chloe != cleo:
        people.act(hands, address.client_id, chloe, MergeAsked(source=Source.MANUAL, into=cleo), at(6))


def lead_named(hands: Hands, address: Address, identity: Identity) -> Any:
    rows = hands.database.execute(
        "SELECT lead_id FROM lead_identity WHERE client_id = %s AND digest = %s",
        (address.client_id, digest_of(address.pepper, identity)),
    ).fetchall()
    return rows[0][0]


def names(address: Address) -> dict[str, str]:
    """The digests of all who appear, in the clear."""
    emails = [an_email(name) for name in ("anna", "ben", "cleo", "chloe")]
    emails += [Identity(emails[0].kind, "anna@work.example")]
    emails += [Identity(type(emails[0].kind).EXTERNAL_ID, name) for name in ("crm-a", "crm-b")]
    keys = [of_appointment(AppointmentKey(Provider.CALENDLY, name)) for name in ("A1", "A2", "A3", "B1", "B2", "C1", "C2")]  # fmt: skip
    return {digest_of(address.pepper, one).hex(): one.value for one in (*emails, *keys)}


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    """The story in another order, some of it twice, several at a moment, with drains and the import anywhere."""
    bodies = draw(st.permutations([*STORY, *draw(st.lists(st.sampled_from(STORY), max_size=3))]))
    steps: list[Step] = []
    while bodies:
        size = draw(st.integers(1, 5))
        steps.append(delivered(*bodies[:size]))
        bodies = bodies[size:]
        if draw(st.booleans()):
            steps.append(drained)
    steps.insert(draw(st.integers(0, len(steps))), imported)
    return [*steps, merged]


def expected(receiving: Receiving, hands: Hands) -> Books:
    return played(receiving, hands, [imported, *(delivered(body) for body in STORY), merged])


def test_the_story_told_in_order_ends_as_a_reader_would_say(receiving: Receiving, hands: Hands) -> None:
    """What the law compares with is right, not only the same."""
    books = expected(receiving, hands)
    told = {
        frozenset(name for name in who if "@" in name): (
            lead["status"],
            lead["appointment_status"],
            {key[1]: one["status"] for key, one in lead["appointments"].items()},
        )
        for who, lead in books.items()
    }
    assert told == {
        frozenset({"anna@example.com", "anna@work.example"}): (
            "meeting-booked", "confirmed", {"A1": "rescheduled", "A2": "rescheduled", "A3": "confirmed"},
        ),
        frozenset({"ben@example.com"}): ("replied", "no_show", {"B1": "canceled", "B2": "no_show"}),
        frozenset({"cleo@example.com", "chloe@example.com"}): (
            "meeting-booked", "confirmed", {"C1": "confirmed", "C2": "canceled"},
        ),
    }  # fmt: skip


@law
@given(st.data())
def test_any_order_of_signed_bodies_with_an_import_and_a_merge_ends_in_the_same_books(
    receiving: Receiving, hands: Hands, data: st.DataObject
) -> None:
    """Rules 1-23 at once."""
    assert played(receiving, hands, data.draw(stories())) == expected(receiving, hands)


@law
@given(st.permutations([C1.created(), C2.created(), C2.canceled(5), C1.canceled(4)]), st.integers(0, 4))
def test_a_merge_anywhere_between_deliveries_ends_in_the_same_books(
    receiving: Receiving, hands: Hands, bodies: list[dict[str, Any]], place: int
) -> None:
    """Rule 4: what comes for the loser afterwards follows it to the winner."""
    both = [delivered(C1.created(), C2.created()), drained]
    steps: list[Step] = [delivered(body) for body in bodies]
    mixed = played(receiving, hands, [*both, *steps[:place], merged, *steps[place:]])
    assert mixed == played(receiving, hands, [*both, *steps, merged])


@law
@given(st.permutations([0, 1, 2]), st.booleans())
def test_a_token_names_the_lead_whatever_address_was_typed(
    receiving: Receiving, hands: Hands, order: list[int], drain_between: bool
) -> None:
    """Rule 1: our own mark beats an unknown address; what it booked is the lead's in any order."""

    def run(places: list[int], *, between: bool) -> Books:
        address = an_address(hands.database, str(new_id()))
        imported(receiving, hands, address)
        token = str(lead_named(hands, address, an_email("anna")))
        first = Meeting("A1", "typo@example.com", 0, token=token)
        second = Meeting("A2", "typo@example.com", 1, replaces="A1", token=token)
        bodies = [first.created(), first.canceled(1, "A2"), second.created()]
        for place in places:
            receiving.deliver(address.endpoint, bodies[place])
            if between:
                drained(receiving, hands, address)
        drained(receiving, hands, address)
        return books_of(hands.database, address.client_id, names(address) | _typo(address))

    told = run([0, 1, 2], between=True)
    assert run(order, between=drain_between) == told
    (anna,) = [lead for who, lead in told.items() if "anna@example.com" in who]
    assert (anna["appointment_count"], anna["appointment_status"]) == (2, "confirmed")


def _typo(address: Address) -> dict[str, str]:
    return {digest_of(address.pepper, an_email("typo")).hex(): "typo@example.com"}


def test_a_job_posted_to_a_lead_that_was_merged_meanwhile_is_not_lost(
    receiving: Receiving, hands: Hands
) -> None:
    """Rule 4."""
    address = an_address(hands.database, "meanwhile")
    delivered(C1.created(), C2.created())(receiving, hands, address)
    drained(receiving, hands, address)
    chloe = lead_named(hands, address, an_email("chloe"))
    merged(receiving, hands, address)
    chloe_again = MergeAsked(source=Source.MANUAL, into=chloe)
    post_to_lead(hands.database, address.client_id, chloe, chloe_again, at=at(6), trace_id=new_id())
    drained(receiving, hands, address)
    (only,) = books_of(hands.database, address.client_id).values()
    assert only["appointment_count"] == 2
    assert left_over(hands.database, address.client_id)["inbox"] == 0
