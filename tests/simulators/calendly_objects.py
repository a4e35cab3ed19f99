"""Calendly's objects, as its API and its webhooks show them."""

from datetime import UTC, datetime
from typing import Any

from tests.simulators.truth import Account, Meeting

API = "https://api.calendly.com"
"""Real URIs name this host, wherever the API is reached."""


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def organization_uri(account: Account) -> str:
    return f"{API}/organizations/{account.id}"


def user_uri(account: Account) -> str:
    return f"{API}/users/User{account.id}"


def event_uri(meeting: Meeting) -> str:
    return f"{API}/scheduled_events/{meeting.group}"


def event_type_uri(calendar_id: str) -> str:
    return f"{API}/event_types/{calendar_id}"


def invitee_uri(meeting: Meeting) -> str:
    return f"{event_uri(meeting)}/invitees/{meeting.id}"


def event(account: Account, invitees: list[Meeting]) -> dict[str, Any]:
    """A scheduled event: it is active while one invitee is."""
    first = invitees[0]
    active = [one for one in invitees if one.status == "active"]
    said: dict[str, Any] = {
        "uri": event_uri(first),
        "name": first.calendar.title,
        "status": "active" if active else "canceled",
        "start_time": stamp(first.start),
        "end_time": stamp(first.end),
        "event_type": event_type_uri(first.calendar.id),
        "location": {"type": "google_conference", "status": "processing", "join_url": None, "data": None},
        "invitees_counter": {"total": len(invitees), "active": len(active), "limit": first.calendar.seats},
        "created_at": stamp(min(one.created_at for one in invitees)),
        "updated_at": stamp(max(one.updated_at for one in invitees)),
        "event_memberships": [
            {"user": user_uri(account), "user_email": "host@example.com", "user_name": "Host"}
        ],
        "event_guests": [],
    }
    if not active:
        said["cancellation"] = cancellation(invitees[-1])
    return said


def cancellation(meeting: Meeting) -> dict[str, Any]:
    return {
        "canceled_by": meeting.person.name,
        "reason": meeting.reason,
        "canceler_type": "invitee",
        "created_at": stamp(meeting.canceled_at or meeting.updated_at),
    }


def invitee(meeting: Meeting) -> dict[str, Any]:
    """An invitee as REST shows it: without its event."""
    person, name = meeting.person, meeting.id
    tracking = dict.fromkeys(
        ["utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term", "salesforce_uuid"]
    )
    said: dict[str, Any] = {
        "uri": invitee_uri(meeting),
        "email": person.email,
        "first_name": None,
        "last_name": None,
        "name": person.name,
        "status": meeting.status,
        "questions_and_answers": [{"question": "Phone", "answer": person.phone, "position": 0}],
        "timezone": person.timezone,
        "event": event_uri(meeting),
        "created_at": stamp(meeting.created_at),
        "updated_at": stamp(meeting.updated_at),
        "tracking": {**tracking, **meeting.tracking},
        "text_reminder_number": None,
        "rescheduled": meeting.replaced_by is not None,
        "old_invitee": invitee_uri(meeting.replaces) if meeting.replaces else None,
        "new_invitee": invitee_uri(meeting.replaced_by) if meeting.replaced_by else None,
        "cancel_url": f"https://calendly.com/cancellations/{name}",
        "reschedule_url": f"https://calendly.com/reschedulings/{name}",
        "routing_form_submission": None,
        "payment": None,
        "no_show": no_show(meeting),
        "reconfirmation": None,
        "scheduling_method": meeting.method,
        "invitee_scheduled_by": None,
    }
    if meeting.status == "canceled":
        said["cancellation"] = cancellation(meeting)
    return said


def no_show(meeting: Meeting) -> dict[str, str] | None:
    if meeting.no_show_at is None:
        return None
    return {"uri": f"{API}/invitee_no_shows/{meeting.no_show_id}", "created_at": stamp(meeting.no_show_at)}


def webhook(
    account: Account, kind: str, meeting: Meeting, at: datetime, siblings: list[Meeting]
) -> dict[str, Any]:
    """A webhook's body: the invitee with its event in it."""
    embedded = event(account, [meeting if one.id == meeting.id else one for one in siblings] or [meeting])
    payload = {**invitee(meeting), "scheduled_event": embedded}
    if kind == "invitee_no_show.deleted":
        payload.pop("no_show")  # absent, not null, in the official example
    return {"event": kind, "created_at": stamp(at), "created_by": user_uri(account), "payload": payload}
