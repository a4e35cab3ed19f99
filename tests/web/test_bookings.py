"""The API of auto-booking: intents and slots, scoped and for operators."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from db import connections
from db.ids import new_id
from pipeline.words import Provider
from tests.builders import KEYRING, a_client
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told
from workers.booking_desk import NoSlots, Offer, Slot

SLOT = (NOW + timedelta(days=5)).isoformat()


@pytest.fixture
def lead(web: Web) -> UUID:
    """A lead of a client that books with a calendar."""
    connections.add(web.database, KEYRING, web.client.id, Provider.GHL, secret_values={})
    ((connection_id,),) = web.database.execute("SELECT id FROM connection").fetchall()
    connections.change_settings(web.database, connection_id, "booking", {"calendar": "Cal1", "minutes": 45})
    return deliver(web.hands, told(web.client))


def post(web: Web, path: str, role: str = "operate", **body: Any) -> Any:
    return web.http.post(f"/api/v1/leads/{path}", json=body or None, headers=web.token(role))


def test_a_booking_is_reserved_once_and_can_be_called_off(web: Web, lead: UUID) -> None:
    made = post(web, f"{lead}/bookings", slot=SLOT)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["state"], body["provider"], body["slot"]) == ("reserved", "ghl", "2026-06-15T09:00:00Z")
    assert body["end_at"] == "2026-06-15T09:45:00Z"
    again = post(web, f"{lead}/bookings", slot=SLOT)
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    other = (NOW + timedelta(days=6)).isoformat()
    assert post(web, f"{lead}/bookings", slot=other).status_code == 409
    one = web.http.get(f"/api/v1/leads/{lead}/bookings/{body['id']}", headers=web.token()).json()
    assert one == body
    off = web.http.delete(f"/api/v1/leads/{lead}/bookings/{body['id']}", headers=web.token("operate"))
    assert (off.json()["state"], off.json()["reason"]) == ("failed", "called_off")
    assert post(web, f"{lead}/bookings", slot=other).status_code == 201
    listed = web.http.get(f"/api/v1/leads/{lead}/bookings", headers=web.token()).json()["items"]
    assert [item["state"] for item in listed] == ["reserved", "failed"]


def test_booking_is_for_operators_and_within_the_client(web: Web, lead: UUID) -> None:
    assert post(web, f"{lead}/bookings", "read", slot=SLOT).status_code == 403
    body = post(web, f"{lead}/bookings", slot=SLOT).json()
    stranger = web.token("operate", client=a_client(web.database, "Other"))
    for path in (f"{lead}/bookings", f"{lead}/bookings/{body['id']}"):
        assert web.http.get(f"/api/v1/leads/{path}", headers=stranger).status_code == 404
    assert (
        web.http.post(f"/api/v1/leads/{lead}/bookings", json={"slot": SLOT}, headers=stranger).status_code
        == 404
    )
    assert web.http.delete(f"/api/v1/leads/{lead}/bookings/{body['id']}", headers=stranger).status_code == 404
    other = deliver(web.hands, told(web.client, a_meeting("inv-2"), email="ben@example.test"))
    assert post(web, f"{other}/bookings/{body['id']}/cancel").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"slot": "2026-06-15T09:00:00"}, "slot"),
        ({"slot": (NOW - timedelta(hours=1)).isoformat()}, "slot"),
        ({"slot": SLOT, "connection_id": str(UUID(int=7))}, "connection_id"),
        ({"slot": SLOT, "minutes": 0}, "minutes"),
    ],
    ids=["naive", "past", "connection", "minutes"],
)
def test_what_cannot_be_booked_is_refused_by_name(
    web: Web, lead: UUID, body: dict[str, Any], field: str
) -> None:
    refused = post(web, f"{lead}/bookings", **body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_a_client_without_a_calendar_cannot_book(web: Web) -> None:
    lead = deliver(web.hands, told(web.client))
    refused = post(web, f"{lead}/bookings", slot=SLOT)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "calendar")


def test_slots_are_offered_in_the_leads_words(web: Web, lead: UUID) -> None:
    asked: list[Any] = []

    def slots(
        client_id: UUID, lead_id: UUID, connection_id: UUID | None, start: datetime, end: datetime
    ) -> Offer:
        asked.append((client_id, lead_id, connection_id, end - start))
        return Offer(new_id(), "Cal1", "Europe/Berlin", [Slot(NOW, "Wed 10 Jun 2026, 11:00 (Berlin time)")])

    web.http.app.state.slots = slots  # type: ignore[attr-defined]
    body = web.http.get(f"/api/v1/leads/{lead}/slots", headers=web.token("operate")).json()
    assert body["timezone"] == "Europe/Berlin"
    assert body["items"] == [
        {"start_at": "2026-06-10T09:00:00Z", "label": "Wed 10 Jun 2026, 11:00 (Berlin time)"}
    ]
    assert asked == [(web.client.id, lead, None, timedelta(days=7))]
    window = {"from": NOW.isoformat(), "to": (NOW + timedelta(days=40)).isoformat()}
    refused = web.http.get(f"/api/v1/leads/{lead}/slots", params=window, headers=web.token("operate"))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "to")


@pytest.mark.parametrize(("reason", "status"), [("no_calendar", 409), ("timeout", 503)])
def test_slots_that_cannot_be_had_are_said_so(web: Web, lead: UUID, reason: str, status: int) -> None:
    def none(*_: object) -> Offer:
        raise NoSlots(reason)

    web.http.app.state.slots = none  # type: ignore[attr-defined]
    assert web.http.get(f"/api/v1/leads/{lead}/slots", headers=web.token("operate")).status_code == status
