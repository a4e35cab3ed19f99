"""Stories: what providers say of meetings, in the words a page test needs, and the real way into the books."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from db import inbox, ledger
from db.inbox import Parcel, Ring
from db.ledger import Hands
from pipeline.addressing import Contact, Identity, IdentityKind
from pipeline.observation import Description, Links, Observation, Outcome, Schedule, StatusWord
from pipeline.words import Provider, Source, Status
from tests.builders import AClient, a_parcel

NOW = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
"""The instant at which these stories are told."""

CALENDLY = "https://api.calendly.com"


def a_meeting(
    external_id: str = "inv-1",
    *,
    provider: Provider = Provider.CALENDLY,
    status: Status | None = Status.CONFIRMED,
    start_at: datetime | None = NOW + timedelta(days=2),
    minutes: int = 30,
    timezone: str | None = "Europe/Berlin",
    at: datetime = NOW - timedelta(days=1),
    booked_at: datetime | None = None,
    canceled_at: datetime | None = None,
    reason: str | None = None,
    removed: bool = False,
    outcome: Status | None = None,
    replaces: str | None = None,
    replaced_by: str | None = None,
    moved: bool = False,
    calendar: str = "intro-call",
    source: Source = Source.WEBHOOK,
    versioned: bool = True,
) -> Observation:
    """What a provider says of one appointment at `at`. `start_at` None and `status` None state nothing."""
    calendly = provider is Provider.CALENDLY
    event = f"{CALENDLY}/scheduled_events/event-{external_id}"
    linked = replaces is not None or replaced_by is not None or moved
    return Observation(
        provider=provider,
        external_id=external_id,
        source=source,
        observed_at=at,
        version_at=at if versioned else None,
        schedule=Schedule(start_at=start_at, end_at=start_at + timedelta(minutes=minutes), timezone=timezone)
        if start_at
        else None,
        status=StatusWord(word=status, removed=removed, canceled_at=canceled_at, cancel_reason=reason)
        if status
        else None,
        outcome=Outcome(word=outcome, at=at) if outcome else None,
        links=Links(replaces=replaces, replaced_by=replaced_by, moved=moved) if linked else None,
        description=Description(
            calendly_invitee_uri=f"{event}/invitees/{external_id}" if calendly else None,
            calendly_scheduled_event_uri=event if calendly else None,
            calendly_event_type_uri=f"{CALENDLY}/event_types/{calendar}" if calendly else None,
            ghl_calendar_id=None if calendly else calendar,
        ),
        booked_at=booked_at,
    )


def a_busy_life(count: int, now: datetime = NOW, *, chain: int = 10) -> Iterator[Observation]:
    """What is said of a lead whose meetings, four days apart, were each moved until the last of a chain was held.

    The last five lie ahead of `now`.
    """
    for number in range(count):
        start_at = now + timedelta(days=4 * (number - count + 5), hours=1)
        booked_at = start_at - timedelta(days=9)
        before = f"busy-{number - 1}" if number % chain else None
        one: dict[str, Any] = {"start_at": start_at, "booked_at": booked_at, "replaces": before}
        yield a_meeting(f"busy-{number}", at=booked_at, **one)
        if number % chain < chain - 1 and number < count - 1:
            one |= {"status": Status.CANCELED, "moved": True, "replaced_by": f"busy-{number + 1}"}
            yield a_meeting(f"busy-{number}", at=booked_at + timedelta(days=3), **one)
        elif start_at < now:
            one |= {"outcome": Status.SHOWED, "at": start_at + timedelta(hours=2)}
            yield a_meeting(f"busy-{number}", **one)


def told(
    client: AClient,
    said: Observation | None = None,
    *,
    email: str = "ada@example.test",
    name: str | None = "Ada Lovelace",
    phone: str | None = None,
) -> Parcel:
    """A delivery about somebody, with the neighbours that its observation names."""
    identities = [Identity(IdentityKind.EMAIL, email)]
    if phone:
        identities.append(Identity(IdentityKind.PHONE, phone))
    contact = Contact(email=email, phone=phone, full_name=name)
    return a_parcel(client.id, said or a_meeting(), *identities, pepper=client.pepper, contact=contact)


def deliver(hands: Hands, *parcels: Parcel) -> UUID:
    """Post parcels one after the other and drain until nothing is due; the lead of the last one.

    A lead that was merged meanwhile is followed.
    """
    rings: list[Ring] = []
    for parcel in parcels:
        rings += inbox.post(hands.database, [parcel]).rings
    for client_id in {ring.client_id for ring in rings}:
        drain_all(hands, client_id, [ring.lead_id for ring in rings if ring.client_id == client_id])
    last = rings[-1]
    row = hands.database.execute(
        "SELECT coalesce(merged_into, id) FROM lead WHERE client_id = %s AND id = %s",
        (last.client_id, last.lead_id),
    ).fetchone()
    assert row is not None
    lead_id: UUID = row[0]
    return lead_id


def drain_all(hands: Hands, client_id: UUID, lead_ids: Sequence[UUID]) -> None:
    """Drain some leads, and whoever their jobs are forwarded to, until nothing is due."""
    leads = list(dict.fromkeys(lead_ids))
    while leads:
        for start in range(0, len(leads), 100):
            ledger.drain(hands, client_id, leads[start : start + 100])
        rows = hands.database.execute(
            "SELECT DISTINCT lead_id FROM inbox WHERE client_id = %s AND not_before <= now()", (client_id,)
        )
        leads = [row[0] for row in rows]
