"""Procrastinate 3: its queue is in the same Postgres, so its jobs are as durable as ours.

From its documentation: "Ensure jobs run sequentially and in order": a `lock` for each lead; "Instantiate your
connector": the asynchronous `PsycopgConnector`, and coroutines as tasks; "Launch a worker": `concurrency` jobs at
once in each process, here as many as the pool has connections; "Delete finished jobs": on completion
(`delete_jobs="successful"`), so that its table stays small. The job has a pool of its own, of psycopg 3.
"""

import asyncio
import sys

import job
import procrastinate
from psycopg_pool import AsyncConnectionPool

AT_ONCE = 8

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=job.DSN, min_size=2, max_size=AT_ONCE + 2)
)
mine: dict[str, AsyncConnectionPool] = {}


@app.task(name="book", queue="book")
async def book(number: int) -> None:
    async with mine["pool"].connection() as connection:
        await job.book_async(connection, number)


async def enqueue(count: int) -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for number in range(1, count + 1):
            await book.configure(lock=str(number)).defer_async(number=number)


async def work() -> None:
    own = {"autocommit": True, "prepare_threshold": 0, "options": job.OPTIONS}
    async with (
        AsyncConnectionPool(job.DSN, kwargs=own, min_size=AT_ONCE, max_size=AT_ONCE) as pool,
        app.open_async(),
    ):
        mine["pool"] = pool
        await app.run_worker_async(queues=["book"], concurrency=AT_ONCE, delete_jobs="successful")


if __name__ == "__main__":
    asyncio.run(enqueue(int(sys.argv[2])) if sys.argv[1] == "enqueue" else work())
