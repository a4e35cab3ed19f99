"""Bookings as they are stored: each change of state is one statement that names the state it leaves."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection as Database
from psycopg.rows import dict_row

from db.ids import new_id
from pipeline.booking import ACTIVE, Booking, BookingState, Conditions
from pipeline.words import Provider

LONGEST_WAIT_SECONDS = 15.0
"""Between two looks or tries: two minutes after a provider answers again nothing is unknown."""


class UnknownBooking(LookupError):
    """No booking of that lead has that id."""


class AlreadyBooking(Exception):
    """The lead has an intent under way for another slot."""


@dataclass(frozen=True, slots=True)
class Guest:
    """For whom it is booked, as `lead` says at this moment. Personal data: it goes to the provider alone."""

    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    zone: str | None


@dataclass(frozen=True, slots=True)
class Ready:
    """What is so of an intent's lead right now, and who it is."""

    conditions: Conditions
    guest: Guest


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


@contextmanager
def lead_guarded(guard: Database[Any], client_id: UUID, lead_id: UUID) -> Iterator[bool]:
    """Be the only one who calls a provider for a lead, as long as this process lives; False: another is.

    `guard` is a connection of its own, in a transaction that lasts as long: what is committed meanwhile is committed
    elsewhere, and a process that is stopped between its commit and its call still holds the lead.
    """
    with guard.transaction():
        row = guard.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (f"book {client_id} {lead_id}",)
        ).fetchone()
        yield row is not None and row[0]


def ready(database: Database[Any], booking: Booking, now: datetime) -> Ready:
    """Read what the call depends on; a merged lead is followed."""
    with database.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            _READY, {"client": booking.client_id, "lead": booking.lead_id, "now": now}
        ).fetchone()
    if row is None:
        nobody = Guest(None, None, "", "", None)
        return Ready(Conditions(True, False, False, False, False), nobody)
    conditions = Conditions(
        row["client_on"], row["lead_on"], row["suppressed"], row["has_appointment"], bool(row["email"])
    )
    first, last = row["first_name"] or "", row["last_name"] or ""
    if not first and not last:
        first, _, last = (row["full_name"] or "").strip().partition(" ")
    return Ready(conditions, Guest(row["email"], row["phone"], first, last, row["zone"]))


def another_open(database: Database[Any], booking: Booking) -> bool:
    """Whether a lead has another intent of which it is not known what became: its leads were merged meanwhile."""
    row = database.execute(
        """SELECT 1 FROM booking WHERE client_id = %s AND lead_id = %s AND id <> %s AND state IN ('calling', 'unknown')""",
        (booking.client_id, booking.lead_id, booking.id),
    ).fetchone()
    return row is not None


def call(
    database: Database[Any], booking: Booking, now: datetime, look_after: datetime, contact_id: str | None
) -> bool:
    """Commit to a call; False: somebody did already. To be followed by the call, by this process alone."""
    return _moved(
        database,
        """UPDATE booking SET state = 'calling', reason = NULL, attempts = attempts + 1, called_at = %s,
               look_after = %s, not_before = %s, contact_id = %s, delays = 0, updated_at = now()
           WHERE client_id = %s AND id = %s AND state = 'reserved' AND cancel_asked_at IS NULL""",
        (now, look_after, look_after, contact_id, booking.client_id, booking.id),
    )


def booked(
    database: Database[Any], booking: Booking, external_id: str, group: str, uri: str | None, now: datetime
) -> None:
    """There is a meeting. In the transaction that posts its observation."""
    database.execute(
        """UPDATE booking SET state = 'booked', reason = NULL, external_id = %s, booked_group = %s, uri = %s,
               not_before = %s, delays = 0, updated_at = now() WHERE client_id = %s AND id = %s""",
        (external_id, group, uri, now, booking.client_id, booking.id),
    )


def settle(
    database: Database[Any], booking: Booking, state: BookingState, reason: str | None, not_before: datetime
) -> None:
    """Leave `booking.state` for another state that says nothing of a meeting."""
    database.execute(
        """UPDATE booking SET state = %s, reason = %s, not_before = %s, delays = 0, updated_at = now(),
               canceled_at = CASE WHEN %s = 'canceled' THEN %s ELSE canceled_at END
           WHERE client_id = %s AND id = %s""",
        (state, reason, not_before, state, not_before, booking.client_id, booking.id),
    )


def unknown(database: Database[Any], booking: Booking, reason: str, look_after: datetime) -> None:
    """The call brought no answer: it is looked for once the provider must be through with it."""
    database.execute(
        """UPDATE booking SET state = 'unknown', reason = %s, look_after = %s, not_before = %s, updated_at = now()
           WHERE client_id = %s AND id = %s AND state = 'calling'""",
        (reason, look_after, look_after, booking.client_id, booking.id),
    )


def put_off(
    database: Database[Any], booking: Booking, reason: str, now: datetime, least_seconds: float = 0.0
) -> None:
    """Try again later, with back-off and full jitter; the state stays."""
    row = database.execute(
        "SELECT delays FROM booking WHERE client_id = %s AND id = %s", (booking.client_id, booking.id)
    ).fetchone()
    bound = min(2.0 ** (row[0] if row else 0), LONGEST_WAIT_SECONDS)
    pause = least_seconds + random.uniform(0.2, bound)  # noqa: S311  (jitter, no secret)
    database.execute(
        """UPDATE booking SET reason = %s, not_before = %s, delays = least(delays + 1, 10), updated_at = now()
           WHERE client_id = %s AND id = %s""",
        (reason, now + timedelta(seconds=pause), booking.client_id, booking.id),
    )


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


def forget_cancel(database: Database[Any], booking: Booking, reason: str) -> None:
    """The provider will not call it off: the meeting stands, and the reason says why."""
    database.execute(
        """UPDATE booking SET cancel_asked_at = NULL, reason = %s, delays = 0, updated_at = now()
           WHERE client_id = %s AND id = %s AND state = 'booked'""",
        (reason, booking.client_id, booking.id),
    )


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


def move(database: Database[Any], client_id: UUID, loser: UUID, winner: UUID) -> None:
    """Hand a merged lead's intents on."""
    database.execute(
        "UPDATE booking SET lead_id = %s WHERE client_id = %s AND lead_id = %s", (winner, client_id, loser)
    )


def switch_lead(database: Database[Any], client_id: UUID, lead_id: UUID, *, on: bool) -> bool:
    """Allow or forbid booking for one lead; False: there is none."""
    return _moved(
        database,
        "UPDATE lead SET auto_booking = %s WHERE client_id = %s AND id = %s",
        (on, client_id, lead_id),
    )


def switch_client(database: Database[Any], client_id: UUID, *, on: bool) -> None:
    """Allow or forbid booking for all of a client's leads."""
    database.execute("UPDATE client SET auto_booking = %s WHERE id = %s", (on, client_id))


def _moved(database: Database[Any], query: str, values: Sequence[Any]) -> bool:
    return database.execute(query, values).rowcount == 1


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

_READY = """
    SELECT c.auto_booking AS client_on, l.auto_booking AS lead_on,
           l.suppressed_at IS NOT NULL AND coalesce(l.suppression_lifted_at < l.suppressed_at, true) AS suppressed,
           EXISTS (SELECT 1 FROM appointment a WHERE a.client_id = l.client_id AND a.lead_id = l.id
                   AND a.start_at > %(now)s AND a.status IN ('pending', 'confirmed') AND NOT a.placeholder)
             AS has_appointment,
           l.email, l.phone, l.first_name, l.last_name, l.full_name,
           coalesce(l.timezone, (SELECT a.timezone FROM appointment a WHERE a.client_id = l.client_id
                                 AND a.lead_id = l.id AND a.timezone IS NOT NULL
                                 ORDER BY a.start_at DESC NULLS LAST LIMIT 1)) AS zone
    FROM lead o JOIN lead l ON l.client_id = o.client_id AND l.id = coalesce(o.merged_into, o.id)
    JOIN client c ON c.id = l.client_id WHERE o.client_id = %(client)s AND o.id = %(lead)s"""
