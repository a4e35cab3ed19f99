"""Messages: a reply, its words read and forgotten, against an appointment, on the same receiver."""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import load
from bench.bodies import SIGNING_KEY, email_of
from bench.figures import Figure
from bench.load import Load
from bench.receiver import deliveries, prepare
from bench.stage import Stage
from db import connections
from db.desk import Database
from pipeline.words import Provider
from tests.ingest.signatures import by_ghl, verifier_of

COUNT = 20_000
WARM_UP = 1_000
SECRET = "bench-header-secret"
LOCATION = "l1C08ntBrFjLS0elLIYU"
# What people answer: short and long, plain and with what they quote.
REPLIES = (
    "Yes, I am interested! Please send pricing.",
    "The second one works for me",
    "Not interested, please remove me from your list",
    "I am out of the office and will return on Monday.",
    (
        "Thanks for reaching out. We looked at this last year and the budget was not there, but things have changed. "
        "Could you share a few case studies, and tell me how it works with our CRM?\n\nBest\nJane\n\n"
        "On Mon, Mar 9, 2026 at 9:00 AM Sam wrote:\n> Does Thursday at 10 work?\n> Reply STOP to unsubscribe."
    ),
)


@dataclass(frozen=True)
class Pair:
    """What one provider or two send: appointments, and the messages that are held against them."""

    name: str
    what: str
    against: str
    bookings: Callable[[int, int], Iterator[bytes]]
    replies: Callable[[int, int], Iterator[bytes]]


def measure(stage: Stage) -> list[Figure]:
    """Each of one sort, then of the other, in turn."""
    count = stage.scaled(COUNT)
    figures = []
    with stage.database() as name:
        with stage.connect(name) as database:
            pairs = _pairs(database, stage, leads=(WARM_UP + count * stage.rounds) // 2)
        with stage.site(name) as port:
            for pair in pairs:
                figures += _measured(stage, port, pair, count)
    return figures


def _pairs(database: Database, stage: Stage, leads: int) -> list[Pair]:
    """The email channel against Calendly, and GoHighLevel's texts against its own appointments."""
    calendly = prepare(database, stage, leads)
    client_id = database.execute("SELECT id FROM client").fetchall()[0][0]
    _, smartlead = connections.add(
        database, stage.keyring, client_id, Provider.SMARTLEAD, secret_values={"header_secrets": [SECRET]}
    )
    _, ghl = connections.add(
        database, stage.keyring, client_id, Provider.GHL, location_id=LOCATION, timezone="America/New_York",
        secret_values={"signing_keys": [verifier_of(Provider.GHL, SIGNING_KEY)]},
    )  # fmt: skip
    return [
        Pair(
            "smartlead",
            "SmartLead replies",
            "signed Calendly deliveries",
            lambda first, last: deliveries(f"/webhooks/calendly/{calendly}", first, last),
            lambda first, last: _replies(f"/webhooks/smartlead/{smartlead}", first, last),
        ),
        Pair(
            "ghl",
            "GoHighLevel's signed text messages",
            "its signed appointments",
            lambda first, last: _signed(f"/webhooks/ghl/{ghl}", map(_ghl_appointment, range(first, last))),
            lambda first, last: _signed(f"/webhooks/ghl/{ghl}", map(_ghl_message, range(first, last))),
        ),
    ]


def _measured(stage: Stage, port: int, pair: Pair, count: int) -> list[Figure]:
    bookings = _files(stage, f"{pair.name}-bookings", pair.bookings)
    replies = _files(stage, f"{pair.name}-replies", pair.replies)
    loads: dict[str, list[Load]] = {"replied": [], "booked": []}
    cpu: dict[str, list[float]] = {"replied": [], "booked": []}
    for warm_up in (bookings[0], replies[0]):
        load.run(stage.generator, port, warm_up).only(200)
    for booking, reply in zip(bookings[1:], replies[1:], strict=True):
        stage.settle()
        for file, sort in ((booking, "booked"), (reply, "replied")):
            before = stage.web_cpu_seconds()
            loads[sort].append(load.run(stage.generator, port, file).only(200))
            cpu[sort].append((stage.web_cpu_seconds() - before) / loads[sort][-1].requests * 1e6)
    return [
        Figure(
            line="messages",
            what=f"Receiver: {pair.what}, read and durable before 2xx, {count:,} a round",
            unit="/s",
            measured=[one.per_second for one in loads["replied"]],
            against=f"{pair.against} on the same receiver",
            reference=[one.per_second for one in loads["booked"]],
            floor="≥ 1",
        ),
        Figure(
            line="messages",
            what=f"CPU of the receiver's process for one of {pair.what}",
            unit="µs",
            measured=cpu["replied"],
            against=f"for one of {pair.against}",
            reference=cpu["booked"],
            floor="≤ 1",
        ),
    ]


def _files(stage: Stage, name: str, written: Callable[[int, int], Iterator[bytes]]) -> list[Path]:
    count = stage.scaled(COUNT)
    cuts = [0, *(WARM_UP + count * number for number in range(stage.rounds + 1))]
    return [
        load.write_requests(stage.folder / f"{name}-{number}", written(first, last))
        for number, (first, last) in enumerate(itertools.pairwise(cuts))
    ]


def _replies(path: str, first: int, last: int) -> Iterator[bytes]:
    """Half of them from known leads."""
    for number in range(first, last):
        email = email_of(number // 2) if number % 2 else f"new{number}@example.net"
        said = {
            "event_type": "EMAIL_REPLY",
            "campaign_id": 7,
            "sl_lead_email": email,
            "to_email": email,
            "to_name": "Jane Doe",
            "from_email": "me@agency.example",
            "event_timestamp": datetime.now(UTC).isoformat(),
            "reply_message": {
                "message_id": f"<{number}@mail.example>",
                "text": REPLIES[number % len(REPLIES)],
            },
        }
        yield load.post(path, json.dumps(said).encode(), {"x-apptrail-secret": SECRET})


def _signed(path: str, bodies: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for said in bodies:
        body = json.dumps(said).encode()
        headers = by_ghl(body, SIGNING_KEY, datetime.now(UTC))
        yield load.post(path, body, {name.decode(): value.decode() for name, value in headers.items()})


def _ghl_appointment(number: int) -> dict[str, Any]:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=24 + number % 600)
    return {
        "type": "AppointmentCreate",
        "locationId": LOCATION,
        "timestamp": datetime.now(UTC).isoformat(),
        "webhookId": f"webhook{number}",
        "appointment": {
            "id": f"appointment{number:09d}",
            "calendarId": "BqTwX8QFwXzpegMve9EQ",
            "groupId": "9NkT25Vor1v4aQatFsv2",
            "contactId": _ghl_contact(number),
            "title": "Intro call",
            "address": "https://meet.example.com/abc-defg-hij",
            "appointmentStatus": "confirmed",
            "assignedUserId": "YlWd2wuCAZQzh2cH1fVZ",
            "users": ["YlWd2wuCAZQzh2cH1fVZ"],
            "notes": "Would like to talk about scheduling.",
            "source": "booking_widget",
            "startTime": start.isoformat(),
            "endTime": (start + timedelta(minutes=30)).isoformat(),
            "dateAdded": datetime.now(UTC).isoformat(),
            "dateUpdated": datetime.now(UTC).isoformat(),
        },
    }


def _ghl_message(number: int) -> dict[str, Any]:
    """From the person of the appointment of this number."""
    return {
        "type": "InboundMessage",
        "locationId": LOCATION,
        "attachments": [],
        "body": REPLIES[number % len(REPLIES)],
        "contactId": _ghl_contact(number),
        "contentType": "text/plain",
        "conversationId": f"conversation{number:09d}",
        "messageId": f"message{number:09d}",
        "dateAdded": datetime.now(UTC).isoformat(),
        "direction": "inbound",
        "messageType": "SMS",
        "status": "delivered",
    }


def _ghl_contact(number: int) -> str:
    return f"contact{number:011d}"
