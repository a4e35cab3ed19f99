"""Bookings: the intents as they are stored, asked for, found and called off (db/booking_attempts.py: carried out)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database
from psycopg.rows import dict_row

from db.ids import new_id
from pipeline.booking import ACTIVE, Booking, BookingState
from pipeline.words import Provider


class UnknownBooking(LookupError):
    """No booking of that lead has that id."""


class AlreadyBooking(Exception):
    """The lead has an intent under way for another slot."""


def ask(
    database: Database[Any],
    client_id: UUID,
    lead_id: UUID,
    *,
    connection_id: UUID,
    provider: Provider,
    calendar: str,
    slot: datetime,
    minutes: int,
    asked_by: str,
    now: datetime,
) -> tuple[Booking, bool]:
    """Reserve an intent, in the caller's transaction; the one under way for the same slot if there is one.

    Says whether it is new. Raises AlreadyBooking for another slot.
    """
    database.execute(_ONE_AT_A_TIME, (f"ask {client_id} {lead_id}",))
    with database.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_ACTIVE_OF, (client_id, lead_id, list(ACTIVE)))
        if (row := cursor.fetchone()) is not None:
            active = _booking(row)
            if (active.slot, active.connection_id, active.calendar) == (slot, connection_id, calendar):
                return active, False
            raise AlreadyBooking
        booking_id = new_id()
        cursor.execute(
            _ASK,
            (client_id, booking_id, lead_id, connection_id, provider, calendar, slot, minutes, asked_by, now),
        )
        row = cursor.fetchone()
    assert row is not None
    return _booking(row), True


def find(database: Database[Any], client_id: UUID, booking_id: UUID) -> Booking:
    """Find one; raises UnknownBooking."""
    with database.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            _SELECT + " WHERE client_id = %s AND id = %s", (client_id, booking_id)
        ).fetchone()
    if row is None:
        raise UnknownBooking
    return _booking(row)


def of_lead(database: Database[Any], client_id: UUID, lead_id: UUID, limit: int = 100) -> list[Booking]:
    """A lead's intents, newest first."""
    with database.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _SELECT + " WHERE client_id = %s AND lead_id = %s ORDER BY created_at DESC, id DESC LIMIT %s",
            (client_id, lead_id, limit),
        )
        return [_booking(row) for row in rows]


def due(database: Database[Any], now: datetime, limit: int) -> list[Booking]:
    """Intents whose time has come: to be called, looked for, or called off."""
    with database.cursor(row_factory=dict_row) as cursor:
        return [_booking(row) for row in cursor.execute(_DUE, (now, limit))]


def ask_to_cancel(database: Database[Any], booking: Booking, now: datetime) -> None:
    """Call an intent off: at once if nobody was called yet, else as soon as it is known what there is."""
    database.execute(
        """UPDATE booking SET cancel_asked_at = coalesce(cancel_asked_at, %(now)s), updated_at = now(),
               state = CASE WHEN state = 'reserved' THEN 'failed' ELSE state END,
               reason = CASE WHEN state = 'reserved' THEN 'called_off' ELSE reason END,
               not_before = CASE WHEN state = 'booked' THEN %(now)s ELSE not_before END
           WHERE client_id = %(client)s AND id = %(id)s AND state <> 'failed' AND state <> 'canceled'""",
        {"now": now, "client": booking.client_id, "id": booking.id},
    )


def move(database: Database[Any], client_id: UUID, loser: UUID, winner: UUID) -> None:
    """Hand a merged lead's intents on."""
    database.execute(
        "UPDATE booking SET lead_id = %s WHERE client_id = %s AND lead_id = %s", (winner, client_id, loser)
    )


def switch_lead(database: Database[Any], client_id: UUID, lead_id: UUID, *, on: bool) -> bool:
    """Allow or forbid booking for one lead; False: there is none."""
    done = database.execute(
        "UPDATE lead SET auto_booking = %s WHERE client_id = %s AND id = %s", (on, client_id, lead_id)
    )
    return done.rowcount == 1


def switch_client(database: Database[Any], client_id: UUID, *, on: bool) -> None:
    """Allow or forbid booking for all of a client's leads."""
    database.execute("UPDATE client SET auto_booking = %s WHERE id = %s", (on, client_id))


def _booking(row: dict[str, Any]) -> Booking:
    return Booking(**{**row, "provider": Provider(row["provider"]), "state": BookingState(row["state"])})


_COLUMNS = ", ".join(Booking.__dataclass_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM booking"  # noqa: S608

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

_ACTIVE_OF = (
    _SELECT + " WHERE client_id = %s AND lead_id = %s AND state = ANY (%s) ORDER BY created_at LIMIT 1"
)

_ASK = f"""
    INSERT INTO booking (client_id, id, lead_id, connection_id, provider, calendar, slot, minutes, asked_by, not_before)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}"""  # noqa: S608

_DUE = (
    _SELECT
    + """
    WHERE (state IN ('reserved', 'calling', 'unknown') OR (state = 'booked' AND cancel_asked_at IS NOT NULL))
      AND not_before <= %s ORDER BY not_before LIMIT %s"""
)
