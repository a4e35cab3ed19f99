"""Show 6: a Postgres that cannot write: nothing is acknowledged that is not stored, and it heals without hands."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from boot.embedded_postgres import PostgresServer
from boot.embedded_redis import RedisServer
from tests.chaos.small_disk import SmallDisk, small_disk
from tests.chaos.stories import NOW
from tests.flows.calendly_bodies import booked
from tests.flows.stack import Stack

DELIVERIES = 40


@pytest.fixture(scope="module")
def disk(server_folder: Path) -> Iterator[SmallDisk]:
    with small_disk(server_folder / "small") as small:
        yield small


@pytest.fixture(scope="module")
def served(server_folder: Path, disk: SmallDisk) -> Iterator[Stack]:
    """A stack whose Postgres lives on the small disk; its log wants to grow soon."""
    postgres = PostgresServer(
        disk.folder / "postgres", options={"max_wal_size": "32MB", "min_wal_size": "32MB"}
    )
    folder = server_folder / "full"
    folder.mkdir(mode=0o755)
    redis = RedisServer(folder / "redis")
    stack = Stack(folder, postgres, redis)
    try:
        postgres.start()
        redis.start()
        stack.settle_in()
        stack.start_web()
        stack.start_workers()
        yield stack
    finally:
        stack.close()
        redis.stop()
        postgres.stop()


class Book:
    """What was acknowledged, delivery by delivery, and what was not."""

    def __init__(self, stack: Stack, name: str) -> None:
        self._stack = stack
        self._name = name
        self._number = 0
        self.taken: list[str] = []

    def deliver(self) -> int:
        """Book another meeting; returns the status."""
        self._number += 1
        name = f"{self._name}{self._number}"
        start = NOW.replace(year=NOW.year + 1)
        body = booked(name, f"{name}@example.com", start, start, NOW)
        answer = self._stack.deliver(json.dumps(body).encode())
        if answer.status_code == 200:
            self.taken.append(name)
        else:
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
        return answer.status_code

    def is_kept(self) -> bool:
        """Whether all that was acknowledged is in the books, and nothing is under way or twice there.

        What was stored too late to be acknowledged may be there, too.
        """
        rows = self._stack.rows(f"SELECT external_id FROM observation WHERE external_id LIKE '{self._name}%'")
        kept = [name for (name,) in rows]
        return set(self.taken) <= set(kept) and len(set(kept)) == len(kept) and self._stack.inbox_is_empty()


def brought_back(stack: Stack) -> bool:
    """Start Postgres if it has died, as an init would; whether it runs then."""
    try:
        stack.postgres.start()
    except (OSError, RuntimeError):
        return False
    return stack.postgres.alive()


def until(book: Book, status: int, stack: Stack, most: int = 4_000) -> None:
    """Deliver until the answer is another."""
    for _ in range(most):
        brought_back(stack)
        if book.deliver() == status:
            return
    raise AssertionError(f"{most} deliveries, and never {status}")


def test_a_full_disk_is_not_answered_for_and_its_end_is_noticed(served: Stack, disk: SmallDisk) -> None:
    book = Book(served, "full")
    for _ in range(DELIVERIES):
        assert book.deliver() == 200
    disk.fill(served.postgres)
    until(book, 503, served)
    disk.free(served.postgres)
    served.wait_for(lambda: brought_back(served), 60)
    served.wait_for(lambda: book.deliver() == 200, 30)
    served.wait_for(book.is_kept, 30)
    assert served.rows("SELECT count(*) FROM dead_letter") == [(0,)]
    assert served.rows("SELECT count(*) FROM suspect WHERE level = 'quarantined'") == [(0,)]


def test_a_read_only_postgres_is_not_answered_for_and_its_end_is_noticed(served: Stack) -> None:
    """As after a failover: connections stay, and write nothing."""
    book = Book(served, "frozen")
    assert book.deliver() == 200
    served.wait_for(book.is_kept, 20)
    try:
        set_read_only(served, "on")
        served.wait_for(lambda: book.deliver() == 503, 10)
        assert [book.deliver() for _ in range(5)] == [503] * 5
    finally:
        set_read_only(served, "off")
    served.wait_for(lambda: book.deliver() == 200, 10)
    served.wait_for(book.is_kept, 20)
    assert served.rows("SELECT count(*) FROM dead_letter") == [(0,)]


def set_read_only(stack: Stack, word: str) -> None:
    with psycopg.connect(stack.postgres.dsn(), autocommit=True) as database:
        database.execute(f"ALTER SYSTEM SET default_transaction_read_only = {word}".encode())
        database.execute("SELECT pg_reload_conf()")
