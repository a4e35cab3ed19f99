"""GoHighLevel through the receiver: whose a delivery is, who somebody is, and when it is to come again."""

from collections.abc import Iterator
from typing import Any

import pytest

from db import connections
from db.desk import Database, connect
from db.importing import import_rows
from ingest.providers.ghl import GHL, signatures
from pipeline.words import Provider
from tests.ingest.calendly_story import Meeting
from tests.ingest.ghl_story import LOCATION, Location, appointment, connected, contact, workflow
from tests.ingest.receiving import KEY, KEYRING, Address, Receiving, an_address
from tests.ingest.signatures import verifier_of


@pytest.fixture
def receiving(database: str) -> Iterator[Receiving]:
    with Receiving(database) as started:
        yield started


@pytest.fixture
def books(database: str) -> Iterator[Database]:
    with connect(database) as own:
        yield own


@pytest.fixture
def address(books: Database) -> Address:
    return connected(books, "agency")


@pytest.fixture
def location(receiving: Receiving, address: Address) -> Location:
    return Location(receiving, address.endpoint)


def rows(books: Database, query: str) -> list[tuple[Any, ...]]:
    return books.execute(query).fetchall()


def owners(books: Database) -> list[tuple[Any, ...]]:
    """Of which client there is which lead, and how many jobs it has."""
    return rows(
        books,
        "SELECT k.name, count(i.id) FROM client k JOIN lead l ON l.client_id = k.id "
        "LEFT JOIN inbox i ON i.client_id = k.id AND i.lead_id = l.id GROUP BY k.name, l.id ORDER BY k.name",
    )


def people(books: Database) -> list[tuple[Any, ...]]:
    return rows(books, "SELECT full_name, email, stub FROM lead WHERE merged_into IS NULL ORDER BY 1, 2")


def imported(books: Database, address: Address, row: dict[str, str | None]) -> None:
    import_rows(books, address.client_id, address.pepper, "US", iter([(2, row)]))


def test_when_postgres_cannot_take_it_highlevel_is_told_429_upon_which_alone_it_sends_again(
    location: Location, books: Database
) -> None:
    """G1: any other status, a 503 too, would lose the event for good."""
    books.execute("ALTER TABLE inbox RENAME TO inbox_for_a_moment")
    for status, _, headers in (location.native(appointment()), location.workflow(workflow())):
        assert (status, headers[b"retry-after"].isdigit()) == (429, True)
    books.execute("ALTER TABLE inbox_for_a_moment RENAME TO inbox")
    assert location.native(appointment())[0] == 200


def test_a_fault_of_ours_is_no_loss_for_the_sender_sends_again_until_it_is_mended(
    location: Location, books: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(GHL, "read", lambda *_: 1 / 0)
        status, answer, headers = location.native(appointment())
        assert (status, answer["error"], headers[b"retry-after"].isdigit()) == (429, "try_again", True)
    assert rows(books, "SELECT 1 FROM inbox") == []
    assert location.native(appointment())[0] == 200


@pytest.mark.parametrize("key", ["another key", ""])
def test_another_key_stores_nothing(location: Location, books: Database, key: str) -> None:
    assert location.native(appointment(), key=key)[0] == 401
    assert location.workflow(appointment())[0] == 401
    assert rows(books, "SELECT 1 FROM inbox") == []


@pytest.mark.parametrize("keys", [[""], [None]])
def test_an_empty_key_does_not_bring_back_the_built_in_one(
    receiving: Receiving, books: Database, monkeypatch: pytest.MonkeyPatch, keys: list[str | None]
) -> None:
    monkeypatch.setattr(signatures, "PLATFORM_KEY", verifier_of(Provider.GHL, "HighLevel's"))
    for given, status in ((keys, 401), ([], 200)):
        address = connected(books, str(given), secret_values={"signing_keys": given})
        location = Location(receiving, address.endpoint)
        assert location.native(appointment(), key="HighLevel's")[0] == status
        assert location.native(appointment(), key="")[0] == 401


def test_connections_that_share_an_endpoint_are_told_apart_by_their_location(
    receiving: Receiving, books: Database
) -> None:
    """Each with the key of its own app, as two Marketplace apps would have."""
    one = connected(books, "one", location_id="location-1")
    second_key = {"signing_keys": [verifier_of(Provider.GHL, "second")]}
    connected(books, "two", location_id="location-2", secret_values=second_key, share=one.endpoint)
    shared = Location(receiving, one.endpoint)
    assert shared.native(appointment(location="location-2"), key="second")[1] == {"ok": True}
    assert owners(books) == [("two", 1)]
    assert shared.native(appointment(location="location-2"))[0] == 401
    assert shared.native(appointment(location="location-3"))[1] == {"ok": True, "ignored": "other_location"}
    assert shared.native(appointment(location=None))[1] == {"ok": True, "ignored": "no_location"}
    nowhere = {name: value for name, value in workflow().items() if name != "location"}
    assert shared.workflow(nowhere)[1] == {"ok": True, "ignored": "no_location"}
    assert owners(books) == [("two", 1)]
    assert shared.workflow(workflow())[1] == {"ok": True}
    assert owners(books) == [("one", 1), ("two", 1)]


def test_a_location_that_is_not_the_connections_is_ignored_and_one_alone_needs_no_name(
    location: Location, books: Database
) -> None:
    assert location.native(appointment(location="location-2"))[1] == {"ok": True, "ignored": "other_location"}
    assert rows(books, "SELECT 1 FROM lead") == []
    assert location.native(appointment(location=None))[1] == {"ok": True}


def test_where_bodies_name_no_account_the_proof_tells_connections_apart(
    receiving: Receiving, books: Database
) -> None:
    one = an_address(books, "one")
    an_address(books, "two", secret_values={"signing_keys": ["second"]}, share=one.endpoint)
    assert (
        receiving.deliver(one.endpoint, Meeting("a", "a@example.com", 0).created(), key="second")[0][0] == 200
    )
    assert owners(books) == [("two", 1)]
    assert (
        receiving.deliver(one.endpoint, Meeting("a", "a@example.com", 0).created(), key="third")[0][0] == 401
    )


def test_a_contact_that_nobody_knows_is_a_stub_and_its_changes_are_the_crms_word(
    location: Location, books: Database
) -> None:
    assert location.native(contact("ContactCreate"))[1] == {"ok": True}
    assert people(books) == [("Jane Doe", "jane@example.com", True)]
    location.native(contact("ContactUpdate", name="Jane Roe", email="jane@work.example", phone=None))
    assert people(books) == [("Jane Roe", "jane@work.example", True)]
    location.native(contact("ContactDndUpdate", name="Jane Poe", email=None, dnd=True))
    assert people(books) == [("Jane Poe", "jane@work.example", True)]
    location.workflow(workflow() | {"full_name": "Somebody Else", "email": "jane@example.com"})
    location.receiving.settle()
    assert people(books) == [("Jane Poe", "jane@work.example", True)]


def test_an_address_that_a_contact_is_given_names_its_lead_from_then_on(
    location: Location, books: Database
) -> None:
    location.native(contact("ContactCreate"))
    location.native(contact("ContactUpdate", email="jane@work.example"))
    location.workflow(workflow() | {"contact_id": "", "phone": "", "email": "JANE@work.example "})
    assert owners(books) == [("agency", 1)]


def test_a_contact_that_is_deleted_keeps_its_lead_and_what_names_it(
    location: Location, books: Database
) -> None:
    assert location.native(contact("ContactDelete"))[1] == {"ok": True, "ignored": "contact_deleted"}
    assert people(books) == []
    location.native(contact("ContactCreate"))
    location.native(contact("ContactDelete"))
    location.native(appointment())
    assert owners(books) == [("agency", 1)]


def test_a_lead_that_is_busy_makes_the_crm_say_it_again(
    location: Location, books: Database, database: str
) -> None:
    location.native(contact("ContactCreate"))
    changed = contact("ContactUpdate", name="Jane Roe")
    with connect(database) as drain, drain.transaction():
        drain.execute("SELECT 1 FROM lead FOR NO KEY UPDATE")
        assert location.native(changed)[0] == 429
    assert location.native(changed)[0] == 200
    assert people(books)[0][0] == "Jane Roe"


def test_an_anonymous_connection_keeps_no_name_of_a_stub_but_a_leads_own(
    receiving: Receiving, books: Database
) -> None:
    address = connected(books, "agency", policy="anonymous")
    location = Location(receiving, address.endpoint)
    location.native(contact("ContactCreate"))
    location.native(contact("ContactUpdate", name="Jane Roe"))
    assert people(books) == [(None, None, True)]
    imported(books, address, {**CRM, "first_name": "J."})
    location.native(contact("ContactUpdate", name="Jane Roe"))
    assert people(books) == [("Jane Roe", "jane@example.com", False)]


CRM: dict[str, str | None] = {"external_id": "crm-1", "ghl_contact_id": "contact-1"}
TEST_KEY = {"signing_keys": [verifier_of(Provider.GHL, KEY)]}


@pytest.mark.parametrize("location_id", [LOCATION, None])
@pytest.mark.parametrize("order", ["import first", "import last", "connection last"])
def test_a_contact_of_an_export_is_the_one_that_webhooks_name(
    receiving: Receiving, books: Database, location_id: str | None, order: str
) -> None:
    """RULES 1 and 2, where the export knows a contact's id and no location."""
    address = an_address(books, "agency") if order == "connection last" else None
    if address is not None:
        imported(books, address, CRM)
        _, endpoint = connections.add(
            books, KEYRING, address.client_id, Provider.GHL, secret_values=TEST_KEY, location_id=location_id
        )
    else:
        address = connected(books, "agency", location_id=location_id)
        endpoint = address.endpoint
    if order == "import first":
        imported(books, address, CRM)
    Location(receiving, endpoint).native(appointment())
    if order == "import last":
        imported(books, address, CRM)
    assert rows(books, "SELECT l.external_id, i.kind FROM lead l JOIN inbox i ON i.lead_id = l.id") == [
        ("crm-1", "appointment")
    ]
    assert rows(books, "SELECT count(*) FROM lead") == [(1,)]


def test_two_locations_of_a_client_may_use_one_contact_id_for_two_people(
    receiving: Receiving, books: Database
) -> None:
    """G14: a contact's id says who somebody is within its location."""
    address = connected(books, "agency")
    _, second = connections.add(
        books, KEYRING, address.client_id, Provider.GHL, secret_values=TEST_KEY, location_id="location-2"
    )
    Location(receiving, address.endpoint).native(appointment())
    Location(receiving, second).native(appointment(location="location-2", id="appointment-2"))
    assert owners(books) == [("agency", 1), ("agency", 1)]
