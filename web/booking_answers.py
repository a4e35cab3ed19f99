"""What the API takes and answers about bookings and free slots."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.booking import Booking, BookingState
from web.answers import Answer, Instant


class BookingAsked(BaseModel):
    """A start to book: RFC 3339 with an offset. Without a connection, the client's own; without a calendar, its."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    slot: AwareDatetime
    connection_id: UUID | None = None
    calendar: str | None = Field(default=None, min_length=1, max_length=300)
    minutes: int | None = Field(default=None, ge=1, le=24 * 60)


class BookingTold(Answer):
    """An intent. `reason` says why it failed, or what it waits for."""

    id: UUID
    lead_id: UUID
    connection_id: UUID
    provider: str
    state: BookingState
    reason: str | None
    slot: Instant
    end_at: Instant
    attempts: int
    external_id: str | None
    called_at: Instant | None
    cancel_asked_at: Instant | None
    canceled_at: Instant | None
    created_at: Instant | None
    updated_at: Instant | None


class BookingsTold(Answer):
    """A lead's intents, newest first."""

    items: list[BookingTold]


class SlotTold(Answer):
    """A start that may be booked, and how the lead reads it."""

    start_at: Instant
    label: str


class SlotsTold(Answer):
    """The free starts, soonest first; labels are in `timezone`."""

    lead_id: UUID
    connection_id: UUID
    timezone: str
    items: list[SlotTold]


def told(one: Booking) -> BookingTold:
    """An intent as the API says it."""
    return BookingTold(
        id=one.id,
        lead_id=one.lead_id,
        connection_id=one.connection_id,
        provider=one.provider,
        state=one.state,
        reason=one.reason,
        slot=one.slot,
        end_at=one.end_at,
        attempts=one.attempts,
        external_id=one.external_id,
        called_at=one.called_at,
        cancel_asked_at=one.cancel_asked_at,
        canceled_at=one.canceled_at,
        created_at=one.created_at,
        updated_at=one.updated_at,
    )
