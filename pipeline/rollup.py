"""The rollup: which appointment speaks for a lead at an instant, and what a CRM reads of it (RULES 20-21)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline.adoption import ghl_id
from pipeline.appointment import Appointment
from pipeline.words import Provider, Source, Status, Why

ROLLUP_VERSION = 1

NOT_HELD = frozenset({Status.CANCELED, Status.RESCHEDULED, Status.INVALID})


@dataclass(slots=True)
class Rollup:
    """The columns of `lead` that a CRM reads; all but the last four describe the primary."""

    ghl_appointment_id: str | None = None
    calendly_invitee_uri: str | None = None
    calendly_scheduled_event_uri: str | None = None
    appointment_booked_at: datetime | None = None
    appointment_start_at: datetime | None = None
    appointment_end_at: datetime | None = None
    appointment_status: Status | None = None
    appointment_canceled_at: datetime | None = None
    appointment_provider: Provider | None = None
    appointment_source: Source | None = None
    booked_slot: str | None = None
    appointment_count: int = 0
    next_appointment_start_at: datetime | None = None
    rollup_valid_until: datetime | None = None
    rollup_version: int = ROLLUP_VERSION


def primary(appointments: Iterable[Appointment], now: datetime) -> tuple[Appointment | None, Why]:
    """Choose the appointment that speaks for the lead at `now`, and say by which clause (RULES 20).

    Where a time is missing, the smallest effective time among the appointment's observations stands
    in. Ties go to the smaller provider, then the smaller external id.
    """
    known = sorted((one for one in appointments if not one.placeholder), key=lambda one: one.key)
    upcoming = [one for one in known if one.is_upcoming(now)]
    if upcoming:
        return min(upcoming, key=_start), Why.UPCOMING
    held = [one for one in known if one.status not in NOT_HELD]
    if held:
        return max(held, key=lambda one: (one.start_at is not None, _start(one))), Why.LAST_HELD
    canceled = [one for one in known if one.status is Status.CANCELED]
    if canceled:
        return max(canceled, key=lambda one: one.canceled_at or one.first_effective_at), Why.LAST_CANCELED
    if known:
        return max(known, key=_start), Why.ONLY_HISTORY
    return None, Why.NONE


def roll_up(appointments: Iterable[Appointment], now: datetime) -> Rollup:
    """Compute the rollup columns as a whole."""
    appointments = list(appointments)
    chosen, _ = primary(appointments, now)
    next_start = min(
        (one.start_at for one in appointments if one.is_upcoming(now) and one.start_at), default=None
    )
    if chosen is None:
        return Rollup()
    return Rollup(
        ghl_appointment_id=ghl_id(chosen.key),
        calendly_invitee_uri=chosen.calendly_invitee_uri,
        calendly_scheduled_event_uri=chosen.calendly_scheduled_event_uri,
        appointment_booked_at=chosen.booked_at,
        appointment_start_at=chosen.start_at,
        appointment_end_at=chosen.end_at,
        appointment_status=chosen.status,
        appointment_canceled_at=chosen.canceled_at,
        appointment_provider=chosen.key.provider,
        appointment_source=_source(chosen),
        booked_slot=slot(chosen.start_at),
        appointment_count=count(appointments),
        next_appointment_start_at=next_start,
        rollup_valid_until=next_start,
    )


def count(appointments: Iterable[Appointment]) -> int:
    """All but placeholders and invalid ones."""
    return sum(not one.placeholder and one.status is not Status.INVALID for one in appointments)


def slot(start_at: datetime | None) -> str | None:
    """A start as the CRM has always read it: RFC 3339, UTC."""
    return start_at.isoformat().replace("+00:00", "Z") if start_at else None


def _source(one: Appointment) -> Source:
    """While nobody but the CRM has spoken, its own word for the source stands."""
    return one.source_said or one.source if one.source is Source.MIGRATION else one.source


def _start(one: Appointment) -> datetime:
    return one.start_at or one.first_effective_at
