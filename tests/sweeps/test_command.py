"""`apptrail sweep` and `apptrail connection resubscribe`, as processes, against simulated providers on real sockets."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db import connections
from db.desk import Database, connect
from db.keyring import Keyring
from pipeline.words import Provider
from tests.builders import a_client
from tests.simulators.calendly_site import CalendlySite
from tests.simulators.clock import SimulatedClock
from tests.simulators.serving import on_socket
from tests.simulators.truth import Account
from tests.simulators.world import World

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key for tests"


@dataclass
class Shop:
    """A Calendly account on a socket, its connection, and the command line."""

    database: Database
    environment: dict[str, str]
    world: World
    account: Account
    site: CalendlySite
    connection_id: Any
    endpoint: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from scripts.main import app; app()", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.run("sweep", "--json", *arguments)
        assert done.returncode == 0, done.stderr[-2000:]
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def count(self, table: str) -> int:
        row = self.database.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def shop(database: str, redis_url: str, tmp_path: Path) -> Iterator[Shop]:
    world = World(SimulatedClock(datetime.now(UTC)))
    account = world.account(Provider.CALENDLY)
    for number in range(3):
        world.book(account, world.person(account), world.clock.now() + timedelta(days=1 + number))
    site = CalendlySite(world)
    with on_socket(site) as url, connect(database) as own:
        client = a_client(own)
        added, endpoint = connections.add(
            own, Keyring([KEY]), client.id, Provider.CALENDLY,
            secret_values={"api_token": account.token}, api_base_url=url,
        )  # fmt: skip
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": database, "REDIS_URL": redis_url,
            "APPTRAIL_SECRET_KEY": KEY, "APPTRAIL_VAR": str(tmp_path), "LOG_FORMAT": "json",
        }  # fmt: skip
        yield Shop(own, environment, world, account, site, added, endpoint)


def test_a_dry_run_names_what_would_be_posted_and_writes_nothing(shop: Shop) -> None:
    near = shop.rows("--dry-run")[0]
    assert (near["tier"], near["posted"], near["dry_run"]) == ("near", 3, True)
    assert sorted(near["appointments"]) == sorted(shop.account.meetings)
    assert [shop.count(table) for table in ("inbox", "sweep_mark", "sweep_run", "lead")] == [0, 0, 0, 0]


def test_a_sweep_runs_to_the_end_and_a_second_one_costs_no_job(shop: Shop) -> None:
    first = {row["tier"]: row for row in shop.rows()}
    assert set(first) == {"near", "mid", "far"}
    assert (first["near"]["state"], first["near"]["posted"], shop.count("inbox")) == ("finished", 3, 3)
    again = shop.rows()
    assert [(row["tier"], row["unchanged"], row["posted"]) for row in again] == [("near", 3, 0)]
    start = (shop.world.clock.now() + timedelta(days=2)).date().isoformat()
    (whole,) = shop.rows("--from", start)
    assert (whole["tier"], whole["listed"]) == ("whole", 2)


def test_a_provider_that_cannot_be_read_ends_the_command_with_an_error(shop: Shop) -> None:
    shop.site.faults.rate("wrapped", 1.0)
    done = shop.run("sweep", "--json", "--patience", "0")
    assert done.returncode == 1
    assert {row["reason"] for row in json.loads(done.stdout)} == {"wrapped_answer"}
    assert shop.count("inbox") == 0


def test_a_disabled_subscription_is_made_anew_with_one_command(shop: Shop) -> None:
    from ingest.apis.calendly_api import CalendlyApi
    from ingest.apis.caller import Caller
    from ingest.apis.http import new_client
    from ingest.apis.tokens import FixedToken
    from tests.simulators.unbounded import Unbounded

    connection = connections.of_client(shop.database, Keyring([KEY]))[0]
    with new_client() as client:
        caller = Caller(shop.site.base_url, client, FixedToken(shop.account.token), Unbounded(), {})
        CalendlyApi(connection, caller).subscribe(
            f"https://apptrail.example/webhooks/calendly/{shop.endpoint}"
        )
    (hook,) = shop.site.hooks.values()
    hook.state = "disabled"
    seen = shop.run("connection", "resubscribe", str(shop.connection_id), "--dry-run")
    assert (seen.returncode, [one.state for one in shop.site.hooks.values()]) == (0, ["disabled"]), (
        seen.stderr
    )
    done = shop.run("connection", "resubscribe", str(shop.connection_id))
    assert done.returncode == 0, done.stderr
    (anew,) = shop.site.hooks.values()
    assert (anew.state, anew.url, anew.id != hook.id) == ("active", hook.url, True)
    assert "nothing to make anew" in shop.run("connection", "resubscribe", str(shop.connection_id)).stdout
