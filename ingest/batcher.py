"""Micro-batches: deliveries that wait at the same moment share one transaction, and its fsync."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from boot.logs import get_logger
from db.connections import Connection
from db.contacts import fill_contacts, keep_contact
from db.desk import connect_soon
from db.failures import is_about_the_data, is_transient
from db.identities import digest_of
from db.inbox import Parcel, Ring
from db.parcels import ANONYMOUS
from db.writer import Writer
from ingest.counters import BATCH_PARCELS, STORE_SECONDS
from ingest.verdicts import CannotPersist, Ignored
from pipeline.addressing import Contact, Identity

MOST_PARCELS = 32
MOST_WAITING = 2_000
WRITERS = 2
GATHER_SECONDS = 0.001
ANSWER_SECONDS = 1.5
# A transaction that takes longer has lost its server; the connection is given up.
POST_SECONDS = 10.0
FILL_ATTEMPTS = 5

log = get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Waiting:
    parcels: Sequence[Parcel]
    stored: asyncio.Future[None]
    since: float


class Batcher:
    """Collects parcels while a transaction is under way and sends them with the next.

    A batch waits a moment for company, and for a free writer: one delivery alone is stored within
    milliseconds, and under load some thirty share a commit while as many are read.
    """

    def __init__(self, dsn: str, on_stored: Callable[[Sequence[Ring]], None]) -> None:
        """Open nothing yet; `on_stored` must not block."""
        self._dsn = dsn
        self._on_stored = on_stored
        self._queue: deque[_Waiting] = deque()
        self._idle: list[Writer | None] = [None] * WRITERS
        self._fills: list[tuple[UUID, UUID, Contact]] = []
        self._gathering = False
        self._patience: asyncio.TimerHandle | None = None
        self._under_way: set[_Waiting] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def store(self, parcels: Sequence[Parcel]) -> None:
        """Return once the parcels are committed.

        Raises CannotPersist when they are not within 1.5 seconds, or when too many wait already;
        Ignored when Postgres refuses what they say.
        """
        if len(self._queue) >= MOST_WAITING:
            raise CannotPersist
        loop = asyncio.get_running_loop()
        waiting = _Waiting(parcels, loop.create_future(), loop.time())
        self._queue.append(waiting)
        self._send()
        if self._patience is None:
            self._patience = loop.call_later(ANSWER_SECONDS, self._lose_patience)
        await waiting.stored

    def _lose_patience(self) -> None:
        """Tell those who have waited too long to try again; one timer serves all who wait."""
        now = asyncio.get_running_loop().time()
        waiting = [*self._under_way, *self._queue]
        _tell([one for one in waiting if one.since + ANSWER_SECONDS <= now], CannotPersist())
        still = [one.since for one in waiting if not one.stored.done()]
        self._patience = (
            asyncio.get_running_loop().call_at(min(still) + ANSWER_SECONDS, self._lose_patience)
            if still
            else None
        )

    def _send(self) -> None:
        """Give a free writer its turn in a moment; it takes what has come by then."""
        if self._idle and self._queue and not self._gathering:
            self._gathering = True
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._begin)

    def _begin(self) -> None:
        self._gathering = False
        if self._idle and self._queue:
            self._start(self._write(self._idle.pop()))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cut(self) -> list[_Waiting]:
        batch = [self._queue.popleft() for _ in range(min(MOST_PARCELS, len(self._queue)))]
        return [waiting for waiting in batch if not waiting.stored.done()]

    async def _write(self, writer: Writer | None) -> None:
        """One writer's turn: all in one transaction, and if that fails, each by itself."""
        batch = self._cut()
        self._send()
        BATCH_PARCELS.observe(len(batch))
        self._under_way.update(batch)
        try:
            writer, verdict = await self._try(writer, batch)
            if verdict is not None and len(batch) > 1 and writer is not None:
                for waiting in batch:
                    writer, verdict = await self._try(writer, [waiting])
                    _tell([waiting], verdict)
            else:
                _tell(batch, verdict)
        finally:
            self._under_way.difference_update(batch)
            self._idle.append(writer)
            self._send()

    async def _try(
        self, writer: Writer | None, batch: Sequence[_Waiting]
    ) -> tuple[Writer | None, Exception | None]:
        """Post some deliveries; returns the connection, if it is still of use, and why it failed."""
        parcels = [parcel for waiting in batch for parcel in waiting.parcels]
        try:
            async with asyncio.timeout(POST_SECONDS):
                if writer is None or writer.is_lost:
                    writer = await Writer.open(self._dsn)
                posted = await writer.post(parcels)
        except Exception as error:
            if is_transient(error) or isinstance(error, TimeoutError):
                log.warning("post_failed", exc_info=error)
                if writer is not None and (writer.is_lost or isinstance(error, TimeoutError)):
                    await writer.close()
                    writer = None
                return writer, CannotPersist()
            log.exception("delivery_unstorable", count=len(batch))
            # A schema that is behind is no fault of the delivery's: it is to come again.
            return writer, Ignored("unstorable") if is_about_the_data(error) else CannotPersist()
        STORE_SECONDS.observe(asyncio.get_running_loop().time() - batch[0].since)
        # One line for all: from a trace id here to the inbox's row that has it.
        traces = [one.trace_id for waiting in batch for one in waiting.parcels[:1]]
        log.info("deliveries_stored", count=len(parcels), trace_ids=traces)
        self._on_stored(posted.rings)
        self._fill_soon([fill for fill in posted.fills if fill[2] != Contact()])
        return writer, None

    async def keep_contact(
        self, connection: Connection, identity: Identity, contact: Contact, said_at: datetime
    ) -> None:
        """Write the CRM's own word on who somebody is; raises CannotPersist if the lead stays busy."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS), await connect_soon(self._dsn) as database:
                digest = digest_of(connection.pepper, identity)
                stubs = connection.policy != ANONYMOUS
                await keep_contact(database, connection.client_id, digest, contact, said_at, stubs=stubs)
        except Exception as error:
            if not is_transient(error) and not isinstance(error, TimeoutError):
                raise
            log.warning("contact_postponed", exc_info=error)
            raise CannotPersist from None

    def _fill_soon(self, fills: list[tuple[UUID, UUID, Contact]]) -> None:
        """Have one filler at a time give stubs what they lack."""
        idle = not self._fills
        self._fills += fills
        if self._fills and idle:
            self._start(self._fill_all())

    async def _fill_all(self) -> None:
        while self._fills:
            fills = list(self._fills)
            await self._fill(fills)
            del self._fills[: len(fills)]

    async def _fill(self, fills: Sequence[tuple[UUID, UUID, Contact]]) -> None:
        """The lead may be busy, and no answer waits for this."""
        for attempt in range(FILL_ATTEMPTS):
            try:
                async with await connect_soon(self._dsn) as database:
                    await fill_contacts(database, fills)
                return
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("contact_fill_postponed", attempts=attempt + 1, exc_info=error)
                await asyncio.sleep(2.0**attempt)

    async def close(self) -> None:
        """Let what is under way finish."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._idle:
            if writer is not None:
                await writer.close()


def _tell(batch: Sequence[_Waiting], verdict: Exception | None) -> None:
    for waiting in batch:
        if waiting.stored.done():
            continue  # its sender was told to try again
        if verdict is None:
            waiting.stored.set_result(None)
        else:
            waiting.stored.set_exception(verdict)
