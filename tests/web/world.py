"""A world of two clients, each of which has one of everything that an address can name."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from db import bookings, clients, connections, replays, sign_in
from db.dead_letter_filters import Filter
from pipeline.words import Provider, Status
from tests.builders import KEYRING, AClient
from tests.web.conftest import Web
from tests.web.story import NOW, a_meeting, deliver, told
from tests.web.test_dead_letters_api import a_letter

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TABLES = (
    "lead", "appointment", "observation", "inbox", "follow_up", "booking", "dead_letter", "replay", "connection",
    "sweep_run", "lookup", "api_token", "operator", "audit_log",
)  # fmt: skip

_numbers = count(1)


ALL = frozenset({
    "client_id", "lead_id", "appointment_id", "email", "follow_up_id", "connection_id", "booking_id", "letter_id",
    "replay_id", "token_id", "operator_id",
})  # fmt: skip


def things_of(web: Web, client: AClient, wanted: frozenset[str] = ALL) -> dict[str, str]:
    """New things of a client, by the names that addresses use; each call makes others."""
    number = next(_numbers)
    found: dict[str, Any] = {"client_id": client.id, "email": f"somebody{number}@example.test"}
    if wanted & {"connection_id", "booking_id", "follow_up_id"}:
        found["connection_id"] = _connection(web, client)
    if wanted & {"lead_id", "appointment_id", "email"}:
        found["lead_id"], found["appointment_id"] = _lead(web, client, found["email"], number)
    if "booking_id" in wanted:
        found["booking_id"] = _booking(web, client, found["lead_id"], found["connection_id"])
    if "follow_up_id" in wanted:
        found["follow_up_id"] = _follow_up(web, client, number)
    if wanted & {"letter_id", "replay_id"}:
        found["letter_id"] = a_letter(web, f"print-{number}", client)
    if "replay_id" in wanted:
        letters = Filter(client_id=client.id, letter_id=UUID(found["letter_id"]))
        found["replay_id"] = replays.start(web.database, letters, actor="somebody", reason="a test")
    if "token_id" in wanted:
        found["token_id"] = _token(web, client)
    if "operator_id" in wanted:
        found["operator_id"] = sign_in.ensure_operator(
            web.database, f"Somebody {number}", "operate", client.id
        )
    return {name: str(one) for name, one in found.items()}


def state_of(web: Web, client: AClient) -> dict[str, Any]:
    """Everything that a client has, as a digest for each table."""
    whose = {"client": "id"}
    return {
        table: web.database.execute(
            f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE {whose.get(table, 'client_id')} = %s",
            (client.id,),
        ).fetchone()
        for table in TABLES
    }


def _lead(web: Web, client: AClient, email: str, number: int) -> tuple[UUID, UUID]:
    """A lead with a meeting that looks like another's successor, and is heard of no more."""
    old = a_meeting(f"old-{number}", status=Status.CANCELED, at=NOW - 3 * HOUR, canceled_at=NOW - 3 * HOUR)
    new = a_meeting(f"new-{number}", start_at=NOW + 4 * DAY, booked_at=NOW - HOUR, at=NOW - HOUR)
    lead_id = deliver(
        web.hands, *(told(client, one, email=email, name=f"{client.name} {number}") for one in (old, new))
    )
    return lead_id, _one(
        web,
        "SELECT id FROM appointment WHERE client_id = %s AND external_id = %s",
        client.id,
        f"new-{number}",
    )


def _follow_up(web: Web, client: AClient, number: int) -> UUID:
    lost = a_meeting(f"lost-{number}", status=Status.CANCELED, canceled_at=NOW - HOUR)
    lead_id = deliver(web.hands, told(client, lost, email=f"lost{number}@example.test", name=client.name))
    return _one(web, "SELECT id FROM follow_up WHERE client_id = %s AND lead_id = %s", client.id, lead_id)


def _connection(web: Web, client: AClient) -> UUID:
    """One that may be swept, books, and raises follow-ups for whatever was lost of late."""
    secrets = {"api_token": "a token", "signing_keys": ["k"]}
    added, _ = connections.add(web.database, KEYRING, client.id, Provider.CALENDLY, secret_values=secrets)
    connections.change_settings(web.database, added, "booking", {"calendar": "Cal1", "minutes": 45})
    web.database.execute("UPDATE connection SET follow_ups_from = %s WHERE id = %s", (NOW - 30 * DAY, added))
    return added


def _booking(web: Web, client: AClient, lead_id: UUID, connection_id: UUID) -> UUID:
    asked, _ = bookings.ask(
        web.database, client.id, lead_id, connection_id=connection_id, provider=Provider.CALENDLY, calendar="Cal1",
        slot=NOW + DAY, minutes=30, asked_by="somebody", now=NOW,
    )  # fmt: skip
    return asked.id


def _token(web: Web, client: AClient) -> UUID:
    clients.add_token(web.database, client.id, "read")
    return _one(
        web,
        "SELECT id FROM api_token WHERE client_id = %s ORDER BY created_at DESC, id DESC LIMIT 1",
        client.id,
    )


def _one(web: Web, query: str, *values: Any) -> UUID:
    row = web.database.execute(query, values).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found
