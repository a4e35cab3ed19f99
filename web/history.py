"""A lead's history as the API says it: rows and observations turned into answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from db.engine import Reading
from db.reads import booking
from db.reads.appointments import Shelved, of_lead, said_of
from db.reads.booking import Booking
from db.reads.lead_list import Listed
from db.reads.leads import Lead
from pipeline.adoption import ghl_id
from pipeline.observation import AppointmentKey, Observation
from pipeline.timeline import Shown, revisions
from web import answers
from web.answers import rfc3339


def appointments(
    page: Sequence[Shelved], said: Mapping[AppointmentKey, Iterable[Observation]], primary_id: UUID | None
) -> list[answers.Appointment]:
    """The items of a page, with the revisions that their observations make."""
    return [_appointment(one, said.get(one.facts.key, ()), primary_id) for one in page]


def one_of(reading: Reading, lead: Lead, one: Shelved, now: datetime) -> answers.Appointment:
    """One appointment, with the revisions that its observations make."""
    primary_id = booking.at(now, lead, of_lead(reading, lead)).row_id
    (item,) = appointments([one], said_of(reading, lead.client_id, [one]), primary_id)
    return item


def booking_status(lead: Lead, found: Booking, as_of: datetime) -> answers.BookingStatus:
    """The answer to whether a lead has a meeting."""
    rollup = found.rollup
    return answers.BookingStatus(
        lead_id=lead.id,
        has_appointment=found.is_upcoming,
        has_history=found.count > 0,
        appointment_count=found.count,
        appointment_id=found.row_id,
        provider=rollup.appointment_provider,
        source=rollup.appointment_source,
        status=rollup.appointment_status,
        start_at=rollup.appointment_start_at,
        end_at=rollup.appointment_end_at,
        booked_at=rollup.appointment_booked_at,
        booked_slot=rollup.booked_slot,
        canceled_at=rollup.appointment_canceled_at,
        next_start_at=rollup.next_appointment_start_at,
        lead_status=lead.status,
        why=found.why,
        as_of=as_of,
    )


def listed(leads: Iterable[Listed]) -> list[answers.ListedLead]:
    """Leads in a list."""
    return [
        answers.ListedLead(
            id=one.id,
            status=one.status,
            stub=one.stub,
            appointment_status=one.appointment_status,
            appointment_start_at=one.appointment_start_at,
            next_start_at=one.next_start_at,
            appointment_count=one.appointment_count,
            appointment_provider=one.appointment_provider,
            created_at=one.created_at,
        )
        for one in leads
    ]


def _appointment(one: Shelved, said: Iterable[Observation], primary_id: UUID | None) -> answers.Appointment:
    facts = one.facts
    return answers.Appointment(
        id=one.id,
        provider=facts.key.provider,
        source=facts.source,
        status=facts.status,
        start_at=facts.start_at,
        end_at=facts.end_at,
        timezone=facts.timezone,
        booked_at=facts.booked_at,
        canceled_at=facts.canceled_at,
        cancel_reason=facts.cancel_reason,
        created_at=one.created_at,
        updated_at=one.updated_at,
        ghl_appointment_id=ghl_id(facts.key),
        calendly_invitee_uri=facts.calendly_invitee_uri,
        calendly_scheduled_event_uri=facts.calendly_scheduled_event_uri,
        rescheduled_from_id=one.rescheduled_from_id,
        rescheduled_to_id=one.rescheduled_to_id,
        link_kind=facts.link_kind,
        moved_count=facts.moved_count,
        is_primary=one.id == primary_id,
        revisions=[
            answers.Revision(
                at=revision.at,
                source=revision.source,
                changes={
                    field: answers.Change(before=_text(before), after=_text(after))
                    for field, (before, after) in revision.changes.items()
                },
            )
            for revision in revisions(said)
        ],
    )


def _text(value: Shown) -> str | None:
    return rfc3339(value) if isinstance(value, datetime) else value
