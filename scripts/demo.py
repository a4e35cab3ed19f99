"""The demo client: a few hundred made-up leads with histories, so that a newcomer sees something."""

import json
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from db import clients, connections, ledger
from db.clients import Client
from db.desk import Database
from db.ids import new_id
from db.import_row import Row
from db.importing import import_rows
from db.inbox import Parcel, post
from db.keyring import Keyring
from db.ledger import Hands
from pipeline.addressing import Identity, IdentityKind
from pipeline.observation import (
    Description,
    Links,
    Observation,
    Outcome,
    Schedule,
    StatusWord,
)
from pipeline.words import Provider, Source, Status

CLIENT = "demo"
OPERATOR = "demo"
LEADS = 300
SEED = 20

FIRST = "Ada Ben Chiara Daniel Elif Fatou Goran Hana Ines Jonas Kofi Lena Milan Nora Omar Pia Quentin Rosa Samir Tala".split()
LAST = "Almeida Brandt Costa Diallo Eriksen Fischer Garcia Haddad Ito Jansen Keller Lindt Moreau Novak Okafor".split()
ZONES = "Europe/Berlin America/New_York America/Los_Angeles Asia/Dubai Australia/Sydney".split()
API = "https://api.calendly.com"


@dataclass(frozen=True)
class Shown:
    """What a newcomer tries first: a lead, and a body that books a meeting for it."""

    lead_id: UUID
    body: Path


def ensure(database: Database, witness: Database, keyring: Keyring, var: Path) -> Shown | None:
    """Make the demo client in an empty database; None where there are only other clients."""
    known = clients.every(database)
    if not known:
        _make(database, witness, keyring)
        known = clients.every(database)
    demo = next((one for one in known if one.name == CLIENT), None)
    return _shown(database, keyring, demo, var) if demo else None


def _make(database: Database, witness: Database, keyring: Keyring) -> None:
    client_id = clients.add(database, keyring, CLIENT)
    connections.add(
        database, keyring, client_id, Provider.CALENDLY,
        secret_values={"signing_keys": [secrets.token_hex(32)]}, timezone="Europe/Berlin",
    )  # fmt: skip
    pepper = clients.pepper_of(database, keyring, client_id)
    import_rows(database, client_id, pepper, "US", _people())
    now: datetime = database.execute("SELECT apptrail_now()").fetchone()[0]  # type: ignore[index]
    parcels = list(_histories(client_id, pepper, now))
    leads: dict[UUID, None] = {}
    for first in range(0, len(parcels), 100):
        leads.update(
            dict.fromkeys(ring.lead_id for ring in post(database, parcels[first : first + 100]).rings)
        )
    hands = Hands(database, witness, lambda rings: None)
    every = list(leads)
    for first in range(0, len(every), 100):
        ledger.drain(hands, client_id, every[first : first + 100])


def _people() -> Iterator[tuple[int, Row]]:
    made_up = random.Random(SEED)  # noqa: S311  (made-up people, the same each time)
    for number in range(LEADS):
        yield (
            number,
            {
                "external_id": f"demo-{number:03d}",
                "email": email(number),
                "phone": f"+1202555{number:04d}",
                "first_name": made_up.choice(FIRST),
                "last_name": made_up.choice(LAST),
                "status": made_up.choice(("new", "contacted", "replied", "qualified")),
            },
        )


def email(number: int) -> str:
    return f"lead{number:03d}@example.com"


def _histories(client_id: UUID, pepper: bytes, now: datetime) -> Iterator[Parcel]:
    """Two leads of three have met or will meet; some moved, some canceled, some did not come."""
    made_up = random.Random(SEED + 1)  # noqa: S311
    for number in range(LEADS):
        if number % 3 == 2:
            continue
        zone = made_up.choice(ZONES)
        for meeting in range(made_up.choice((1, 1, 1, 2, 2, 3, 6))):
            for said in _meeting(f"demo-{number:03d}-{meeting}", zone, now, made_up):
                yield Parcel(
                    client_id=client_id, pepper=pepper, received_at=now, trace_id=new_id(), said=said,
                    key=said.key, links=said.linked, identities=(Identity(IdentityKind.EMAIL, email(number)),),
                )  # fmt: skip


def _meeting(name: str, zone: str, now: datetime, made_up: random.Random) -> Iterator[Observation]:
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(
        days=made_up.randint(-120, 21), hours=made_up.randint(0, 9)
    )
    booked = min(start, now) - timedelta(days=made_up.randint(1, 14), minutes=made_up.randint(0, 59))
    fate = made_up.choice(("held", "held", "held", "canceled", "no_show", "moved", "moved twice"))
    moves = {"moved": 1, "moved twice": 2}.get(fate, 0)
    for step in range(moves):
        moved_at = booked + timedelta(hours=2 + step)
        yield _said(f"{name}-{step}", zone, start - timedelta(days=moves - step), booked, moved_at, Status.CANCELED,
                    links=Links(replaces=f"{name}-{step - 1}" if step else None, replaced_by=f"{name}-{step + 1}", moved=True))  # fmt: skip
        booked = moved_at
    last = f"{name}-{moves}"
    links = Links(replaces=f"{name}-{moves - 1}") if moves else None
    yield _said(last, zone, start, booked, booked, Status.CONFIRMED, links=links)
    if fate == "canceled":
        yield _said(last, zone, start, booked, booked + timedelta(hours=20), Status.CANCELED)
    if fate == "no_show" and start < now - timedelta(days=1):
        missed = Outcome(word=Status.NO_SHOW, at=start + timedelta(minutes=45))
        yield _said(last, zone, start, booked, booked, Status.CONFIRMED, links=links, outcome=missed)


def _said(
    name: str, zone: str, start: datetime, booked: datetime, version: datetime, word: Status,
    *, links: Links | None = None, outcome: Outcome | None = None,
) -> Observation:  # fmt: skip
    return Observation(
        provider=Provider.CALENDLY,
        external_id=name,
        source=Source.WEBHOOK,
        observed_at=version,
        version_at=version,
        schedule=Schedule(start_at=start, end_at=start + timedelta(minutes=30), timezone=zone),
        status=StatusWord(word=word, canceled_at=version if word is Status.CANCELED else None),
        outcome=outcome,
        links=links,
        description=Description(
            calendly_invitee_uri=f"{API}/scheduled_events/ev-{name}/invitees/{name}",
            calendly_scheduled_event_uri=f"{API}/scheduled_events/ev-{name}",
            calendly_event_type_uri=f"{API}/event_types/intro-call",
        ),
        booked_at=booked,
    )


def _shown(database: Database, keyring: Keyring, demo: Client, var: Path) -> Shown:
    """The lead of the first webhook; its body is written anew, so that the meeting lies ahead."""
    pepper = clients.pepper_of(database, keyring, demo.id)
    lead_id = clients.lead_of(database, pepper, demo.id, Identity(IdentityKind.EMAIL, email(2)))
    now: datetime = database.execute("SELECT apptrail_now()").fetchone()[0]  # type: ignore[index]
    body = var / "demo" / "invitee.created.json"
    body.parent.mkdir(parents=True, exist_ok=True)
    body.write_text(json.dumps(_webhook(secrets.token_hex(8), now), indent=2) + "\n")
    return Shown(lead_id, body)


def _webhook(name: str, now: datetime) -> dict[str, object]:
    """A booking as Calendly tells of it, for tomorrow."""
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1, hours=2)
    event = f"{API}/scheduled_events/ev-{name}"
    return {
        "event": "invitee.created",
        "created_at": _text(now),
        "created_by": f"{API}/users/demo",
        "payload": {
            "uri": f"{event}/invitees/{name}",
            "email": email(2),
            "name": "Chiara Costa",
            "status": "active",
            "timezone": "Europe/Berlin",
            "event": event,
            "created_at": _text(now),
            "updated_at": _text(now),
            "rescheduled": False,
            "old_invitee": None,
            "new_invitee": None,
            "questions_and_answers": [],
            "tracking": {"utm_content": None, "salesforce_uuid": None},
            "scheduled_event": {
                "uri": event,
                "name": "Intro call",
                "status": "active",
                "start_time": _text(start),
                "end_time": _text(start + timedelta(minutes=30)),
                "event_type": f"{API}/event_types/intro-call",
            },
        },
    }


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
