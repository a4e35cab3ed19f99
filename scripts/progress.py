"""Progress of a long walk over leads: how far, how fast, how long still; and its courtesy to live jobs."""

import sys
import time
from collections.abc import Callable

from boot import clock
from db.backfill_runs import live_queue_age
from db.desk import Database

EVERY_SECONDS = 1.0
LIVE_JOBS_MAY_WAIT = 2.0
GIVES_WAY_FOR = 30.0
"""A queue that stays long for another reason stops no walk for good: it goes on, a batch at a time."""


class Progress:
    """Says on stderr, at most once a second, how a walk is getting on."""

    def __init__(self, what: str, total: int, done: int = 0, of: str = "leads") -> None:
        """`total` leads (or whatever is walked over), `done` of them by an earlier run."""
        self._what, self._total, self._of = what, total, of
        self._done = self._before = done
        self._began = self._said = clock.monotonic()

    def advance(self, leads: int) -> None:
        """Count leads."""
        self._done += leads
        if clock.monotonic() - self._said >= EVERY_SECONDS:
            self.say()

    def say(self) -> None:
        """Say it now."""
        self._said = clock.monotonic()
        rate = (self._done - self._before) / max(self._said - self._began, 0.001)
        left = max(self._total - self._done, 0)
        eta = f"{left / rate:,.0f} s left" if rate else "no rate yet"
        print(
            f"{self._what}: {self._done:,} of {self._total:,} {self._of}, {rate:,.0f}/s, {eta}",
            file=sys.stderr,
            flush=True,
        )

    def give_way(self, database: Database, wait: Callable[[float], None] = time.sleep) -> None:
        """Wait while live jobs are late."""
        until = clock.monotonic() + GIVES_WAY_FOR
        told = False
        while (age := live_queue_age(database)) > LIVE_JOBS_MAY_WAIT and clock.monotonic() < until:
            if not told:
                print(f"{self._what}: waiting, live jobs are {age:,.0f} s old", file=sys.stderr, flush=True)
                told = True
            wait(min(1.0, age / 4))
