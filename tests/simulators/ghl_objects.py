"""GoHighLevel's objects, as its API and both its families of webhooks show them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulators.truth import Account, Change, Meeting, Person

KINDS = {"booked": "AppointmentCreate", "removed": "AppointmentDelete"}
"""Everything else is an AppointmentUpdate."""


def local(at: datetime, zone: str) -> str:
    """RFC 3339 with the zone's offset, as CalendarEventDTO has it."""
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(account: Account, meeting: Meeting) -> dict[str, Any]:
    """A CalendarEventDTO."""
    said: dict[str, Any] = {
        "id": meeting.id,
        "title": f"{meeting.calendar.title} with {meeting.person.name}",
        "calendarId": meeting.calendar.id,
        "locationId": account.id,
        "contactId": meeting.person.id,
        "groupId": "",
        "appointmentStatus": meeting.status,
        "assignedUserId": "UserOne",
        "users": [],
        "startTime": local(meeting.start, account.zone),
        "endTime": local(meeting.end, account.zone),
        "dateAdded": stamp(meeting.created_at),
        "dateUpdated": stamp(meeting.updated_at),
        "address": f"https://meet.example/{meeting.id}",
        "notes": meeting.reason or "",
        "createdBy": {"userId": None, "source": meeting.method or "booking_widget"},
    }
    if meeting.master:
        said |= {"isRecurring": True, "masterEventId": meeting.master, "rrule": "RRULE:FREQ=WEEKLY"}
    return said


def contact_event(account: Account, meeting: Meeting) -> dict[str, Any]:
    """As the listing of a contact's appointments shows it: naive times in the location's zone, no createdBy."""
    said = event(account, meeting)
    said.pop("createdBy")
    for name, at in (
        ("startTime", meeting.start),
        ("endTime", meeting.end),
        ("dateAdded", meeting.created_at),
        ("dateUpdated", meeting.updated_at),
    ):
        said[name] = f"{at.astimezone(ZoneInfo(account.zone)):%Y-%m-%d %H:%M:%S}"
    return said


def contact(account: Account, person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "locationId": account.id,
        "firstName": person.first,
        "lastName": person.last,
        "contactName": person.name,
        "email": person.email,
        "phone": person.phone,
        "timezone": person.timezone,
        "tags": [],
        "country": "US",
    }


def native(change: Change, number: int) -> dict[str, Any]:
    """A Marketplace app's webhook."""
    meeting = event(change.account, change.meeting)
    for name in ("locationId", "createdBy"):
        meeting.pop(name)
    return {
        "type": KINDS.get(change.kind, "AppointmentUpdate"),
        "locationId": change.account.id,
        "appId": "TheApp",
        "versionId": "TheApp",
        "timestamp": stamp(change.at),
        "webhookId": f"hook-{number:08d}",
        "appointment": {**meeting, "source": "booking_widget"},
    }


def workflow(change: Change) -> dict[str, Any]:
    """A workflow action's webhook: times without an offset, in the zone beside them; no version."""
    account, meeting, person = change.account, change.meeting, change.meeting.person
    wall = {
        name: at.astimezone(ZoneInfo(account.zone)).strftime("%Y-%m-%dT%H:%M:%S")
        for name, at in (("startTime", meeting.start), ("endTime", meeting.end))
    }
    return {
        "contact_id": person.id,
        "first_name": person.first,
        "last_name": person.last,
        "full_name": person.name,
        "email": person.email,
        "phone": person.phone,
        "tags": "",
        "country": "US",
        "timezone": person.timezone,
        "date_created": stamp(meeting.created_at),
        "location": {"id": account.id, "name": "Agency", "fullAddress": ""},
        "calendar": {
            "id": meeting.calendar.id,
            "appointmentId": meeting.id,
            "title": meeting.calendar.title,
            "calendarName": meeting.calendar.title,
            **wall,
            "selectedTimezone": account.zone,
            "status": "booked",
            "appoinmentStatus": meeting.status,
            "address": f"https://meet.example/{meeting.id}",
            "date_created": stamp(meeting.created_at),
            "created_by": person.name,
            "created_by_user_id": None,
        },
        "workflow": {"id": "workflow-1", "name": "Appointments"},
        "triggerData": {},
        "customData": {},
    }
