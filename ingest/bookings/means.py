"""Means: what a process needs to book over any connection's API, within its budgets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from boot import clock
from db.connections import Connection
from db.desk import Database, connect
from db.keyring import Keyring
from db.locks import Ringer
from ingest.apis.booking import BookingApi
from ingest.apis.budgets import DAY, MINUTE, Bound, Budget, Budgets, Purpose, account
from ingest.apis.http import new_client
from ingest.apis.register import Means, booking_for
from pipeline.words import Provider

HOUR = 3600
CALL_SECONDS = 45.0
"""No call of ours lasts longer: connecting, writing, reading and reading back, each with its own time-out."""

INVITEE_BOUNDS = (Bound("minute", 10, MINUTE, 0), Bound("hour", 50, HOUR, 0), Bound("day", 100, DAY, 0))
"""Calendly's Create Event Invitee, for each user of a paid plan (since April 2026)."""

MakeApi = Callable[[Connection], BookingApi | None]
BudgetOf = Callable[[Connection], Budget | None]


def nothing_happens(_step: str) -> None:
    """What a process does between two steps."""


@dataclass(frozen=True)
class Desk:
    """What carries bookings out. `at_step` hears of every step that a crash may fall between."""

    dsn: str
    keyring: Keyring
    make_api: MakeApi
    ringer: Ringer
    order_budget: BudgetOf
    now: Callable[[], datetime] = clock.now
    call_seconds: float = CALL_SECONDS
    at_step: Callable[[str], None] = nothing_happens
    open_database: Callable[[str], Database] = field(default=connect)


@contextmanager
def desk(dsn: str, redis_url: str, keyring: Keyring, ringer: Ringer) -> Iterator[Desk]:
    """A process's own; its calls share one HTTP client, and their budgets with every other process."""
    budgets = Budgets(redis_url)
    try:
        with new_client() as client:
            means = Means(client, budgets.of, lambda: connect(dsn), keyring)

            def order_budget(connection: Connection) -> Budget | None:
                if connection.provider is not Provider.CALENDLY:
                    return None
                return budgets.within(f"{account(connection)}:invitees", INVITEE_BOUNDS, Purpose.BOOKING)

            yield Desk(dsn, keyring, lambda one: booking_for(one, means), ringer, order_budget)
    finally:
        budgets.close()
