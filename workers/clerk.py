"""A clerk: carries a person's act out within the request that asks for it, on connections of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import BoundedSemaphore, Lock
from uuid import UUID

from boot.logs import get_logger
from db import people
from db.desk import Desk
from db.failures import is_transient
from db.inbox import Payload
from db.ledger import Drained, Hands
from db.locks import Ringer

AT_ONCE = 4
WAIT_SECONDS = 2.0

log = get_logger(__name__)

Act = Callable[[UUID, UUID, Payload, datetime], Drained]
"""(client, lead, what was done, when). Raises people.UnknownLead, Busy."""


class Busy(Exception):
    """The lead or the database is busy. What was done may be stored already, and is applied soon then."""


class Clerk:
    """Shared by the threads of a process; at most four acts are carried out at the same time."""

    def __init__(self, dsn: str, ringer: Ringer) -> None:
        """Open nothing yet."""
        self._dsn = dsn
        self._ringer = ringer
        self._free = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._desks: list[tuple[Desk, Desk]] = []

    def __call__(self, client_id: UUID, lead_id: UUID, said: Payload, at: datetime) -> Drained:
        """Post an act and drain its lead; raises people.UnknownLead, Busy."""
        with self._pair() as (own, other):
            try:
                with own.connection() as database, other.connection() as witness:
                    return people.act(Hands(database, witness, self._ringer), client_id, lead_id, said, at)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning(
                    "act_postponed", client_id=client_id, lead_id=lead_id, kind=said.kind, exc_info=error
                )
                raise Busy from error

    @contextmanager
    def _pair(self) -> Iterator[tuple[Desk, Desk]]:
        if not self._free.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            with self._lock:
                pair = self._desks.pop() if self._desks else (Desk(self._dsn), Desk(self._dsn))
            try:
                yield pair
            finally:
                with self._lock:
                    self._desks.append(pair)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            pairs, self._desks = self._desks, []
        for pair in pairs:
            for desk in pair:
                desk.close()
