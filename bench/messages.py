"""Messages: a reply, its words read and forgotten, against an appointment, on the same receiver."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import load
from bench.bodies import email_of
from bench.figures import Figure
from bench.load import Load
from bench.receiver import deliveries, prepare
from bench.stage import Stage
from db import connections
from pipeline.words import Provider

COUNT = 20_000
WARM_UP = 1_000
SECRET = "bench-header-secret"
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


def measure(stage: Stage) -> list[Figure]:
    """Each of one sort, then of the other, in turn."""
    count = stage.scaled(COUNT)
    total = WARM_UP + count * stage.rounds
    replied: list[Load] = []
    booked: list[Load] = []
    replied_cpu: list[float] = []
    booked_cpu: list[float] = []
    with stage.database() as name:
        with stage.connect(name) as database:
            calendly = prepare(database, stage, leads=total // 2)
            client_id = database.execute("SELECT id FROM client").fetchall()[0][0]
            _, smartlead = connections.add(
                database,
                stage.keyring,
                client_id,
                Provider.SMARTLEAD,
                secret_values={"header_secrets": [SECRET]},
            )
        bookings = _files(
            stage, "bookings", lambda first, last: deliveries(f"/webhooks/calendly/{calendly}", first, last)
        )
        replies = _files(
            stage, "replies", lambda first, last: _replies(f"/webhooks/smartlead/{smartlead}", first, last)
        )
        with stage.site(name) as port:
            for warm_up in (bookings[0], replies[0]):
                load.run(stage.generator, port, warm_up).only(200)
            for booking, reply in zip(bookings[1:], replies[1:], strict=True):
                stage.settle()
                for file, loads, cpu in ((booking, booked, booked_cpu), (reply, replied, replied_cpu)):
                    before = stage.web_cpu_seconds()
                    loads.append(load.run(stage.generator, port, file).only(200))
                    cpu.append((stage.web_cpu_seconds() - before) / loads[-1].requests * 1e6)
    return [
        Figure(
            line="messages",
            what=f"Receiver: SmartLead replies, read and durable before 2xx, {count:,} a round",
            unit="/s",
            measured=[one.per_second for one in replied],
            against="signed Calendly deliveries on the same receiver",
            reference=[one.per_second for one in booked],
            floor="≥ 1",
        ),
        Figure(
            line="messages",
            what="CPU of the receiver's process for a reply",
            unit="µs",
            measured=replied_cpu,
            against="for a signed Calendly delivery",
            reference=booked_cpu,
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
