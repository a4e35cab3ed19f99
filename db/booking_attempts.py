"""Attempts: an intent on its way to a meeting; each change of state is one statement that names the state it leaves."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from pipeline.booking import Booking, BookingState

LONGEST_WAIT_SECONDS = 15.0
"""Between two looks or tries: two minutes after a provider answers again nothing is unknown."""


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
    done = database.execute(
        """UPDATE booking SET state = 'calling', reason = NULL, attempts = attempts + 1, called_at = %s,
               look_after = %s, not_before = %s, contact_id = %s, delays = 0, updated_at = now()
           WHERE client_id = %s AND id = %s AND state = 'reserved' AND cancel_asked_at IS NULL""",
        (now, look_after, look_after, contact_id, booking.client_id, booking.id),
    )
    return done.rowcount == 1


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


def forget_cancel(database: Database[Any], booking: Booking, reason: str) -> None:
    """The provider will not call it off: the meeting stands, and the reason says why."""
    database.execute(
        """UPDATE booking SET cancel_asked_at = NULL, reason = %s, delays = 0, updated_at = now()
           WHERE client_id = %s AND id = %s AND state = 'booked'""",
        (reason, booking.client_id, booking.id),
    )
