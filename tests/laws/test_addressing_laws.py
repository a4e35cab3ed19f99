"""Addressing on a real Postgres: whose meeting it is, whoever is told of first (RULES 1-4)."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from db.ids import new_id
from db.importing import import_rows
from db.inbox import post
from db.ledger import Hands
from pipeline.observation import Links, Observation, Schedule, StatusWord
from pipeline.words import Status
from tests.laws.books import Books, books_of
from tests.laws.people import drain_all
from tests.statements import PEPPER, a_delivery, a_statement, an_email, at


def confirmed(name: str, hour: float, **links: Any) -> Observation:
    return a_statement(
        name,
        version_at=at(hour),
        status=StatusWord(word=Status.CONFIRMED),
        schedule=Schedule(start_at=at(24 + hour)),
        links=Links(**links) if links else None,
        booked_at=at(hour),
    )


def moved(name: str, hour: float, **links: Any) -> Observation:
    return a_statement(
        name,
        version_at=at(hour),
        status=StatusWord(word=Status.CANCELED, canceled_at=at(hour)),
        schedule=Schedule(start_at=at(24 + hour)),
        links=Links(moved=True, **links),
        booked_at=at(hour),
    )


# A is moved to B and B to C; each was booked with another address. A's first word names nobody.
CHAIN = [
    ("anna", confirmed("A", 0)),
    ("anna", moved("A", 1, replaced_by="B")),
    ("work", confirmed("B", 1)),
    ("work", moved("B", 2, replaced_by="C")),
    ("home", confirmed("C", 2, replaces="B")),
]


def told_one_by_one(hands: Hands, deliveries: Sequence[tuple[str, Observation]], *, real: bool) -> Books:
    client_id = new_id()
    if real:
        people = [(n, {"email": f"{who}@example.com"}) for n, who in enumerate(("anna", "work", "home"))]
        import_rows(hands.database, client_id, PEPPER, "US", iter(people))
    for who, said in deliveries:
        post(hands.database, [a_delivery(client_id, said, an_email(who))])
        drain_all(hands, client_id)
    return books_of(hands.database, client_id)


def test_a_chain_told_in_any_order_by_three_addresses_loses_nothing(hands: Hands) -> None:
    """Rules 1, 3 and 18: a half that is only named must not displace the same half that is known elsewhere."""
    expected = told_one_by_one(hands, CHAIN, real=False)
    for deliveries in list(permutations(CHAIN))[::7]:
        assert told_one_by_one(hands, deliveries, real=False) == expected


def test_a_link_into_another_real_leads_history_takes_nothing_from_it(hands: Hands) -> None:
    """Rule 3: evidence that ties two real leads changes nothing."""
    first = [("home", confirmed("C", 2, replaces="B")), ("home", confirmed("B", 1))]
    before = told_one_by_one(hands, first, real=True)
    after = told_one_by_one(
        hands, [*first, ("anna", confirmed("A", 0)), ("anna", moved("A", 1, replaced_by="B"))], real=True
    )
    theirs = {key for lead in before.values() for key in lead["appointments"]}
    kept = {key: one for lead in after.values() for key, one in lead["appointments"].items() if key in theirs}
    assert {key: (one["status"], one["placeholder"]) for key, one in kept.items()} == {
        ("calendly", "B"): ("rescheduled", False),
        ("calendly", "C"): ("confirmed", False),
    }
