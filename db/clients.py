"""Clients, and the tokens by which their own programs ask."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import Connection as Database

from db.connections import UnknownClient
from db.identities import digest_of
from db.ids import new_id
from db.keyring import Keyring
from pipeline.addressing import Identity

ROLES = ("read", "operate", "admin")


@dataclass(frozen=True)
class Client:
    """A tenant."""

    id: UUID
    name: str
    region: str
    keep_reasons: bool


class NameTaken(ValueError):
    """A client has that name already."""


def add(database: Database[Any], keyring: Keyring, name: str, region: str = "US") -> UUID:
    """Add a client with a pepper of its own; raises NameTaken."""
    client_id = new_id()
    added = database.execute(
        "INSERT INTO client (id, name, pepper, region) VALUES (%s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
        (client_id, name, keyring.seal(secrets.token_bytes(32)), region),
    )
    if not added.rowcount:
        raise NameTaken
    return client_id


def every(database: Database[Any]) -> list[Client]:
    """List all clients by name."""
    rows = database.execute("SELECT id, name, region, keep_reasons FROM client ORDER BY name")
    return [Client(*row) for row in rows]


def find(database: Database[Any], id_or_name: str) -> Client:
    """Find a client by its id or its name; raises UnknownClient."""
    row = database.execute(
        "SELECT id, name, region, keep_reasons FROM client WHERE id::text = %s OR name = %s",
        (id_or_name.lower(), id_or_name),
    ).fetchone()
    if row is None:
        raise UnknownClient
    return Client(*row)


def pepper_of(database: Database[Any], keyring: Keyring, client_id: UUID) -> bytes:
    """Open the key of a client's identity digests."""
    row = database.execute("SELECT pepper FROM client WHERE id = %s", (client_id,)).fetchone()
    if row is None:
        raise UnknownClient
    return keyring.open(row[0])


def change(
    database: Database[Any], client_id: UUID, *, region: str | None = None, keep_reasons: bool | None = None
) -> None:
    """Set what is given of a client's settings."""
    database.execute(
        """UPDATE client SET region = coalesce(%s, region), keep_reasons = coalesce(%s, keep_reasons)
           WHERE id = %s""",
        (region, keep_reasons, client_id),
    )


def add_token(database: Database[Any], client_id: UUID, role: str) -> str:
    """Make an API token; only its hash is kept, so this is the one time it is seen."""
    token = "at_" + secrets.token_urlsafe(32)
    database.execute(
        "INSERT INTO api_token (token_hash, id, client_id, role) VALUES (%s, %s, %s, %s)",
        (hash_of(token), new_id(), client_id, role),
    )
    return token


def hash_of(token: str) -> bytes:
    """Hash a token of full entropy; it needs no salt and no stretching."""
    return sha256(token.encode(errors="replace")).digest()


def lead_of(database: Database[Any], pepper: bytes, client_id: UUID, identity: Identity) -> UUID:
    """The lead that holds an identity; raises LookupError."""
    row = database.execute(
        "SELECT lead_id FROM lead_identity WHERE client_id = %s AND kind = %s AND digest = %s",
        (client_id, identity.kind, digest_of(pepper, identity)),
    ).fetchone()
    if row is None:
        raise LookupError
    lead_id: UUID = row[0]
    return lead_id
