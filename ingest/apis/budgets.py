"""Budgets: how often a provider may be called, shared by every process through Redis, and never exceeded.

Moving windows, each a second longer than the provider's: what was allowed at one instant may arrive a little
later, next to what was allowed a little later still, and the provider counts arrivals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import redis
from limits.storage import RedisStorage

from boot import clock
from db.connections import Connection
from pipeline.words import Provider
from workers.budget_desk import BudgetLeft

SLACK = 1
"""Seconds by which our windows are longer than theirs."""
AWAY_PAUSE = 15.0
"""Seconds to wait when Redis does not answer: then nobody knows what was spent, and nothing is."""
SHORTEST_WAIT = 0.05
CONNECT_SECONDS = 2.0

MINUTE, TEN_SECONDS, DAY = 60, 10, 86_400


class Purpose(StrEnum):
    """What a call is for: a person waits for a booking, nobody for a sweep."""

    SWEEP = "sweep"
    BOOKING = "booking"


class BudgetSpent(Exception):
    """No call may be made now; `retry_after` seconds from now one may. `reason`: burst, day, asked or away."""

    def __init__(self, reason: str, retry_after: float) -> None:
        """Take which bound it was, and the seconds until it yields."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `calls` in any `seconds`, of which sweeps leave `reserve` alone."""

    name: str
    calls: int
    seconds: int
    reserve: int


BOUNDS: Mapping[Provider, tuple[Bound, ...]] = {
    # 500 a minute for each user of a paid plan; a free plan's 50 are set in the connection's settings.
    Provider.CALENDLY: (Bound("burst", 500, MINUTE, 50),),
    # A workspace may make 6,000 a minute; nobody waits for these, and others share them.
    Provider.INSTANTLY: (Bound("burst", 600, MINUTE, 0),),
    # Per app and location (docs/oauth/Authorization.md).
    Provider.GHL: (Bound("burst", 100, TEN_SECONDS, 20), Bound("day", 200_000, DAY, 10_000)),
}


class Budget(Protocol):
    """One connection's budget, for one purpose."""

    def spend(self) -> None:
        """Take one call. Raises BudgetSpent."""

    def pause(self, seconds: float) -> None:
        """Let nobody call for a while, in any process: the provider asked for it."""


class Budgets:
    """All budgets, in one Redis. Safe for threads."""

    def __init__(self, redis_url: str, *, pool: redis.ConnectionPool | None = None) -> None:
        """Open nothing yet; `pool`: a test's own."""
        pool = pool or redis.ConnectionPool.from_url(
            redis_url, socket_timeout=CONNECT_SECONDS, socket_connect_timeout=CONNECT_SECONDS
        )
        self._redis = redis.Redis(connection_pool=pool)
        self._windows = RedisStorage("redis://", connection_pool=pool, key_prefix="apptrail:budget")

    def close(self) -> None:
        """Close what was opened."""
        self._redis.connection_pool.disconnect()

    def of(self, connection: Connection, purpose: Purpose = Purpose.SWEEP) -> Budget:
        """The budget that a connection's calls are counted on."""
        return self.within(account(connection), bounds(connection), purpose)

    def within(self, name: str, own: tuple[Bound, ...], purpose: Purpose) -> Budget:
        """A budget of any name and bounds."""
        return _Spending(self._redis, self._windows, name, own, purpose)

    def left(self, asked: Sequence[Connection]) -> dict[UUID, Sequence[BudgetLeft] | None]:
        """What is left of each connection's budget, as all processes know it; takes nothing.

        None from the first that Redis does not answer for: the others are not asked, so that nobody waits long.
        """
        found: dict[UUID, Sequence[BudgetLeft] | None] = dict.fromkeys(one.id for one in asked)
        try:
            for one in asked:
                found[one.id] = [self._left(account(one), bound) for bound in bounds(one)]
        except redis.RedisError:
            pass  # what is not known stays None
        return found

    def _left(self, name: str, bound: Bound) -> BudgetLeft:
        key, seconds = f"{name}:{bound.name}", bound.seconds + SLACK
        _, spent = self._windows.get_moving_window(key, bound.calls, seconds)
        left = max(bound.calls - spent, 0)
        return BudgetLeft(bound.name, bound.seconds, bound.calls, left, max(left - bound.reserve, 0))


def account(connection: Connection) -> str:
    """Whose calls the provider counts together: GHL's location, else the holder of the token."""
    name = connection.location_id if connection.provider is Provider.GHL else None
    name = name or str(connection.secrets.get("api_token") or connection.id)
    return f"{connection.provider}:{sha256(name.encode()).hexdigest()[:32]}"


def bounds(connection: Connection) -> tuple[Bound, ...]:
    """The provider's bounds, as the connection's settings change them: {"budget": {"burst": 50, "day": …}}.

    A smaller bound keeps its reserve in proportion; `reserve` in the settings is that share, 0 to 1.
    """
    changed = connection.settings.get("budget")
    own = changed if isinstance(changed, dict) else {}
    return tuple(_changed(bound, own) for bound in BOUNDS[connection.provider])


def _changed(bound: Bound, own: dict[str, Any]) -> Bound:
    calls = own.get(bound.name, bound.calls)
    calls = calls if type(calls) is int and calls > 0 else bound.calls
    share = own.get("reserve", bound.reserve / bound.calls)
    share = min(max(share, 0.0), 1.0) if type(share) in (int, float) else bound.reserve / bound.calls
    return replace(bound, calls=calls, reserve=round(calls * share))


@dataclass(frozen=True, slots=True)
class _Spending:
    redis: "redis.Redis"
    windows: RedisStorage
    account: str
    bounds: tuple[Bound, ...]
    purpose: Purpose

    def spend(self) -> None:
        try:
            self._heed_pause()
            for bound in self.bounds:
                self._take(bound)
        except redis.RedisError:
            raise BudgetSpent("away", AWAY_PAUSE) from None

    def _heed_pause(self) -> None:
        if (left := int(self.redis.pttl(self._paused))) > 0:
            raise BudgetSpent("asked", left / 1000)

    def _take(self, bound: Bound) -> None:
        key, seconds = f"{self.account}:{bound.name}", bound.seconds + SLACK
        calls = bound.calls - (bound.reserve if self.purpose is Purpose.SWEEP else 0)
        if calls > 0 and self.windows.acquire_entry(key, calls, seconds):
            return
        since, _ = self.windows.get_moving_window(key, max(calls, 1), seconds)
        left = since + seconds - clock.now().timestamp()
        raise BudgetSpent(bound.name, max(left, SHORTEST_WAIT))

    def pause(self, seconds: float) -> None:
        try:
            self.redis.set(self._paused, b"1", px=max(int(seconds * 1000), 1))
        except redis.RedisError:
            return  # the next call asks Redis first, and is not made

    @property
    def _paused(self) -> str:
        return f"apptrail:budget:{self.account}:paused"
