"""A booking: the intent that a meeting be made for a lead, and the states that it goes through, exactly once.

reserved → calling → booked | failed | unknown. `calling` is committed before the provider is called, so whoever
finds it later knows that there may be a meeting. `unknown` is settled by looking, never by another call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pipeline.words import Provider

MOST_CALLS = 5
ASSUMED_MINUTES = 30


class BookingState(StrEnum):
    """Where an intent stands."""

    RESERVED = "reserved"
    CALLING = "calling"
    BOOKED = "booked"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELED = "canceled"


ACTIVE = frozenset({BookingState.RESERVED, BookingState.CALLING, BookingState.UNKNOWN})


class Refusal(StrEnum):
    """Why an intent failed without a call, or came to nothing."""

    CLIENT_OFF = "client_switched_off"
    LEAD_OFF = "lead_switched_off"
    SUPPRESSED = "suppressed"
    HAS_APPOINTMENT = "has_appointment"
    NO_EMAIL = "no_email"
    SLOT_PASSED = "slot_passed"
    SLOT_TAKEN = "slot_taken"
    NO_API = "no_api"
    CALLED_OFF = "called_off"
    NEVER_BOOKED = "never_booked"


@dataclass(frozen=True, slots=True)
class Booking:
    """One intent. `calendar`: a Calendly event type's URI or a GHL calendar's id. No personal data.

    `look_after`: when it is known that a call which brought no answer has taken effect or never will.
    `contact_id`: for whom it was booked, where the provider has contacts.
    """

    client_id: UUID
    id: UUID
    lead_id: UUID
    connection_id: UUID
    provider: Provider
    calendar: str
    slot: datetime
    minutes: int
    state: BookingState
    reason: str | None = None
    attempts: int = 0
    external_id: str | None = None
    booked_group: str | None = None
    uri: str | None = None
    contact_id: str | None = None
    asked_by: str | None = None
    called_at: datetime | None = None
    look_after: datetime | None = None
    not_before: datetime | None = None
    cancel_asked_at: datetime | None = None
    canceled_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def end_at(self) -> datetime:
        """When the meeting is to be over."""
        return self.slot + timedelta(minutes=self.minutes)

    @property
    def mark(self) -> str:
        """Our own name of it, which a provider's tracking hands back."""
        return f"booking:{self.id}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is so at the moment of the call."""

    client_on: bool
    lead_on: bool
    suppressed: bool
    has_appointment: bool
    has_email: bool


def refusal(booking: Booking, conditions: Conditions, now: datetime) -> Refusal | None:
    """Why the call may not be made, if it may not."""
    if booking.cancel_asked_at is not None:
        return Refusal.CALLED_OFF
    if not conditions.client_on:
        return Refusal.CLIENT_OFF
    if not conditions.lead_on:
        return Refusal.LEAD_OFF
    if conditions.suppressed:
        return Refusal.SUPPRESSED
    if conditions.has_appointment:
        return Refusal.HAS_APPOINTMENT
    if not conditions.has_email:
        return Refusal.NO_EMAIL
    return Refusal.SLOT_PASSED if booking.slot <= now else None


def after_look(booking: Booking, *, found: bool) -> tuple[BookingState, str | None]:
    """What an intent is after the provider was looked at, once the call must have taken effect if it ever does."""
    if found:
        return BookingState.BOOKED, None
    if booking.cancel_asked_at is not None:
        return BookingState.FAILED, Refusal.CALLED_OFF
    if booking.attempts >= MOST_CALLS:
        return BookingState.FAILED, Refusal.NEVER_BOOKED
    return BookingState.RESERVED, None


@dataclass(frozen=True, slots=True)
class BookingSettings:
    """What a connection books with: `settings.booking`. Seconds of `settle`: the provider's longest processing time."""

    calendar: str | None = None
    minutes: int = ASSUMED_MINUTES
    location: Mapping[str, str] | None = None
    settle: float = 60.0


def settings_in(settings: Mapping[str, Any]) -> BookingSettings:
    """Read a connection's settings; what is no such setting counts as not given."""
    given = settings.get("booking")
    own: dict[str, Any] = given if isinstance(given, dict) else {}
    calendar, minutes = own.get("calendar"), own.get("minutes")
    location, settle = own.get("location"), own.get("settle_seconds")
    return BookingSettings(
        calendar=calendar if isinstance(calendar, str) and calendar else None,
        minutes=minutes if isinstance(minutes, int) and 0 < minutes <= 24 * 60 else ASSUMED_MINUTES,
        location=location if isinstance(location, dict) else None,
        settle=float(settle) if isinstance(settle, int | float) and 0 <= settle <= 3600 else 60.0,
    )


def slot_label(start: datetime, zone: ZoneInfo) -> str:
    """A start as a lead reads it: `Thu 26 Nov 2026, 10:00 (New York time)`."""
    local = start.astimezone(zone)
    place = (
        "UTC" if zone.key in {"UTC", "Etc/UTC"} else f"{zone.key.rpartition('/')[2].replace('_', ' ')} time"
    )
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} ({place})"
