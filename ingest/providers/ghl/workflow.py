"""Workflow webhooks: what an agency wires itself, unsigned, with wall times and a status that is spelled wrong."""

from datetime import datetime
from typing import Any

from db.connections import Connection
from db.identities import of_email, of_ghl_contact, of_phone
from ingest.adapter import Reading
from ingest.payload import clean_name
from ingest.providers.ghl.events import Stated, key_from, observation_from, telling_status
from ingest.providers.ghl.shapes import Shape, is_unrendered, part, plain_id, text
from ingest.tokens import token_in
from ingest.verdicts import Ignored
from pipeline.addressing import Contact, Identity
from pipeline.instants import zone_named
from pipeline.words import Source, is_removal

# The live word is the misspelled one; `status` stays "booked" for ever.
CALENDAR_STATUS = ("appoinmentStatus", "appointmentStatus", "appointment_status", "status")


def is_workflow(said: Shape) -> bool:
    """Whether a body is of the shape that workflow actions send: a `calendar` object with an appointment."""
    return bool(part(said, "calendar")) or text(said, "appointmentId", "appointment_id") is not None


def read_workflow(connection: Connection, said: dict[str, Any], observed_at: datetime) -> Reading:
    """Read one workflow webhook; `calendar.id` is the calendar, `calendar.appointmentId` the appointment."""
    calendar = part(said, "calendar") or said
    custom = part(said, "customData")
    external_id = text(calendar, "appointmentId", "appointment_id") or text(
        custom, "appointmentId", "appointment_id"
    )
    email, phone = text(said, "email"), text(said, "phone")
    contact_id = text(said, "contact_id", "contactId")
    if is_unrendered(external_id, contact_id, email, phone, text(calendar, "startTime")):
        raise Ignored("misconfigured")
    status = telling_status(calendar, *CALENDAR_STATUS)
    stated = Stated(
        key=key_from(external_id),
        start=text(calendar, "startTime", "start_time"),
        end=text(calendar, "endTime", "end_time"),
        zone=text(calendar, "selectedTimezone", "selected_timezone"),
        status=status,
        calendar_id=plain_id(text(calendar, "id", "calendarId")) if calendar is not said else None,
        version=None,  # there is none: only what a workflow says, and when
        booked=None,
        removed=bool(status and is_removal(status)),
        hearsay=True,
    )
    contact = Contact(
        email=clean_name(email),
        phone=clean_name(phone),
        first_name=clean_name(text(said, "first_name", "firstName")),
        last_name=clean_name(text(said, "last_name", "lastName")),
        full_name=clean_name(text(said, "full_name", "fullName", "contactName")),
        ghl_contact_id=plain_id(contact_id),
        timezone=text(said, "timezone") if zone_named(text(said, "timezone")) else None,
    )
    return Reading(
        key=stated.key,
        said=observation_from(connection, stated, observed_at, Source.WEBHOOK),
        token=token_in(text(custom, "lead_id", "leadId", "utm_content", "apptrail_lead")),
        identities=tuple(_identities(connection, contact)),
        contact=contact,
    )


def _identities(connection: Connection, contact: Contact) -> list[Identity]:
    """Strongest first."""
    addresses = (of_email(contact.email), of_phone(contact.phone, connection.region))
    names = of_ghl_contact(contact.ghl_contact_id, connection.location_id)
    return [*names, *(one for one in addresses if one is not None)]
