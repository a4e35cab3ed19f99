"""Calendly's webhook bodies, built from the text of its documentation; a test names what it is about."""

from datetime import datetime
from typing import Any

API = "https://api.calendly.com"


def text_of(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def invitee_uri(name: str) -> str:
    return f"{API}/scheduled_events/EV{name}/invitees/{name}"


def booked(
    name: str, email: str, start: datetime, end: datetime, booked_at: datetime, *,
    event: str = "invitee.created", replaces: str | None = None, token: str | None = None, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """invitee.created."""
    payload: dict[str, Any] = {
        "uri": invitee_uri(name),
        "email": email,
        "name": "A Person",
        "status": "active",
        "timezone": "Europe/Berlin",
        "event": f"{API}/scheduled_events/EV{name}",
        "created_at": text_of(booked_at),
        "updated_at": text_of(booked_at),
        "rescheduled": False,
        "old_invitee": invitee_uri(replaces) if replaces else None,
        "new_invitee": None,
        "questions_and_answers": [],
        "tracking": {"utm_content": token, "salesforce_uuid": None},
        "scheduled_event": {
            "uri": f"{API}/scheduled_events/EV{name}",
            "name": "Intro",
            "status": "active",
            "start_time": text_of(start),
            "end_time": text_of(end),
            "event_type": f"{API}/event_types/ET",
        },
        **more,
    }
    return {
        "event": event,
        "created_at": text_of(booked_at),
        "created_by": f"{API}/users/U",
        "payload": payload,
    }


def canceled(booking: dict[str, Any], at: datetime, *, replaced_by: str | None = None) -> dict[str, Any]:
    """invitee.canceled of a booking; with `replaced_by`, the old half of a reschedule."""
    payload = {
        **booking["payload"],
        "status": "canceled",
        "updated_at": text_of(at),
        "rescheduled": replaced_by is not None,
        "new_invitee": invitee_uri(replaced_by) if replaced_by else None,
        "cancellation": {
            "canceled_by": "A Person", "reason": None, "canceler_type": "invitee", "created_at": text_of(at),
        },
    }  # fmt: skip
    return {**booking, "event": "invitee.canceled", "created_at": text_of(at), "payload": payload}
