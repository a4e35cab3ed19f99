"""Rounds: what is done again and again so that nothing depends on a ring that was lost."""

from collections.abc import Callable
from itertools import groupby
from threading import Event, Thread
from uuid import UUID

from boot.logs import get_logger
from db import due, leases
from db.desk import Database, Desk
from db.failures import is_transient
from db.ids import new_id
from db.inbox import Ring
from pipeline.words import Lane
from workers.doorbell import LEADS_A_RING, Doorbell, NotReachable
from workers.drainer import Drainer

SWEEP_SECONDS = 2.0
OVERDUE_SECONDS = 3.0
TICK_SECONDS = 10.0
POLL_SECONDS = 0.2
LEADS_A_PASS = 10_000
LONG_QUEUE = 500

log = get_logger(__name__)


class Round:
    """Calls a function every so many seconds, in a thread, until it is stopped; a failure ends nothing."""

    def __init__(self, name: str, seconds: float, walk: Callable[[Database], None], dsn: str) -> None:
        """Start walking."""
        self._seconds = seconds
        self._walk = walk
        self._desk = Desk(dsn)
        self._stop = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                with self._desk.connection() as database:
                    self._walk(database)
            except Exception as error:
                if not is_transient(error):
                    log.exception("round_failed", process=self._thread.name)
                else:
                    log.warning("round_postponed", process=self._thread.name, exc_info=error)
        self._desk.close()

    def stop(self) -> None:
        """Stop after the walk that is under way."""
        self._stop.set()
        self._thread.join(timeout=5)


class Sweeper:
    """Rings for jobs that have been due for a while; without Redis it drains them itself."""

    def __init__(self, doorbell: Doorbell, drainer: Drainer) -> None:
        """Take the doorbell, and hands for when it is broken."""
        self._doorbell = doorbell
        self._drainer = drainer
        self._me = new_id()

    def walk(self, database: Database) -> None:
        """One pass: at most 10,000 leads, oldest first; none while the doorbell's queue is long."""
        self._drainer.tally.flush(database)
        if not leases.take(database, "sweeper", self._me, 2 * SWEEP_SECONDS):
            return
        rings = due.overdue(database, OVERDUE_SECONDS, LEADS_A_PASS)
        if not rings:
            return
        try:
            if all(self._doorbell.depth(lane) < LONG_QUEUE for lane in Lane):
                self._doorbell.ring(rings)
                log.info("overdue_leads_rung", leads=len(rings))
        except NotReachable:
            drain_all(self._drainer, rings)


class Poller:
    """Drains what is due straight from the inbox: a worker that needs no Redis."""

    def __init__(self, drainer: Drainer) -> None:
        """Take the hands."""
        self._drainer = drainer

    def walk(self, database: Database) -> None:
        """Drain until nothing is due."""
        while rings := due.overdue(database, 0.0, LEADS_A_PASS):
            drain_all(self._drainer, rings)


class Tick:
    """Rings for leads of whom something changes by the passing of time alone."""

    def __init__(self, doorbell: Doorbell, drainer: Drainer) -> None:
        """Take the doorbell, and hands for when it is broken."""
        self._doorbell = doorbell
        self._drainer = drainer
        self._me = new_id()

    def walk(self, database: Database) -> None:
        """One tick, on one of all the clocks."""
        if not leases.take(database, "tick", self._me, 2 * TICK_SECONDS):
            return
        rings = due.to_recompute(database, LEADS_A_PASS)
        if not rings:
            return
        try:
            self._doorbell.ring(rings)
        except NotReachable:
            drain_all(self._drainer, rings)
        log.info("stale_leads_rung", leads=len(rings))


def drain_all(drainer: Drainer, rings: list[Ring]) -> None:
    """Drain leads in place, a client's at a time."""

    def client_of(ring: Ring) -> UUID:
        return ring.client_id

    for client_id, group in groupby(sorted(rings, key=client_of), key=client_of):
        lead_ids = [ring.lead_id for ring in group]
        for first in range(0, len(lead_ids), LEADS_A_RING):
            drainer.drain(client_id, lead_ids[first : first + LEADS_A_RING])
