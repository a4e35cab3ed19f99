"""The engine: pooled connections for those who read, each for one short transaction with time-outs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy import exc as errors

from db.desk import Database

__all__ = ["Engine", "Reading", "Unavailable", "create", "reading", "writing"]

CONNECT_SECONDS = 2
STATEMENT_SECONDS = 3
WAIT_FOR_CONNECTION_SECONDS = 2
CONNECTIONS = 16


class Unavailable(ConnectionError):
    """The database does not answer now; ask again in a moment."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One snapshot of the books. `now` is the database's, in UTC."""

    connection: Connection
    now: datetime

    @property
    def database(self) -> Database:
        """The same transaction, for what is written against psycopg."""
        return _driver(self.connection)


def create(sqlalchemy_url: str, *, connections: int = CONNECTIONS) -> Engine:
    """Make an engine; nothing is connected yet.

    Nothing is prepared and nothing is set for a session, so a transaction-mode pooler may stand between.
    """
    return create_engine(
        sqlalchemy_url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=WAIT_FOR_CONNECTION_SECONDS,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "prepare_threshold": None,
            "application_name": "apptrail web",
        },
    )


@contextmanager
def reading(engine: Engine, *, seconds: float = STATEMENT_SECONDS) -> Iterator[Reading]:
    """Open a read-only snapshot; no statement in it takes longer than `seconds`. Raises Unavailable."""
    with _unavailable_said(), engine.connect() as connection:
        snapshot = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        row = snapshot.execute(_BEGIN, {"limit": f"{int(seconds * 1000)}ms"}).one()
        yield Reading(snapshot, row[0].astimezone(UTC))


@contextmanager
def writing(engine: Engine) -> Iterator[Database]:
    """Open one transaction and commit it at the end. Raises Unavailable."""
    with _unavailable_said(), engine.begin() as connection:
        connection.execute(_BEGIN, {"limit": f"{STATEMENT_SECONDS * 1000}ms"})
        yield _driver(connection)


@contextmanager
def _unavailable_said() -> Iterator[None]:
    """What is nobody's fault gets the house's own name, with nothing of the driver's message."""
    try:
        yield
    except (
        errors.OperationalError,
        errors.InterfaceError,
        errors.TimeoutError,
        psycopg.OperationalError,
        psycopg.InterfaceError,
    ) as error:
        raise Unavailable from error


def _driver(connection: Connection) -> Database:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


_BEGIN = text("SELECT apptrail_now(), set_config('statement_timeout', :limit, true)")
