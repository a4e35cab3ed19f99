"""RQ 3.

From its documentation: "Workers", "Performance Notes": a worker script of one's own that imports what the jobs
need before it forks; "Notes on Performance": run `Worker` in production, and `SimpleWorker`, which does not fork,
only if jobs take single-digit milliseconds, their code is trusted and the fork is the bottleneck. All of that holds
here, so both are measured and the better one counts. More at once is more processes: a worker does one job at a
time. `Worker` connects in each job, as a forked connection cannot be shared; `SimpleWorker` keeps its own.
Results are not kept (`result_ttl=0`), jobs are enqueued in bulk (`enqueue_many`).
"""

import os
import sys

import job
import psycopg
from redis import Redis
from rq import Queue, SimpleWorker, Worker

REDIS = Redis(unix_socket_path=job.REDIS_SOCKET, db=3)
mine: dict[str, psycopg.Connection] = {}


def book(number: int) -> None:
    if job.STYLE != "SimpleWorker":  # this process ends with this job
        with job.connect() as connection:
            job.book(connection, number)
        return
    if "connection" not in mine:
        mine["connection"] = job.connect()
    job.book(mine["connection"], number)


def enqueue(count: int) -> None:
    queue = Queue("book", connection=REDIS)
    for first in range(1, count + 1, 500):
        numbers = range(first, min(first + 500, count + 1))
        queue.enqueue_many(
            [Queue.prepare_data("with_rq.book", (number,), result_ttl=0) for number in numbers]
        )


def work() -> None:
    """One process for each worker, as a process manager would start them."""
    for _ in range(job.WORKERS - 1):
        if os.fork() == 0:
            break
    of = SimpleWorker if job.STYLE == "SimpleWorker" else Worker
    of(["book"], connection=REDIS, log_job_description=False).work(logging_level="WARNING")


if __name__ == "__main__":
    enqueue(int(sys.argv[2])) if sys.argv[1] == "enqueue" else work()
