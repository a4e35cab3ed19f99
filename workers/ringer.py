"""A ringer: rings in the background, and lets rings of the same moment share messages."""

from collections.abc import Callable, Sequence
from threading import Condition, Thread
from time import sleep
from uuid import UUID

from boot import clock
from boot.logs import get_logger
from db.inbox import Ring
from pipeline.words import Lane
from workers.doorbell import Doorbell, NotReachable

MOST_WAITING = 50_000
COMPLAIN_SECONDS = 10.0
GATHER_SECONDS = 0.01

log = get_logger(__name__)


class Ringer:
    """Whoever rings never waits for Redis. What cannot be rung is dropped: a sweeper finds those jobs."""

    def __init__(self, doorbell: Doorbell, crowded: Callable[[], frozenset[UUID]] = frozenset) -> None:
        """`crowded`: the clients whose long backlog is to be served from `bulk`."""
        self._doorbell = doorbell
        self._crowded = crowded
        self._waiting: list[Ring] = []
        self._changed = Condition()
        self._open = True
        self._complained_at = -COMPLAIN_SECONDS
        self._thread = Thread(target=self._run, name="ringer", daemon=True)
        self._thread.start()

    def __call__(self, rings: Sequence[Ring]) -> None:
        """Ring soon; returns at once."""
        if not rings:
            return
        with self._changed:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.extend(rings)
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._open and not self._waiting:
                    self._changed.wait()
                rings, self._waiting = self._waiting, []
                if not rings and not self._open:
                    return
            self._ring(rings)
            sleep(GATHER_SECONDS)

    def _ring(self, rings: Sequence[Ring]) -> None:
        if crowded := self._crowded():
            rings = [
                Ring(one.client_id, one.lead_id, Lane.BULK) if one.client_id in crowded else one
                for one in rings
            ]
        try:
            self._doorbell.ring(rings)
        except NotReachable as error:
            if clock.monotonic() - self._complained_at >= COMPLAIN_SECONDS:
                self._complained_at = clock.monotonic()
                log.warning("doorbell_unreachable", leads=len(rings), exc_info=error)

    def close(self) -> None:
        """Ring for what waits, then stop."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join(timeout=5)
