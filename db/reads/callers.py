"""Callers: who asks, by API token or by session, and how much they may."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from db.clients import ROLES, hash_of
from db.engine import Reading
from db.reads.scope import Scope
from db.sign_in import IDLE_LASTS


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may ask. `name` is an operator's, None for a program."""

    scope: Scope
    role: str
    operator_id: UUID | None = None
    name: str | None = None
    unseen: bool = False
    """Whether it is a while since this session was noted to be in use."""

    def may(self, role: str) -> bool:
        """Whether the caller's role reaches to `role`; read < operate < admin."""
        return self.role in ROLES and ROLES.index(self.role) >= ROLES.index(role)


def by_token(reading: Reading, token: str) -> Caller | None:
    """Who an API token belongs to."""
    row = reading.connection.execute(_BY_TOKEN, {"hash": hash_of(token)}).one_or_none()
    return Caller(Scope(row.client_id), row.role) if row else None


def by_session(reading: Reading, token: str) -> Caller | None:
    """Whose session it is, while it lasts."""
    row = reading.connection.execute(_BY_SESSION, {"hash": hash_of(token), "idle": IDLE_LASTS}).one_or_none()
    return Caller(Scope(row.client_id), row.role, row.id, row.name, row.unseen) if row else None


_BY_TOKEN = text("SELECT client_id, role FROM api_token WHERE token_hash = :hash AND revoked_at IS NULL")

_BY_SESSION = text("""
    SELECT o.id, o.name, o.role, o.client_id, s.last_seen_at < now() - interval '5 minutes' AS unseen
    FROM operator_session s JOIN operator o ON o.id = s.operator_id
    WHERE s.token_hash = :hash AND s.expires_at > now() AND s.last_seen_at > now() - :idle""")
