"""A plain dramatiq actor: the payload in the message, one lead and one transaction each, the whole domain on.

Set up as QUEUE.md says, with dramatiq's usual eight threads, whose waits for Postgres overlap.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import local
from uuid import UUID

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries

from boot.settings import load
from db.desk import Database, Desk
from db.plans import by_index
from db.shelf import Change, Receipt
from db.shelf import load as load_books
from db.shelf import save as save_books
from pipeline.book import compute, enter
from pipeline.job import read_payload
from pipeline.lead_status import Base
from pipeline.observation import Observation

NAMESPACE, QUEUE, ACTOR = "bench-plain", "plain", "apply"
THREADS = 8


def broker_on(url: str) -> RedisBroker:
    client = redis.Redis.from_url(url, socket_timeout=5)
    retries = Retries(max_retries=3, min_backoff=500, max_backoff=15_000)
    broker = RedisBroker(client=client, namespace=NAMESPACE, heartbeat_timeout=30_000, middleware=[retries])
    broker.declare_queue(QUEUE)
    return broker


class Applier:
    """Each thread has a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._local = local()

    def apply(self, client: str, lead: str, payload: str) -> None:
        client_id, lead_id, said = UUID(client), UUID(lead), read_payload(payload)
        assert isinstance(said, Observation)
        with self._transaction() as database:
            by_index(database, writer="ledger")  # the same plans as the ledger's
            base = database.execute(
                """SELECT base_status, base_status_at FROM lead
                   WHERE client_id = %s AND id = %s FOR NO KEY UPDATE""",
                (client_id, lead_id),
            ).fetchone()
            assert base is not None
            books = load_books(database, client_id, {lead_id: Base(base[0], base[1])}, {lead_id: [said]})
            now = datetime.now(UTC)
            book = enter(books[lead_id].book, [said])
            receipts = {said.digest: Receipt(now, None, said, payload)}
            save_books(
                database, client_id, [Change(lead_id, books[lead_id], book, compute(book, now), receipts)]
            )

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        if not hasattr(self._local, "desk"):
            self._local.desk = Desk(self._dsn)
        with self._local.desk.connection() as database, database.transaction():
            yield database


def main() -> None:
    """Say `ready`, wait for the word, work until the input ends."""
    settings = load()
    broker = broker_on(settings.redis_url)
    dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name=ACTOR)(Applier(settings.database_dsn).apply)
    worker = dramatiq.Worker(broker, worker_threads=THREADS, worker_timeout=100)
    print("ready", flush=True)
    sys.stdin.readline()
    worker.start()
    while sys.stdin.readline():
        time.sleep(0.1)
    worker.stop(timeout=5_000)


if __name__ == "__main__":
    main()
