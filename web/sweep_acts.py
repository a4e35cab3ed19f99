"""Asking for a sweep: which connection, which stretch of time, and by whom."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from db import connections, sweep_requests
from db.connections import Connection
from db.desk import Database
from db.keyring import Keyring
from db.reads.callers import Caller
from db.reads.scope import Scope
from pipeline.sweeping import Span, Tier, spans_of, whole
from web import acts, problems
from web.problems import Problem

LONGEST = timedelta(days=5 * 366)
TIERS = (Tier.NEAR, Tier.MID, Tier.FAR, Tier.WHOLE)


def connection_within(
    database: Database, keyring: Keyring, scope: Scope, connection_id: UUID | None
) -> Connection:
    """A connection within reach; raises Problem."""
    for one in connections.of_client(database, keyring, scope.client_id):
        if one.id == connection_id:
            return one
    raise problems.no_such("connection")


def can_be_swept(connection: Connection) -> bool:
    """Whether there is an API to ask, and leave to ask it."""
    has_api = bool(connection.secrets.get("api_token") or connection.secrets.get("refresh_token"))
    return has_api and connection.state == "active"


def ask(database: Database, caller: Caller, connection: Connection, tier: Tier, windows: list[Span]) -> bool:
    """Have the clock walk a sweep; False if one of its tier is under way already. Raises Problem."""
    if not can_be_swept(connection):
        raise Problem(409, "cannot-sweep", "This connection has no API token, or is switched off.")
    return sweep_requests.ask(database, connection, tier, windows, acts.name_of(caller))


def windows_of(tier: Tier, now: datetime) -> list[Span]:
    """What a tier asks for at `now`; the whole is 400 days either way."""
    return whole(None, None, now) if tier is Tier.WHOLE else spans_of(tier, now)


def stretch(since: str, until: str, now: datetime) -> list[Span]:
    """All meetings that start from one day on and before another (UTC); raises Problem."""
    start, end = _day(since, "from"), _day(until, "to")
    if not start < end <= start + LONGEST:
        raise problems.bad_field("to", "not_a_stretch", "to: a day after from, at most five years later.")
    return whole(start, end, now)


def _day(text: str, field: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 1990 <= day.year < 2100:
        raise problems.bad_field(field, "not_a_day", f"{field}: a day such as 2026-01-31.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
