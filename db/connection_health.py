"""A connection's health: what its calls came to, and a breaker that every process shares (a row)."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from db.desk import Database

FAILURES_TO_OPEN = 5
ERRORS_A_MINUTE = 10
BACK_OFF_SECONDS = 2.0
FIRST_PROBE_SECONDS = 60.0
LONGEST_PROBE_SECONDS = 3600.0
PROBE_PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Permit:
    """Whether a connection may be called now: `probe` if one call is to find out whether all is well again."""

    allowed: bool
    reason: str | None = None
    probe: bool = False


def permit(database: Database, client_id: UUID, connection_id: UUID) -> Permit:
    """Ask whether to call. While the breaker is open, one caller in all processes is let through, when it is time."""
    row = database.execute(
        """SELECT breaker, reason, paused_until > apptrail_now(), pause_reason
           FROM connection_health WHERE client_id = %s AND connection_id = %s""",
        (client_id, connection_id),
    ).fetchone()
    if row is None:
        return Permit(allowed=True)
    breaker, reason, paused, pause_reason = row
    if paused:
        return Permit(allowed=False, reason=pause_reason)
    if breaker == "closed":
        return Permit(allowed=True)
    taken = database.execute(
        """UPDATE connection_health
           SET breaker = 'half_open', next_probe_at = apptrail_now() + make_interval(secs => %s)
           WHERE client_id = %s AND connection_id = %s AND breaker <> 'closed' AND next_probe_at <= apptrail_now()""",
        (PROBE_PATIENCE_SECONDS, client_id, connection_id),
    )
    return Permit(allowed=bool(taken.rowcount), reason=reason, probe=bool(taken.rowcount))


def may_be_called(database: Database, client_id: UUID, connection_id: UUID) -> bool:
    """Whether a call is worth trying; takes nothing."""
    row = database.execute(
        """SELECT 1 FROM connection_health
           WHERE client_id = %s AND connection_id = %s
             AND (paused_until > apptrail_now() OR (breaker <> 'closed' AND next_probe_at > apptrail_now()))""",
        (client_id, connection_id),
    ).fetchone()
    return row is None


def succeeded(database: Database, client_id: UUID, connection_id: UUID) -> None:
    """A call came to something: the breaker closes. Written only where that is news, or hourly."""
    database.execute(
        """INSERT INTO connection_health AS h (client_id, connection_id, last_success_at)
           VALUES (%s, %s, apptrail_now())
           ON CONFLICT (client_id, connection_id) DO UPDATE
           SET breaker = 'closed', reason = NULL, failures = 0, trips = 0, opened_at = NULL, next_probe_at = NULL,
               last_success_at = excluded.last_success_at
           WHERE h.breaker <> 'closed' OR h.failures > 0 OR h.last_success_at IS NULL
              OR h.last_success_at < excluded.last_success_at - interval '1 minute'""",
        (client_id, connection_id),
    )


def failed(database: Database, client_id: UUID, connection_id: UUID, error: str) -> bool:
    """Count an error by its normalized word; True if the breaker is open now.

    It opens after five failures in a row, or ten within a minute whatever succeeded in between, or at once
    where a probe failed. The wait for the next probe doubles with each trip, with full jitter above half of it.
    """
    with database.transaction():
        database.execute(
            """INSERT INTO connection_error AS e (client_id, connection_id, error, minute, errors)
               VALUES (%s, %s, %s, date_trunc('minute', apptrail_now()), 1)
               ON CONFLICT (client_id, connection_id, error, minute) DO UPDATE SET errors = e.errors + 1""",
            (client_id, connection_id, error),
        )
        row = database.execute(
            """INSERT INTO connection_health AS h (client_id, connection_id, failures) VALUES (%s, %s, 1)
               ON CONFLICT (client_id, connection_id) DO UPDATE SET failures = h.failures + 1
               RETURNING breaker, failures, trips,
                         (SELECT coalesce(sum(errors), 0) FROM connection_error e
                          WHERE e.client_id = h.client_id AND e.connection_id = h.connection_id
                            AND e.minute >= date_trunc('minute', apptrail_now()))""",
            (client_id, connection_id),
        ).fetchone()
        breaker, failures, trips, in_a_minute = row or ("closed", 0, 0, 0)
        opens = breaker != "closed" or failures >= FAILURES_TO_OPEN or in_a_minute >= ERRORS_A_MINUTE
        if opens:
            _open(database, client_id, connection_id, error, trips)
        else:
            wait = BACK_OFF_SECONDS * 2**failures * random.uniform(0.5, 1.0)  # noqa: S311  (jitter, no secret)
            pause(database, client_id, connection_id, error, wait)
    return bool(opens)


def _open(database: Database, client_id: UUID, connection_id: UUID, error: str, trips: int) -> None:
    wait = min(FIRST_PROBE_SECONDS * 2 ** min(trips, 10), LONGEST_PROBE_SECONDS)
    jittered = wait * random.uniform(0.5, 1.0)  # noqa: S311  (jitter, no secret)
    database.execute(
        """UPDATE connection_health
           SET breaker = 'open', reason = %s, trips = trips + 1, opened_at = coalesce(opened_at, apptrail_now()),
               next_probe_at = apptrail_now() + make_interval(secs => %s)
           WHERE client_id = %s AND connection_id = %s""",
        (error, jittered, client_id, connection_id),
    )


def pause(database: Database, client_id: UUID, connection_id: UUID, reason: str, seconds: float) -> None:
    """Leave this connection alone for a while: its budget is spent, or the provider asked for it."""
    database.execute(
        """INSERT INTO connection_health AS h (client_id, connection_id, paused_until, pause_reason)
           VALUES (%s, %s, apptrail_now() + make_interval(secs => %s), %s)
           ON CONFLICT (client_id, connection_id) DO UPDATE
           SET paused_until = greatest(h.paused_until, excluded.paused_until), pause_reason = excluded.pause_reason""",
        (client_id, connection_id, seconds, reason),
    )


def alert(database: Database, client_id: UUID, connection_id: UUID, word: str | None) -> None:
    """Say on the connection's health what a person should look at; None takes it back."""
    database.execute(
        """INSERT INTO connection_health AS h (client_id, connection_id, alert) VALUES (%s, %s, %s)
           ON CONFLICT (client_id, connection_id) DO UPDATE SET alert = excluded.alert
           WHERE h.alert IS DISTINCT FROM excluded.alert""",
        (client_id, connection_id, word),
    )


def watched(
    database: Database, client_id: UUID, connection_id: UUID, subscription: dict[str, Any] | None
) -> None:
    """Keep what the watchdog saw of the provider's subscription."""
    text = None if subscription is None else orjson.dumps(subscription).decode()
    named = text if subscription and subscription.get("uri") else None
    database.execute(
        """INSERT INTO connection_health AS h
               (client_id, connection_id, subscription, last_subscription, checked_at)
           VALUES (%s, %s, %s::jsonb, %s::jsonb, apptrail_now())
           ON CONFLICT (client_id, connection_id) DO UPDATE
           SET subscription = excluded.subscription, checked_at = excluded.checked_at,
               last_subscription = coalesce(excluded.last_subscription, h.last_subscription)""",
        (client_id, connection_id, text, named),
    )


def watched_at(database: Database, client_id: UUID, connection_id: UUID) -> datetime | None:
    """When the subscription was last looked at."""
    row = database.execute(
        "SELECT checked_at FROM connection_health WHERE client_id = %s AND connection_id = %s",
        (client_id, connection_id),
    ).fetchone()
    return row[0] if row else None


def last_subscription(database: Database, client_id: UUID, connection_id: UUID) -> dict[str, Any] | None:
    """The subscription as the watchdog last saw one, were it disabled or gone since."""
    row = database.execute(
        "SELECT last_subscription FROM connection_health WHERE client_id = %s AND connection_id = %s",
        (client_id, connection_id),
    ).fetchone()
    return row[0] if row else None


@dataclass(frozen=True, slots=True)
class Habit:
    """How many deliveries came within so many hours before the last one."""

    deliveries: int
    hours: float
    last_at: datetime | None


def habit(database: Database, client_id: UUID, connection_id: UUID) -> Habit:
    """What a connection's webhooks are like, over the 14 days before the last one."""
    row = database.execute(HABIT, {"client": client_id, "connection": connection_id}).fetchone()
    deliveries, hours, last_at = row or (0, 0, None)
    return Habit(deliveries, float(hours), last_at)


HABIT = """
    WITH last AS (SELECT max(last_at) AS at FROM connection_hour
                  WHERE client_id = %(client)s AND connection_id = %(connection)s)
    SELECT coalesce(sum(h.deliveries), 0)::int,
           coalesce(extract(epoch FROM max(last.at) - min(h.hour)) / 3600, 0)::float8, max(last.at)
    FROM last LEFT JOIN connection_hour h
      ON h.client_id = %(client)s AND h.connection_id = %(connection)s AND h.hour > last.at - interval '14 days'"""


def heard(database: Database, rows: list[tuple[UUID, UUID, int, datetime]]) -> None:
    """Count deliveries: (client, connection, how many, when the last came), by the hour."""
    for client_id, connection_id, deliveries, at in rows:
        database.execute(
            """INSERT INTO connection_hour AS h (client_id, connection_id, hour, deliveries, last_at)
               VALUES (%s, %s, date_trunc('hour', %s::timestamptz), %s, %s)
               ON CONFLICT (client_id, connection_id, hour) DO UPDATE
               SET deliveries = h.deliveries + excluded.deliveries, last_at = greatest(h.last_at, excluded.last_at)""",
            (client_id, connection_id, at, deliveries, at),
        )


def forget(database: Database, older_than: timedelta = timedelta(days=8)) -> None:
    """Drop counts that nothing is measured against any more."""
    database.execute("DELETE FROM connection_error WHERE minute < apptrail_now() - %s", (older_than,))
    database.execute("DELETE FROM connection_hour WHERE hour < apptrail_now() - %s", (4 * older_than,))
