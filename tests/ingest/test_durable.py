"""Durable before 2xx: what the answer promises, when Postgres is slow, busy or not as we left it (DESIGN 5)."""

from collections.abc import Iterator

import pytest

from db.desk import Database, connect
from tests.ingest.calendly_story import Meeting
from tests.ingest.receiving import Receiving, an_address


@pytest.fixture
def receiving(database: str) -> Iterator[Receiving]:
    with Receiving(database) as started:
        yield started


@pytest.fixture
def books(database: str) -> Iterator[Database]:
    with connect(database) as own:
        yield own


def jobs(books: Database) -> int:
    return int(books.execute("SELECT count(*) FROM inbox").fetchall()[0][0])


def test_what_is_answered_2xx_is_in_the_inbox_and_rung_for(receiving: Receiving, books: Database) -> None:
    address = an_address(books, "agency")
    bodies = [Meeting(name, f"{name}@example.com", 0).created() for name in ("a", "b", "c")]
    assert receiving.deliver(address.endpoint, *bodies) == [(200, {"ok": True})] * 3
    assert jobs(books) == 3
    assert len({ring.lead_id for ring in receiving.rings}) == 3


@pytest.mark.parametrize("key", ["another key", ""])
def test_what_is_not_authentic_is_not_stored(receiving: Receiving, books: Database, key: str) -> None:
    address = an_address(books, "agency")
    (answer,) = receiving.deliver(address.endpoint, Meeting("a", "a@example.com", 0).created(), key=key)
    assert (answer[0], jobs(books)) == (401, 0)


def test_a_connection_without_a_key_refuses_a_body_signed_with_an_empty_one(
    receiving: Receiving, books: Database
) -> None:
    address = an_address(books, "agency", secret_values={"signing_keys": [""]})
    (answer,) = receiving.deliver(address.endpoint, Meeting("a", "a@example.com", 0).created(), key="")
    assert (answer[0], jobs(books)) == (401, 0)


def test_when_the_inbox_is_not_there_the_provider_is_to_send_it_again(
    receiving: Receiving, books: Database
) -> None:
    """A schema that is behind is no fault of the body: answering 2xx would lose every delivery of a bad deploy."""
    address = an_address(books, "agency")
    books.execute("ALTER TABLE inbox RENAME TO inbox_for_a_moment")
    (answer,) = receiving.deliver(address.endpoint, Meeting("a", "a@example.com", 0).created())
    assert answer[0] == 503


def test_a_lead_that_is_busy_delays_its_contact_and_not_the_answer(
    receiving: Receiving, books: Database, database: str
) -> None:
    """DESIGN 5: the jobs are committed before a contact is filled in; a drain that holds the lead changes no verdict."""
    address = an_address(books, "agency")
    bare = Meeting("a", "a@example.com", 0).created()
    bare["payload"]["name"] = None
    assert receiving.deliver(address.endpoint, bare)[0][0] == 200
    with connect(database) as drain, drain.transaction():
        drain.execute("SELECT 1 FROM lead FOR NO KEY UPDATE")
        (answer,) = receiving.deliver(address.endpoint, Meeting("b", "a@example.com", 1).created())
    assert answer == (200, {"ok": True})
    assert jobs(books) == 2


def test_a_stub_is_given_the_name_that_comes_later_and_never_loses_one(
    receiving: Receiving, books: Database
) -> None:
    """C17: never blank an existing name."""
    address = an_address(books, "agency")
    bare, named = Meeting("a", "a@example.com", 0).created(), Meeting("b", "a@example.com", 1).created()
    bare["payload"]["name"] = None
    for body in (bare, named, bare):
        receiving.deliver(address.endpoint, body)
        receiving.settle()
    assert books.execute("SELECT full_name FROM lead").fetchall() == [("A Person",)]
