"""What a provider's API offers a sweep: the same Readings that its webhooks give, listed by start time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ingest.adapter import Reading
from pipeline.addressing import Contact
from pipeline.observation import AppointmentKey
from pipeline.words import Provider


@dataclass(frozen=True, slots=True)
class Window:
    """Meetings that start in [start, end), UTC. The providers' listings filter on nothing else."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """One listed object as cheaply as the listing tells it: unchanged while `fingerprint` is.

    `group` is what the listing names (Calendly: the scheduled event; GHL: the appointment). No personal data.
    """

    group: str
    fingerprint: str
    start_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: what is new or changed, and what was recognised as known.

    `readings` have source reconcile_cron and observed_at = the instant before the request. `cursor` resumes
    after this page, in another process too; None on the last page of a window. `unreadable` counts objects
    that were passed over, because one of them must not hide the others.
    """

    readings: Sequence[Reading]
    marks: Sequence[Mark]
    unchanged: Sequence[Mark]
    cursor: str | None
    unreadable: int = 0


Known = Callable[[Sequence[Mark]], set[str]]
"""Which of these marks (by group) we hold with the same fingerprint: one query a page. They cost no further call."""


Now = Callable[[], datetime]
"""The clock that observed_at is read from: the house's, or a simulation's."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A provider's webhook subscription of ours: what is needed to watch it, and to make it anew."""

    uri: str
    active: bool
    retry_started_at: datetime | None
    callback_url: str = ""
    events: tuple[str, ...] = ()
    scope: str = "organization"


@dataclass(frozen=True, slots=True)
class Person:
    """Whose meetings are asked for: personal data, for the call alone."""

    email: str | None = field(repr=False, default=None)
    contact_id: str | None = field(repr=False, default=None)

    def is_known_to(self, provider: Provider) -> bool:
        """Whether a provider can be asked: Calendly by address, GoHighLevel by its contact's id."""
        return bool(self.email if provider is Provider.CALENDLY else self.contact_id)


class ApiFailed(Exception):
    """A call came to nothing. `error` is a normalized word, of those in `ingest.apis.errors`.

    There is never anything of the provider's in it, and no address.
    """

    def __init__(self, error: str, *, retry_after: float | None = None) -> None:
        """Take the word, and the seconds after which the provider wants to hear from us again."""
        super().__init__(error)
        self.error = error
        self.retry_after = retry_after


class ProviderApi(Protocol):
    """One connection's API. Blocking; one thread at a time. Raises ApiFailed, BudgetSpent."""

    def pages(self, window: Window, cursor: str | None, known: Known) -> Iterator[Page]:
        """List everything that starts in a window, from a cursor on."""

    def appointment(self, key: AppointmentKey, uri: str | None) -> Reading | None:
        """GET one appointment; None: the provider says that there is none (404). `uri`: its Calendly invitee URI.

        Raises Ignored if what the provider has cannot be read.
        """

    def meetings_of(self, person: Person) -> Iterator[Page]:
        """List the meetings of a person whom the provider knows, past ones too; such pages have no marks.

        Which of them we hold is not asked: a meeting that was told of before may not have got into the books.
        """

    def contact(self, contact_id: str) -> Contact | None:
        """GET a contact; None where there is none, or where the provider has no contacts."""

    def subscriptions(self) -> Sequence[Subscription]:
        """List the webhook subscriptions that name our endpoint; empty where the provider has none to list."""

    def recreate(self, subscription: Subscription) -> Subscription:
        """Delete a disabled subscription and make it anew (Calendly has no other way).

        To be called again with the same subscription if it failed half-way: that it is gone is no error.
        """
