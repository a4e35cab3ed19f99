"""The world: every act that changes a meeting at a provider. Seeded, with counted ids: a story told twice is the same."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.words import Provider
from tests.simulators.clock import SimulatedClock
from tests.simulators.truth import Account, Calendar, Change, Meeting, Person


class World:
    """All accounts, and the acts. An act is one moment; listeners hear of it in the same moment."""

    def __init__(self, clock: SimulatedClock, seed: int = 1) -> None:
        self.clock = clock
        self.random = random.Random(seed)
        self.accounts: dict[str, Account] = {}
        self.listeners: list[Callable[[Change], None]] = []
        self.lock = threading.RLock()
        self.skew: dict[Provider, timedelta] = {}
        self._counts: dict[str, int] = {}

    def name(self, kind: str) -> str:
        """The next id of a kind."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}{self._counts[kind]:08d}"

    def account(
        self, provider: Provider, *, zone: str = "Europe/Berlin", seats: tuple[int, ...] = (1,),
        name: str | None = None, token: str | None = None,
    ) -> Account:  # fmt: skip
        """Open an account with one calendar for each number of seats."""
        own = self.name(f"{provider}Acc"), self.name(f"{provider}Token")
        account = Account(name or own[0], provider, token or own[1], zone)
        for number in seats:
            calendar = Calendar(self.name("Cal"), zone, number)
            account.calendars[calendar.id] = calendar
        self.accounts[account.id] = account
        return account

    def person(self, account: Account, **known: str) -> Person:
        """Make somebody up."""
        name = self.name("Per")
        number = int(name[3:])
        made = Person(
            name, f"First{number}", f"Last{number}", f"p{number}@example.com", f"+1415{5550000 + number}"
        )
        person = replace(made, **known)
        account.people[person.id] = person
        return person

    def stamp(self, account: Account) -> datetime:
        """Now by the provider's own clock, which may differ from ours."""
        return self.clock.now() + self.skew.get(account.provider, timedelta())

    def calendar(self, account: Account) -> Calendar:
        return next(iter(account.calendars.values()))

    def book(
        self,
        account: Account,
        person: Person,
        start: datetime,
        *,
        calendar: Calendar | None = None,
        group: str | None = None,
        minutes: int = 30,
        status: str | None = None,
        **more: object,
    ) -> Meeting:
        """Book a meeting; `group`: join this group event; `more`: other fields of the meeting."""
        with self.lock:
            now, meeting_id = (
                self.stamp(account),
                self.name("Inv" if account.provider is Provider.CALENDLY else "App"),
            )
            meeting = Meeting(
                id=meeting_id,
                group=group or (self.name("Evt") if account.provider is Provider.CALENDLY else meeting_id),
                calendar=calendar or self.calendar(account),
                person=person,
                start=start,
                end=start + timedelta(minutes=minutes),
                status=status or ("active" if account.provider is Provider.CALENDLY else "confirmed"),
                created_at=now,
                updated_at=now,
            )
            for name, value in more.items():
                setattr(meeting, name, value)
            account.add(meeting)
            self._tell("booked", account, meeting)
            return meeting

    def recur(self, account: Account, person: Person, start: datetime, times: int) -> list[Meeting]:
        """Book a weekly series at GHL: every instance an appointment of its own, with its own kind of id."""
        master = self.name("App")
        made = []
        for number in range(times):
            begins = start + timedelta(weeks=number)
            name = f"{master}_{int(begins.timestamp() * 1000)}_1800"
            made.append(self.book(account, person, begins, master=master, id=name, group=name))
        return made

    def cancel(self, account: Account, meeting: Meeting, reason: str | None = None) -> None:
        """Cancel one appointment."""
        with self.lock:
            now = self.stamp(account)
            meeting.status = "canceled" if account.provider is Provider.CALENDLY else "cancelled"
            meeting.canceled_at, meeting.updated_at, meeting.reason = now, now, reason
            self._tell("canceled", account, meeting)

    def reschedule(self, account: Account, old: Meeting, start: datetime) -> Meeting:
        """Calendly: the old invitee ends, a new one with a new event begins. GHL: the same id moves."""
        if account.provider is Provider.GHL:
            return self.move(account, old, start)
        with self.lock:
            now = self.stamp(account)
            new = Meeting(
                id=self.name("Inv"), group=self.name("Evt"), calendar=old.calendar, person=old.person, start=start,
                end=start + (old.end - old.start), status="active", created_at=now, updated_at=now, replaces=old,
                tracking=old.tracking,
            )  # fmt: skip
            account.add(new)
            old.status, old.canceled_at, old.updated_at, old.replaced_by = "canceled", now, now, new
            self._tell("canceled", account, old)
            self._tell("booked", account, new)
            return new

    def move(self, account: Account, meeting: Meeting, start: datetime) -> Meeting:
        """GHL: another start under the same id."""
        with self.lock:
            meeting.start, meeting.end = start, start + (meeting.end - meeting.start)
            meeting.moves += 1
            account.moved()
            meeting.updated_at = self.stamp(account)
            self._tell("moved", account, meeting)
            return meeting

    def set_status(self, account: Account, meeting: Meeting, word: str) -> None:
        """GHL: any word may follow any other."""
        with self.lock:
            meeting.status, meeting.updated_at = word, self.stamp(account)
            self._tell("status", account, meeting)

    def no_show(self, account: Account, meeting: Meeting) -> None:
        """Mark a no-show. At Calendly this moves no updated_at."""
        if account.provider is Provider.GHL:
            self.set_status(account, meeting, "noshow")
            return
        with self.lock:
            meeting.no_show_at, meeting.no_show_id = self.stamp(account), self.name("NoShow")
            self._tell("no_show", account, meeting)

    def undo_no_show(self, account: Account, meeting: Meeting) -> None:
        """Take a no-show back."""
        if account.provider is Provider.GHL:
            self.set_status(account, meeting, "confirmed")
            return
        with self.lock:
            meeting.no_show_at = meeting.no_show_id = None
            self._tell("no_show_undone", account, meeting)

    def remove(self, account: Account, meeting: Meeting) -> None:
        """GHL: delete it, so that no listing and no GET knows it. Calendly: compliance deletion, without a webhook."""
        with self.lock:
            meeting.removed, meeting.updated_at = True, self.stamp(account)
            self._tell("removed", account, meeting)

    def live(self, account: Account) -> Iterator[Meeting]:
        """What takes up time in a calendar."""
        gone = {"canceled", "cancelled", "invalid", "noshow"}
        return (one for one in account.meetings.values() if not one.removed and one.status not in gone)

    def _tell(self, kind: str, account: Account, meeting: Meeting) -> None:
        change = Change(kind, account, replace(meeting), self.clock.now())
        for listener in self.listeners:
            listener(change)
