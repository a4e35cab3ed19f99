"""Links to the provider's own record of an appointment, for people who are signed in there."""

from urllib.parse import quote

from db.reads.records import Records
from pipeline.appointment import Appointment
from pipeline.words import Provider

CALENDLY = "https://calendly.com/app/scheduled_events/user/me?uuid={}"
"""Neither provider documents its pages' addresses; these are what their own pages show."""
HIGHLEVEL = "https://app.gohighlevel.com/v2/location/{}"


def link(facts: Appointment, records: Records) -> str | None:
    """Calendly's page of the event; HighLevel's of the contact, else of the location's calendars."""
    if facts.key.provider is Provider.CALENDLY:
        event = (facts.calendly_scheduled_event_uri or "").rstrip("/").rpartition("/")[2]
        return CALENDLY.format(quote(event, safe="")) if event else None
    if records.ghl_location_id is None:
        return None
    location = HIGHLEVEL.format(quote(records.ghl_location_id, safe=""))
    if records.ghl_contact_id is None:
        return f"{location}/calendars/appointments"
    return f"{location}/contacts/detail/{quote(records.ghl_contact_id, safe='')}"
