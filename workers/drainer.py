"""A drainer: drains leads with this thread's own connections, and tells what came of it."""

from collections.abc import Sequence
from threading import local
from uuid import UUID

from boot import clock
from boot.logs import get_logger
from db import ledger
from db.desk import Desk
from db.failures import Tally, is_transient
from db.ledger import Drained, Hands
from db.locks import Ringer
from workers.counters import DRAIN_LEADS, DRAIN_SECONDS, JOBS, POSTPONED

MOST_TRACES = 100

log = get_logger(__name__)


class Drainer:
    """Shared by the threads of a process; each of them has connections of its own."""

    def __init__(self, dsn: str, ringer: Ringer, lane: str) -> None:
        """Open nothing yet."""
        self._dsn = dsn
        self._ringer = ringer
        self._lane = lane
        self._local = local()
        self.tally = Tally()

    def drain(self, client_id: UUID, lead_ids: Sequence[UUID]) -> None:
        """Drain some leads. What is nobody's fault is left for the sweeper, which rings again."""
        started = clock.monotonic()
        try:
            done = self._drain(client_id, lead_ids)
        except Exception as error:
            if not is_transient(error):
                raise
            POSTPONED.inc()
            log.warning("drain_postponed", client_id=client_id, lead_ids=len(lead_ids), exc_info=error)
            return
        seconds = clock.monotonic() - started
        DRAIN_SECONDS.labels(self._lane).observe(seconds)
        _count(done)
        log.info(
            "leads_drained",
            client_id=client_id,
            lane=self._lane,
            leads=done.leads,
            jobs=done.applied,
            seconds=round(seconds, 4),
            trace_ids=done.trace_ids[:MOST_TRACES],
        )
        if done.retried or done.buried or done.paused:
            log.warning(
                "jobs_failed", client_id=client_id, outcome=_worst(done), jobs=done.retried + done.buried
            )

    def _drain(self, client_id: UUID, lead_ids: Sequence[UUID]) -> Drained:
        with self._desk("database").connection() as database, self._desk("witness").connection() as witness:
            return ledger.drain(Hands(database, witness, self._ringer, self.tally), client_id, lead_ids)

    def _desk(self, name: str) -> Desk:
        desk: Desk | None = getattr(self._local, name, None)
        if desk is None:
            desk = Desk(self._dsn)
            setattr(self._local, name, desk)
        return desk


def _count(done: Drained) -> None:
    DRAIN_LEADS.observe(done.leads)
    for outcome in ("applied", "retried", "buried", "paused", "waiting", "merged"):
        if jobs := getattr(done, outcome):
            JOBS.labels(outcome).inc(jobs)


def _worst(done: Drained) -> str:
    return "paused" if done.paused else "buried" if done.buried else "retried"
