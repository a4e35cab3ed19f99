"""A simulated agency's days: people book, cancel, move, miss meetings, and some are taken back."""

import random
from datetime import datetime, timedelta

from pipeline.words import Provider
from tests.simulators.truth import Account, Meeting, Person
from tests.simulators.world import World
from tests.sweeps.plan import Plan

DAY = timedelta(days=1)


class Agency:
    """Acts on the world's clock, day by day; each meeting's fate is drawn when it is booked."""

    def __init__(self, world: World, accounts: list[Account], plan: Plan, dice: random.Random) -> None:
        self._world = world
        self._accounts = accounts
        self._plan = plan
        self._dice = dice
        self._people: dict[str, list[Person]] = {
            account.id: [world.person(account) for _ in range(max(1, plan.people // len(accounts)))]
            for account in accounts
        }

    def plan_day(self, midnight: datetime) -> None:
        """Have a day's share of the meetings booked."""
        share = self._plan.meetings / self._plan.days
        for _ in range(int(share) + (self._dice.random() < share % 1)):
            when = midnight + timedelta(seconds=self._dice.randrange(86_000))
            self._world.clock.at(when, self._book)

    def _book(self) -> None:
        account, now = self._dice.choice(self._accounts), self._world.clock.now()
        person = self._dice.choice(self._people[account.id])
        start = (now + timedelta(hours=self._dice.randrange(4, 24 * 80))).replace(minute=0, second=0)
        calendar = self._dice.choice(list(account.calendars.values()))
        group = None
        if calendar.seats > 1 and self._dice.random() < 0.5:
            open_ = self._open_groups(account, person, calendar.id, now)
            if open_:
                first = self._dice.choice(open_)
                group, start = first.group, first.start
        meeting = self._world.book(account, person, start, calendar=calendar, group=group)
        self._plan_fate(account, meeting)

    def _open_groups(
        self, account: Account, person: Person, calendar_id: str, now: datetime
    ) -> list[Meeting]:
        """The first of each group event that still has a seat for somebody who has none in it."""
        return [
            one[0] for one in account.groups.values()
            if one[0].calendar.id == calendar_id and one[0].start > now and len(one) < one[0].calendar.seats
            and all(two.person.id != person.id for two in one)
        ]  # fmt: skip

    def _plan_fate(self, account: Account, meeting: Meeting) -> None:
        fate, world, at = self._dice.random(), self._world, self._world.clock.at
        ahead = meeting.start - world.clock.now()
        # GHL tells its versions in milliseconds: acts are made at whole seconds.
        before = (world.clock.now() + ahead * self._dice.uniform(0.1, 0.95)).replace(microsecond=0)
        after = meeting.start + timedelta(hours=self._dice.randrange(2, 60))
        if fate < 0.2:
            at(before, lambda: self._cancel(account, meeting))
        elif fate < 0.4:
            at(before, lambda: self._reschedule(account, meeting))
        elif fate < 0.5:
            at(after, lambda: world.no_show(account, meeting))
            if fate < 0.43:
                at(after + timedelta(hours=5), lambda: world.undo_no_show(account, meeting))
        elif fate < 0.6 and account.provider is Provider.GHL:
            at(after, lambda: world.set_status(account, meeting, "showed"))
        elif fate < 0.64 and account.provider is Provider.GHL:
            at(before, lambda: world.remove(account, meeting))

    def _cancel(self, account: Account, meeting: Meeting) -> None:
        self._world.cancel(account, meeting)
        if account.provider is Provider.GHL and self._dice.random() < 0.2:
            later = self._world.clock.now() + timedelta(hours=1)
            self._world.clock.at(later, lambda: self._world.set_status(account, meeting, "confirmed"))

    def _reschedule(self, account: Account, meeting: Meeting) -> None:
        start = (meeting.start + timedelta(hours=self._dice.randrange(24, 24 * 20))).replace(minute=30)
        moved = self._world.reschedule(account, meeting, start)
        if moved is not meeting:
            self._plan_fate(account, moved)
