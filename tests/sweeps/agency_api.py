"""One client with an account at each provider, simulated, whose real API clients are asked on the story's clock."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db import connections
from db.connections import Connection
from db.desk import Database, connect
from db.ledger import Hands as DrainHands
from ingest.apis.api import ProviderApi
from ingest.apis.budgets import Budget
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.caller import Caller
from ingest.apis.ghl_api import GhlApi
from ingest.apis.http import new_client
from ingest.apis.tokens import FixedToken
from ingest.sweeps.engine import Hands, Swept
from ingest.sweeps.schedule import serve
from pipeline.words import Provider
from tests.builders import KEYRING, AClient, a_client
from tests.laws.people import drain_all
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.faults import Faults
from tests.simulators.ghl_site import GhlSite
from tests.simulators.limits import Limits
from tests.simulators.serving import InProcess
from tests.simulators.truth import Account
from tests.simulators.unbounded import Unbounded
from tests.simulators.world import World
from tests.sweeps.conftest import move_clock

UNLIMITED = (10**9, 60.0)
BudgetOf = Callable[[Connection], Budget]


@dataclass
class Side:
    """One provider's side: its account and site, and ours."""

    account: Account
    site: Any
    connection: Connection
    api: ProviderApi


@dataclass
class AgencyApi:
    """Both sides, and whoever sweeps and drains for the client."""

    database: Database
    witness: Database
    client: AClient
    world: World
    sides: Mapping[Provider, Side]

    def pass_(self, **time: float) -> None:
        """Let time pass for everybody."""
        self.world.clock.move_to(self.world.clock.now() + timedelta(**time))
        for database in (self.database, self.witness):
            move_clock(database, self.world.clock.now())

    def serve(self, provider: Provider) -> list[Swept]:
        """What the clock does for a connection whose turn it is."""
        side = self.sides[provider]
        return serve(Hands(self.database, lambda _: None), side.connection, side.api)

    def drain(self) -> None:
        """Drain everything."""
        drain_all(DrainHands(self.database, self.witness, lambda _: None), self.client.id)


@contextmanager
def agency_api(
    dsn: str, now: datetime, *, canary: str = "canary", budget_of: BudgetOf = lambda _: Unbounded()
) -> Iterator[AgencyApi]:
    """Put everything up."""
    world = World(SimulatedClock(now))
    with connect(dsn) as database, connect(dsn) as witness:
        client = a_client(database)
        sites = {Provider.CALENDLY: CalendlySite, Provider.GHL: GhlSite}
        sides = {
            provider: _side(database, client, world, provider, make(
                world, limits=Limits(UNLIMITED, UNLIMITED), faults=Faults(canary=canary)
            ), budget_of)
            for provider, make in sites.items()
        }  # fmt: skip
        found = AgencyApi(database, witness, client, world, sides)
        found.pass_()
        yield found


def _side(
    database: Database, client: AClient, world: World, provider: Provider, site: Any, budget_of: BudgetOf
) -> Side:
    is_ghl = provider is Provider.GHL
    account = world.account(provider, seats=(1,) if is_ghl else (1, 4))
    added, _ = connections.add(
        database, KEYRING, client.id, provider, secret_values={"api_token": account.token},
        location_id=account.id if is_ghl else None, timezone=account.zone,
    )  # fmt: skip
    database.execute("UPDATE connection SET created_at = %s WHERE id = %s", (world.clock.now(), added))
    known = connections.of_client(database, KEYRING, client.id)
    connection = next(one for one in known if one.id == added)
    client_ = new_client(InProcess(site))
    caller = Caller(site.base_url, client_, FixedToken(account.token), budget_of(connection), {})
    api: ProviderApi = (GhlApi if is_ghl else CalendlyApi)(connection, caller, world.clock.now)
    return Side(account, site, connection, api)
