"""Bookings as they are asked for, and which connection would make one."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from db.engine import Reading
from pipeline.booking import settings_in
from pipeline.words import Provider

BOOKS = frozenset({Provider.CALENDLY, Provider.GHL})


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a connection books with, without its secrets."""

    connection_id: UUID
    provider: Provider
    calendar: str | None
    minutes: int


def calendar_of(reading: Reading, client_id: UUID, connection_id: UUID | None) -> Calendar | None:
    """The named connection's calendar, or the first one that a client's connections book with."""
    rows = reading.connection.execute(_CALENDARS, {"client": client_id, "connection": connection_id})
    known = []
    for row in rows:
        if row.provider in BOOKS:
            own = settings_in(row.settings)
            known.append(Calendar(row.id, Provider(row.provider), own.calendar, own.minutes))
    return next((one for one in known if connection_id is not None or one.calendar is not None), None)


_CALENDARS = text("""
    SELECT id, provider, settings FROM connection
    WHERE client_id = :client AND state = 'active' AND (CAST(:connection AS uuid) IS NULL OR id = :connection)
    ORDER BY created_at""")
