"""The schedule: which intents are due, and threads that carry them out, each one intent at a time."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from uuid import UUID

from boot.logs import get_logger
from db import booking_attempts, bookings
from db.desk import Database
from db.failures import is_transient
from ingest.bookings.executor import carry_out
from ingest.bookings.means import Desk
from pipeline.booking import Booking

ROUND_SECONDS = 1.0
THREADS = 4
AT_ONCE = 100

log = get_logger(__name__)


class Bookings:
    """Carries every client's intents out. Several processes may: a lead is in one's hands at a time."""

    def __init__(self, desk: Desk, *, threads: int = THREADS) -> None:
        """Take what booking needs; nothing is opened yet."""
        self._desk = desk
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="booking")
        self._under_way: dict[UUID, Future[None]] = {}
        self._lock = Lock()

    def round(self, database: Database) -> None:
        """Hand what is due to the threads."""
        for booking in bookings.due(database, self._desk.now(), AT_ONCE):
            with self._lock:
                if booking.id in self._under_way:
                    continue
                future = self._under_way[booking.id] = self._threads.submit(self._work, booking)
            future.add_done_callback(lambda _, name=booking.id: self._done(name))  # type: ignore[misc]

    def _done(self, booking_id: UUID) -> None:
        with self._lock:
            self._under_way.pop(booking_id, None)

    def _work(self, booking: Booking) -> None:
        try:
            carry_out(self._desk, booking.client_id, booking.id)
        except Exception as error:
            if not is_transient(error):
                log.exception("booking_failed", client_id=booking.client_id, lead_id=booking.lead_id)
                self._put_off(booking)
            else:
                log.warning("booking_postponed", client_id=booking.client_id, exc_info=error)

    def _put_off(self, booking: Booking) -> None:
        """A fault of ours is not tried again at once. What was called may be looked for all the same."""
        with self._desk.open_database(self._desk.dsn) as database:
            seconds = booking_attempts.LONGEST_WAIT_SECONDS
            booking_attempts.put_off(database, booking, "failed_here", self._desk.now(), seconds)

    def settle(self) -> None:
        """Wait for what is under way."""
        with self._lock:
            waiting = list(self._under_way.values())
        for future in waiting:
            future.result()

    def close(self) -> None:
        """End after the calls that are under way."""
        self._threads.shutdown(wait=True, cancel_futures=True)
