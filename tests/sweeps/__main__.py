"""`make year`: Show 3 at full scale, whole and with sweeps killed. YEAR="--connections 20 --meetings 30000 --seed 7"."""

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import stamina
import structlog

from boot import embedded_postgres
from boot.embedded_postgres import PostgresServer
from db import migrate
from pipeline.sweeping import Tier
from tests.conftest import QUICK
from tests.sweeps.judge import judge
from tests.sweeps.plan import Plan
from tests.sweeps.year import Year

EVERY = {Tier.NEAR: 3, Tier.MID: 6, Tier.FAR: 60}
"""Days between two sweeps of a tier."""
KILLED = 0.001
TELL_EVERY_DAYS = 30


def main() -> int:
    """Live the years that are asked for, print what came of each, and say by the exit code whether all was well."""
    parser = argparse.ArgumentParser(prog="make year", description=__doc__)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--meetings", type=int, default=30_000)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--only", choices=("whole", "killed"), help="one of the two years")
    asked = parser.parse_args()
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # it tells of every connection that was killed
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    plans = {
        name: Plan(asked.connections, asked.meetings, asked.people, killed=killed, every=EVERY)
        for name, killed in (("whole", 0.0), ("killed", KILLED))
        if asked.only in (None, name)
    }
    folder = Path(tempfile.mkdtemp(prefix="apptrail-year-"))
    folder.chmod(0o755)
    try:
        with embedded_postgres.postgres(folder / "postgres", options=QUICK) as server:
            well = [live(server, name, plan, asked.seed) for name, plan in plans.items()]
    finally:
        shutil.rmtree(folder)
    return 0 if all(well) else 1


def live(server: PostgresServer, name: str, plan: Plan, seed: int) -> bool:
    """Live one year in a database of its own."""
    say([f"year, {name}: seed {seed}, {plan.connections} connections, {plan.people} leads"])
    dsn = a_database(server, name)
    began = time.monotonic()

    def tell(day: int) -> None:
        if (day + 1) % TELL_EVERY_DAYS == 0:
            say([f"  day {day + 1}, after {timedelta(seconds=int(time.monotonic() - began))}"])

    with stamina.set_testing(True, attempts=2, cap=True), closing(Year(dsn, plan, seed)) as year:
        year.live(tell)
        tally = judge(year)
    say([*tally.lines(), f"took {timedelta(seconds=int(time.monotonic() - began))}"])
    return not tally.differences


def a_database(server: PostgresServer, name: str) -> str:
    """A fresh database with every migration."""
    import psycopg

    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE year_{name}")
    dsn = server.dsn(f"year_{name}")
    migrate.upgrade(dsn.replace("postgresql://", "postgresql+psycopg://", 1))
    return dsn


def say(lines: Sequence[str]) -> None:
    """Print at once: somebody waits."""
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
