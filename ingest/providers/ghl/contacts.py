"""Contacts: who somebody is, in the CRM's own words; the one thing that may change a lead's name or address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.connections import Connection
from db.identities import of_email, of_ghl_contact, of_phone
from ingest.adapter import Reading
from ingest.payload import clean_name
from ingest.providers.ghl.shapes import plain_id, text
from ingest.verdicts import Ignored
from pipeline.addressing import Contact
from pipeline.instants import read_instant, zone_named


def read_contact(contact: Mapping[str, Any]) -> Contact:
    """Read a contact object of a webhook or of GET /contacts/{id}; what is null there is not said."""
    return Contact(
        email=clean_name(text(contact, "email")),
        phone=clean_name(text(contact, "phone")),
        first_name=clean_name(text(contact, "firstName", "firstNameRaw")),
        last_name=clean_name(text(contact, "lastName", "lastNameRaw")),
        full_name=clean_name(text(contact, "name", "contactName", "fullName")),
        ghl_contact_id=plain_id(text(contact, "id", "contactId")),
        timezone=text(contact, "timezone") if zone_named(text(contact, "timezone")) else None,
    )


def contact_reading(connection: Connection, said: Mapping[str, Any]) -> Reading:
    """What a contact webhook says: no appointment, only who somebody is."""
    contact = read_contact(said)
    if contact.ghl_contact_id is None:
        raise Ignored("no_contact_id")
    names = of_ghl_contact(contact.ghl_contact_id, connection.location_id)
    others = (of_email(contact.email), of_phone(contact.phone, connection.region))
    return Reading(
        key=None,
        said=None,
        identities=(*names, *(one for one in others if one is not None)),
        contact=contact,
        said_at=_said_at(said),
    )


def _said_at(said: Mapping[str, Any]) -> datetime | None:
    """When the CRM said it: the contact's own version, else the message's time (of real ones, not of the samples).

    A time without an offset is no order: which zone it is in, contact webhooks do not say.
    """
    for typed in (text(said, "dateUpdated"), text(said, "timestamp")):
        try:
            if typed:
                return read_instant(typed, None)
        except ValueError:
            continue
    return None
