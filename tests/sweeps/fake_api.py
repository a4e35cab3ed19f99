"""A provider's API in memory: what it holds, what of it a test hides or breaks, and how often it was called."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingest.adapter import Reading
from ingest.apis.api import ApiFailed, Known, Mark, Page, Person, Subscription, Window
from pipeline.addressing import Contact, Identity, IdentityKind
from pipeline.observation import AppointmentKey, Description, Observation, Schedule, StatusWord
from pipeline.words import Provider, Source, Status


@dataclass
class Meeting:
    """One appointment as GHL holds it."""

    id: str
    who: str
    start_at: datetime
    version_at: datetime
    booked_at: datetime
    word: Status = Status.CONFIRMED

    def reading(self, source: Source, observed_at: datetime, *, contact: bool = True) -> Reading:
        said = Observation(
            provider=Provider.GHL,
            external_id=self.id,
            source=source,
            observed_at=observed_at,
            version_at=self.version_at,
            schedule=Schedule(start_at=self.start_at),
            status=StatusWord(word=self.word),
            description=Description(ghl_calendar_id="cal-1"),
            booked_at=self.booked_at,
        )
        identities = [Identity(IdentityKind.GHL_CONTACT, f"contact-{self.who}")]
        if contact:
            identities.append(Identity(IdentityKind.EMAIL, f"{self.who}@example.com"))
        return Reading(
            key=said.key,
            said=said,
            identities=tuple(identities),
            contact=Contact(
                email=f"{self.who}@example.com" if contact else None,
                full_name=self.who.title() if contact else None,
                ghl_contact_id=f"contact-{self.who}",
            ),
        )


@dataclass
class FakeApi:
    """GHL, or what a test makes of it. `now` is its clock."""

    now: datetime
    meetings: dict[str, Meeting] = field(default_factory=dict)
    page_size: int = 10
    hidden: set[str] = field(default_factory=set)
    """Still there, and not in a listing."""
    fails_with: str | None = None
    """Every call."""
    fails_on_page: int | None = None
    calls: int = 0
    listed: list[str | None] = field(default_factory=list)
    """The cursors asked for."""
    subscribed: list[Subscription] = field(default_factory=list)
    nameless: bool = False
    """Listings say no more of a person than the contact's id."""

    def book(self, meeting_id: str, who: str, start_at: datetime, **stated: object) -> Meeting:
        meeting = Meeting(meeting_id, who, start_at, self.now, self.now)
        for name, value in stated.items():
            setattr(meeting, name, value)
        self.meetings[meeting_id] = meeting
        return meeting

    def pages(self, window: Window, cursor: str | None, known: Known) -> Iterator[Page]:
        inside = sorted(
            (one for one in self.meetings.values() if window.start <= one.start_at < window.end),
            key=lambda one: (one.start_at, one.id),
        )
        shown = [one for one in inside if one.id not in self.hidden]
        first = int(json.loads(cursor)) if cursor else 0
        while True:
            self._called()
            self.listed.append(cursor)
            if self.fails_on_page is not None and first == self.fails_on_page * self.page_size:
                raise ApiFailed("http_5xx")
            cut = shown[first : first + self.page_size]
            marks = [Mark(one.id, one.version_at.isoformat() + one.word, one.start_at) for one in cut]
            same = known(marks)
            first += self.page_size
            cursor = str(first) if first < len(shown) else None
            yield Page(
                readings=[
                    one.reading(Source.RECONCILE_CRON, self.now, contact=not self.nameless)
                    for one in cut
                    if one.id not in same
                ],
                marks=[mark for mark in marks if mark.group not in same],
                unchanged=[mark for mark in marks if mark.group in same],
                cursor=cursor,
            )
            if cursor is None:
                return

    def appointment(self, key: AppointmentKey, uri: str | None) -> Reading | None:
        self._called()
        meeting = self.meetings.get(key.external_id)
        if meeting is None:
            return None
        return meeting.reading(Source.RECONCILE_CRON, self.now, contact=not self.nameless)

    def meetings_of(self, person: Person) -> Iterator[Page]:
        for one in list(self.meetings.values()):
            if f"contact-{one.who}" == person.contact_id and one.id not in self.hidden:
                self._called()
                yield Page([one.reading(Source.RECONCILE_CRON, self.now)], (), (), None)

    def contact(self, contact_id: str) -> Contact | None:
        self._called()
        who = contact_id.removeprefix("contact-")
        return Contact(email=f"{who}@example.com", full_name=who.title(), ghl_contact_id=contact_id)

    def subscriptions(self) -> Sequence[Subscription]:
        self._called()
        return self.subscribed

    def recreate(self, subscription: Subscription) -> Subscription:
        self._called()
        return subscription

    def _called(self) -> None:
        self.calls += 1
        if self.fails_with is not None:
            raise ApiFailed(self.fails_with)
