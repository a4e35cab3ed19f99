"""Budgets: shared by all processes, never exceeded, with something left for who books."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import fakeredis
import pytest
import redis

from ingest.apis import budgets as module
from ingest.apis.budgets import Bound, Budgets, BudgetSpent, Purpose, account, bounds
from pipeline.words import Provider
from tests.apis import spender
from tests.apis.conftest import NOON, a_connection
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.limits import Limits
from tests.simulators.serving import on_socket
from tests.simulators.world import World

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> fakeredis.FakeServer:
    return fakeredis.FakeServer()


@pytest.fixture
def budgets(server: fakeredis.FakeServer) -> Iterator[Budgets]:
    pool = redis.ConnectionPool(connection_class=fakeredis.FakeRedisConnection, server=server)
    kept = Budgets("redis://", pool=pool)
    yield kept
    kept.close()


@pytest.fixture
def world() -> World:
    return World(SimulatedClock(NOON))


def spent_by(budget: module.Budget, most: int = 1000) -> int:
    """Spend until there is nothing left; tells how much there was."""
    for number in range(most):
        try:
            budget.spend()
        except BudgetSpent:
            return number
    return most


def test_sweeps_leave_the_reserve_to_bookings(budgets: Budgets, world: World) -> None:
    connection = a_connection(
        world.account(Provider.CALENDLY), settings={"budget": {"burst": 50, "reserve": 0.2}}
    )
    assert spent_by(budgets.of(connection, Purpose.SWEEP)) == 40
    assert spent_by(budgets.of(connection, Purpose.BOOKING)) == 10
    assert spent_by(budgets.of(connection, Purpose.SWEEP)) == 0


def test_a_day_that_is_spent_pauses_that_connection_only(budgets: Budgets, world: World) -> None:
    settings = {"budget": {"day": 20, "reserve": 0.0}}
    one, other = (a_connection(world.account(Provider.GHL), settings=settings) for _ in range(2))
    assert spent_by(budgets.of(one)) == 20
    with pytest.raises(BudgetSpent) as spent:
        budgets.of(one).spend()
    assert spent.value.reason == "day"
    assert 86_000 < spent.value.retry_after <= 86_402
    assert spent_by(budgets.of(other)) == 20


def test_a_provider_that_asks_for_a_pause_is_heeded_by_all_processes(budgets: Budgets, world: World) -> None:
    connection = a_connection(world.account(Provider.CALENDLY))
    budgets.of(connection, Purpose.BOOKING).pause(30)
    with pytest.raises(BudgetSpent) as spent:
        budgets.of(connection).spend()
    assert spent.value.reason == "asked"
    assert 29 < spent.value.retry_after <= 30


def test_without_redis_nothing_is_spent(budgets: Budgets, server: fakeredis.FakeServer, world: World) -> None:
    connection = a_connection(world.account(Provider.CALENDLY))
    server.connected = False
    budgets.of(connection).pause(3)
    with pytest.raises(BudgetSpent) as spent:
        budgets.of(connection).spend()
    assert (spent.value.reason, spent.value.retry_after, spent.value.__cause__) == (
        "away",
        module.AWAY_PAUSE,
        None,
    )


def test_the_providers_own_limits_are_the_default(world: World) -> None:
    calendly, ghl = (a_connection(world.account(one)) for one in (Provider.CALENDLY, Provider.GHL))
    assert [(one.calls, one.seconds) for one in bounds(calendly)] == [(500, 60)]
    assert [(one.calls, one.seconds) for one in bounds(ghl)] == [(100, 10), (200_000, 86_400)]
    assert all(0 < one.reserve < one.calls for one in (*bounds(calendly), *bounds(ghl)))


@pytest.mark.parametrize(
    "settings", [{"budget": 5}, {"budget": {"burst": -1}}, {"budget": {"burst": True, "reserve": "all"}}],
    ids=["number", "negative", "odd"],
)  # fmt: skip
def test_nonsense_in_the_settings_changes_nothing(world: World, settings: dict[str, object]) -> None:
    plain = a_connection(world.account(Provider.CALENDLY))
    assert bounds(a_connection(world.account(Provider.CALENDLY), settings=settings)) == bounds(plain)


def test_calls_are_counted_as_the_provider_counts_them(world: World) -> None:
    location, organization = world.account(Provider.GHL), world.account(Provider.CALENDLY)
    same_location = [
        a_connection(location, id=UUID(int=number), secrets={"api_token": str(number)}) for number in (1, 2)
    ]
    same_token = [a_connection(organization, id=UUID(int=number)) for number in (1, 2)]
    assert len({account(one) for one in same_location}) == 1
    assert len({account(one) for one in same_token}) == 1
    assert organization.token not in account(same_token[0])


def test_four_processes_at_once_never_exceed_what_the_provider_counts(redis_url: str, world: World) -> None:
    organization = world.account(Provider.CALENDLY)
    bound: Bound = spender.BOUND
    site = CalendlySite(world, limits=Limits((bound.calls, float(bound.seconds))))
    site.tells_limits = False  # or its headers would hold the processes back too
    with on_socket(site) as url:
        command = [sys.executable, spender.__file__, redis_url, url, organization.token, "5"]
        workers = [
            subprocess.Popen(command, cwd=PROJECT, env={"PYTHONPATH": str(PROJECT)}, stdout=subprocess.PIPE)
            for _ in range(4)
        ]
        told = [worker.communicate(timeout=60)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    assert told == [b""] * 4
    assert site.limits.refused(organization.id) == 0
    assert site.limits.calls[organization.id] >= 2 * bound.calls, "it was never near its limit"
