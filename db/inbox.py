"""The inbox: the one way into the books. What is posted is durable when it returns."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg import Connection as Database

from db.arrays import columns_of
from db.parcels import PRIORITY, Parcel, Parked, Payload, Posted, Ring
from db.posting import INSERT_JOBS, Rows, job_row, posting
from pipeline.addressing import Contact
from pipeline.words import Lane

__all__ = [
    "INSERT_JOBS",
    "PRIORITY",
    "Parcel",
    "Parked",
    "Payload",
    "Posted",
    "Ring",
    "fill_contacts",
    "job_row",
    "post",
    "post_to_lead",
]


def post(database: Database[Any], parcels: Sequence[Parcel]) -> Posted:
    """Store the jobs of some parcels in one transaction.

    When this returns, everything is committed. If it raises, nothing is.
    """
    steps = posting(parcels)
    rows: list[Rows] | None = None
    with database.pipeline(), database.transaction():
        while True:
            try:
                commands = steps.send(rows)  # type: ignore[arg-type]
            except StopIteration as done:
                posted: Posted = done.value
                break
            sent = [(one.asks, database.execute(one.query, one.values, binary=True)) for one in commands]
            rows = [cursor.fetchall() for asks, cursor in sent if asks]
    return posted


def post_to_lead(
    database: Database[Any], client_id: UUID, lead_id: UUID, payload: Payload, *, at: datetime, trace_id: UUID
) -> Ring:
    """Store one job for a lead that is known already: a person's act, or an import's word."""
    row = job_row(client_id, lead_id, payload, at, Lane.LIVE, trace_id)
    database.execute(INSERT_JOBS, columns_of([row]))
    return Ring(client_id, lead_id, Lane.LIVE)


async def fill_contacts(database: AsyncConnection[Any], fills: Iterable[tuple[UUID, UUID, Contact]]) -> None:
    """Give stubs what they lack of a name and an address; never changes what a lead has.

    A transaction of its own with a short wait, for a lead's row may be locked by a drain (DESIGN 5).
    """
    async with database.transaction():
        await database.execute("SET LOCAL lock_timeout = '300ms'")
        for client_id, lead_id, contact in fills:
            await database.execute(
                """UPDATE lead SET email = coalesce(email, %s), phone = coalesce(phone, %s),
                       first_name = coalesce(first_name, %s), last_name = coalesce(last_name, %s),
                       full_name = coalesce(full_name, %s), timezone = coalesce(timezone, %s)
                   WHERE client_id = %s AND id = %s AND stub""",
                (contact.email, contact.phone, contact.first_name, contact.last_name, contact.full_name,
                 contact.timezone, client_id, lead_id),
            )  # fmt: skip
