"""Unparking: parked letters that only lacked their connection's time zone, once it has one."""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

import msgspec
from psycopg import Connection as Database

from db.arrays import columns_of, literal
from pipeline.observation import Observation
from pipeline.unzoned import Unzoned

ZONE: LiteralString = """(SELECT c.timezone FROM connection c
        WHERE c.client_id = d.client_id AND c.id::text = d.payload->>'connection_id')"""
"""SQL over the alias `d`: the zone of a parked letter's connection."""

CAN_BE_PLACED: LiteralString = f"(d.payload ? 'unzoned' AND {ZONE} IS NOT NULL)"
"""SQL over the alias `d`: whether a parked letter can be read by now."""


class _Letter(msgspec.Struct):
    unzoned: Unzoned


def placed(payload: str, zone: str) -> Observation:
    """Read a parked letter's payload in a zone; raises ValueError if it cannot be."""
    try:
        unzoned = msgspec.json.decode(payload, type=_Letter).unzoned
    except msgspec.DecodeError:
        raise ValueError("unzoned") from None
    return unzoned.placed_in(zone)


def place_jobs(database: Database[Any], client_id: UUID, job_ids: Sequence[UUID]) -> None:
    """Turn jobs that were posted from parked letters into what they say, in the transaction that posted them.

    What still cannot be read stays as it is, and fails as any such job does.
    """
    if not job_ids:
        return
    rows = database.execute(
        f"""SELECT d.id, d.payload::text, {ZONE} FROM inbox d WHERE d.client_id = %s AND d.id = ANY (%s::uuid[])
            AND {CAN_BE_PLACED}""",  # noqa: S608
        (client_id, literal(job_ids)),
    ).fetchall()
    read = []
    for job_id, payload, zone in rows:
        try:
            read.append((job_id, placed(payload, zone).text()))
        except ValueError:
            continue
    if read:
        database.execute(
            """UPDATE inbox j SET payload = t.payload::jsonb
               FROM unnest(%s::uuid[], %s::text[]) AS t (id, payload) WHERE j.client_id = %s AND j.id = t.id""",
            (*columns_of(read), client_id),
        )
