"""Connections: one client's link to one provider, with its secrets opened."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection as Database
from psycopg.rows import dict_row

from db.ids import new_id
from db.keyring import Keyring
from pipeline.observation import EPOCH
from pipeline.words import Provider

ENDPOINT_BYTES = 24


@dataclass(frozen=True)
class Connection:
    """A connection as its provider's adapter needs it. `secrets` are in the clear: never log one."""

    id: UUID
    client_id: UUID
    provider: Provider
    endpoint: str
    pepper: bytes = field(repr=False)
    secrets: dict[str, Any] = field(repr=False, default_factory=dict)
    unsigned: bool = False
    location_id: str | None = None
    timezone: str | None = None
    policy: str = "create"
    state: str = "active"
    region: str = "US"
    keep_reasons: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    api_base_url: str | None = None
    """Where the provider's API is, if it is not where it always is."""
    created_at: datetime = EPOCH


class UnknownClient(LookupError):
    """No client has that id or name."""


class UnknownEndpoint(LookupError):
    """No connection of that provider has the endpoint that was to be shared."""


def by_endpoint(database: Database[Any], keyring: Keyring, provider: str, endpoint: str) -> list[Connection]:
    """Find the connections behind a webhook address; several may share one (DESIGN 5)."""
    with database.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            _SELECT + " WHERE c.endpoint = %s AND c.provider = %s ORDER BY c.created_at, c.id",
            (endpoint, provider),
        )
        return [_connection(row, keyring) for row in cursor]


def of_client(database: Database[Any], keyring: Keyring, client_id: UUID | None = None) -> list[Connection]:
    """List a client's connections, or everybody's."""
    with database.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            _SELECT + " WHERE c.client_id = coalesce(%s, c.client_id) ORDER BY c.created_at", (client_id,)
        )
        return [_connection(row, keyring) for row in cursor]


_SELECT = """
    SELECT c.id, c.client_id, c.provider, c.endpoint, c.secrets, c.unsigned, c.location_id, c.timezone,
           c.policy, c.state, c.settings, c.api_base_url, c.created_at, k.region, k.keep_reasons, k.pepper
    FROM connection c JOIN client k ON k.id = c.client_id"""


def _connection(row: dict[str, Any], keyring: Keyring) -> Connection:
    row["secrets"] = orjson.loads(keyring.open(row["secrets"]))
    row["pepper"] = keyring.open(row["pepper"])
    row["provider"] = Provider(row["provider"])
    return Connection(**row)


def add(
    database: Database[Any],
    keyring: Keyring,
    client_id: UUID,
    provider: Provider,
    *,
    secret_values: dict[str, Any],
    unsigned: bool = False,
    location_id: str | None = None,
    timezone: str | None = None,
    share: str | None = None,
    api_base_url: str | None = None,
    policy: str = "create",
    settings: dict[str, Any] | None = None,
) -> tuple[UUID, str]:
    """Add a connection; returns its id and its endpoint. Raises UnknownEndpoint."""
    if share is not None and not by_endpoint(database, keyring, provider, share):
        raise UnknownEndpoint
    connection_id, endpoint = new_id(), share or secrets.token_urlsafe(ENDPOINT_BYTES)
    database.execute(
        """INSERT INTO connection (id, client_id, provider, endpoint, secrets, unsigned, location_id,
                                   timezone, api_base_url, policy, settings)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        (
            connection_id, client_id, provider, endpoint, keyring.seal(orjson.dumps(secret_values)),
            unsigned, location_id, timezone, api_base_url, policy, orjson.dumps(settings or {}).decode(),
        ),
    )  # fmt: skip
    return connection_id, endpoint


def set_api_base_url(database: Database[Any], connection: Connection, url: str) -> None:
    """Say where a connection's provider's API is from now on."""
    database.execute(
        "UPDATE connection SET api_base_url = %s WHERE id = %s AND client_id = %s",
        (url, connection.id, connection.client_id),
    )


def set_timezone(database: Database[Any], connection_id: UUID, zone: str) -> bool:
    """Say in which IANA zone wall times are meant from now on; False: there is no such connection."""
    return (
        database.execute("UPDATE connection SET timezone = %s WHERE id = %s", (zone, connection_id)).rowcount
        == 1
    )


def renew_secrets(
    database: Database[Any],
    keyring: Keyring,
    connection: Connection,
    renew: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Replace a connection's secrets by what `renew` makes of those stored now; returns the new ones.

    One at a time for each location of a provider, whatever process asks; nothing is stored if `renew` raises.
    """
    name = f"{connection.provider} {connection.location_id or connection.id}"
    with database.transaction():
        database.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))
        row = database.execute(_STORED_SECRETS, (connection.id, connection.client_id)).fetchone()
        if row is None:
            raise LookupError("the connection was removed")
        held = orjson.loads(keyring.open(row[0]))
        renewed = renew(held)
        if renewed != held:
            database.execute(
                "UPDATE connection SET secrets = %s WHERE id = %s AND client_id = %s",
                (keyring.seal(orjson.dumps(renewed)), connection.id, connection.client_id),
            )
    return renewed


_STORED_SECRETS = "SELECT secrets FROM connection WHERE id = %s AND client_id = %s FOR UPDATE"


def change_settings(database: Database[Any], connection_id: UUID, name: str, value: dict[str, Any]) -> bool:
    """Set one of a connection's settings; False: there is no such connection."""
    return (
        database.execute(
            "UPDATE connection SET settings = settings || jsonb_build_object(%s::text, %s::jsonb) WHERE id = %s",
            (name, orjson.dumps(value).decode(), connection_id),
        ).rowcount
        == 1
    )
