"""What the API answers: the shapes of DESIGN 8, times as RFC 3339 in UTC."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from pipeline.words import LinkKind, Provider, Source, Status, Why


def rfc3339(at: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]


class Answer(BaseModel):
    """A value that goes out as it is."""

    model_config = ConfigDict(frozen=True)


class Change(Answer):
    """One field's value before and after; times as RFC 3339."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    before: str | None = Field(alias="from")
    after: str | None = Field(alias="to")


class Revision(Answer):
    """One change of an appointment: when it took effect, who told us, and what became different."""

    at: Instant
    source: Source
    changes: dict[str, Change]


class Appointment(Answer):
    """One appointment. `rescheduled_from_id` and `rescheduled_to_id` are ids of appointments, though
    perhaps of one that nobody has told us of yet, which is then not listed.
    """

    id: UUID
    provider: Provider
    source: Source
    status: Status
    start_at: Instant | None
    end_at: Instant | None
    timezone: str | None
    booked_at: Instant | None
    canceled_at: Instant | None
    cancel_reason: str | None
    created_at: Instant
    updated_at: Instant
    ghl_appointment_id: str | None
    calendly_invitee_uri: str | None
    calendly_scheduled_event_uri: str | None
    rescheduled_from_id: UUID | None
    rescheduled_to_id: UUID | None
    link_kind: LinkKind | None
    moved_count: int
    is_primary: bool
    revisions: list[Revision]


class Appointments(Answer):
    """A lead's history, newest start first; `lead_id` is the lead that others were merged into."""

    lead_id: UUID
    items: list[Appointment]
    next_cursor: str | None


class BookingStatus(Answer):
    """What a lead's appointments add up to; all from `appointment_id` to `canceled_at` tell of the primary."""

    lead_id: UUID
    has_appointment: bool
    has_history: bool
    appointment_count: int
    appointment_id: UUID | None
    provider: Provider | None
    source: Source | None
    status: Status | None
    start_at: Instant | None
    end_at: Instant | None
    booked_at: Instant | None
    booked_slot: str | None
    canceled_at: Instant | None
    next_start_at: Instant | None
    lead_status: str
    why: Why
    as_of: Instant


class ListedLead(Answer):
    """A lead in a list, without personal data."""

    id: UUID
    status: str
    stub: bool
    appointment_status: str | None
    appointment_start_at: Instant | None
    next_start_at: Instant | None
    appointment_count: int
    appointment_provider: str | None
    created_at: Instant


class Leads(Answer):
    """Leads, newest first."""

    items: list[ListedLead]
    next_cursor: str | None


class Found(Answer):
    """The leads that a search found: one or none."""

    items: list[ListedLead]
