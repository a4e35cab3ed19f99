"""The inbox: the one way into the books. What is posted is durable when it returns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.arrays import columns_of
from db.parcels import PRIORITY, Parcel, Parked, Posted, Ring
from db.posting import INSERT_JOBS, Rows, job_row, posting
from pipeline.job import Payload
from pipeline.words import Lane

__all__ = [
    "INSERT_JOBS",
    "PRIORITY",
    "Parcel",
    "Parked",
    "Payload",
    "Posted",
    "Ring",
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
