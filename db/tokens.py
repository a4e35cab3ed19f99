"""API tokens as their owners see them: by id, never by what they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection as Database


@dataclass(frozen=True)
class Token:
    """One token of a client; times are UTC."""

    id: UUID
    client_id: UUID
    client: str
    role: str
    created_at: datetime
    revoked_at: datetime | None


def of_client(database: Database[Any], client_id: UUID | None) -> list[Token]:
    """List a client's tokens, or everybody's, newest first."""
    rows = database.execute(
        """SELECT t.id, t.client_id, c.name, t.role, t.created_at, t.revoked_at
           FROM api_token t JOIN client c ON c.id = t.client_id
           WHERE t.client_id = coalesce(%s, t.client_id) ORDER BY t.created_at DESC, t.id""",
        (client_id,),
    )
    return [Token(*row) for row in rows]


def revoke(database: Database[Any], client_id: UUID | None, token_id: UUID) -> UUID | None:
    """Revoke a token, for good; says whose it was. None: this client (None: anybody) has none of that id."""
    row = database.execute(
        """UPDATE api_token SET revoked_at = coalesce(revoked_at, now())
           WHERE id = %s AND client_id = coalesce(%s, client_id) RETURNING client_id""",
        (token_id, client_id),
    ).fetchone()
    return row[0] if row else None
