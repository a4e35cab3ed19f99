"""A desk: one thread's connection to Postgres, opened when it is first needed and again when it broke."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from db import addresses
from db.failures import is_transient

Database = psycopg.Connection[Any]
AsyncDatabase = psycopg.AsyncConnection[Any]

CONNECT_SECONDS = 2
PREPARE_AFTER = 2
"""Times that a statement is run before it is prepared."""

# A host that vanished without a word is noticed in about ten seconds.
_KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def connect(dsn: str) -> Database:
    """Open a connection in autocommit mode, in UTC. What it runs again is prepared, unless the address says no.

    Raises psycopg.OperationalError within two seconds if nobody answers, and UnclearAddress.
    """
    address, prepares = addresses.read(dsn)
    return psycopg.connect(
        address,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        prepare_threshold=PREPARE_AFTER if prepares else None,
        application_name="apptrail",
        **_KEEPALIVE,
    )


async def connect_soon(dsn: str) -> AsyncDatabase:
    """Open a connection as `connect` does, on an event loop."""
    address, prepares = addresses.read(dsn)
    return await psycopg.AsyncConnection.connect(
        address,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        prepare_threshold=PREPARE_AFTER if prepares else None,
        application_name="apptrail",
        **_KEEPALIVE,
    )


class Desk:
    """Not shared between threads. A connection that failed is thrown away, never mended."""

    def __init__(self, dsn: str) -> None:
        """Open nothing yet."""
        self._dsn = dsn
        self._connection: Database | None = None

    @contextmanager
    def connection(self) -> Iterator[Database]:
        """Lend the connection; after a failure that is the connection's own, the next loan is a new one."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn)
        try:
            yield self._connection
        except Exception as error:
            if is_transient(error):
                self.close()
            raise

    def close(self) -> None:
        """Close what is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
