"""The simulation's time: it moves when told, or it is the real one."""

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime
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
        """Move on, doing what falls due on the way, each at its own instant. Time never goes back."""
        with self._lock:
            while self._due and self._due[0][0] <= when:
                due, _, act = heapq.heappop(self._due)
                self._now = max(self._now, due)
                act()
            self._now = max(self._now, when)


class RealClock(SimulatedClock):
    """Real time; what was put off happens when somebody next looks."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))

    def now(self) -> datetime:
        with self._lock:
            self.move_to(datetime.now(UTC))
            return self._now
