"""Rate limits as a provider counts them: arrivals in any window that slides, and the most there ever were."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Window:
    """At most `most` arrivals in any `seconds`. Refused ones are not counted."""

    most: int
    seconds: float
    arrivals: deque[float] = field(default_factory=deque)
    peak: int = 0
    refused: int = 0

    def arrive(self, now: float) -> bool:
        while self.arrivals and self.arrivals[0] <= now - self.seconds:
            self.arrivals.popleft()
        if len(self.arrivals) >= self.most:
            self.refused += 1
            return False
        self.arrivals.append(now)
        self.peak = max(self.peak, len(self.arrivals))
        return True

    def left(self) -> int:
        return max(self.most - len(self.arrivals), 0)

    def reset_in(self, now: float) -> float:
        return max(self.arrivals[0] + self.seconds - now, 0.0) if self.arrivals else 0.0


class Limits:
    """The windows of each key: a token or a location."""

    def __init__(self, *bounds: tuple[int, float], clock: Callable[[], float] = time.monotonic) -> None:
        """`bounds`: (calls, seconds); `clock` in seconds."""
        self.bounds = bounds
        self.clock = clock
        self.windows: dict[str, list[Window]] = {}
        self.calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def arrive(self, key: str) -> tuple[bool, list[Window]]:
        """Count a call; False: it is over a limit."""
        with self._lock:
            own = self.windows.setdefault(key, [Window(*bound) for bound in self.bounds])
            self.calls[key] = self.calls.get(key, 0) + 1
            now = self.clock()
            return all(window.arrive(now) for window in own), own

    def refused(self, key: str) -> int:
        """How often a limit was exceeded."""
        return sum(window.refused for window in self.windows.get(key, []))
