"""What tests of the API clients may ask for: simulated providers, and the clients that ask them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import stamina

from db.connections import Connection
from ingest.adapter import Reading
from ingest.apis.calendly_api import CalendlyApi
from ingest.apis.caller import Caller
from ingest.apis.ghl_api import GhlApi
from ingest.apis.http import new_client
from ingest.apis.tokens import FixedToken
from pipeline.words import Provider
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.faults import Faults
from tests.simulators.ghl_site import GhlSite
from tests.simulators.serving import InProcess, Site
from tests.simulators.truth import Account
from tests.simulators.unbounded import Unbounded
from tests.simulators.world import World

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""When every story begins."""
CANARY = "canary-7f3d@example.com"
CLIENT = UUID(int=7)


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Ask again without a pause."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def a_connection(account: Account, **known: Any) -> Connection:
    """A connection of an account, without a database."""
    stated: dict[str, Any] = {
        "id": UUID(int=8),
        "client_id": CLIENT,
        "provider": account.provider,
        "endpoint": "the-endpoint",
        "pepper": b"",
        "secrets": {"api_token": account.token, "signing_keys": ["a-signing-key"]},
        "location_id": account.id if account.provider is Provider.GHL else None,
        "timezone": account.zone,
    }
    return Connection(**{**stated, **known})


def name_of(reading: Reading) -> str:
    """The appointment that a reading is about."""
    assert reading.key is not None
    return reading.key.external_id


@dataclass
class Stage:
    """A world with one account, its provider's site, and a client that calls it without a socket."""

    world: World
    account: Account
    site: Any
    connection: Connection
    caller: Caller

    def passes(self, hours: float) -> None:
        """Let time pass."""
        self.world.clock.move_to(self.world.clock.now() + timedelta(hours=hours))


def a_stage(provider: Provider, make_site: Any, *, seats: tuple[int, ...] = (1,)) -> Stage:
    """Put everything up."""
    world = World(SimulatedClock(NOON))
    account = world.account(provider, seats=seats)
    site = make_site(world, faults=Faults(canary=CANARY))
    connection = a_connection(account)
    return Stage(world, account, site, connection, caller_of(site, account))


def caller_of(site: Site, account: Account, **more: Any) -> Caller:
    """Calls to a site without a socket."""
    transport = InProcess(site)
    tokens = more.get("tokens") or FixedToken(account.token)
    return Caller(site.base_url, new_client(transport), tokens, more.get("budget") or Unbounded(), {})


@pytest.fixture
def calendly() -> Stage:
    return a_stage(Provider.CALENDLY, CalendlySite, seats=(1, 5))


@pytest.fixture
def ghl() -> Stage:
    return a_stage(Provider.GHL, GhlSite, seats=(1, 1))


@pytest.fixture
def calendly_api(calendly: Stage) -> CalendlyApi:
    return CalendlyApi(calendly.connection, calendly.caller, calendly.world.clock.now)


@pytest.fixture
def ghl_api(ghl: Stage) -> GhlApi:
    return GhlApi(ghl.connection, ghl.caller, ghl.world.clock.now)
