"""What any test may ask for: real servers of its own, and a database that holds nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from boot import embedded_postgres, embedded_redis
from boot.embedded_postgres import PostgresServer
from boot.embedded_redis import RedisServer
from tests.stock import Stock

# No deadline: the first example pays for imports, and a busy machine is no bug.
hypothesis.settings.register_profile("default", deadline=None, max_examples=60, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, print_blob=True, derandomize=True)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=3000, print_blob=True)
hypothesis.settings.load_profile("default")

NOT_LOOKED_AT = "no chromium is installed"
"""How the reason begins for which tests in a browser are skipped."""

QUICK = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "100"}
"""For tests of what is stored. A test of what survives a crash starts a server with the real options."""

TEMPLATE = "apptrail_template"


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that the servers' account can reach; pytest's own temp folders are closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="apptrail-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    """One real Postgres for each pytest process, without fsync."""
    with embedded_postgres.postgres(server_folder / "postgres", options=QUICK) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(server_folder: Path) -> Iterator[RedisServer]:
    """One real Redis for each pytest process."""
    with embedded_redis.redis_server(server_folder / "redis") as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a Redis that holds nothing."""
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """The name of a database with every migration, to be copied."""
    from db import migrate

    with psycopg.connect(postgres_server.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate.upgrade(postgres_server.dsn(TEMPLATE).replace("postgresql://", "postgresql+psycopg://", 1))
    return TEMPLATE


@pytest.fixture(scope="session")
def stock(postgres_server: PostgresServer, migrated_template: str) -> Stock:
    """Migrated databases, for whoever needs one for longer than a test."""
    return Stock(postgres_server, migrated_template)


@pytest.fixture
def database(stock: Stock) -> Iterator[str]:
    """The libpq address of a migrated database of the test's own, which holds nothing."""
    with stock.one() as dsn:
        yield dsn


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a run did not look at is said in its last lines."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {one.longrepr[2] for one in skipped if NOT_LOOKED_AT in str(one.longrepr)}
    for reason in sorted(reasons):
        terminalreporter.section("NOT TESTED", red=True, bold=True)
        terminalreporter.line(reason.removeprefix("Skipped: "), red=True)
