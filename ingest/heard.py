"""Heard: how many deliveries each connection had and when the last came, written down every few seconds."""

from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock, Thread
from uuid import UUID

from boot.logs import get_logger
from db.connection_health import heard
from db.connections import Connection
from db.desk import Desk
from db.failures import is_transient

FLUSH_SECONDS = 5.0

log = get_logger(__name__)


@dataclass(slots=True)
class _Count:
    client_id: UUID
    count: int
    last: datetime


class Heard:
    """No delivery waits for this; while Postgres is away counts are kept, and lost only with the process."""

    def __init__(self, dsn: str) -> None:
        """Open nothing yet."""
        self._desk = Desk(dsn)
        self._lock = Lock()
        self._counts: dict[UUID, _Count] = {}
        self._stop = Event()
        self._thread = Thread(target=self._run, name="heard", daemon=True)
        self._thread.start()

    def __call__(self, connection: Connection, at: datetime) -> None:
        """Count one accepted delivery."""
        self._add(connection.id, connection.client_id, 1, at)

    def _add(self, connection_id: UUID, client_id: UUID, count: int, last: datetime) -> None:
        with self._lock:
            known = self._counts.get(connection_id)
            if known is None:
                self._counts[connection_id] = _Count(client_id, count, last)
                return
            known.count += count
            known.last = max(known.last, last)

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()
        self._desk.close()

    def _flush(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, {}
        rows = sorted((one.client_id, of, one.count, one.last) for of, one in counts.items())
        if not rows:
            return
        try:
            with self._desk.connection() as database, database.transaction():
                heard(database, rows)
        except Exception as error:
            if not is_transient(error):
                log.exception("heard_not_kept", count=len(rows))
                return
            log.warning("heard_postponed", exc_info=error)
            for client_id, connection_id, count, last in rows:
                self._add(connection_id, client_id, count, last)

    def close(self) -> None:
        """Write down what is left."""
        self._stop.set()
        self._thread.join(timeout=5)
