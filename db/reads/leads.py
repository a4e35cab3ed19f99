"""Leads as they are asked for: found by id through merges, and what a lead's own row says."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from db.engine import Reading
from db.reads.scope import Scope
from pipeline.appointment import Appointment
from pipeline.observation import EPOCH, AppointmentKey
from pipeline.words import Provider, Source, status_from

LONGEST_TRAIL = 20


class UnknownLead(LookupError):
    """No lead within reach has that id."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead without personal data. `told` is the primary that a CRM's columns told of, until a drain reads them."""

    client_id: UUID
    id: UUID
    stub: bool
    status: str
    timezone: str | None
    last_checked_at: datetime | None
    created_at: datetime
    told: Appointment | None
    told_count: int


@dataclass(frozen=True, slots=True)
class Contact:
    """What a page may call a lead; it goes into no address, no log and no answer of the API."""

    name: str | None

    def __repr__(self) -> str:
        """Say nothing."""
        return "Contact(…)"


def find(reading: Reading, scope: Scope, lead_id: UUID) -> Lead:
    """Find a lead, following `merged_into` to the one that is still there; raises UnknownLead."""
    for _ in range(LONGEST_TRAIL):
        row = reading.connection.execute(_FIND, {"client": scope.client_id, "lead": lead_id}).one_or_none()
        if row is None:
            raise UnknownLead
        if row.merged_into is None:
            return _lead(row)
        lead_id = row.merged_into
    raise UnknownLead


def contacts(reading: Reading, leads: list[tuple[UUID, UUID]]) -> dict[UUID, Contact]:
    """The names of some leads, given as (client, lead)."""
    if not leads:
        return {}
    clients, ids = zip(*leads, strict=True)
    rows = reading.connection.execute(_CONTACTS, {"clients": list(clients), "leads": list(ids)})
    return {row.id: Contact(row.name) for row in rows}


def utc(at: datetime | None) -> datetime | None:
    """An instant as every answer gives it, whatever zone the session reads in."""
    return at and at.astimezone(UTC)


def _lead(row: Any) -> Lead:
    return Lead(
        client_id=row.client_id,
        id=row.id,
        stub=row.stub,
        status=row.status,
        timezone=row.timezone,
        last_checked_at=utc(row.appointment_last_checked_at),
        created_at=row.created_at.astimezone(UTC),
        told=told_by_columns(row),
        told_count=row.appointment_count,
    )


def told_by_columns(row: Any) -> Appointment | None:
    """The appointment that a CRM's own rollup columns describe, while they are still the CRM's (RULES 22)."""
    if row.rollup_version != 0 or row.appointment_status is None:
        return None
    provider = _provider(row)
    uri = row.calendly_invitee_uri or row.calendly_scheduled_event_uri or ""
    external_id = row.ghl_appointment_id if provider is Provider.GHL else uri.rstrip("/").rpartition("/")[2]
    return Appointment(
        key=AppointmentKey(provider, external_id or ""),
        status=status_from(row.appointment_status),
        source=Source.MIGRATION,
        first_effective_at=EPOCH,
        start_at=utc(row.appointment_start_at),
        end_at=utc(row.appointment_end_at),
        booked_at=utc(row.appointment_booked_at),
        canceled_at=utc(row.appointment_canceled_at),
        calendly_invitee_uri=row.calendly_invitee_uri,
        calendly_scheduled_event_uri=row.calendly_scheduled_event_uri,
    )


def _provider(row: Any) -> Provider:
    """Whom the columns name; if they name nobody that we know, whoever's id they hold."""
    try:
        return Provider((row.appointment_provider or "").strip().casefold())
    except ValueError:
        return Provider.GHL if row.ghl_appointment_id else Provider.CALENDLY


LEAD_COLUMNS = """l.client_id, l.id, l.stub, l.merged_into, l.status, l.timezone, l.created_at,
    l.appointment_last_checked_at, l.ghl_appointment_id, l.calendly_invitee_uri,
    l.calendly_scheduled_event_uri, l.appointment_booked_at, l.appointment_start_at, l.appointment_end_at,
    l.appointment_status, l.appointment_canceled_at, l.appointment_provider, l.appointment_count,
    l.next_appointment_start_at, l.rollup_valid_until, l.rollup_version"""

# One client after another, each by the primary key: nothing here ever walks the whole table.
_FIND = text(f"""
    SELECT l.* FROM client c CROSS JOIN LATERAL (
        SELECT {LEAD_COLUMNS} FROM lead l WHERE l.client_id = c.id AND l.id = :lead OFFSET 0) l
    WHERE CAST(:client AS uuid) IS NULL OR c.id = :client""")  # noqa: S608

_CONTACTS = text("""
    SELECT l.id, coalesce(nullif(btrim(l.full_name), ''),
                          nullif(btrim(concat_ws(' ', l.first_name, l.last_name)), '')) AS name
    FROM unnest(CAST(:clients AS uuid[]), CAST(:leads AS uuid[])) AS k (client_id, id)
    JOIN lead l ON l.client_id = k.client_id AND l.id = k.id""")
