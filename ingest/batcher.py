"""Micro-batches: deliveries that wait at the same moment share one transaction, and its fsync."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local

from boot.logs import get_logger
from db.desk import Desk
from db.failures import is_transient
from db.inbox import Parcel, Ring, fill_contacts, post
from ingest.counters import BATCH_PARCELS
from ingest.verdicts import CannotPersist, Ignored

MOST_PARCELS = 100
MOST_WAITING = 2_000
WRITERS = 2
ANSWER_SECONDS = 1.5

log = get_logger(__name__)


@dataclass(slots=True)
class _Waiting:
    parcels: Sequence[Parcel]
    stored: asyncio.Future[None]


class Batcher:
    """Collects parcels while a transaction is under way and sends them with the next.

    A batch never waits for company: what has come is sent as soon as a writer is free, so that one
    delivery alone is stored at once and a hundred share a commit.
    """

    def __init__(self, dsn: str, on_stored: Callable[[Sequence[Ring]], None]) -> None:
        """Open nothing yet; `on_stored` is called in a writer's thread and must not block."""
        self._dsn = dsn
        self._on_stored = on_stored
        self._queue: deque[_Waiting] = deque()
        self._waiting = 0
        self._free = WRITERS
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="post")
        self._local = local()
        self._under_way: set[asyncio.Task[None]] = set()

    async def store(self, parcels: Sequence[Parcel]) -> None:
        """Return once the parcels are committed.

        Raises CannotPersist when they are not within 1.5 seconds, or when too many wait already;
        Ignored when Postgres refuses what they say.
        """
        if self._waiting >= MOST_WAITING:
            raise CannotPersist
        waiting = _Waiting(parcels, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._waiting += 1
        self._send()
        try:
            await asyncio.wait_for(waiting.stored, ANSWER_SECONDS)
        except TimeoutError:
            raise CannotPersist from None
        finally:
            self._waiting -= 1

    def _send(self) -> None:
        while self._free and self._queue:
            self._free -= 1
            batch = [self._queue.popleft() for _ in range(min(MOST_PARCELS, len(self._queue)))]
            task = asyncio.get_running_loop().create_task(self._send_batch(batch))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send_batch(self, batch: Sequence[_Waiting]) -> None:
        wanted = [waiting for waiting in batch if not waiting.stored.done()]
        try:
            loop = asyncio.get_running_loop()
            verdicts = await loop.run_in_executor(self._threads, self._post, [one.parcels for one in wanted])
        finally:
            self._free += 1
            self._send()
        for waiting, verdict in zip(wanted, verdicts, strict=True):
            if waiting.stored.done():
                continue
            if verdict is None:
                waiting.stored.set_result(None)
            else:
                waiting.stored.set_exception(verdict)

    def _post(self, deliveries: Sequence[Sequence[Parcel]]) -> list[Exception | None]:
        """In a writer's thread: all in one transaction, and if that fails, each by itself."""
        if not deliveries:
            return []
        BATCH_PARCELS.observe(len(deliveries))
        try:
            self._post_together([parcel for parcels in deliveries for parcel in parcels])
        except Exception as error:  # noqa: BLE001  told apart just below
            if len(deliveries) == 1:
                return [self._verdict(error)]
            if isinstance(self._verdict(error), CannotPersist) and not self._answers():
                return [CannotPersist()] * len(deliveries)
            return [verdict for one in deliveries for verdict in self._post([one])]
        return [None] * len(deliveries)

    def _post_together(self, parcels: Sequence[Parcel]) -> None:
        with self._desk.connection() as database:
            posted = post(database, parcels)
            self._on_stored(posted.rings)
            if posted.fills:
                fill_contacts(database, posted.fills)

    def _answers(self) -> bool:
        try:
            with self._desk.connection() as database:
                database.execute("SELECT 1")
        except Exception:  # noqa: BLE001  whatever it is, nothing can be stored now
            return False
        return True

    @staticmethod
    def _verdict(error: Exception) -> Exception:
        if is_transient(error):
            log.warning("post_failed", exc_info=error)
            return CannotPersist()
        log.error("delivery_unstorable", exc_info=error)
        return Ignored("unstorable")

    @property
    def _desk(self) -> Desk:
        if not hasattr(self._local, "desk"):
            self._local.desk = Desk(self._dsn)
        desk: Desk = self._local.desk
        return desk

    async def close(self) -> None:
        """Let what is under way finish."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._threads.shutdown(wait=False)
