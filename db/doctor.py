"""What a doctor reads from Postgres: how the server is set, what this role may, and what does not move."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row

from db.desk import Database
from db.keyring import Keyring, WrongSecretKey
from db.locks import WORKABLE
from pipeline.words import Provider

ACTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_VERIFIERS = ("signing_keys", "header_secrets")
SIGNED_BY_PLATFORM = frozenset({Provider.GHL})
"""These sign with a key of their own that is built in."""


@dataclass(frozen=True)
class Server:
    """How Postgres is. `number` is as in 180001; `at` its clock; `frozen` says that it takes no writes."""

    number: int
    version: str
    at: datetime
    fsync: str
    full_page_writes: str
    synchronous_commit: str
    frozen: bool


@dataclass(frozen=True)
class Work:
    """Counts of what waits. `oldest_due_seconds` leaves out what is paused or quarantined."""

    jobs: int
    oldest_due_seconds: float
    quarantined: int
    letters: int
    stopped_replays: int
    clock_is_led: bool
    different: int


@dataclass(frozen=True)
class LockedSecret:
    """A stored secret that no key of APPTRAIL_SECRET_KEY opens: a client's pepper, or a connection's."""

    table: str
    id: UUID


@dataclass(frozen=True)
class Doubtful:
    """An active connection that takes everything or nothing: `unsigned`, or without any signing key."""

    id: UUID
    client: str
    provider: str
    unsigned: bool


def server(database: Database) -> Server:
    """Ask the server about itself."""
    row = _row(
        database,
        """SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
                  clock_timestamp() AS at, current_setting('fsync') AS fsync,
                  current_setting('full_page_writes') AS full_page_writes,
                  current_setting('synchronous_commit') AS synchronous_commit,
                  pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS frozen""",
    )
    return Server(**row)


def missing_privileges(database: Database) -> list[str]:
    """Tables of ours that this role may not read and write wholly, by name."""
    return [
        name
        for (name,) in database.execute(
            """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
                 AND NOT (SELECT bool_and(has_table_privilege(c.oid, act)) FROM unnest(%s::text[]) AS act)
               ORDER BY c.relname""",
            (list(ACTS),),
        )
    ]


def work(database: Database) -> Work:
    """Measure what waits."""
    row = _row(
        database,
        f"""SELECT (SELECT count(*) FROM inbox) AS jobs,
                   (SELECT coalesce(extract(epoch FROM now() - min(j.not_before)), 0)::float8 FROM inbox j
                    WHERE j.not_before <= now() AND {WORKABLE}) AS oldest_due_seconds,
                   (SELECT count(*) FROM suspect WHERE level = 'quarantined') AS quarantined,
                   (SELECT count(*) FROM dead_letter WHERE state = 'open') AS letters,
                   (SELECT count(*) FROM replay WHERE state IN ('stopped', 'paused')
                      AND coalesce(ended_at, now()) > now() - interval '1 day') AS stopped_replays,
                   EXISTS (SELECT FROM lease WHERE name = 'tick' AND until > now()) AS clock_is_led,
                   (SELECT count(*) FROM rollup_finding) AS different""",  # noqa: S608
    )
    return Work(**row)


def secrets(database: Database, keyring: Keyring) -> tuple[list[LockedSecret], list[Doubtful]]:
    """Try every stored secret: those that do not open, and the connections that cannot tell who calls."""
    locked = [
        LockedSecret("client", client_id)
        for client_id, pepper in database.execute("SELECT id, pepper FROM client ORDER BY id")
        if _opened(keyring, pepper) is None
    ]
    doubtful = []
    for row in database.execute(_CONNECTIONS):
        connection_id, client, provider, unsigned, sealed = row
        found = _opened(keyring, sealed)
        if found is None:
            locked.append(LockedSecret("connection", connection_id))
        elif unsigned or not (
            provider in SIGNED_BY_PLATFORM or any(orjson.loads(found).get(name) for name in _VERIFIERS)
        ):
            doubtful.append(Doubtful(connection_id, client, provider, unsigned))
    return locked, doubtful


def _opened(keyring: Keyring, sealed: bytes) -> bytes | None:
    try:
        return keyring.open(sealed)
    except WrongSecretKey:
        return None


def _row(database: Database, query: Any) -> dict[str, Any]:
    with database.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query).fetchone()
    assert row is not None  # (a SELECT without FROM has one row)
    return row


_CONNECTIONS = """
    SELECT c.id, k.name, c.provider, c.unsigned, c.secrets FROM connection c JOIN client k ON k.id = c.client_id
    WHERE c.state = 'active' ORDER BY c.created_at, c.id"""
