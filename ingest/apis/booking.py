"""What a provider's API offers whoever books for a lead: free starts, a booking, and how to find and end one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ingest.adapter import Reading
from ingest.apis import errors

NOT_KNOWN = frozenset({
    errors.TIMEOUT, errors.BROKEN_ANSWER, errors.SERVER_ERROR, errors.EMPTY_ANSWER, errors.HTML_ANSWER,
    errors.NOT_JSON, errors.WRAPPED_ANSWER, errors.TOO_LARGE,
})  # fmt: skip
"""After these a booking may have been made."""


@dataclass(frozen=True, slots=True)
class Guest:
    """For whom a meeting is booked. Personal data: it goes to the provider and nowhere else."""

    email: str
    timezone: str
    first_name: str = ""
    last_name: str = ""
    phone: str | None = None

    def __repr__(self) -> str:
        """Say nothing."""
        return "Guest(…)"


@dataclass(frozen=True, slots=True)
class Order:
    """A booking that is wanted. `calendar`: a Calendly event type's URI, or a GHL calendar's id; instants in UTC.

    `token` is our own name of the lead (`lead:<id>`), `mark` that of the intent, which Calendly hands back in its
    tracking; `contact` is the guest at a provider that has contacts, as `ensure_guest` named it.
    """

    calendar: str
    start_at: datetime
    end_at: datetime | None
    guest: Guest
    token: str | None = None
    location: dict[str, str] | None = field(default=None, repr=False)
    mark: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """What a provider has booked. `group` is what cancels it: Calendly's scheduled event, GHL's appointment."""

    external_id: str
    group: str
    uri: str | None
    reading: Reading


class Unknown(Exception):
    """The call may have booked or not: look with `find` before it is tried again. `error` is a normalized word."""

    def __init__(self, error: str) -> None:
        """Take the word of the failure."""
        super().__init__(error)
        self.error = error


class SlotTaken(Exception):
    """The provider says that this start is no longer free."""


class BookingApi(Protocol):
    """One connection's bookings, on the reserve of its budget. Raises ApiFailed, BudgetSpent."""

    def free(self, calendar: str, start: datetime, end: datetime, zone: str) -> Sequence[datetime]:
        """List the free starts in [start, end), in UTC and in order."""

    def ensure_guest(self, guest: Guest) -> str | None:
        """Name the guest's contact, made if there is none; None where the provider has no contacts."""

    def book(self, order: Order) -> Booked:
        """Book, once, without trying again. Raises SlotTaken, Unknown."""

    def find(self, order: Order) -> Booked | None:
        """Look for a live booking of this guest at this start; None: there is none yet."""

    def cancel(self, booked_group: str) -> None:
        """Call a booking off; that it is off already is no error."""
