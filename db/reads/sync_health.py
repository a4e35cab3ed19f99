"""Sync health: how each connection's webhooks and sweeps do, as its rows say it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from db import connections
from db.connection_health import HABIT
from db.connections import Connection
from db.engine import Reading
from db.keyring import Keyring
from db.reads.scope import Scope
from pipeline.silence import verdict

ERRORS_WITHIN = timedelta(hours=1)
COMPLETE_WITHIN = timedelta(days=7)
MOST_CONTRADICTIONS = 50


@dataclass(frozen=True, slots=True)
class ConnectionSync:
    """One connection. `rows` are as they stand in the tables; words are made of them above this floor."""

    connection: Connection
    health: str
    why: str | None
    row: dict[str, Any]
    errors: dict[str, int]
    """By normalized word, within the last hour."""
    runs: Sequence[dict[str, Any]]
    """The last of each tier."""
    watermarks: dict[str, Any]
    last_webhook_at: datetime | None
    silence: str
    completeness: float | None
    """Which share of what is new a webhook had brought when a sweep came, over seven days; None: nothing was."""
    contradictions: Sequence[dict[str, Any]] = field(default_factory=list)
    paused_kinds: Sequence[str] = ()


def connections_of(reading: Reading, keyring: Keyring, scope: Scope) -> list[ConnectionSync]:
    """Every connection within a scope, oldest first."""
    return [_sync(reading, one) for one in connections.of_client(reading.database, keyring, scope.client_id)]


def _sync(reading: Reading, connection: Connection) -> ConnectionSync:
    whose = {"client": connection.client_id, "connection": connection.id, "provider": connection.provider}
    row = _one(reading, _HEALTH, whose)
    errors = {
        one["error"]: one["errors"] for one in _all(reading, _ERRORS, {**whose, "within": ERRORS_WITHIN})
    }
    counts = _one(reading, _COMPLETENESS, {**whose, "within": COMPLETE_WITHIN})
    heard, found = counts.get("heard") or 0, counts.get("found") or 0
    deliveries, hours, last_at = reading.database.execute(HABIT, whose).fetchone() or (0, 0.0, None)
    silence = verdict(deliveries, float(hours), last_at, reading.now)
    health, why = _health(row, errors, silence)
    return ConnectionSync(
        connection=connection,
        health=health,
        why=why,
        row=row,
        errors=errors,
        runs=_all(reading, _RUNS, whose),
        watermarks=_one(reading, _WATERMARKS, whose).get("watermarks") or {},
        last_webhook_at=last_at,
        silence=silence,
        completeness=heard / (heard + found) if heard + found else None,
        contradictions=_all(reading, _CONTRADICTIONS, {**whose, "most": MOST_CONTRADICTIONS}),
        paused_kinds=[one["kind"] for one in _all(reading, _PAUSES, whose)],
    )


def _health(row: dict[str, Any], errors: dict[str, int], silence: str) -> tuple[str, str | None]:
    """The word of a connection, worst first, and why."""
    if row.get("breaker", "closed") != "closed":
        return "circuit_broken", row.get("reason")
    if row.get("alert"):
        return "unhealthy", row["alert"]
    subscription = row.get("subscription") or {}
    if subscription.get("state") == "disabled":
        return "unhealthy", "subscription_disabled"
    if subscription.get("state") == "missing":
        return "degraded", "subscription_missing"
    if subscription.get("retry_started_at"):
        return "degraded", "subscription_retrying"
    if silence == "silent":
        return "degraded", "silent"
    if errors:
        return "degraded", max(errors, key=lambda error: (errors[error], error))
    return "healthy", None


def _all(reading: Reading, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with reading.database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchall()


def _one(reading: Reading, query: str, values: dict[str, Any]) -> dict[str, Any]:
    return next(iter(_all(reading, query, values)), {})


_HEALTH = """
    SELECT breaker, reason, opened_at, next_probe_at, last_success_at, subscription, checked_at, alert,
           CASE WHEN paused_until > apptrail_now() THEN paused_until END AS paused_until,
           CASE WHEN paused_until > apptrail_now() THEN pause_reason END AS pause_reason
    FROM connection_health WHERE client_id = %(client)s AND connection_id = %(connection)s"""

_ERRORS = """
    SELECT error, sum(errors)::int AS errors FROM connection_error
    WHERE client_id = %(client)s AND connection_id = %(connection)s AND minute > apptrail_now() - %(within)s
    GROUP BY error ORDER BY error"""

_RUNS = """
    SELECT DISTINCT ON (tier) tier, id, state, reason, started_at, finished_at, pages, listed, unchanged, posted,
           held, suspects
    FROM sweep_run WHERE client_id = %(client)s AND connection_id = %(connection)s AND state <> 'abandoned'
    ORDER BY tier, started_at DESC, id DESC"""

_COMPLETENESS = """
    SELECT sum(heard_first)::int AS heard, sum(found_first)::int AS found FROM sweep_run
    WHERE client_id = %(client)s AND connection_id = %(connection)s AND started_at > apptrail_now() - %(within)s"""

_WATERMARKS = "SELECT watermarks FROM connection WHERE client_id = %(client)s AND id = %(connection)s"

_CONTRADICTIONS = """
    SELECT l.external_id, l.reason, l.asked_at, l.attempts, l.error, a.lead_id
    FROM lookup l
    LEFT JOIN appointment a ON a.client_id = l.client_id AND a.provider = l.provider AND a.external_id = l.external_id
    WHERE l.client_id = %(client)s AND l.provider = %(provider)s AND l.state = 'waiting'
      AND (l.connection_id IS NULL OR l.connection_id = %(connection)s)
    ORDER BY l.asked_at LIMIT %(most)s"""

_PAUSES = """
    SELECT kind FROM pause WHERE client_id IN ('00000000-0000-0000-0000-000000000000', %(client)s) ORDER BY kind"""
