"""Acceptances: a reply that takes one of the slots that were offered becomes an intent, in the drain's transaction."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection as Database

from db import bookings
from pipeline.instants import zone_named
from pipeline.message import MessageSaid
from pipeline.signals import Choice, SignalKind, chosen
from pipeline.words import Provider

MINUTES = 30
"""How long a meeting is where the connection's settings do not say."""
ASKED_BY = "reply"


def accept(
    database: Database[Any], client_id: UUID, heard: Iterable[tuple[UUID, MessageSaid]], now: datetime
) -> None:
    """Reserve what messages of some locked leads take. Each message is given once: a repetition is none.

    Whether it may be booked is looked at when it is (see pipeline/booking.py); a lead with an intent under way for
    another slot keeps that, and a person reads the reply.
    """
    for lead_id, said in heard:
        signal = said.signal(SignalKind.SLOT_ACCEPTED)
        if signal is None or signal.choice is None:
            continue
        taken = _taken(database, client_id, lead_id, signal.choice, said.at, now)
        if taken is None:
            continue
        connection_id, provider, calendar, slot, minutes = taken
        with suppress(bookings.AlreadyBooking):
            bookings.ask(
                database, client_id, lead_id, connection_id=connection_id, provider=Provider(provider),
                calendar=calendar, slot=slot, minutes=minutes, asked_by=ASKED_BY, now=now,
            )  # fmt: skip


def _taken(
    database: Database[Any], client_id: UUID, lead_id: UUID, choice: Choice, at: datetime, now: datetime
) -> tuple[UUID, str, str, datetime, int] | None:
    """The one slot of the last offer before the reply that it names, if that is still ahead."""
    rows = database.execute(
        _OFFERED, {"client": client_id, "lead": lead_id, "at": at, "minutes": MINUTES}
    ).fetchall()
    if not rows:
        return None
    zone = zone_named(rows[0][5]) or ZoneInfo("UTC")
    slot = chosen(choice, [row[3] for row in rows], zone)
    return next(
        ((row[0], row[1], row[2], row[3], row[4]) for row in rows if row[3] == slot and slot > now), None
    )


_OFFERED = """
    SELECT o.connection_id, c.provider, o.calendar, o.start_at,
           coalesce((c.settings->'booking'->>'minutes')::integer, %(minutes)s), o.zone
    FROM offered_slot o JOIN connection c ON c.id = o.connection_id
    WHERE o.client_id = %(client)s AND o.lead_id = %(lead)s
      AND o.offered_at = (SELECT max(l.offered_at) FROM offered_slot l
                          WHERE l.client_id = %(client)s AND l.lead_id = %(lead)s AND l.offered_at <= %(at)s)
    ORDER BY o.start_at"""
