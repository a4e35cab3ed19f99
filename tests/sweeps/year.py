"""A year of an agency whose webhooks get lost, doubled and delayed, and whose API calls fail, on a simulated clock."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from db import connections, ledger
from db.connections import Connection
from db.desk import connect
from db.ledger import Hands as DrainHands
from ingest.adapter import Reading
from ingest.apis.api import Page, ProviderApi
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.caller import Caller
from ingest.apis.ghl_api import GhlApi
from ingest.apis.http import new_client
from ingest.apis.tokens import FixedToken
from ingest.sweeps.engine import Hands, Shown, Swept, lease_of, sweep
from ingest.sweeps.schedule import ask_open_questions
from pipeline.observation import AppointmentKey
from pipeline.sweeping import Tier, spans_of
from pipeline.words import Provider
from tests.builders import KEYRING, AClient, a_client
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.ghl_site import GhlSite
from tests.simulators.limits import Limits
from tests.simulators.serving import InProcess
from tests.simulators.truth import Account
from tests.simulators.unbounded import Unbounded
from tests.simulators.world import World
from tests.sweeps.agency import DAY, Agency
from tests.sweeps.conftest import move_clock
from tests.sweeps.mail import GHL_KEY, SIGNING_KEY, Mail
from tests.sweeps.mortal import Killed, Mortal, mortal
from tests.sweeps.plan import Plan
from tests.sweeps.told import Told, state_of

BEGINS = datetime(2026, 1, 5, 8, tzinfo=UTC)
FAULTS = ("500", "hangs", "wrapped", "cut")
TRIES = 200
SEATS = {Provider.CALENDLY: ((1, 4), (1, 4)), Provider.GHL: ((1, 1), (1,))}
"""The calendars of every other account, by how many may come to one meeting."""
UNLIMITED = (10**9, 60.0)


@dataclass
class Wired:
    """One account, its connection with its endpoint, and the API that is asked."""

    account: Account
    connection: Connection
    api: ProviderApi


class Year:
    """The agency's acts day by day, webhooks on their way, sweeps by tier, and what should be in the books."""

    def __init__(self, dsn: str, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.counts: Counter[str] = Counter()
        self.told = Told()
        self.world = World(SimulatedClock(BEGINS), seed)
        self.sites: dict[Provider, CalendlySite | GhlSite] = {
            Provider.CALENDLY: CalendlySite(self.world, limits=Limits(UNLIMITED, UNLIMITED)),
            Provider.GHL: GhlSite(self.world, limits=Limits(UNLIMITED, UNLIMITED)),
        }
        self._dsn = dsn
        self._dice = random.Random(seed + 1)
        self.database, self.witness = connect(dsn), connect(dsn)
        self.client: AClient = a_client(self.database)
        self.wired = [self._wire(number) for number in range(plan.connections)]
        accounts = [one.account for one in self.wired]
        self._agency = Agency(self.world, accounts, plan, random.Random(seed + 2))
        endpoints = {one.account.id: one.connection.endpoint for one in self.wired}
        self.mail = Mail(dsn, self.world, plan, endpoints, self.told, random.Random(seed + 3))
        self._sweeper = self._new_sweeper()
        self._memory: dict[UUID, Shown] = {}

    def _wire(self, number: int) -> Wired:
        provider = (Provider.CALENDLY, Provider.GHL)[number % 2]
        is_ghl = provider is Provider.GHL
        account = self.world.account(provider, seats=SEATS[provider][number // 2 % 2])
        added, _ = connections.add(
            self.database, KEYRING, self.client.id, provider,
            secret_values={"api_token": account.token, "signing_keys": [GHL_KEY.public if is_ghl else SIGNING_KEY]},
            location_id=account.id if is_ghl else None,
            timezone=account.zone,
        )  # fmt: skip
        self.database.execute(
            "UPDATE connection SET created_at = %(at)s, follow_ups_from = %(at)s WHERE id = %(id)s",
            {"at": BEGINS, "id": added},
        )
        known = connections.of_client(self.database, KEYRING, self.client.id)
        connection = next(one for one in known if one.id == added)
        site = self.sites[provider]
        caller = Caller(
            site.base_url, new_client(InProcess(site)), FixedToken(account.token), Unbounded(), {}
        )
        kind = GhlApi if is_ghl else CalendlyApi
        api = kind(connection, caller, self.world.clock.now)
        return Wired(account, connection, _Watched(api, self, account))

    def _new_sweeper(self) -> Mortal:
        sweeper = mortal(self._dsn, self._dice, self.plan.killed)
        sweeper.move_to(self.world.clock.now())
        return sweeper

    def close(self) -> None:
        """Close what was opened."""
        self.mail.close()
        for database in (self.database, self.witness, self._sweeper):
            database.close()

    # What happens.

    def live(self, told: Callable[[int], None] = lambda _day: None) -> None:
        """Act and sweep, day by day, to the end of the year; then let all of it come to rest."""
        for site in self.sites.values():
            for kind in FAULTS:
                site.faults.rate(kind, self.plan.failing / len(FAULTS))
        for day in range(self.plan.days):
            self._agency.plan_day(BEGINS + day * DAY)
            self._to(BEGINS + (day + 1) * DAY)
            for tier, every in self.plan.every.items():
                if day % every == 0:
                    self._sweep_all(tier)
            self._ask_all()
            self.drain()
            told(day)
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        """Nothing fails any more, and every meeting is over; what is still open is asked."""
        for site in self.sites.values():
            site.faults.clear()
        self.plan = replace(self.plan, killed=0.0)
        self._sweeper.share = 0.0
        for day in range(3):
            self._to(BEGINS + (self.plan.days + 100 + day) * DAY)
            for tier in self.plan.every:
                self._sweep_all(tier)
            self._ask_all()
            self.drain()
        self.recompute()

    def _to(self, when: datetime) -> None:
        """Let time pass; what is on its way arrives at its own instant."""
        self.world.clock.move_to(when)
        self.mail.hand_over()
        for database in (self.database, self.witness):
            move_clock(database, self.world.clock.now())
        self._sweeper.move_to(self.world.clock.now())

    # What we do.

    def _sweep_all(self, tier: Tier) -> None:
        for wired in self.wired:
            self._sweep(wired, tier)

    def _sweep(self, wired: Wired, tier: Tier) -> None:
        """Sweep until the run is at its end; after a failure the connection is left alone for ten minutes."""
        spans = spans_of(tier, self.world.clock.now())
        reason = None
        for _ in range(TRIES):
            swept = self._alive(wired, lambda: sweep(self._hands, wired.connection, wired.api, tier, spans))
            if swept is None:
                continue
            if swept.state == "finished":
                self.counts["sweeps"] += 1
                return
            reason = swept.reason
            self.counts["sweeps interrupted"] += 1
            self._to(self.world.clock.now() + timedelta(minutes=10))
        raise AssertionError(f"{tier} of {wired.account.id} does not end: {reason}")

    def _ask_all(self) -> None:
        for wired in self.wired:
            self._alive(wired, lambda wired=wired: self._ask(wired))  # type: ignore[misc]

    def _ask(self, wired: Wired) -> Swept:
        ask_open_questions(self._hands, wired.connection, wired.api)
        return Swept(Tier.NEAR, "finished")

    def _alive(self, wired: Wired, act: Callable[[], Swept]) -> Swept | None:
        """Do it, and note what it has seen as posted; None if the process died of it. The next has all to learn."""
        try:
            swept = act()
        except (Killed, psycopg.OperationalError):
            if not self._sweeper.closed:
                raise
            self.counts["sweeps killed"] += 1
            self.told.doubt()
            self._memory.clear()
            self._sweeper = self._new_sweeper()
            # Its lease runs out by the wall's clock, which nobody moves.
            self.database.execute("DELETE FROM lease WHERE name = %s", (lease_of(wired.connection.id),))
            return None
        self.told.settle()
        return swept

    @property
    def _hands(self) -> Hands:
        return Hands(self._sweeper, lambda _: None, memory=self._memory)

    def drain(self) -> None:
        """Drain everything that is due."""
        self._drain_leads("SELECT DISTINCT lead_id FROM inbox WHERE not_before <= now() LIMIT 100")

    def recompute(self) -> None:
        """Drain every lead without news whose time has come, as the tick would."""
        self._drain_leads(
            "SELECT id FROM lead WHERE merged_into IS NULL AND recompute_at <= apptrail_now() LIMIT 100"
        )

    def _drain_leads(self, query: str) -> None:
        hands = DrainHands(self.database, self.witness, lambda _: None)
        while rows := self.database.execute(query).fetchall():
            ledger.drain(hands, self.client.id, [row[0] for row in rows])


class _Watched:
    """An API whose answers are noted down: what stood at the provider when a sweep came by."""

    def __init__(self, api: ProviderApi, year: Year, account: Account) -> None:
        self._api, self._year, self._account = api, year, account

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def pages(self, *asked: Any) -> Iterator[Page]:
        """Note each page; that the next is asked for says that it was posted."""
        told = self._year.told
        for page in self._api.pages(*asked):
            told.settle()
            for mark, note in (
                *((mark, told.shown) for mark in page.marks),
                *((mark, told.passed_over) for mark in page.unchanged),
            ):
                for meeting in self._account.groups[mark.group]:
                    if not meeting.removed:
                        note(meeting, state_of(self._account, meeting))
            yield page

    def appointment(self, key: AppointmentKey, uri: str | None) -> Reading | None:
        """Note what a GET finds, or that it finds nothing."""
        told = self._year.told
        told.settle()
        reading = self._api.appointment(key, uri)
        if reading is None:
            told.not_found(key.external_id, self._year.world.clock.now())
        else:
            meeting = self._account.meetings[key.external_id]
            told.shown(meeting, state_of(self._account, meeting))
        return reading
