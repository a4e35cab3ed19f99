"""A plain dramatiq actor on Redis, with the job in the message: our own broker's usual way.

From its documentation: "Best Practices" (concurrent actors, small messages), "Guide": the default of eight threads
in each process, whose waits for Postgres overlap. Beside it stands what was learned about its Redis broker: an
explicit client, heartbeats and retries as our own doorbell has them. Each thread keeps a connection.
"""

import signal
import sys
from threading import Event, local

import dramatiq
import job
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Retries

THREADS = 8

broker = RedisBroker(
    client=redis.Redis(unix_socket_path=job.REDIS_SOCKET, db=4, socket_timeout=5),
    namespace="bench-peer",
    heartbeat_timeout=30_000,
    middleware=[Retries(max_retries=3, min_backoff=500, max_backoff=15_000)],
)
dramatiq.set_broker(broker)
mine = local()


@dramatiq.actor(queue_name="book")
def book(number: int) -> None:
    if not hasattr(mine, "connection"):
        mine.connection = job.connect()
    job.book(mine.connection, number)


def work() -> None:
    told = Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    worker = dramatiq.Worker(broker, worker_threads=THREADS, worker_timeout=100)
    worker.start()
    told.wait()
    worker.stop(timeout=5_000)


if __name__ == "__main__":
    if sys.argv[1] == "enqueue":
        for number in range(1, int(sys.argv[2]) + 1):
            book.send(number)
    else:
        work()
