"""Endpoints: which connections stand behind a webhook address, remembered for a few seconds."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from boot import clock
from boot.logs import get_logger
from db.connections import Connection, by_endpoint
from db.desk import Desk
from db.keyring import Keyring
from ingest.verdicts import CannotPersist, NobodyHere

FRESH_SECONDS = 5.0
NOBODY_SECONDS = 1.0
MOST_REMEMBERED = 10_000
ANSWER_SECONDS = 1.5

log = get_logger(__name__)


class Endpoints:
    """While Postgres is away, what was known before still serves, so that signatures can be checked."""

    def __init__(self, dsn: str, keyring: Keyring) -> None:
        """Open nothing yet."""
        self._desk = Desk(dsn)
        self._keyring = keyring
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="endpoints")
        self._under_way: dict[tuple[str, str], asyncio.Future[list[Connection]]] = {}
        self._known: dict[tuple[str, str], tuple[float, list[Connection]]] = {}

    async def find(self, provider: str, endpoint: str) -> list[Connection]:
        """Find the connections; raises NobodyHere, or CannotPersist if that cannot be known now."""
        key = (provider, endpoint)
        fresh_until, connections = self._known.get(key, (0.0, []))
        if clock.monotonic() > fresh_until:
            connections = await self._look_up(key, connections)
        if not connections:
            raise NobodyHere("unknown_endpoint")
        return connections

    async def _look_up(self, key: tuple[str, str], before: list[Connection]) -> list[Connection]:
        """Ask Postgres, once for all who ask for an endpoint at the same moment."""
        asked = self._under_way.get(key)
        if asked is None:
            asked = asyncio.get_running_loop().run_in_executor(self._thread, self._query, key)
            self._under_way[key] = asked
            asked.add_done_callback(lambda _: self._under_way.pop(key, None))
        try:
            found = await asyncio.wait_for(asyncio.shield(asked), ANSWER_SECONDS)
        except Exception as error:
            if before:
                return before
            log.warning("endpoint_look_up_failed", exc_info=error)
            raise CannotPersist from None
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (clock.monotonic() + (FRESH_SECONDS if found else NOBODY_SECONDS), found)
        return found

    def _query(self, key: tuple[str, str]) -> list[Connection]:
        with self._desk.connection() as database:
            return by_endpoint(database, self._keyring, *key)

    def close(self) -> None:
        """Close the connection in its own thread, and give that up."""
        self._thread.submit(self._desk.close)
        self._thread.shutdown(wait=False)
