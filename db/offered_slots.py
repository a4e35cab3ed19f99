"""Offered slots: which starts a lead was offered, and in which words; a reply takes one of them (acceptances.py)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.ids import new_id


def offer(
    database: Database[Any],
    client_id: UUID,
    lead_id: UUID,
    connection_id: UUID,
    calendar: str,
    zone: str,
    slots: Sequence[tuple[datetime, str]],
    now: datetime,
) -> None:
    """Remember which starts a lead was offered, and in which words."""
    with database.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO offered_slot (client_id, id, lead_id, connection_id, calendar, start_at, zone, label, offered_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (client_id, lead_id, connection_id, calendar, start_at)
               DO UPDATE SET zone = excluded.zone, label = excluded.label, offered_at = excluded.offered_at""",
            [
                (client_id, new_id(), lead_id, connection_id, calendar, start, zone, label, now)
                for start, label in slots
            ],
        )


def zone_of(database: Database[Any], client_id: UUID, lead_id: UUID) -> str | None:
    """The zone that a lead's labels are read in, if it is known."""
    row = database.execute(
        "SELECT timezone FROM lead WHERE client_id = %s AND id = %s", (client_id, lead_id)
    ).fetchone()
    return row[0] if row else None
