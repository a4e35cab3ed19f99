"""A year of an agency whose webhooks get lost, doubled and delayed, and whose API calls fail, on a simulated clock."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from db import connections, inbox, ledger
from db.connections import Connection
from db.desk import Database, connect
from db.ids import new_id
from db.ledger import Hands as DrainHands
from ingest.apis.api import Page, ProviderApi
from ingest.apis.budgets import Unbounded
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.caller import Caller
from ingest.apis.ghl_api import GhlApi
from ingest.apis.http import new_client
from ingest.apis.tokens import FixedToken
from ingest.parcels import parcel_of
from ingest.providers import ADAPTERS
from ingest.sweeps.engine import Hands, sweep
from ingest.sweeps.schedule import ask_open_questions
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider
from tests.builders import KEYRING, AClient, a_client
from tests.simulators import calendly_objects, ghl_objects
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.ghl_site import GhlSite
from tests.simulators.limits import Limits
from tests.simulators.serving import InProcess
from tests.simulators.truth import Account, Change, Meeting, Person
from tests.simulators.world import World
from tests.sweeps.conftest import move_clock

BEGINS = datetime(2026, 1, 5, 8, tzinfo=UTC)
DAY = timedelta(days=1)
CALENDLY_KINDS = {
    "booked": "invitee.created",
    "canceled": "invitee.canceled",
    "no_show": "invitee_no_show.created",
    "no_show_undone": "invitee_no_show.deleted",
}


class Killed(BaseException):
    """The sweeping process dies here."""


@dataclass(frozen=True)
class Plan:
    """How much of what. `every` are days between two sweeps of a tier; shares are of 1."""

    connections: int
    meetings: int
    people: int
    days: int = 365
    dropped: float = 0.1
    doubled: float = 0.1
    delayed: float = 0.2
    failing: float = 0.01
    killed: float = 0.0
    every: dict[Tier, int] = field(default_factory=lambda: {Tier.NEAR: 2, Tier.MID: 4, Tier.FAR: 30})


@dataclass
class Wired:
    """One account, its connection, and the API that is asked."""

    account: Account
    connection: Connection
    api: ProviderApi


class Year:
    """The agency: acts day by day, webhooks on their way, sweeps by tier, and what should be in the books."""

    def __init__(self, dsn: str, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.random = random.Random(seed)
        self.world = World(SimulatedClock(BEGINS), seed)
        self.sites: dict[Provider, CalendlySite | GhlSite] = {
            Provider.CALENDLY: CalendlySite(self.world, limits=Limits((10**9, 60.0), (10**9, 60.0))),
            Provider.GHL: GhlSite(self.world, limits=Limits((10**9, 60.0), (10**9, 60.0))),
        }
        self.database, self.witness = connect(dsn), connect(dsn)
        self.client: AClient = a_client(self.database)
        self.wired = [self._wire(number) for number in range(plan.connections)]
        self.by_account = {one.account.id: one for one in self.wired}
        self.people: dict[str, list[Person]] = {
            one.account.id: [
                self.world.person(one.account) for _ in range(max(1, plan.people // plan.connections))
            ]
            for one in self.wired
        }
        self.told: dict[str, set[datetime]] = defaultdict(set)
        """The versions of each meeting that were delivered or stood at a sweep."""
        self.memory: dict[UUID, Any] = {}
        self.kills = 0
        self.world.listeners.append(self._send)

    def _wire(self, number: int) -> Wired:
        provider = (Provider.CALENDLY, Provider.GHL)[number % 2]
        account = self.world.account(provider, seats=(1, 4) if provider is Provider.CALENDLY else (1, 1))
        added, _ = connections.add(
            self.database, KEYRING, self.client.id, provider,
            secret_values={"api_token": account.token},
            location_id=account.id if provider is Provider.GHL else None,
            timezone=account.zone,
        )  # fmt: skip
        self.database.execute(
            "UPDATE connection SET created_at = %(at)s, follow_ups_from = %(at)s WHERE id = %(id)s",
            {"at": BEGINS, "id": added},
        )
        connection = next(
            one for one in connections.of_client(self.database, KEYRING, self.client.id) if one.id == added
        )
        site = self.sites[provider]
        caller = Caller(
            site.base_url, new_client(InProcess(site)), FixedToken(account.token), Unbounded(), {}
        )
        kind = CalendlyApi if provider is Provider.CALENDLY else GhlApi
        return Wired(
            account, connection, _Watched(kind(connection, caller, self.world.clock.now), self, account)
        )

    def close(self) -> None:
        self.database.close()
        self.witness.close()

    # What the world does.

    def live(self) -> None:
        """Act and sweep, day by day, to the end of the year; then let all of it come to rest."""
        for site in self.sites.values():
            for kind in ("500", "hangs", "wrapped", "cut"):
                site.faults.rate(kind, self.plan.failing / 4)
        for day in range(self.plan.days):
            self._acts_of_a_day(day)
            self._to(BEGINS + (day + 1) * DAY)
            for tier, every in self.plan.every.items():
                if day % every == 0:
                    self._sweep_all(tier)
            self.drain()
        for site in self.sites.values():
            site.faults.clear()
        self.plan = Plan(**{**vars(self.plan), "killed": 0.0})
        for day in range(3):
            self._to(BEGINS + (self.plan.days + 100 + day) * DAY)
            for tier in self.plan.every:
                self._sweep_all(tier)
            self._ask_all()
            self.drain()

    def _to(self, when: datetime) -> None:
        """Let time pass; what is on its way arrives at its own instant."""
        self.world.clock.move_to(when)
        self._tell_time()

    def _tell_time(self) -> None:
        for database in (self.database, self.witness):
            move_clock(database, self.world.clock.now())

    def _acts_of_a_day(self, day: int) -> None:
        share = self.plan.meetings / self.plan.days
        for _ in range(int(share) + (self.random.random() < share % 1)):
            when = BEGINS + day * DAY + timedelta(seconds=self.random.randrange(86_000))
            self.world.clock.at(when, self._book)

    def _book(self) -> None:
        wired = self.random.choice(self.wired)
        account, now = wired.account, self.world.clock.now()
        person = self.random.choice(self.people[account.id])
        start = (now + timedelta(hours=self.random.randrange(4, 24 * 80))).replace(minute=0, second=0)
        calendar = self.random.choice(list(account.calendars.values()))
        group = None
        if calendar.seats > 1:
            open_ = [
                one[0] for one in account.groups.values()
                if one[0].calendar.id == calendar.id and one[0].start > now and len(one) < calendar.seats
                and all(two.person.id != person.id for two in one)
            ]  # fmt: skip
            if open_ and self.random.random() < 0.5:
                first = self.random.choice(open_)
                group, start = first.group, first.start
        meeting = self.world.book(account, person, start, calendar=calendar, group=group)
        self._plan_fate(account, meeting)

    def _plan_fate(self, account: Account, meeting: Meeting) -> None:
        fate = self.random.random()
        ahead = meeting.start - self.world.clock.now()
        # GHL tells its versions in milliseconds: acts are made at whole seconds.
        before = (self.world.clock.now() + ahead * self.random.uniform(0.1, 0.95)).replace(microsecond=0)
        after = meeting.start + timedelta(hours=self.random.randrange(2, 60))
        at = self.world.clock.at
        if fate < 0.2:
            at(before, lambda: self._cancel(account, meeting))
        elif fate < 0.4:
            at(before, lambda: self._reschedule(account, meeting))
        elif fate < 0.5:
            at(after, lambda: self.world.no_show(account, meeting))
            if fate < 0.43:
                at(after + timedelta(hours=5), lambda: self.world.undo_no_show(account, meeting))
        elif fate < 0.6 and account.provider is Provider.GHL:
            at(after, lambda: self.world.set_status(account, meeting, "showed"))
        elif fate < 0.64 and account.provider is Provider.GHL:
            at(before, lambda: self.world.remove(account, meeting))

    def _cancel(self, account: Account, meeting: Meeting) -> None:
        self.world.cancel(account, meeting)
        if account.provider is Provider.GHL and self.random.random() < 0.2:
            later = self.world.clock.now() + timedelta(hours=1)
            self.world.clock.at(later, lambda: self.world.set_status(account, meeting, "confirmed"))

    def _reschedule(self, account: Account, meeting: Meeting) -> None:
        start = (meeting.start + timedelta(hours=self.random.randrange(24, 24 * 20))).replace(minute=30)
        moved = self.world.reschedule(account, meeting, start)
        if moved is not meeting:
            self._plan_fate(account, moved)

    # Webhooks, on their way.

    def _send(self, change: Change) -> None:
        body = self._body(change)
        if body is None or self.random.random() < self.plan.dropped:
            return
        for _ in range(2 if self.random.random() < self.plan.doubled else 1):
            late = self.random.random() < self.plan.delayed
            seconds = self.random.randrange(60, 20_000) if late else self.random.randrange(1, 5)
            self.world.clock.at(
                self.world.clock.now() + timedelta(seconds=seconds), lambda: self._deliver(change, body)
            )

    def _body(self, change: Change) -> bytes | None:
        account = change.account
        if account.provider is Provider.GHL:
            return orjson.dumps(ghl_objects.native(change, 1))
        kind = CALENDLY_KINDS.get(change.kind)
        if kind is None:
            return None
        siblings = account.groups[change.meeting.group]
        return orjson.dumps(calendly_objects.webhook(account, kind, change.meeting, change.at, siblings))

    def _deliver(self, change: Change, body: bytes) -> None:
        wired, now = self.by_account[change.account.id], self.world.clock.now()
        self._tell_time()
        readings = ADAPTERS[change.account.provider].read(wired.connection, body, now)
        inbox.post(self.database, [parcel_of(wired.connection, one, now, new_id()) for one in readings])
        if change.kind != "removed":
            self.told[change.meeting.id].add(change.meeting.updated_at)

    # What we do.

    def _sweep_all(self, tier: Tier) -> None:
        now = self.world.clock.now()
        for wired in self.wired:
            for _ in range(20):
                try:
                    swept = sweep(self._hands, wired.connection, wired.api, tier, spans_of(tier, now))
                except Killed:
                    self.kills += 1
                    self.memory.clear()
                    continue
                if swept.state == "finished":
                    break
                self._to(self.world.clock.now() + timedelta(minutes=10))
            else:
                raise AssertionError(f"{tier} of {wired.account.id} does not end: {swept.reason}")
        self._ask_all()

    def _ask_all(self) -> None:
        for wired in self.wired:
            try:
                ask_open_questions(self._hands, wired.connection, wired.api)
            except Killed:
                self.kills += 1

    @property
    def _hands(self) -> Hands:
        return Hands(self.database, lambda _: None, memory=self.memory)

    def drain(self) -> None:
        hands = DrainHands(self.database, self.witness, lambda _: None)
        while True:
            rows = self.database.execute(
                "SELECT DISTINCT lead_id FROM inbox WHERE not_before <= now() LIMIT 100"
            ).fetchall()
            if not rows:
                return
            ledger.drain(hands, self.client.id, [row[0] for row in rows])

    def recompute(self) -> None:
        """Drain every lead without news, as the tick would."""
        hands = DrainHands(self.database, self.witness, lambda _: None)
        leads = [
            row[0]
            for row in self.database.execute(
                "SELECT id FROM lead WHERE merged_into IS NULL AND recompute_at <= apptrail_now()"
            )
        ]
        for first in range(0, len(leads), 100):
            ledger.drain(hands, self.client.id, leads[first : first + 100])


class _Watched:
    """An API whose pages are noted down: what stood at the provider when a sweep came by."""

    def __init__(self, api: ProviderApi, year: Year, account: Account) -> None:
        self._api, self._year, self._account = api, year, account

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def pages(self, *asked: Any) -> Iterator[Page]:
        for page in self._api.pages(*asked):
            if self._year.random.random() < self._year.plan.killed:
                raise Killed
            for mark in (*page.marks, *page.unchanged):
                for meeting in self._account.groups[mark.group]:
                    self._year.told[meeting.id].add(meeting.updated_at)
            yield page


def database_rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return database.execute(query).fetchall()
