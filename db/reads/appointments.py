"""A lead's appointments as they stand in the books, with what was said of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from db.engine import Reading
from db.reads import cursors
from db.reads.leads import Lead, utc
from db.shelf import observations_of
from pipeline.appointment import Appointment
from pipeline.observation import AppointmentKey, Observation
from pipeline.words import LinkKind, Provider, Source, Status

# Looked up, not called: a lead may have hundreds of rows, and an enum's call costs a microsecond four times in each.
_PROVIDERS: dict[str, Provider] = {one.value: one for one in Provider}
_STATUSES: dict[str, Status] = {one.value: one for one in Status}
_SOURCES: dict[str, Source] = {one.value: one for one in Source}
_LINK_KINDS: dict[str, LinkKind] = {one.value: one for one in LinkKind}


@dataclass(frozen=True, slots=True)
class Shelved:
    """One row: its ids, and what it shows. The neighbours in its chain are named by their rows."""

    id: UUID
    facts: Appointment
    rescheduled_from_id: UUID | None
    rescheduled_to_id: UUID | None
    created_at: datetime
    updated_at: datetime


def of_lead(reading: Reading, lead: Lead) -> list[Shelved]:
    """All of a lead's appointments, placeholders too: newest start first, startless last, then by the provider's name."""
    return of_leads(reading, [(lead.client_id, lead.id)])[lead.id]


def of_leads(reading: Reading, leads: Sequence[tuple[UUID, UUID]]) -> dict[UUID, list[Shelved]]:
    """The appointments of some leads, given as (client, lead), in one query."""
    found: dict[UUID, list[Shelved]] = {lead_id: [] for _, lead_id in leads}
    if leads:
        client_ids, lead_ids = zip(*leads, strict=True)
        rows = reading.connection.execute(_OF_LEADS, {"clients": list(client_ids), "leads": list(lead_ids)})
        for row in rows.all():
            found[row.lead_id].append(_shelved(row))
    return found


def cut(
    appointments: Sequence[Shelved],
    lead: Lead,
    *,
    statuses: frozenset[Status],
    limit: int,
    cursor: str | None,
) -> tuple[list[Shelved], str | None]:
    """Cut one page from a lead's appointments, and the next one's cursor; raises cursors.BadCursor.

    Placeholders are not listed. No status given means any.
    """
    of_list = f"appointments:{lead.id}"
    listed = [one for one in appointments if not one.facts.placeholder]
    if statuses:
        listed = [one for one in listed if one.facts.status in statuses]
    if cursor:
        after = _place(*cursors.read(of_list, cursor))
        listed = [one for one in listed if _place(one.facts.start_at, _name(one)) > after]
    page = listed[:limit]
    following = (
        cursors.write(of_list, page[-1].facts.start_at, _name(page[-1])) if len(listed) > limit else None
    )
    return page, following


def cursor_after(lead: Lead, one: Shelved) -> str:
    """The cursor of the page, of those that `cut` makes, that begins after an appointment."""
    return cursors.write(f"appointments:{lead.id}", one.facts.start_at, _name(one))


def said_of(
    reading: Reading, client_id: UUID, appointments: Sequence[Shelved]
) -> dict[AppointmentKey, list[Observation]]:
    """The observations of some appointments."""
    found = observations_of(reading.database, client_id, [one.facts.key for one in appointments])
    return {key: list(said.values()) for key, said in found.items()}


def _place(start_at: datetime | None, name: str) -> tuple[bool, float, str]:
    """Where a row stands in the list: a key that ascends, and that no order of arrival changes."""
    return start_at is None, -start_at.timestamp() if start_at else 0.0, name


def _name(one: Shelved) -> str:
    return f"{one.facts.key.provider}:{one.facts.key.external_id}"


def _shelved(row: Any) -> Shelved:
    facts = Appointment(
        key=AppointmentKey(_PROVIDERS[row.provider], row.external_id),
        status=_STATUSES[row.status],
        source=_SOURCES[row.source],
        first_effective_at=row.first_effective_at.astimezone(UTC),
        start_at=utc(row.start_at),
        end_at=utc(row.end_at),
        timezone=row.timezone,
        status_changed_at=utc(row.status_changed_at),
        booked_at=utc(row.booked_at),
        canceled_at=utc(row.canceled_at),
        cancel_reason=row.cancel_reason,
        link_kind=row.link_kind and _LINK_KINDS[row.link_kind],
        moved_count=row.moved_count,
        removed_at_provider=row.removed_at_provider,
        placeholder=row.placeholder,
        calendly_invitee_uri=row.calendly_invitee_uri,
        calendly_scheduled_event_uri=row.calendly_scheduled_event_uri,
        calendly_event_type_uri=row.calendly_event_type_uri,
        ghl_calendar_id=row.ghl_calendar_id,
    )
    return Shelved(
        id=row.id,
        facts=facts,
        rescheduled_from_id=row.rescheduled_from_id,
        rescheduled_to_id=row.rescheduled_to_id,
        created_at=row.created_at.astimezone(UTC),
        updated_at=row.updated_at.astimezone(UTC),
    )


_OF_LEADS = text("""
    SELECT a.lead_id, a.id, a.provider, a.external_id, a.calendly_invitee_uri, a.calendly_scheduled_event_uri,
           a.calendly_event_type_uri, a.ghl_calendar_id, a.start_at, a.end_at, a.timezone, a.status,
           a.status_changed_at, a.booked_at, a.canceled_at, a.cancel_reason, a.rescheduled_from_id,
           a.rescheduled_to_id, a.link_kind, a.moved_count, a.removed_at_provider, a.placeholder, a.source,
           a.first_effective_at, a.created_at, a.updated_at
    FROM unnest(CAST(:clients AS uuid[]), CAST(:leads AS uuid[])) AS k (client_id, lead_id)
    CROSS JOIN LATERAL (
        SELECT * FROM appointment a WHERE a.client_id = k.client_id AND a.lead_id = k.lead_id OFFSET 0) a
    ORDER BY a.start_at DESC NULLS LAST, a.provider || ':' || a.external_id COLLATE "C" NULLS LAST""")
