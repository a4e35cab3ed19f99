"""Deliveries as Calendly makes them: whole bodies, signed, each for an appointment of its own."""

import hmac
import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

API = "https://api.calendly.com"
SIGNING_KEY = "bench-signing-key"
FIRST = "Ada Ben Chiara Daniel Elif Fatou Goran Hana Ines Jonas Kofi Lena Milan Nora Omar Pia".split()
LAST = "Almeida Brandt Costa Diallo Eriksen Fischer Garcia Haddad Ito Jansen Keller Lindt".split()
ZONES = "Europe/Berlin America/New_York America/Los_Angeles Asia/Dubai Australia/Sydney".split()


def email_of(number: int) -> str:
    return f"lead{number:07d}@example.com"


def people(count: int) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Leads as a CRM exports them."""
    for number in range(count):
        yield (
            number,
            {
                "external_id": f"crm-{number:07d}",
                "email": email_of(number),
                "phone": f"+1202{number % 10_000_000:07d}",
                "first_name": FIRST[number % len(FIRST)],
                "last_name": LAST[number % len(LAST)],
                "status": "contacted",
            },
        )


def body_of(number: int, email: str, seed: str = "") -> bytes:
    """An `invitee.created` of realistic size, for a meeting within the next four weeks."""
    made_up = random.Random(f"{seed}{number}")
    event = f"{API}/scheduled_events/{_id(made_up)}"
    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=made_up.randint(24, 672))
    user = f"{API}/users/AAAAAAAAAAAAAAAA"
    name = f"{made_up.choice(FIRST)} {made_up.choice(LAST)}"
    invitee = {
        "cancel_url": f"https://calendly.com/cancellations/{_id(made_up)}",
        "created_at": _text(now),
        "email": email,
        "event": event,
        "first_name": name.split(maxsplit=1)[0],
        "last_name": name.split()[1],
        "name": name,
        "new_invitee": None,
        "no_show": None,
        "old_invitee": None,
        "payment": None,
        "questions_and_answers": [
            {"answer": "We would like to talk about scheduling.", "position": 0, "question": "Anything to prepare?"}
        ],
        "reconfirmation": None,
        "reschedule_url": f"https://calendly.com/reschedulings/{_id(made_up)}",
        "rescheduled": False,
        "routing_form_submission": None,
        "scheduled_event": {
            "created_at": _text(now),
            "end_time": _text(start + timedelta(minutes=30)),
            "event_guests": [],
            "event_memberships": [{"user": user, "user_email": "host@example.com", "user_name": "Host"}],
            "event_type": f"{API}/event_types/CCCCCCCCCCCCCCCC",
            "invitees_counter": {"active": 1, "limit": 1, "total": 1},
            "location": {"join_url": "https://meet.example.com/abc-defg-hij", "status": "pushed", "type": "google_conference"},
            "meeting_notes_html": None,
            "meeting_notes_plain": None,
            "name": "Intro call",
            "start_time": _text(start),
            "status": "active",
            "updated_at": _text(now),
            "uri": event,
        },
        "scheduling_method": None,
        "status": "active",
        "text_reminder_number": None,
        "timezone": made_up.choice(ZONES),
        "tracking": {
            "salesforce_uuid": None, "utm_campaign": "spring", "utm_content": None,
            "utm_medium": "email", "utm_source": "outreach", "utm_term": None,
        },
        "updated_at": _text(now),
        "uri": f"{event}/invitees/{_id(made_up)}",
    }  # fmt: skip
    envelope = {"created_at": _text(now), "created_by": user, "event": "invitee.created", "payload": invitee}
    return json.dumps(envelope, separators=(",", ":")).encode()


def signature_of(body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))
    digest = hmac.new(SIGNING_KEY.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {"calendly-webhook-signature": f"t={stamp},v1={digest}"}


def _id(made_up: random.Random) -> str:
    """Shaped as Calendly's own: a UUID."""
    text = f"{made_up.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
