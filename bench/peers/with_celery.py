"""Celery 5 on Redis.

From its documentation: "Using Redis" (the broker's address by a socket, a virtual host), "Optimizing": late
acknowledgement with a prefetch multiplier of 1 ("Reserve one task at a time"), and as it advises for many short
tasks also one of 64; `-O fair`, which is the default; "Tasks": results ignored where nobody wants them. Each
process of the pool connects once (`worker_process_init`), since a connection does not survive a fork. No result
backend, no events.
"""

import sys

import job
import psycopg
from celery import Celery
from celery.signals import worker_process_init

app = Celery("with_celery", broker=f"redis+socket://{job.REDIS_SOCKET}?virtual_host=2")
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=int(job.STYLE or 1),
    broker_connection_retry_on_startup=True,
)
mine: dict[str, psycopg.Connection] = {}


@worker_process_init.connect
def connect(**_: object) -> None:
    mine["connection"] = job.connect()


@app.task(name="book")
def book(number: int) -> None:
    job.book(mine["connection"], number)


if __name__ == "__main__":
    if sys.argv[1] == "enqueue":
        with app.producer_pool.acquire(block=True) as producer:
            for number in range(1, int(sys.argv[2]) + 1):
                book.apply_async((number,), producer=producer)
    else:
        app.worker_main(["worker", "-P", "prefork", "-c", str(job.WORKERS), "-l", "WARNING"])
