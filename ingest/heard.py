"""Heard: how many deliveries each connection had and when the last came, written down every few seconds."""

from collections import Counter
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

Key = tuple[UUID, UUID]


class Heard:
    """No delivery waits for this; while Postgres is away counts are kept, and lost only with the process."""

    def __init__(self, dsn: str) -> None:
        """Open nothing yet."""
        self._desk = Desk(dsn)
        self._lock = Lock()
        self._counts: Counter[Key] = Counter()
        self._last: dict[Key, datetime] = {}
        self._stop = Event()
        self._thread = Thread(target=self._run, name="heard", daemon=True)
        self._thread.start()

    def __call__(self, connection: Connection, at: datetime) -> None:
        """Count one accepted delivery."""
        key = (connection.client_id, connection.id)
        with self._lock:
            self._counts[key] += 1
            self._last[key] = max(at, self._last.get(key, at))

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()
        self._desk.close()

    def _flush(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
            rows = [(*key, count, self._last[key]) for key, count in sorted(counts.items())]
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
            with self._lock:
                self._counts.update(counts)

    def close(self) -> None:
        """Write down what is left."""
        self._stop.set()
        self._thread.join(timeout=5)
