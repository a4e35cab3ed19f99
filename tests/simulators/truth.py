"""The truth's nouns: accounts at both providers, their people, calendars and meetings.

A meeting is one appointment: at Calendly one invitee, at GHL one appointment.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.words import Provider

HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Person:
    """Somebody who books. `canary`: a text that must be found nowhere but in a lead."""

    id: str
    first: str
    last: str
    email: str
    phone: str
    timezone: str = "Europe/Berlin"

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True)
class Calendar:
    """A Calendly event type, or a GHL calendar. `seats` > 1: a group event."""

    id: str
    zone: str = "Europe/Berlin"
    seats: int = 1
    title: str = "Intro"


@dataclass
class Meeting:
    """One appointment as the provider holds it now. `status` is the provider's own word."""

    id: str
    group: str
    calendar: Calendar
    person: Person
    start: datetime
    end: datetime
    status: str
    created_at: datetime
    updated_at: datetime
    canceled_at: datetime | None = None
    reason: str | None = None
    replaces: "Meeting | None" = None
    replaced_by: "Meeting | None" = None
    no_show_at: datetime | None = None
    no_show_id: str | None = None
    removed: bool = False
    master: str | None = None
    method: str | None = None
    tracking: dict[str, str] = field(default_factory=dict)
    moves: int = 0


@dataclass(frozen=True)
class Change:
    """An act, as webhooks tell it, with the meeting as it stood then."""

    kind: str  # booked, canceled, moved, no_show, no_show_undone, status, removed
    account: "Account"
    meeting: Meeting
    at: datetime


@dataclass(eq=False)
class Account:
    """A Calendly organization or a GHL location."""

    id: str
    provider: Provider
    token: str
    zone: str = "Europe/Berlin"
    calendars: dict[str, Calendar] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    meetings: dict[str, Meeting] = field(default_factory=dict)
    groups: dict[str, list[Meeting]] = field(default_factory=dict)
    """Calendly's scheduled events: the meetings that share one."""
    _by_start: list[tuple[datetime, str]] | None = None

    def add(self, meeting: Meeting) -> None:
        self.meetings[meeting.id] = meeting
        self.groups.setdefault(meeting.group, []).append(meeting)
        self._by_start = None

    def moved(self) -> None:
        """A start has changed."""
        self._by_start = None

    def starting(
        self, since: datetime | None, until: datetime | None, after: tuple[datetime, str] | None = None
    ) -> Iterator[list[Meeting]]:
        """The groups that start in [since, until], in order, without what was removed; `after`: past this one."""
        if self._by_start is None:
            self._by_start = sorted((one[0].start, name) for name, one in self.groups.items())
        index = self._by_start
        first = bisect_left(index, (since, "")) if since else 0
        if after is not None:
            first = max(first, bisect_right(index, after))
        for number in range(first, len(index)):
            start, name = index[number]
            if until is not None and start > until:
                return
            if group := [one for one in self.groups[name] if not one.removed]:
                yield group
