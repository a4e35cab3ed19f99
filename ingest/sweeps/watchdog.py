"""The watchdog: whether a connection's webhooks still come, and a sweep of what may have been missed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from boot.logs import get_logger
from db import connection_health, sweeps
from db.connections import Connection
from db.desk import Database
from ingest.apis.api import ApiFailed, ProviderApi, Subscription
from ingest.sweeps.calls import Calls, NotNow
from pipeline.silence import verdict
from pipeline.sweeping import Tier, whole
from pipeline.words import Provider

BEFORE_A_GAP = timedelta(days=30)
AFTER_A_GAP = timedelta(days=400)
MISSING = "missing"

log = get_logger(__name__)


def look_after(database: Database, connection: Connection, api: ProviderApi) -> None:
    """Every few minutes: keep the subscription's state, and have the gap swept if there is one.

    A failed call is on the connection's health already; the state that was seen last stays.
    """
    now = sweeps.now(database)
    seen = connection_health.watched_at(database, connection.client_id, connection.id)
    if seen is not None and now - seen < sweeps.WATCHED_EVERY:
        return
    try:
        found = Calls(database, connection).ask(api.subscriptions) if api.lists_subscriptions else ()
    except (ApiFailed, NotNow):
        return
    ours = [one for one in found if one.callback_url == "" or one.callback_url.endswith(connection.endpoint)]
    state = _state(connection, ours)
    connection_health.watched(database, connection.client_id, connection.id, state)
    since = _gap_since(database, connection, state, now)
    if since is not None:
        _have_gap_swept(database, connection, since, now)


def _state(connection: Connection, found: Sequence[Subscription]) -> dict[str, Any] | None:
    """The worst of our subscriptions; None where the provider has none to list (HighLevel)."""
    if not found:
        return {"state": MISSING} if connection.provider is Provider.CALENDLY else None
    worst = min(found, key=lambda one: (one.active, one.retry_started_at is None))
    return {
        "uri": worst.uri,
        "state": "active" if worst.active else "disabled",
        "retry_started_at": worst.retry_started_at,
        "callback_url": worst.callback_url,
        "events": worst.events,
        "scope": worst.scope,
    }


def _gap_since(
    database: Database, connection: Connection, state: dict[str, Any] | None, now: datetime
) -> datetime | None:
    """Since when webhooks may have been lost; None if nothing speaks for it."""
    habit = connection_health.habit(database, connection.client_id, connection.id)
    if state is not None and (state["state"] == "disabled" or state.get("retry_started_at") is not None):
        began: datetime | None = state.get("retry_started_at")
        return began or habit.last_at or now - timedelta(days=1)
    if verdict(habit.deliveries, habit.hours, habit.last_at, now) == "silent":
        return habit.last_at
    return None


def _have_gap_swept(database: Database, connection: Connection, since: datetime, now: datetime) -> None:
    """Once for each gap, and daily while it lasts: a booking made in it may start at any time."""
    last = sweeps.last_begun(database, connection.client_id, connection.id, Tier.GAP)
    if last is not None and last > since and now - last < timedelta(days=1):
        return
    windows = whole(since - BEFORE_A_GAP, now + AFTER_A_GAP, now)
    sweeps.request(database, connection.client_id, connection.id, Tier.GAP, windows)
    log.warning(
        "webhook_gap_found",
        client_id=connection.client_id,
        connection_id=connection.id,
        provider=connection.provider,
    )
