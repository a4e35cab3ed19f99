"""A lead's status: the last word somebody gave, and what its meetings have made of it since (RULES 23)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline.appointment import Appointment
from pipeline.observation import AppointmentKey
from pipeline.words import HELD, LIVE, LOST, Source, Status

MEETING_BOOKED = "meeting-booked"
QUALIFIED = "qualified"
NEW = "new"


@dataclass(frozen=True, slots=True)
class Base:
    """The last word of a person, an import or a message; `at` is None where nobody has spoken yet."""

    word: str = NEW
    at: datetime | None = None

    def or_later(self, other: "Base") -> "Base":
        """Return the later of two words; at one instant the greater, so that order says nothing."""
        if other.at is None:
            return self
        if self.at is None:
            return other
        return max(self, other, key=lambda base: (base.at, base.word))


def lead_status(base: Base, appointments: Iterable[Appointment]) -> str:
    """Compute the status shown for a lead."""
    appointments = list(appointments)
    # A CRM that moves in has drawn its conclusions from its own columns already: its word stands.
    told = [one for one in appointments if not one.placeholder and one.source is not Source.MIGRATION]
    since = [one for one in told if _booked_after(one, base.at)]
    by_key = {one.key: one for one in appointments}
    if any(_stands(one, by_key) for one in since):
        return MEETING_BOOKED
    if any(one.status in LOST for one in since):
        return QUALIFIED
    return base.word


def _booked_after(one: Appointment, at: datetime | None) -> bool:
    return at is None or (one.booked_at or one.first_effective_at) > at


def _stands(one: Appointment, by_key: dict[AppointmentKey, Appointment]) -> bool:
    """Whether a meeting is live or was held; one that moved to where we cannot see yet still stands."""
    if one.status is Status.RESCHEDULED:
        return one.rescheduled_to is None or by_key[one.rescheduled_to].placeholder
    return one.status in LIVE or one.status in HELD
