"""Stories of GoHighLevel: the bodies that one location sends of a booking, and somebody who hands them in."""

import json
from dataclasses import dataclass
from typing import Any

from boot import clock
from db.desk import Database
from pipeline.words import Provider
from tests.ingest.receiving import KEY, Address, Receiving, an_address
from tests.ingest.signatures import by_ghl, verifier_of

LOCATION = "location-1"


@dataclass(frozen=True)
class Location:
    """One location's side of the wire: what it says, signed with its app's key."""

    receiving: Receiving
    endpoint: str
    name: str | None = LOCATION

    def native(self, said: dict[str, Any], *, key: str = KEY) -> tuple[int, Any, dict[bytes, bytes]]:
        """Send a signed body."""
        body = json.dumps(said).encode()
        proof = by_ghl(body, key, clock.now())
        return self.receiving.hand_in(Provider.GHL, self.endpoint, body, proof)

    def workflow(
        self, said: dict[str, Any], secret: str | None = None
    ) -> tuple[int, Any, dict[bytes, bytes]]:
        """Send a body that nobody signed."""
        proof = {b"x-apptrail-secret": secret.encode()} if secret else {}
        return self.receiving.hand_in(Provider.GHL, self.endpoint, json.dumps(said).encode(), proof)


def connected(database: Database, name: str, **named: Any) -> Address:
    """A client with a GHL connection that takes both families."""
    named.setdefault("secret_values", {"signing_keys": [verifier_of(Provider.GHL, KEY)]})
    named.setdefault("unsigned", True)
    named.setdefault("location_id", LOCATION)
    named.setdefault("timezone", "Europe/Berlin")
    return an_address(database, name, provider=Provider.GHL, **named)


def appointment(
    kind: str = "AppointmentCreate", *, location: str | None = LOCATION, **named: Any
) -> dict[str, Any]:
    """A native body of one booking."""
    told = {
        "id": "appointment-1",
        "calendarId": "calendar-1",
        "contactId": "contact-1",
        "appointmentStatus": "confirmed",
        "startTime": "2026-12-01T10:00:00+01:00",
        "endTime": "2026-12-01T10:30:00+01:00",
        "dateAdded": "2026-11-20T09:00:00.000Z",
        "dateUpdated": "2026-11-20T09:00:00.000Z",
        **named,
    }
    return {"type": kind, **({"locationId": location} if location else {}), "appointment": told}


def workflow(**named: Any) -> dict[str, Any]:
    """What a workflow says of the same booking."""
    calendar = {
        "id": "calendar-1",
        "appointmentId": "appointment-1",
        "startTime": "2026-12-01T10:00:00",
        "endTime": "2026-12-01T10:30:00",
        "selectedTimezone": "Europe/Berlin",
        "status": "booked",
        "appoinmentStatus": "confirmed",
        **named,
    }
    who = {
        "contact_id": "contact-1",
        "full_name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "+12025550123",
    }
    return {**who, "location": {"id": LOCATION}, "calendar": calendar}


def contact(kind: str = "ContactUpdate", *, location: str | None = LOCATION, **named: Any) -> dict[str, Any]:
    """What the CRM says of the person."""
    told = {
        "id": "contact-1",
        "email": "jane@example.com",
        "name": "Jane Doe",
        "firstName": "Jane",
        "lastName": "Doe",
    }
    return {"type": kind, "locationId": location, **told, **named}
