"""Shared appointments: who owns what several rows name, for every kind of claim and any order of import."""

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from db import importing
from db.ids import new_id
from db.import_row import Row
from db.importing import import_rows
from db.inbox import post
from db.ledger import Hands
from pipeline.addressing import Contact, Identity, IdentityKind
from pipeline.words import Provider
from tests.laws.books import versions_of
from tests.laws.people import drain_all
from tests.moving.crm import a_booking, calendly, ghl, migrated, tell, verified
from tests.statements import PEPPER, a_delivery

OLD, NEW, NEWEST = (f"2026-02-0{day}T00:00:00+00:00" for day in (1, 5, 9))
BY_CONTACT = {
    "match": ghl("x", updated_at=OLD, ghl_contact_id="contact-1"),
    "new": ghl("x", updated_at=NEW),
    "newest": ghl("x", updated_at=NEWEST),
}
BY_TIME = {
    "old": calendly("x", updated_at=OLD),
    "timeless": {name: text for name, text in calendly("x").items() if name != "updated_at"},
    "newest": calendly("x", updated_at=NEWEST, ghl_contact_id=""),
}
TWO_CONTACTS = {
    "older": ghl("x", updated_at=OLD, ghl_contact_id="contact-1"),
    "later": ghl("x", updated_at=NEW, ghl_contact_id="contact-2"),
    "no-contact": ghl("x", updated_at=NEWEST),
}
OTHER_PROVIDERS_CONTACT = {
    "contact": calendly("x", updated_at=OLD, ghl_contact_id="contact-1"),
    "newest": calendly("x", updated_at=NEWEST),
}
TIE = {name: calendly("x", updated_at=NEW) for name in ("b", "a", "c")}
CASES = {
    "contact": (BY_CONTACT, "match"), "time": (BY_TIME, "newest"), "two-contacts": (TWO_CONTACTS, "later"),
    "a-contact-elsewhere": (OTHER_PROVIDERS_CONTACT, "newest"), "tie": (TIE, "a"),
}  # fmt: skip


def orders(said: dict[str, dict[str, str]]) -> list[tuple[str, ...]]:
    return list(permutations(sorted(said)))


def rows_in(said: dict[str, dict[str, str]], order: tuple[str, ...]) -> list[tuple[int, Row]]:
    return [
        (number, {"external_id": f"crm-{name}", "email": f"{name}@example.com", **said[name]})
        for number, name in enumerate(order)
    ]


def move_in(hands: Hands, client_id: UUID, rows: list[tuple[int, Row]], *, apart: bool = False) -> None:
    for some in [[row] for row in rows] if apart else [rows]:
        imported = import_rows(hands.database, client_id, PEPPER, "US", iter(some))
        assert imported.bad == []
    drain_all(hands, client_id)


def owners(hands: Hands, client_id: UUID) -> dict[str, str]:
    """Whose each key is: `real`, or each other's own under a shared key."""
    rows = hands.database.execute(
        """SELECT l.external_id, CASE WHEN a.external_id LIKE 'legacy:%%:shared:x' THEN 'shared' ELSE a.external_id END
           FROM appointment a JOIN lead l ON l.client_id = a.client_id AND l.id = a.lead_id
           WHERE a.client_id = %s""",
        (client_id,),
    )
    return {str(name).removeprefix("crm-"): str(key) for name, key in rows}


def claimed_by(hands: Hands, client_id: UUID) -> list[Any]:
    rows = hands.database.execute(
        """SELECT l.external_id FROM lead_identity i JOIN lead l ON l.client_id = i.client_id AND l.id = i.lead_id
           WHERE i.client_id = %s AND i.kind = 'appointment'""",
        (client_id,),
    )
    return [name.removeprefix("crm-") for (name,) in rows]


@pytest.mark.parametrize(("said", "owner"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("apart", [True, False], ids=["one-by-one", "together"])
def test_the_best_claim_owns_it_whatever_the_order_of_import(
    hands: Hands, said: dict[str, dict[str, str]], owner: str, *, apart: bool
) -> None:
    for order in orders(said):
        client_id = new_id()
        move_in(hands, client_id, rows_in(said, order), apart=apart)
        assert claimed_by(hands, client_id) == [owner], order
        migrated(hands, client_id)
        assert owners(hands, client_id) == {name: "x" if name == owner else "shared" for name in said}, order
        found, _ = verified(hands, client_id)
        assert found.holds
        assert found.equal == len(said), "each rollup stands"
        before = versions_of(hands.database, client_id)
        move_in(hands, client_id, rows_in(said, order))
        migrated(hands, client_id)
        assert versions_of(hands.database, client_id) == before, order


def told_of(hands: Hands, client_id: UUID, *contact: Identity) -> None:
    """A webhook about the meeting, whose contact the provider names."""
    said = a_booking("x")
    if contact[0].kind is IdentityKind.GHL_CONTACT:
        said = said.but(provider=Provider.GHL, description=None)
    post(hands.database, [a_delivery(client_id, said, *contact, contact=Contact(full_name="Somebody"))])
    drain_all(hands, client_id)


EMAIL_OF_OLD = Identity(IdentityKind.EMAIL, "old@example.com")
CONTACT_1 = Identity(IdentityKind.GHL_CONTACT, "contact-1")


@pytest.mark.parametrize("chunk", [1, 500], ids=["in-chunks", "together"])
@pytest.mark.parametrize(
    ("said", "contact", "owner"),
    [(BY_TIME, EMAIL_OF_OLD, "old"), (TWO_CONTACTS, CONTACT_1, "older")],
    ids=["email", "contact"],
)
def test_whom_the_provider_named_before_the_import_owns_it(
    hands: Hands,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, dict[str, str]],
    contact: Identity,
    owner: str,
    chunk: int,
) -> None:
    monkeypatch.setattr(importing, "CHUNK", chunk)
    for order in orders(said):
        client_id = new_id()
        told_of(hands, client_id, contact)
        move_in(hands, client_id, rows_in(said, order))
        migrated(hands, client_id)
        assert owners(hands, client_id) == {name: "x" if name == owner else "shared" for name in said}, order
        assert verified(hands, client_id)[0].holds
        conflicts = hands.database.execute(
            """SELECT count(*) FROM lead_conflict c
               JOIN lead l ON l.client_id = c.client_id AND l.id IN (c.lead_a, c.lead_b)
               WHERE c.client_id = %s AND l.external_id = %s""",
            (client_id, f"crm-{owner}"),
        ).fetchall()
        assert conflicts == [(len(said) - 1,)], "who else named it is listed for a person"


@pytest.mark.parametrize("chunk", [1, 500], ids=["in-chunks", "together"])
def test_a_contact_that_no_row_has_becomes_the_lead_of_the_best_claim(
    hands: Hands, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Rule 3: somebody booked with another address than the one that the CRM knows."""
    monkeypatch.setattr(importing, "CHUNK", chunk)
    for order in orders(BY_TIME):
        client_id = new_id()
        told_of(hands, client_id, Identity(IdentityKind.EMAIL, "private@example.com"))
        move_in(hands, client_id, rows_in(BY_TIME, order))
        migrated(hands, client_id)
        shown = {name: "x" if name == "newest" else "shared" for name in BY_TIME}
        assert owners(hands, client_id) == shown, order
        assert verified(hands, client_id)[0].holds
        tell(hands, client_id, "private", a_booking("y"))
        rows = hands.database.execute(
            """SELECT l.external_id FROM appointment a JOIN lead l ON l.client_id = a.client_id AND l.id = a.lead_id
               WHERE a.client_id = %s AND a.external_id = 'y'""",
            (client_id,),
        )
        assert rows.fetchall() == [("crm-newest",)]


def test_once_a_provider_has_spoken_of_a_row_its_lead_is_settled(hands: Hands) -> None:
    for first, *others in orders(BY_TIME):
        client_id = new_id()
        move_in(hands, client_id, rows_in(BY_TIME, (first,)))
        tell(hands, client_id, first, a_booking("x"))
        move_in(hands, client_id, rows_in(BY_TIME, tuple(others)))
        migrated(hands, client_id)
        assert owners(hands, client_id) == {name: "x" if name == first else "shared" for name in BY_TIME}
