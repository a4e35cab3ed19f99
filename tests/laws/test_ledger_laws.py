"""The laws of the ledger, on a real Postgres: what comes in any order, twice or at once ends in the same books."""

from dataclasses import asdict
from threading import Thread

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.identities import digest_of
from db.ids import new_id
from db.inbox import post
from db.ledger import Hands
from db.shelf_statements import ROLLUP_COLUMNS
from pipeline.book import Book, compute, enter
from tests import builders
from tests.laws.books import books_of, left_over, versions_of
from tests.laws.people import PEOPLE, Telling, chain_tellings, drain_all, drain_once, played, tellings
from tests.pipeline.strategies import rearranged
from tests.statements import PEPPER, an_email, at

# Each example has a client of its own: nothing is left of one for the next.
law = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@law
@given(st.data(), st.lists(tellings(), max_size=7))
def test_any_order_repetition_and_batching_gives_the_same_books(
    hands: Hands, data: st.DataObject, told: list[Telling]
) -> None:
    """RULES, first paragraph: no rule looks at arrival."""
    straight = played(hands, [told])
    mixed = played(hands, data.draw(rearranged(told)))
    assert books_of(hands.database, mixed) == books_of(hands.database, straight)
    assert left_over(hands.database, mixed) == {"inbox": 0, "dead_letter": 0}


@law
@given(st.lists(tellings(), max_size=7))
def test_what_is_stored_is_what_the_statements_add_up_to(hands: Hands, told: list[Telling]) -> None:
    """Compute, then save: each lead's row is the pure pipeline's answer, one batch after the other."""
    client_id = played(hands, [[one] for one in told])
    names = {digest_of(PEPPER, an_email(who)).hex(): who for who in PEOPLE}
    stored = books_of(hands.database, client_id, names)
    for who in {one.person for one in told}:
        computed = compute(enter(Book(), [one.said for one in told if one.person == who]), at(6))
        (lead,) = [lead for identities, lead in stored.items() if who in identities]
        assert {name: lead[name] for name in ROLLUP_COLUMNS} == asdict(computed.rollup)
        assert (lead["status"], lead["recompute_at"]) == (computed.status, computed.recompute_at)
        shown = {tuple(key): one.status for key, one in computed.appointments.items()}
        assert {key: one["status"] for key, one in lead["appointments"].items()} == shown


@law
@given(st.data(), st.lists(chain_tellings(), min_size=2, max_size=5))
def test_a_chain_booked_under_several_addresses_ends_with_one_lead_in_the_same_books(
    hands: Hands, data: st.DataObject, told: list[Telling]
) -> None:
    """Rules 1 and 3: stubs that turn out to be one person are merged, with nothing lost on the way."""
    straight = played(hands, [told])
    mixed = played(hands, data.draw(rearranged(told)))
    assert books_of(hands.database, mixed) == books_of(hands.database, straight)


@law
@given(st.lists(tellings(), min_size=1, max_size=6))
def test_replaying_everything_writes_no_row(hands: Hands, told: list[Telling]) -> None:
    """Rule 9, and DESIGN 6: a drain saves what changed, and a repetition changes nothing."""
    client_id = played(hands, [told])
    before = versions_of(hands.database, client_id)
    post(hands.database, [one.parcel(client_id) for one in told])
    drain_all(hands, client_id)
    assert versions_of(hands.database, client_id) == before
    assert left_over(hands.database, client_id)["inbox"] == 0


@settings(law, max_examples=15)
@given(st.lists(tellings(), min_size=4, max_size=10))
def test_two_writers_at_once_end_as_one_after_the_other(
    hands: Hands, database: str, told: list[Telling]
) -> None:
    """DESIGN 6: whoever finds a lead busy leaves it to its owner, and nothing is done twice or lost."""
    straight = played(hands, [told])
    client_id = new_id()
    halves = [told[::2], told[1::2]]
    failures: list[Exception] = []

    def work(half: list[Telling]) -> None:
        try:
            with builders.hands(database, now=at(6)) as mine:
                for one in half:
                    post(mine.database, [one.parcel(client_id)])
                    drain_once(mine, client_id)
        except Exception as error:  # noqa: BLE001  shown by the test's own thread
            failures.append(error)

    threads = [Thread(target=work, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    drain_all(hands, client_id)
    assert books_of(hands.database, client_id) == books_of(hands.database, straight)
