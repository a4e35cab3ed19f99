"""The simulation's time: it moves when it is told to."""

import heapq
import threading
from collections.abc import Callable
from datetime import datetime
from itertools import count


class SimulatedClock:
    """Time that a story moves, and what is to happen at which instant of it. Safe for threads."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []
        self._numbers = count()
        self._lock = threading.RLock()

    def now(self) -> datetime:
        return self._now

    def at(self, when: datetime, act: Callable[[], object]) -> None:
        """Have something happen once time gets there; at once if it has."""
        with self._lock:
            heapq.heappush(self._due, (when, next(self._numbers), act))

    def next_due(self) -> datetime | None:
        with self._lock:
            return self._due[0][0] if self._due else None

    def move_to(self, when: datetime) -> None:
        """Move on, doing what falls due on the way, each at its own instant. Time never goes back.

        Nothing is done with the lock held, for an act may hold the world's and want this one.
        """
        while act := self._taken(when):
            act()

    def _taken(self, when: datetime) -> Callable[[], object] | None:
        with self._lock:
            if self._due and self._due[0][0] <= when:
                due, _, act = heapq.heappop(self._due)
                self._now = max(self._now, due)
                return act
            self._now = max(self._now, when)
            return None
