"""What the faces say to each other of bookings: the web asks, and whoever speaks to providers answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Slot:
    """A start that may be booked, and its label in the zone of whoever is to read it."""

    start_at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The free starts of one calendar; `zone` is that of the labels."""

    connection_id: UUID
    calendar: str
    zone: str
    slots: Sequence[Slot]


class NoSlots(Exception):
    """Nothing can be offered. `reason`: no_connection, no_calendar, or what kept the provider from answering."""

    def __init__(self, reason: str) -> None:
        """Take the word."""
        super().__init__(reason)
        self.reason = reason


SlotsOf = Callable[[UUID, UUID, UUID | None, datetime, datetime], Offer]
"""(client, lead, connection or None, from, to). Raises NoSlots."""
