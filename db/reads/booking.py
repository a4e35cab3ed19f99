"""A lead's booking at an instant: the rollup computed from its appointments, never read from an expired one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.reads.appointments import Shelved
from db.reads.leads import Lead
from pipeline.appointment import Appointment
from pipeline.rollup import Rollup, primary, roll_up
from pipeline.words import Why


@dataclass(frozen=True, slots=True)
class Booking:
    """What a lead's appointments add up to at `now`. `row_id` is None for what only a CRM's columns told."""

    chosen: Appointment | None
    row_id: UUID | None
    why: Why
    rollup: Rollup
    count: int

    @property
    def is_upcoming(self) -> bool:
        """Whether a live meeting lies ahead."""
        return self.why is Why.UPCOMING


def at(now: datetime, lead: Lead, appointments: Sequence[Shelved]) -> Booking:
    """Compute a lead's booking; a CRM's own columns speak only while nothing else does (RULES 22)."""
    ids = {one.facts.key: one.id for one in appointments}
    known = [one.facts for one in appointments]
    if not known and lead.told is not None:
        known = [lead.told]
    chosen, why = primary(known, now)
    rollup = roll_up(known, now)
    count = rollup.appointment_count if ids else max(rollup.appointment_count, lead.told_count)
    return Booking(chosen, ids.get(chosen.key) if chosen else None, why, rollup, count)
